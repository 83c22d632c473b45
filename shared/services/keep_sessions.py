"""Sessions: opened by a sign-in, kept alive by refreshing, looked at with every call, and ended.

They lie inside the user's own document. One read answers who calls, whether they still may and as what; one write ends
some of them together with whatever else changes: there is no moment in which a disabled user's session still holds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import NotAuthenticated, NotFound
from shared.domain.session import RefreshToken, Session, SessionView, Tokens, Use, new_session
from shared.domain.user import User, UserStatus
from shared.ports.access_tokens import AccessTokens
from shared.ports.audit import Audit, AuditEvent
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.services.records import new_id
from shared.services.user_records import USERS, find_credentials, find_user, get_user, put_user

MAX_SESSIONS = 20  # of one user; a further sign-in ends the one that was used least recently
MAX_CLIENT_CHARS = 120


@dataclass(frozen=True)
class Caller:
    """Who an access token speaks for, as the record says at this moment."""

    uid: str
    role: str
    session_id: str


class Sessions:
    """`lifetime` and `remembered_lifetime` count from the sign-in: refreshing keeps a session alive, never for ever."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        access: AccessTokens,
        audit: Audit,
        lifetime: timedelta,
        remembered_lifetime: timedelta,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._access = access
        self._audit = audit
        self._lifetime = lifetime
        self._remembered_lifetime = remembered_lifetime

    def open(self, uid: str, *, version: int, remembered: bool = False, client: str = "") -> Tokens:
        """Start a session. Raises NotAuthenticated where the user may not, or the password that was checked has changed
        since: `version` is that of the credentials it was checked against.
        """
        now = self._clock.now()
        expires_at = now + (self._remembered_lifetime if remembered else self._lifetime)
        label = "".join(char for char in client if char.isprintable())[:MAX_CLIENT_CHARS]
        session, secret = new_session(new_id("ses"), now, expires_at, remembered=remembered, client=label)

        def work(transaction: Transaction) -> None:
            user, credentials = find_user(transaction, uid), find_credentials(transaction, uid)
            if user is None or user.status is not UserStatus.ACTIVE or not credentials:
                raise not_signed_in()
            if credentials.version != version:
                raise not_signed_in()
            kept = sorted(_live(user, now), key=lambda other: other.used_at)[-(MAX_SESSIONS - 1) :]
            put_user(transaction, _with(user, [*kept, session]))

        self._documents.transaction(work)
        self._audit.record(AuditEvent.SIGNED_IN, uid, session=session.id)
        return self._tokens(uid, session, secret)

    def authenticate(self, access_token: str) -> Caller:
        """Who calls. One read: what the record says now counts, whatever the token was issued for.

        Raises NotAuthenticated.
        """
        claims = self._access.read(access_token)
        document = self._documents.get(USERS, claims.uid)
        # The plain record and not a model of it: this is on the way of every call.
        if document is None or document.data["status"] != UserStatus.ACTIVE.value:
            raise not_signed_in()
        session = document.data["sessions"].get(claims.session_id)
        if session is None or datetime.fromisoformat(session["expires_at"]) <= self._clock.now():
            raise not_signed_in()
        return Caller(claims.uid, document.data["role"], claims.session_id)

    def refresh(self, refresh_token: str) -> Tokens:
        """The next pair of tokens. Raises NotAuthenticated; a token used a second time ends its session."""
        token = RefreshToken.parse(refresh_token)
        if token is None:
            raise not_signed_in()
        use, session, secret = self._documents.transaction(lambda transaction: self._use(transaction, token))
        if use is Use.REPLAYED:
            self._audit.record(AuditEvent.REFRESH_REPLAYED, token.uid, session=token.session_id)
        if session is None:
            raise not_signed_in()
        return self._tokens(token.uid, session, secret)

    def _use(self, transaction: Transaction, token: RefreshToken) -> tuple[Use, Session | None, bytes]:
        now, user = self._clock.now(), find_user(transaction, token.uid)
        session = user.sessions.get(token.session_id) if user else None
        if user is None or session is None or user.status is not UserStatus.ACTIVE or session.expires_at <= now:
            return Use.UNKNOWN, None, b""
        use = session.judge(token.secret, now)
        if use is Use.REPEATED:
            return use, session, session.successor(token.secret)
        if use is Use.NEWEST:
            session, secret = session.rotated(token.secret, now)
            put_user(transaction, _with(user, [*_others(user, session.id), session]))
            return use, session, secret
        if use is Use.REPLAYED:
            put_user(transaction, _with(user, _others(user, session.id)))
        return use, None, b""

    def views(self, uid: str, current: str) -> list[SessionView]:
        """A user's live sessions, the one used last first."""
        live = sorted(_live(get_user(self._documents, uid), self._clock.now()), key=lambda s: s.used_at, reverse=True)
        shown = set(SessionView.model_fields) - {"is_current"}
        return [SessionView(**session.model_dump(include=shown), is_current=session.id == current) for session in live]

    def end(self, uid: str, session_id: str, event: AuditEvent = AuditEvent.SESSION_REVOKED) -> None:
        """End one session: both of its tokens are dead at once. Raises NotFound."""

        def keep(user: User) -> list[Session]:
            if session_id not in user.sessions:
                raise NotFound(f"The session {session_id!r} is not there (any more). List your sessions.")
            return _others(user, session_id)

        self._keep(uid, keep)
        self._audit.record(event, uid, session=session_id)

    def end_all(self, uid: str, *, but: str = "") -> None:
        """End every session, but for one where it is named."""
        self._keep(uid, lambda user: [session for session in user.sessions.values() if session.id == but])
        self._audit.record(AuditEvent.SESSION_REVOKED, uid, kept=but)

    def _keep(self, uid: str, choose: Callable[[User], list[Session]]) -> None:
        def work(transaction: Transaction) -> None:
            user = get_user(transaction, uid)
            put_user(transaction, _with(user, choose(user)))

        self._documents.transaction(work)

    def _tokens(self, uid: str, session: Session, secret: bytes) -> Tokens:
        return Tokens(
            access_token=self._access.issue(uid, session.id),
            expires_in=self._access.lifetime_s,
            refresh_token=str(RefreshToken(uid, session.id, secret)),
            refresh_expires_at=session.expires_at,
            issued_at=self._clock.now(),
            remembered=session.remembered,
            session_id=session.id,
        )


def not_signed_in() -> NotAuthenticated:
    return NotAuthenticated("No session goes with this request (any more). Sign in again.")


def _live(user: User, now: datetime) -> list[Session]:
    return [session for session in user.sessions.values() if session.expires_at > now]


def _others(user: User, session_id: str) -> list[Session]:
    return [session for session in user.sessions.values() if session.id != session_id]


def _with(user: User, sessions: list[Session]) -> User:
    return user.model_copy(update={"sessions": {session.id: session for session in sessions}})
