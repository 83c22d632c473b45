"""All that has to do with accounts, put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.domain.account_task import AccountTask, AccountWork
from shared.ports.access_tokens import AccessTokens
from shared.ports.audit import Audit
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.mailer import Mailer
from shared.ports.passwords import Passwords
from shared.ports.tasks import Tasks
from shared.services.change_password import ChangePassword
from shared.services.delete_user import DeleteUser, Keeper
from shared.services.hash_password import HashPassword
from shared.services.keep_sessions import Sessions
from shared.services.keep_users import Users
from shared.services.one_time_tokens import OneTimeTokens
from shared.services.register_user import RegisterUser
from shared.services.send_account_mail import SendAccountMail
from shared.services.sign_in import SignIn
from shared.services.throttle import Throttle


@dataclass(frozen=True)
class AccountPolicy:
    """How long a sign-in lasts, how often an address may try, how many hashes are made at once, where the pages are."""

    session: timedelta = timedelta(hours=12)
    remembered_session: timedelta = timedelta(days=30)
    address_attempts: int = 60
    hash_concurrency: int = 2
    web_url: str = ""


class Accounts:
    """`registering`, `signing_in`, `sessions`, `passwords` and `users` are what doors call; `run` is for the queue's."""

    def __init__(
        self,
        *,
        documents: Documents,
        clock: Clock,
        tasks: Tasks,
        mailer: Mailer,
        hasher: Passwords,
        access: AccessTokens,
        audit: Audit,
        policy: AccountPolicy,
        keepers: Sequence[Keeper],
    ) -> None:
        throttle = Throttle(documents, clock, audit, policy.address_attempts)
        hashing = HashPassword(hasher, policy.hash_concurrency)
        tokens = OneTimeTokens(documents, clock)
        self.sessions = Sessions(documents, clock, access, audit, policy.session, policy.remembered_session)
        self.registering = RegisterUser(documents, clock, tasks, audit, throttle, hashing, tokens)
        self.signing_in = SignIn(documents, audit, throttle, hashing, self.sessions)
        self.passwords = ChangePassword(documents, clock, tasks, audit, throttle, hashing, tokens)
        self.users = Users(documents, clock, tasks, audit)
        self._mail = SendAccountMail(documents, clock, mailer, self.registering, self.passwords, tokens, policy.web_url)
        self._deletion = DeleteUser(documents, audit, keepers)

    def run(self, task: AccountTask) -> None:
        """Do one piece of account work. Raises what is retryable for the queue to try again."""
        if task.work is AccountWork.DELETE_USER:
            self._deletion.run(task.subject)
        else:
            self._mail.run(task)
