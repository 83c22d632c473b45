"""What a resumable upload was promised to be, how far it is, and which pieces fit it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from shared.adapters.storage.filesystem_files import base64_of
from shared.domain.errors import Fault, InvalidInput, MalformedRequest

QUANTUM_BYTES = 256 * 1024  # pieces end at multiples of it, as Cloud Storage asks


@dataclass(frozen=True)
class Terms:
    """What the object is to be. `size` is None where only the last piece will tell; `crc32c` is checked at the end."""

    key: str
    content_type: str
    metadata: dict[str, str]
    size: int | None = None
    least: int = 0
    most: int | None = None
    if_generation: int | None = None
    crc32c: str | None = None


@dataclass(frozen=True)
class Session:
    """`kept` bytes are safe, `checksum` is the running crc32c of them; `done` is the generation it became, or 0."""

    id: str
    terms: Terms
    created_at: str
    kept: int = 0
    checksum: int = 0
    done: int = 0

    @property
    def crc32c(self) -> str:
        return base64_of(self.checksum)

    @property
    def complete(self) -> bool:
        return self.kept == self.terms.size


def check_size(size: int) -> None:
    if size < 1:
        raise InvalidInput(f"A resumable upload has at least one byte; {size} were declared. Put it in one request.")


def agreed(session: Session, first: int, end: int, size: int | None) -> Session:
    """The session with its size known, where this piece tells it. Raises MalformedRequest for a piece that misfits."""
    terms = session.terms
    total = terms.size if size is None else size
    if terms.size is not None and total != terms.size:
        raise misfit("invalid-argument", f"The upload was declared with {terms.size} bytes, not {total}.")
    if first > session.kept:
        raise misfit("invalid-argument", f"Bytes from {session.kept} on are wanted next; these begin at {first}.")
    if total is not None and end > total:
        raise misfit("invalid-argument", f"The upload ends at {total}, and these bytes at {end}.")
    if end != total and end % QUANTUM_BYTES:
        raise misfit("invalid-argument", f"Every piece but the last ends at a multiple of {QUANTUM_BYTES}.")
    if terms.most is not None and max(end, total or 0) > terms.most:
        raise misfit("entity-too-large", f"At most {terms.most} bytes were agreed on.")
    if total is not None and total < terms.least:
        raise misfit("entity-too-small", f"At least {terms.least} bytes were agreed on.")
    return replace(session, terms=replace(terms, size=total))


def misfit(code: str, detail: str) -> MalformedRequest:
    return MalformedRequest(detail, faults=[Fault(pointer="/header", code=code, detail=detail)])
