"""Signing in by e-mail address and password. Whether an address is known shows in nothing: not in what is answered, not
in what is counted against it, not in the work that is done.
"""

from __future__ import annotations

from shared.domain.errors import NotAuthenticated
from shared.domain.session import Tokens
from shared.domain.user import Credentials, User, UserStatus, email_key
from shared.ports.audit import Audit, AuditEvent
from shared.ports.documents import Documents, Transaction
from shared.services.hash_password import HashPassword
from shared.services.keep_sessions import Sessions
from shared.services.throttle import Throttle
from shared.services.user_records import find_by_email, find_credentials, put_credentials


class SignIn:
    def __init__(
        self, documents: Documents, audit: Audit, throttle: Throttle, hashing: HashPassword, sessions: Sessions
    ) -> None:
        self._documents = documents
        self._audit = audit
        self._throttle = throttle
        self._hashing = hashing
        self._sessions = sessions

    def sign_in(self, email: str, password: str, address: str, *, remembered: bool = False, client: str = "") -> Tokens:
        """Open a session. Raises NotAuthenticated, one for every reason; TooManyRequests for known and unknown alike."""
        self._throttle.count_address("sign-in", address)
        key = email_key(email)
        user, credentials = find_by_email(self._documents, email)
        self._throttle.count_attempt(key, user.id if user else "")
        is_right = self._hashing.verify(credentials.password_hash if credentials else "", password)
        if not is_right or user is None or credentials is None or user.status is not UserStatus.ACTIVE:
            self._audit.record(AuditEvent.SIGN_IN_REFUSED, user.id if user else "")
            raise NotAuthenticated(
                "E-mail address and password do not go together, or the address is not confirmed yet. "
                "Look for our letter, try again, or reset the password."
            )
        self._throttle.forgive(key)
        self._renew(user, credentials, password)
        return self._sessions.open(user.id, version=credentials.version, remembered=remembered, client=client)

    def _renew(self, user: User, credentials: Credentials, password: str) -> None:
        """Hash the password anew where today's parameters are others: now is when it is known."""
        if not self._hashing.is_outdated(credentials.password_hash):
            return
        fresh = self._hashing.hash(password)

        def work(transaction: Transaction) -> None:
            current = find_credentials(transaction, user.id)
            if current is not None and current.password_hash == credentials.password_hash:
                put_credentials(transaction, user.id, current.model_copy(update={"password_hash": fresh}))

        self._documents.transaction(work)
