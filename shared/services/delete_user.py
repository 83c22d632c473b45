"""Deleting a user with all that is theirs: keeper by keeper, each as often as it takes, the user last.

Whatever stops it, the user stays shut out and on record as being deleted, and the next delivery goes on. What lies in
storage under a hash of its content (voiced lines, texts, shots) has no owner: others may have made the very same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from shared.domain.errors import Conflict, NotFound
from shared.domain.job import Job
from shared.domain.user import User, UserStatus
from shared.ports.audit import Audit, AuditEvent
from shared.ports.documents import Documents, Transaction, Where
from shared.ports.storage import Storage, every_object
from shared.services.keep_jobs import Jobs
from shared.services.user_records import find_user, remove_user

Keeper = Callable[[str], None]  # removes all that a uid owns; again, it finds nothing
OWNED = (
    "projects",
    "chapters",
    "plans",
    "plan_history",
    "lexicon",
    "glossary",
    "casts",
    "cast_lines",
    "assets",
    "asset_usage",
    "blueprints",
    "exports",
    "jobs",
    "job_events",
    "job_webhooks",
    "webhooks",
    "voicing_outcomes",
    "sayings",
    "reservations",
    "charges",
    "spending",
    "spending_caps",
)
_AT_ONCE = 100


class DeleteUser:
    """`keepers` run in this order; each that looks after something of users belongs here."""

    def __init__(self, documents: Documents, audit: Audit, keepers: Sequence[Keeper]) -> None:
        self._documents = documents
        self._audit = audit
        self._keepers = keepers

    def run(self, uid: str) -> None:
        """Go on with a deletion. A user who is gone, or was not to be deleted, is passed over."""
        user = find_user(self._documents, uid)
        if user is None or user.status is not UserStatus.DELETING:
            return
        for keeper in self._keepers:
            keeper(uid)
        self._documents.transaction(lambda transaction: _remove(transaction, uid))
        self._audit.record(AuditEvent.DELETED, uid)


def _remove(transaction: Transaction, uid: str) -> User | None:
    user = find_user(transaction, uid)
    if user is not None:
        remove_user(transaction, user)
    return user


def keepers_of(documents: Documents, jobs: Jobs, uploads: Storage, media: Storage) -> list[Keeper]:
    """Jobs first, since they work on all the rest."""
    return [
        lambda uid: _stop_jobs(documents, jobs, media, uid),
        lambda uid: _delete_objects(uploads, f"users/{uid}/"),
        lambda uid: _delete_objects(media, f"users/{uid}/"),
        *(_documents_keeper(documents, collection) for collection in OWNED),
    ]


def _stop_jobs(documents: Documents, jobs: Jobs, media: Storage, uid: str) -> None:
    """Cancel what runs, and remove the files that were made; a job's record goes with the rest."""
    cursor: str | None = None
    while True:
        page = documents.query("jobs", [Where("owner", "==", uid)], limit=_AT_ONCE, cursor=cursor)
        for document in page.items:
            with suppress(Conflict, NotFound):  # it has ended, or is gone
                jobs.cancel(uid, document.id)
            result = Job.model_validate(document.data).result
            for file in result.files if result else []:
                media.delete(file.key)
        cursor = page.cursor
        if cursor is None:
            return


def _documents_keeper(documents: Documents, collection: str) -> Keeper:
    def remove(uid: str) -> None:
        while page := documents.query(collection, [Where("owner", "==", uid)], limit=_AT_ONCE).items:
            for document in page:
                documents.delete(collection, document.id)

    return remove


def _delete_objects(storage: Storage, prefix: str) -> None:
    for found in list(every_object(storage, prefix)):
        storage.delete(found.key)
