"""Typed records over documents: one home for reading, writing and owning them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.domain.errors import NotFound, PreconditionFailed, RevisionConflict
from shared.domain.project import Stored
from shared.ports.clock import Clock
from shared.ports.documents import Document, Documents, Order, Transaction, Where

R = TypeVar("R", bound=Stored)


@dataclass(frozen=True)
class Found(Generic[R]):
    """A record with the revision it was read at."""

    record: R
    revision: int


@dataclass(frozen=True)
class RecordPage(Generic[R]):
    items: Sequence[R]
    cursor: str | None


class Records(Generic[R]):
    """One collection of one model. What belongs to somebody else does not exist: NotFound, as for what was never there."""

    def __init__(self, documents: Documents, clock: Clock, collection: str, model: type[R], noun: str) -> None:
        self._documents = documents
        self._clock = clock
        self._collection = collection
        self._model = model
        self._noun = noun

    def create(self, record: R) -> R:
        self._documents.create(self._collection, record.id, record.model_dump(mode="json"))
        return record

    def get(self, owner: str, record_id: str) -> R:
        """Raises NotFound."""
        return self.find(owner, record_id).record

    def find(self, owner: str, record_id: str) -> Found[R]:
        """Raises NotFound."""
        document = self._documents.get(self._collection, record_id)
        return Found(self._owned(document, owner, record_id), document.revision if document else 0)

    def update(
        self, owner: str, record_id: str, change: Callable[[R], R | None], *, if_revision: int | None = None
    ) -> R:
        """Read, change and write in one transaction; `change` may run again and returns None to leave all as it is.

        Raises NotFound; PreconditionFailed where `if_revision` is not the record's.
        """

        def work(transaction: Transaction) -> R:
            document = transaction.get(self._collection, record_id)
            current = self._owned(document, owner, record_id)
            if document and if_revision is not None and document.revision != if_revision:
                raise PreconditionFailed(
                    "Somebody else changed it since you read it. Read it again and repeat the change."
                )
            changed = change(current)
            if changed is None:
                return current
            changed = changed.model_copy(update={"updated_at": self._clock.now()})
            transaction.put(self._collection, record_id, changed.model_dump(mode="json"))
            return changed

        return self._documents.transaction(work)

    def delete(self, owner: str, record_id: str, *, if_revision: int | None = None) -> None:
        """Raises NotFound; PreconditionFailed where `if_revision` is not the record's."""
        self.get(owner, record_id)
        try:
            self._documents.delete(self._collection, record_id, if_revision=if_revision)
        except RevisionConflict as exc:
            raise PreconditionFailed(
                "Somebody else changed it since you read it. Read it again and repeat the change."
            ) from exc

    def page(
        self,
        owner: str,
        where: Sequence[Where] = (),
        order: Sequence[Order] = (Order("created_at", descending=True),),
        *,
        limit: int = 50,
        cursor: str | None = None,
    ) -> RecordPage[R]:
        page = self._documents.query(
            self._collection, [Where("owner", "==", owner), *where], order, limit=limit, cursor=cursor
        )
        return RecordPage([self._model.model_validate(document.data) for document in page.items], page.cursor)

    def _owned(self, document: Document | None, owner: str, record_id: str) -> R:
        record = self._model.model_validate(document.data) if document else None
        if record is None or record.owner != owner:
            raise NotFound(
                f"The {self._noun} {record_id!r} was looked for and is not there (any more). List what you have."
            )
        return record


def new_id(prefix: str) -> str:
    """A fresh identifier: 96 random bits, so that ids neither collide nor count."""
    return f"{prefix}_{secrets.token_hex(12)}"
