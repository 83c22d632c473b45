"""Where plans are kept: the record by compare-and-set, its segments in storage under their hash, and its history beside it.

A change writes two documents in one transaction, the record and one entry of the history (plan_history.py says how that is
bounded). Without a revision to hold it to, a change is made to the newest plan, again where somebody else's came in between.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import Conflict, PreconditionFailed, RevisionConflict
from shared.domain.glossary import GlossaryTerm
from shared.domain.lexicon import LexiconEntry
from shared.domain.plan import Segment
from shared.domain.plan_history import HistoryEntry, Operation, advanced, slot_of
from shared.domain.project import Chapter, PlanRecord
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Page, Transaction, Where
from shared.ports.speech import sample_of
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.records import Found, Records

TRIES = 10
HISTORY = "plan_history"


@dataclass(frozen=True)
class Planned:
    """A plan as it stands after a change: record, segments, revision; the segments it had before, and what was done."""

    record: PlanRecord
    segments: list[Segment]
    revision: int
    before: list[Segment]
    summary: str


Work = Callable[[list[Segment]], tuple[list[Segment], str]]  # segments in; segments and what was done, out


class PlanStore:
    def __init__(self, documents: Documents, clock: Clock, media: Storage) -> None:
        self._clock = clock
        self._documents = documents
        self._media = media
        self._records = Records(documents, clock, "plans", PlanRecord, "plan of chapter")

    def find(self, owner: str, chapter_id: str) -> Found[PlanRecord]:
        """Raises NotFound."""
        return self._records.find(owner, chapter_id)

    def segments(self, key: str) -> list[Segment]:
        """The segments stored at `key`, which never change."""
        return [Segment.model_validate(raw) for raw in json.loads(self._media.get(key))]

    def freeze(
        self,
        segments_key: str,
        lexicon: Sequence[LexiconEntry],
        glossary: Sequence[GlossaryTerm] = (),
        voices: Mapping[str, Mapping[str, str]] | None = None,
    ) -> str:
        """The key of a plan with the lexicon it is read by, the glossary it is translated by and the voices of its cast by
        language and speaker: what a job works on, whatever becomes of all these meanwhile.
        """
        if not lexicon and not glossary and not voices:
            return segments_key
        entries = [entry.model_dump(mode="json") for entry in lexicon]
        terms = [term.model_dump(mode="json") for term in glossary]
        more = ({"glossary": terms} if terms else {}) | ({"voices": voices} if voices else {})
        return self.keep({"segments_key": segments_key, "lexicon": entries} | more)

    def frozen(self, key: str) -> tuple[list[Segment], list[LexiconEntry]]:
        """The plan and the lexicon that `freeze` put together."""
        found = json.loads(self._media.get(key))
        if isinstance(found, list):
            return [Segment.model_validate(raw) for raw in found], []
        entries = [LexiconEntry.model_validate(raw) for raw in found["lexicon"]]
        return self.segments(found["segments_key"]), entries

    def frozen_glossary(self, key: str) -> list[GlossaryTerm]:
        """The glossary that `freeze` put beside them."""
        found = json.loads(self._media.get(key))
        terms = [] if isinstance(found, list) else found.get("glossary", [])
        return [GlossaryTerm.model_validate(raw) for raw in terms]

    def frozen_voices(self, key: str) -> dict[str, dict[str, str]]:
        """The voices of the cast that `freeze` put beside them, by language and speaker."""
        found = json.loads(self._media.get(key))
        voices: dict[str, dict[str, str]] = {} if isinstance(found, list) else found.get("voices", {})
        return voices

    def keep(self, data: object) -> str:
        """Store JSON under its own hash; its key."""
        raw = json.dumps(data, ensure_ascii=False).encode()
        digest = hashlib.sha256(raw).hexdigest()
        key = f"plans/{digest[:2]}/{digest}.json"
        put_once(self._media, key, raw, "application/json")
        return key

    def change(
        self, owner: str, chapter: Chapter, operation: Operation, work: Work, if_revision: int | None = None
    ) -> Planned:
        """Load, change and store the segments of a plan. What changes nothing is not written.

        Raises NotFound, Conflict where the plan is of another text than the chapter has now, PreconditionFailed where
        `if_revision` is not the plan's, RevisionConflict when others came first every time.
        """

        def once(found: Found[PlanRecord]) -> Planned:
            require_fresh(found.record, chapter)
            before = self.segments(found.record.segments_key)
            after, summary = work(before)
            return self.write(chapter, after, operation, summary, found, before)

        return self.retried(lambda: self.find(owner, chapter.id), once, if_revision)

    def retried(
        self,
        find: Callable[[], Found[PlanRecord]],
        once: Callable[[Found[PlanRecord]], Planned],
        if_revision: int | None,
    ) -> Planned:
        for _ in range(TRIES):
            found = find()
            if if_revision is not None and found.revision != if_revision:
                raise changed_since()
            try:
                return once(found)
            except PreconditionFailed:
                if if_revision is not None:
                    raise
        raise RevisionConflict("The plan was changed by others each time this change was to be written. Try again.")

    def write(
        self,
        chapter: Chapter,
        segments: Sequence[Segment],
        operation: Operation,
        summary: str,
        found: Found[PlanRecord],
        before: list[Segment],
    ) -> Planned:
        """Put these segments where `found` was read, `found` revision 0 being none yet; with an entry of the history.

        A plan that was complete no longer is. Raises PreconditionFailed where somebody wrote in between.
        """
        key = self.keep([segment.model_dump(mode="json") for segment in segments])
        known = Planned(found.record, list(segments), found.revision, before, summary)
        is_same = (key, chapter.text_sha256) == (found.record.segments_key, found.record.text_sha256)
        if is_same and found.revision:
            return known
        update = {"segments_key": key, "segment_count": len(segments), "text_sha256": chapter.text_sha256}
        update["assets"] = assets_of(segments)
        made = self._advance(found, update | {"is_complete": False, "completed_at": None}, operation, summary)
        return replace(known, record=made, revision=found.revision + 1)

    def move(self, found: Found[PlanRecord], entry: HistoryEntry) -> Planned:
        """Stand at another place of the history; the segments are the entry's."""
        update = {"segments_key": entry.segments_key, "segment_count": entry.segment_count, "position": entry.seq}
        update |= {"text_sha256": entry.text_sha256, "is_complete": False, "completed_at": None}
        update |= {"assets": assets_of(self.segments(entry.segments_key))}
        moved = found.record.model_copy(update=update | {"updated_at": self._clock.now()})
        self._documents.transaction(lambda transaction: _put(transaction, moved, found.revision, []))
        before = self.segments(found.record.segments_key)
        summary = f"to {entry.seq}: {entry.operation.value}, {entry.summary}"
        return Planned(moved, self.segments(entry.segments_key), found.revision + 1, before, summary)

    def put(self, found: Found[PlanRecord], update: dict[str, object]) -> int:
        """Change what is on record besides the segments; the revision then. Raises PreconditionFailed."""
        made = found.record.model_copy(update={**update, "updated_at": self._clock.now()})
        self._documents.transaction(lambda transaction: _put(transaction, made, found.revision, []))
        return found.revision + 1

    def entry(self, record: PlanRecord, seq: int) -> HistoryEntry | None:
        """What is at one place of the history; None beyond its ends."""
        if not max(1, record.tail) <= seq <= record.head:
            return None
        document = self._documents.get(HISTORY, slot_of(record.id, seq))
        return HistoryEntry.model_validate(document.data) if document else None

    def entries(self, record: PlanRecord, limit: int, cursor: str | None) -> Page:
        """The history, the newest first."""
        where = [Where("chapter_id", "==", record.id), Where("seq", "<=", record.head)]
        return self._documents.query(HISTORY, where, [Order("seq", descending=True)], limit=limit, cursor=cursor)

    def _advance(
        self, found: Found[PlanRecord], update: dict[str, object], operation: Operation, summary: str
    ) -> PlanRecord:
        now, revision, entries = self._clock.now(), found.revision, []
        record = found.record
        if revision and not record.position:  # its history begins here, with what it was
            record = advanced(record)
            entries.append(_entry(record, revision, Operation.BEFORE, "as it was before its history began"))
        made = advanced(record.model_copy(update={**update, "updated_at": now}))
        entries.append(_entry(made, revision + 1, operation, summary))
        self._documents.transaction(lambda transaction: _put(transaction, made, revision, entries))
        return made


