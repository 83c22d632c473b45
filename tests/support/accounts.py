"""People with accounts, for tests: signed in without a detour, or through the doors with their letters."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx

from shared.adapters.access_tokens.jose import JoseAccessTokens
from shared.adapters.audit import LogAudit
from shared.adapters.documents.sqlite import SqliteDocuments
from shared.adapters.mailer.outbox import OutboxMailer
from shared.adapters.passwords.argon2 import Argon2Passwords
from shared.domain.access_key import AccessKey, new_access_key
from shared.domain.account_task import AccountTask
from shared.domain.session import Tokens
from shared.domain.user import Role
from shared.ports.documents import Documents
from shared.ports.tasks import QueueState, Task, TaskRecord
from shared.services.accounts import AccountPolicy, Accounts
from shared.services.delete_user import Keeper
from shared.wiring import App
from tests.support.clock import HeldClock

PASSWORD = "a lamp by the harbour wall"  # noqa: S105 - opens nothing but these tests
ADDRESS = "192.0.2.1"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a session: `headers` go with a request."""

    uid: str
    email: str
    username: str
    tokens: Tokens

    @property
    def headers(self) -> dict[str, str]:
        return bearer(self.tokens.access_token)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def fresh_user(app: App | AccountsKit, *, role: Role = Role.USER, password: str = "") -> SignedIn:
    """Somebody new, with a session. With a password (PASSWORD will do) they can also sign in; hashing takes its time."""
    number = next(_numbers)
    email, username = f"person{number}@example.test", f"person{number}"
    user = app.accounts.registering.add(email, username, role, password)
    return SignedIn(user.id, email, username, app.accounts.sessions.open(user.id, version=1))


def letters(outbox: Path, to: str = "") -> list[EmailMessage]:
    """The letters in an outbox folder, those to one person where one is named, by the time they were written."""
    files = sorted(outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    return [letter for letter in found if isinstance(letter, EmailMessage) and (not to or letter["To"] == to)]


def token_in(letter: EmailMessage) -> str:
    """The token that a letter carries."""
    found = re.search(r"(?:Token: |#token=)([A-Za-z0-9_-]{43})", letter.get_content())
    assert found, "this letter carries no token"
    return found[1]


def awaited_letter(outbox: Path, to: str, subject: str, count: int = 1, seconds: float = 20) -> EmailMessage:
    """The newest letter to somebody with these words in its subject, once the queue has had `count` of them written."""
    deadline = time.monotonic() + seconds
    while True:
        found = [letter for letter in letters(outbox, to) if subject in letter["Subject"]]
        if len(found) >= count:
            return found[-1]
        assert time.monotonic() < deadline, f"no letter about {subject!r}"
        time.sleep(0.02)


def register(client: httpx.Client, data: Path, name: str, password: str = PASSWORD) -> str:
    """An account made through the doors and confirmed by its letter; the address, by which to sign in."""
    email = f"{name}@example.test"
    asked = client.post("/auth/register", json={"email": email, "username": name, "password": password})
    assert asked.status_code == 202, asked.text
    token = token_in(awaited_letter(data / "outbox", email, "Confirm"))
    assert client.post("/auth/verify-email", json={"token": token}).status_code == 200
    return email


def sign_in(client: httpx.Client, email: str, password: str = PASSWORD) -> Tokens:
    """Through the door; the client carries the access token from now on."""
    answer = client.post("/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens = Tokens.model_validate(answer.json())
    client.headers.update(bearer(tokens.access_token))
    return tokens


class HeldTasks:
    """A queue that delivers when it is told to: the test decides when, how often and in which order."""

    def __init__(self) -> None:
        self.waiting: list[Task] = []

    def enqueue(self, tasks: Sequence[Task]) -> int:
        self.waiting += tasks
        return len(tasks)

    def find(self, name: str) -> TaskRecord | None:
        return None

    def cancel(self, name_prefix: str) -> int:
        kept = [task for task in self.waiting if not task.name.startswith(name_prefix)]
        cancelled, self.waiting = len(self.waiting) - len(kept), kept
        return cancelled

    def state(self) -> Sequence[QueueState]:
        return []


@dataclass
class AccountsKit:
    """Accounts on a real store, with a clock and a queue that the test holds in its hands."""

    accounts: Accounts
    documents: Documents
    clock: HeldClock
    tasks: HeldTasks
    outbox: Path
    access: JoseAccessTokens

    def deliver(self) -> list[AccountTask]:
        """Do all that waits in the queue, and say what it was."""
        done = [AccountTask.model_validate(task.payload) for task in self.tasks.waiting]
        self.tasks.waiting.clear()
        for task in done:
            self.accounts.run(task)
        return done


@contextmanager
def accounts_kit(
    folder: Path,
    *,
    accounts_policy: AccountPolicy | None = None,
    keys: Sequence[AccessKey] = (),
    rounds: int = 2,
    keepers: Sequence[Keeper] = (),
    web_url: str = "",
) -> Iterator[AccountsKit]:
    """The services as wiring has them, on a folder of the test's own."""
    clock, tasks = HeldClock(), HeldTasks()
    access = JoseAccessTokens(keys or [new_access_key("test")], clock)
    with closing(SqliteDocuments(folder / "documents.sqlite3", clock)) as documents:
        accounts = Accounts(
            documents=documents,
            clock=clock,
            tasks=tasks,
            mailer=OutboxMailer(folder / "outbox", "studio@example.test", clock),
            hasher=Argon2Passwords(19_456, rounds, 1),
            access=access,
            audit=LogAudit(clock),
            policy=accounts_policy or AccountPolicy(web_url=web_url),
            keepers=keepers,
        )
        yield AccountsKit(accounts, documents, clock, tasks, folder / "outbox", access)
