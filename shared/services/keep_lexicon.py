"""The lexicon of a project: entries made, read, listed, changed and deleted, each change with what it marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from shared.domain.errors import AlreadyExists, Conflict, NotFound
from shared.domain.lexicon import MAX_ENTRIES, LexiconEntry, NewEntry
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Where
from shared.services.keep_projects import Projects
from shared.services.lexicon_hits import Hit, LexiconHits
from shared.services.pronounce import EngineUse, Pronounce
from shared.services.records import Found, RecordPage, Records, new_id

LEXICON = "lexicon"
_AT_ONCE = 200


class EntryAnswer(LexiconEntry):
    """An entry as answered: what each engine here makes of it, and how many segments the last change of it marked."""

    engines: list[EngineUse]
    marked: int | None = None


class KeepLexicon:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        projects: Projects,
        hits: LexiconHits,
        pronounce: Pronounce,
    ) -> None:
        self._clock = clock
        self._projects = projects
        self._hits = hits
        self._pronounce = pronounce
        self._records = Records(documents, clock, LEXICON, LexiconEntry, "entry")

    def entries(self, owner: str, project_id: str) -> list[LexiconEntry]:
        """All of a project's entries."""
        found: list[LexiconEntry] = []
        cursor: str | None = None
        while True:
            page = self._page(owner, project_id, _AT_ONCE, cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def page(self, owner: str, project_id: str, limit: int, cursor: str | None) -> RecordPage[EntryAnswer]:
        self._projects.get(owner, project_id)
        page = self._page(owner, project_id, limit, cursor)
        return RecordPage([self._answer(entry) for entry in page.items], page.cursor)

    def find(self, owner: str, project_id: str, entry_id: str) -> tuple[EntryAnswer, int]:
        """Raises NotFound."""
        found = self._find(owner, project_id, entry_id)
        return self._answer(found.record), found.revision

    def create(self, owner: str, project_id: str, new: NewEntry) -> tuple[EntryAnswer, int]:
        """Raises NotFound, AlreadyExists for a pattern that is there, Conflict when the lexicon is full."""
        self._projects.get(owner, project_id)
        now, before = self._clock.now(), self.entries(owner, project_id)
        known = {"id": new_id("lex"), "owner": owner, "created_at": now, "updated_at": now, "project_id": project_id}
        entry = LexiconEntry.model_validate({**known, **new.model_dump()})
        if len(before) >= MAX_ENTRIES:
            raise Conflict(f"The lexicon holds {MAX_ENTRIES} entries, which is all it takes. Delete some.")
        _require_unlike(entry, before)
        self._records.create(entry)
        return self._marked(entry, before, [*before, entry]), 1

    def replace(
        self, owner: str, project_id: str, entry_id: str, new: NewEntry, if_revision: int | None = None
    ) -> tuple[EntryAnswer, int]:
        """Raises NotFound, AlreadyExists, PreconditionFailed."""
        self._find(owner, project_id, entry_id)
        before = self.entries(owner, project_id)
        others = [entry for entry in before if entry.id != entry_id]

        def work(current: LexiconEntry) -> LexiconEntry:
            changed = current.model_copy(update=new.model_dump())
            _require_unlike(changed, others)
            return changed

        entry = self._records.update(owner, entry_id, work, if_revision=if_revision)
        answer = self._marked(entry, before, [*others, entry])
        return answer, self._records.find(owner, entry_id).revision

    def delete(self, owner: str, project_id: str, entry_id: str, if_revision: int | None = None) -> None:
        """Raises NotFound, PreconditionFailed."""
        found = self._find(owner, project_id, entry_id)
        before = self.entries(owner, project_id)
        self._records.delete(owner, entry_id, if_revision=if_revision)
        self._marked(found.record, before, [entry for entry in before if entry.id != entry_id])

    def rename_speakers(self, owner: str, project_id: str, named: Callable[[str], str]) -> None:
        """Let entries for one speaker follow that speaker's name; one that would be a second for its pattern stays."""
        entries = self.entries(owner, project_id)
        taken = {entry.identity for entry in entries}
        for entry in entries:
            moved = {"speaker": named(entry.speaker) if entry.speaker else None}
            identity = entry.model_copy(update=moved).identity
            if identity not in taken:
                taken.add(identity)
                self._records.update(owner, entry.id, partial(LexiconEntry.model_copy, update=moved))

    def hits(
        self, owner: str, project_id: str, entry_id: str, limit: int, cursor: str | None
    ) -> tuple[list[Hit], str | None]:
        """The segments an entry is met in, chapter by chapter, and where the next page begins.

        Only chapters in the entry's language are looked through, and of those only what is spoken.
        """
        self._find(owner, project_id, entry_id)
        return self._hits.page(owner, project_id, entry_id, self.entries(owner, project_id), limit, cursor)

    def _marked(
        self, entry: LexiconEntry, before: Sequence[LexiconEntry], after: Sequence[LexiconEntry]
    ) -> EntryAnswer:
        """Mark what sounds otherwise now, in every plan of the project; the answer to the change."""
        marked = self._hits.mark(entry, before, after)
        return self._answer(entry, marked)

    def _find(self, owner: str, project_id: str, entry_id: str) -> Found[LexiconEntry]:
        found = self._records.find(owner, entry_id)
        if found.record.project_id != project_id:
            raise NotFound(f"The entry {entry_id!r} is not in the project {project_id!r}. List the project's entries.")
        return found

    def _page(self, owner: str, project_id: str, limit: int, cursor: str | None) -> RecordPage[LexiconEntry]:
        where = [Where("project_id", "==", project_id)]
        return self._records.page(owner, where, [Order("pattern")], limit=limit, cursor=cursor)

    def _answer(self, entry: LexiconEntry, marked: int | None = None) -> EntryAnswer:
        return EntryAnswer(**entry.model_dump(), engines=self._pronounce.uses(entry), marked=marked)


def _require_unlike(entry: LexiconEntry, others: Sequence[LexiconEntry]) -> None:
    for other in others:
        if other.identity == entry.identity and other.id != entry.id:
            raise AlreadyExists(f"The entry {other.id} is for that pattern, language and speaker already. Change that.")
