"""Registering: asked for at the door, and done once a letter to the address was answered.

The door never looks whether an address is known: what it does, says and takes is the same. The letter tells, and only
the mailbox's owner reads it. Until then the name waits with the registration, for a known address as well, so that it
tells nothing either; nobody can sit on somebody else's address.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel

from shared.domain.account_task import AccountTask, AccountWork
from shared.domain.errors import NotFound
from shared.domain.user import Credentials, NewAccount, Profile, Role, User, email_key, username_key
from shared.ports.audit import Audit, AuditEvent
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.ports.tasks import Tasks
from shared.services.account_queue import account_task
from shared.services.expiring import Sweeper
from shared.services.hash_password import HashPassword
from shared.services.one_time_tokens import COLLECTION as TOKENS
from shared.services.one_time_tokens import OneTimeTokens, Purpose, bad_token, token_id
from shared.services.records import new_id
from shared.services.throttle import Throttle
from shared.services.user_records import USERNAMES, add_user, username_claim, username_is_free, username_taken

REGISTRATIONS = "registrations"
WAITS = timedelta(hours=24)


class Registration(BaseModel):
    """A registration that waits for its letter to be answered."""

    id: str
    email: str
    username: str
    display_name: str
    password_hash: str
    created_at: datetime
    expires_at: float


class RegisterUser:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        tasks: Tasks,
        audit: Audit,
        throttle: Throttle,
        hashing: HashPassword,
        tokens: OneTimeTokens,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._tasks = tasks
        self._audit = audit
        self._throttle = throttle
        self._hashing = hashing
        self._tokens = tokens
        self._sweeper = Sweeper(documents, clock)

    def ask(self, new: NewAccount, address: str) -> None:
        """Take a registration and have its letter sent. Raises AlreadyExists for the username, TooManyRequests."""
        self._throttle.count_address("register", address)
        now = self._clock.now()
        registration = Registration(
            id=new_id("reg"),
            email=new.email,
            username=new.username,
            display_name=new.display_name,
            password_hash=self._hashing.hash(new.password),
            created_at=now,
            expires_at=(now + WAITS).timestamp(),
        )
        self._documents.transaction(lambda transaction: self._reserve(transaction, registration))
        if self._throttle.may_mail(email_key(new.email)):
            work = AccountTask(id=registration.id, work=AccountWork.CONFIRM_EMAIL, subject=registration.id)
            self._tasks.enqueue([account_task(work)])
        self._audit.record(AuditEvent.REGISTRATION_ASKED, "", registration=registration.id)
        for collection in (REGISTRATIONS, USERNAMES):
            self._sweeper.sweep(collection)

    def _reserve(self, transaction: Transaction, registration: Registration) -> None:
        name, now = username_key(registration.username), registration.created_at.timestamp()
        if not username_is_free(transaction.get(USERNAMES, name), "", registration.email, now):
            raise username_taken()
        claim = username_claim(registration.id, registration.email, registration.expires_at)
        transaction.put(USERNAMES, name, claim)
        transaction.create(REGISTRATIONS, registration.id, registration.model_dump(mode="json"))

    def confirm(self, token: str, address: str) -> Profile:
        """The letter was answered: make the user. Raises InvalidInput for the token, AlreadyExists, TooManyRequests."""
        self._throttle.count_address("confirm", address)

        def work(transaction: Transaction) -> User:
            found = self._tokens.read(transaction, token, Purpose.CONFIRM_EMAIL)
            document = transaction.get(REGISTRATIONS, found.subject)
            if document is None:
                raise bad_token()
            registration = Registration.model_validate(document.data)
            user = self._user(registration.email, registration.username, registration.display_name, Role.USER)
            credentials = Credentials(password_hash=registration.password_hash, changed_at=user.created_at)
            add_user(transaction, user, credentials, registration.id, user.created_at.timestamp())
            transaction.delete(REGISTRATIONS, registration.id)
            transaction.delete(TOKENS, token_id(token))
            return user

        user = self._documents.transaction(work)
        self._audit.record(AuditEvent.CREATED, user.id, role=user.role.value)
        return user.profile

    def add(self, email: str, username: str, role: Role, password: str = "") -> User:
        """Make a user at once, whose address is vouched for: an admin of a new studio. Raises AlreadyExists.

        Without a password nobody can sign in until one is set by a letter or link.
        """
        user = self._user(email, username, "", role)
        password_hash = self._hashing.hash(password) if password else ""
        credentials = Credentials(password_hash=password_hash, changed_at=user.created_at)
        now = user.created_at.timestamp()
        self._documents.transaction(lambda transaction: add_user(transaction, user, credentials, "", now))
        self._audit.record(AuditEvent.CREATED, user.id, role=role.value)
        return user

    def waiting(self, registration_id: str) -> Registration:
        """Raises NotFound for one that was confirmed or waited too long."""
        document = self._documents.get(REGISTRATIONS, registration_id)
        if document is None or document.data["expires_at"] <= self._clock.now().timestamp():
            raise NotFound(f"The registration {registration_id!r} does not wait any more.")
        return Registration.model_validate(document.data)

    def _user(self, email: str, username: str, display_name: str, role: Role) -> User:
        uid, now = new_id("usr"), self._clock.now()
        return User(
            id=uid,
            owner=uid,
            created_at=now,
            updated_at=now,
            email=email,
            username=username,
            display_name=display_name,
            role=role,
        )
