"""Changing a password: by who knows the old one, or by who reads the mailbox. Either way other sessions end with it."""

from __future__ import annotations

import secrets
from datetime import timedelta

from shared.domain.account_task import AccountTask, AccountWork
from shared.domain.errors import Fault, InvalidInput, NotFound, RevisionConflict
from shared.domain.password import judge_password
from shared.domain.user import Credentials, User, UserStatus, email_key
from shared.ports.audit import Audit, AuditEvent
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.ports.tasks import Tasks
from shared.services.account_queue import account_task
from shared.services.hash_password import HashPassword
from shared.services.one_time_tokens import COLLECTION as TOKENS
from shared.services.one_time_tokens import OneTimeToken, OneTimeTokens, Purpose, bad_token, token_id
from shared.services.throttle import Throttle
from shared.services.user_records import find_credentials, find_user, get_user, put_credentials, put_user

RESET_LIFETIME = timedelta(hours=1)


class ChangePassword:
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

    def change(self, uid: str, session_id: str, current: str, new: str) -> None:
        """Set another password; every session but `session_id` ends.

        Raises InvalidInput for either password, TooManyRequests after too many wrong ones.
        """
        user, credentials = get_user(self._documents, uid), find_credentials(self._documents, uid)
        if credentials is None:
            raise NotFound(f"The user {uid!r} has no password here.")
        _check(new, user, "/new_password")
        self._throttle.count_attempt(email_key(user.email), uid)
        if not self._hashing.verify(credentials.password_hash, current):
            self._audit.record(AuditEvent.SIGN_IN_REFUSED, uid)
            detail = "This is not the present password."
            fault = Fault(pointer="/current_password", code="password-wrong", detail=detail, fix="Type it again.")
            raise InvalidInput(f"{detail} Type it again, or reset it.", faults=[fault])
        self._throttle.forgive(email_key(user.email))
        self._set(uid, credentials, self._hashing.hash(new), keep=session_id)
        self._audit.record(AuditEvent.PASSWORD_CHANGED, uid)
        self._tell(uid)

    def ask_reset(self, email: str, address: str) -> None:
        """Have a link sent, where there is an account: the door does not look, so that it cannot tell.

        Raises TooManyRequests for the address the request came from.
        """
        self._throttle.count_address("forgot", address)
        if self._throttle.may_mail(email_key(email)):
            work = AccountTask(id=secrets.token_hex(12), work=AccountWork.RESET_PASSWORD, email=email)
            self._tasks.enqueue([account_task(work)])

    def reset_token(self, user: User) -> str:
        """A token with which the password can be set once, until it is changed otherwise."""
        credentials = find_credentials(self._documents, user.id)
        version = credentials.version if credentials else 0
        return self._tokens.issue(Purpose.SET_PASSWORD, user.id, RESET_LIFETIME, version)

    def reset(self, token: str, new: str, address: str) -> None:
        """Set the password by a token; every session ends. Raises InvalidInput for the token or the password."""
        self._throttle.count_address("reset", address)
        found = self._tokens.read(self._documents, token, Purpose.SET_PASSWORD)
        user, credentials = self._holder(found)
        _check(new, user, "/new_password")
        self._set(user.id, credentials, self._hashing.hash(new), token=token)
        self._throttle.forgive(email_key(user.email))
        self._audit.record(AuditEvent.PASSWORD_RESET, user.id)
        self._tell(user.id)

    def _holder(self, found: OneTimeToken) -> tuple[User, Credentials]:
        """Whose password a token sets. Raises InvalidInput where it was changed since, or the user may not sign in."""
        user = find_user(self._documents, found.subject)
        credentials = find_credentials(self._documents, found.subject)
        if user is None or credentials is None or user.status is not UserStatus.ACTIVE:
            raise bad_token()
        if credentials.version != found.version:
            raise bad_token()
        return user, credentials

    def _set(self, uid: str, seen: Credentials, password_hash: str, *, keep: str = "", token: str = "") -> None:
        """Hash, sessions and the token that allowed it, together. Raises RevisionConflict when overtaken."""

        def work(transaction: Transaction) -> None:
            if token:
                self._tokens.read(transaction, token, Purpose.SET_PASSWORD)
            user, current = get_user(transaction, uid), find_credentials(transaction, uid)
            if current is None or current.version != seen.version:
                raise RevisionConflict("The password was changed meanwhile. Sign in again.")
            update = {"password_hash": password_hash, "version": seen.version + 1, "changed_at": self._clock.now()}
            kept = {name: session for name, session in user.sessions.items() if name == keep}
            put_credentials(transaction, uid, current.model_copy(update=update))
            put_user(transaction, user.model_copy(update={"sessions": kept}))
            if token:
                transaction.delete(TOKENS, token_id(token))

        self._documents.transaction(work)

    def _tell(self, uid: str) -> None:
        """A letter says that it happened, should it not have been them."""
        work = AccountTask(id=secrets.token_hex(12), work=AccountWork.PASSWORD_CHANGED, subject=uid)
        self._tasks.enqueue([account_task(work)])


def _check(password: str, user: User, pointer: str) -> None:
    if bad := judge_password(password, [user.email, user.username, user.display_name]):
        raise InvalidInput(bad.detail, faults=[bad.fault(pointer)])
