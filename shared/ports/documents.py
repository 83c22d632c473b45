"""Documents: small JSON objects in named collections, with revisions, queries and transactions.

The shape is what Firestore, and SQLite on a laptop, can both promise. A document is at most 1 MiB of JSON on every
backend, so that what works on a laptop works in the cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")
MAX_DOCUMENT_BYTES = 1_048_576
Operator = Literal["==", "!=", "<", "<=", ">", ">=", "in", "array_contains"]


@dataclass(frozen=True)
class Document:
    """One stored document. `revision` starts at 1 and grows by one with every write."""

    collection: str
    id: str
    data: dict[str, Any]
    revision: int
    updated_at: datetime


@dataclass(frozen=True)
class Where:
    """One condition; `field` may reach inside with dots ("steps.voice.done"). A document without the field never matches."""

    field: str
    op: Operator
    value: Any


@dataclass(frozen=True)
class Order:
    field: str
    descending: bool = False


@dataclass(frozen=True)
class Page:
    """`cursor` is opaque, bound to its query, and None on the last page."""

    items: Sequence[Document]
    cursor: str | None


class Reader(Protocol):
    def get(self, collection: str, doc_id: str) -> Document | None: ...


class Transaction(Reader, Protocol):
    """All reads come before the first write; the writes land together or not at all."""

    def create(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> None: ...
    def put(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> None: ...
    def delete(self, collection: str, doc_id: str) -> None: ...


class Documents(Reader, Protocol):
    def create(self, collection: str, doc_id: str, data: Mapping[str, Any]) -> Document:
        """Write a new document. Raises AlreadyExists; TooLarge above MAX_DOCUMENT_BYTES of JSON."""
        ...

    def put(self, collection: str, doc_id: str, data: Mapping[str, Any], *, if_revision: int | None = None) -> Document:
        """Write a document whole. With `if_revision`, only over exactly that revision (else RevisionConflict)."""
        ...

    def delete(self, collection: str, doc_id: str, *, if_revision: int | None = None) -> None:
        """Remove it; removing what is not there is no error, unless `if_revision` named one (RevisionConflict)."""
        ...

    def query(
        self,
        collection: str,
        where: Sequence[Where] = (),
        order: Sequence[Order] = (),
        *,
        limit: int = 100,
        cursor: str | None = None,
    ) -> Page:
        """Matching documents, ordered by `order` and then by id. A cursor of another query raises InvalidInput.

        Types sort null, booleans, numbers, text, lists, maps; a document without an ordered field is left out.
        """
        ...

    def count(self, collection: str, where: Sequence[Where] = ()) -> int: ...

    def transaction(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` with reads and writes that land together; run again when somebody else wrote in between.

        `work` may run several times and must have no other effects. Raises RevisionConflict when it never gets through.
        """
        ...
