"""Users: read and changed by themselves, and by admins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.domain.account_task import AccountTask, AccountWork
from shared.domain.errors import Conflict, Forbidden
from shared.domain.user import Profile, ProfileChanges, Role, User, UserChanges, UserStatus, username_key
from shared.ports.audit import Audit, AuditEvent
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Transaction, Where
from shared.ports.tasks import Tasks
from shared.services.account_queue import account_task
from shared.services.user_records import (
    USERNAMES,
    USERS,
    find_user,
    get_user,
    put_user,
    username_claim,
    username_is_free,
    username_taken,
)

Check = Callable[[Profile], None]  # raises where the profile is not the one the caller has read


@dataclass(frozen=True)
class ProfilePage:
    items: Sequence[Profile]
    cursor: str | None


class Users:
    def __init__(self, documents: Documents, clock: Clock, tasks: Tasks, audit: Audit) -> None:
        self._documents = documents
        self._clock = clock
        self._tasks = tasks
        self._audit = audit

    def profile(self, uid: str) -> Profile:
        """Raises NotFound."""
        return get_user(self._documents, uid).profile

    def change_profile(self, uid: str, changes: ProfileChanges, check: Check) -> Profile:
        """Change what users may of themselves. Raises AlreadyExists for the username, and whatever `check` does."""

        def work(transaction: Transaction) -> User:
            user = get_user(transaction, uid)
            check(user.profile)
            changed = self._touched(user, changes.model_dump(exclude_none=True))
            old, new = username_key(user.username), username_key(changed.username)
            claim, now = transaction.get(USERNAMES, new), self._clock.now().timestamp()
            if not username_is_free(claim, uid, user.email, now):
                raise username_taken()
            if new != old:
                transaction.put(USERNAMES, new, username_claim(uid, user.email))
                transaction.delete(USERNAMES, old)
            put_user(transaction, changed)
            return changed

        user = self._documents.transaction(work)
        self._audit.record(AuditEvent.PROFILE_CHANGED, uid)
        return user.profile

    def page(self, role: Role | None, status: UserStatus | None, limit: int, cursor: str | None) -> ProfilePage:
        """Everybody, newest first."""
        asked = {"role": role, "status": status}
        where = [Where(field, "==", value.value) for field, value in asked.items() if value is not None]
        order = [Order("created_at", descending=True)]
        page = self._documents.query(USERS, where, order, limit=limit, cursor=cursor)
        return ProfilePage([User.model_validate(found.data).profile for found in page.items], page.cursor)

    def change(self, actor: str, uid: str, changes: UserChanges, check: Check) -> Profile:
        """Give a role, disable or enable: in force with the next call. A disabled user's sessions end.

        Raises Conflict for oneself (so that one admin always remains) and for a user on the way out; Forbidden where
        the actor is no admin any more.
        """
        given = changes.model_dump(exclude_none=True)

        def work(transaction: Transaction) -> tuple[User, User]:
            user = _another(transaction, actor, uid)
            check(user.profile)
            if user.status is UserStatus.DELETING:
                raise Conflict(f"The user {uid!r} is being deleted; nothing can be changed any more.")
            changed = self._touched(user, given)
            if changed.status is not UserStatus.ACTIVE:
                changed = changed.model_copy(update={"sessions": {}})
            put_user(transaction, changed)
            return user, changed

        before, after = self._documents.transaction(work)
        if before.role is not after.role:
            self._audit.record(AuditEvent.ROLE_CHANGED, uid, by=actor, role=after.role.value)
        if before.status is not after.status:
            self._audit.record(AuditEvent.STATUS_CHANGED, uid, by=actor, status=after.status.value)
        return after.profile

    def delete(self, actor: str, uid: str) -> Profile:
        """Shut a user out at once and have all that is theirs removed. Asked again, it goes on where it stopped.

        Raises NotFound, Conflict for oneself, Forbidden.
        """

        def work(transaction: Transaction) -> User:
            user = _another(transaction, actor, uid)
            gone = self._touched(user, {"status": UserStatus.DELETING}).model_copy(update={"sessions": {}})
            put_user(transaction, gone)
            return gone

        user = self._documents.transaction(work)
        self._audit.record(AuditEvent.DELETION_STARTED, uid, by=actor)
        # A name of its own for each asking: a task that died would otherwise hold the name for an hour.
        attempt = str(int(self._clock.now().timestamp() * 1000))
        self._tasks.enqueue([account_task(AccountTask(id=uid, work=AccountWork.DELETE_USER, subject=uid), attempt)])
        return user.profile

    def make_admin(self, uid: str) -> Profile:
        """Make a user an active admin: by who runs the studio, at its own machine."""

        def work(transaction: Transaction) -> User:
            user = get_user(transaction, uid)
            if user.status is UserStatus.DELETING:
                raise Conflict(f"The user {uid!r} is being deleted. Wait until they are gone, then make a new one.")
            raised = self._touched(user, {"role": Role.ADMIN, "status": UserStatus.ACTIVE})
            put_user(transaction, raised)
            return raised

        user = self._documents.transaction(work)
        self._audit.record(AuditEvent.ROLE_CHANGED, uid, by="", role=user.role.value)
        return user.profile

    def _touched(self, user: User, update: dict[str, object]) -> User:
        return user.model_copy(update={**update, "updated_at": self._clock.now()})


def _another(transaction: Transaction, actor: str, uid: str) -> User:
    """The user to be acted on. The actor's own record is read along, so that two admins cannot unmake each other."""
    if actor == uid:
        raise Conflict("Admins do not change their own role or status, nor delete themselves: ask another admin.")
    acting = find_user(transaction, actor)
    if acting is None or acting.role is not Role.ADMIN or acting.status is not UserStatus.ACTIVE:
        raise Forbidden("Only an admin with an account may do this. Make one with `make admin EMAIL=...`.")
    return get_user(transaction, uid)