def assets_of(segments: Sequence[Segment]) -> list[str]:
    """The recordings of cloned voices that speak in these segments."""
    return sorted({sample for segment in segments if (sample := sample_of(segment.voice.partition("/")[2]))})


def _put(transaction: Transaction, record: PlanRecord, seen: int, entries: Sequence[HistoryEntry]) -> None:
    document = transaction.get("plans", record.id)
    if (document.revision if document else 0) != seen:
        raise changed_since()
    transaction.put("plans", record.id, record.model_dump(mode="json"))
    for entry in entries:
        transaction.put(HISTORY, slot_of(entry.chapter_id, entry.seq), entry.model_dump(mode="json"))


def _entry(record: PlanRecord, revision: int, operation: Operation, summary: str) -> HistoryEntry:
    shared = record.model_dump(
        include={"owner", "project_id", "chapter_id", "segments_key", "segment_count", "text_sha256"}
    )
    return HistoryEntry(
        **shared,
        seq=record.position,
        revision=revision,
        at=record.updated_at,
        by=record.owner,
        operation=operation,
        summary=summary,
    )


def require_fresh(record: PlanRecord, chapter: Chapter) -> None:
    """Raise Conflict where the chapter's text is another one than was planned."""
    if record.text_sha256 != chapter.text_sha256:
        raise Conflict("The chapter's text was changed since it was planned. Generate the plan; it keeps what matches.")


def changed_since() -> PreconditionFailed:
    return PreconditionFailed("Somebody else changed it since you read it. Read it again and repeat the change.")
