"""Projects and their chapters: made, read, listed, changed and deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from shared.domain.errors import AlreadyExists, NotFound, TooLarge
from shared.domain.project import Chapter, ChapterChanges, ChapterSource, NewChapter, NewProject, Project
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Order, Where
from shared.ports.storage import Storage
from shared.services.artifact_store import put_once
from shared.services.read_text import read_chapter_text
from shared.services.records import RecordPage, Records, new_id


class Projects:
    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._clock = clock
        self._documents = documents
        self._records = Records(documents, clock, "projects", Project, "project")

    def create(self, owner: str, new: NewProject) -> Project:
        now = self._clock.now()
        return self._records.create(
            Project(id=new_id("prj"), owner=owner, created_at=now, updated_at=now, **_said(new))
        )

    def get(self, owner: str, project_id: str) -> Project:
        return self._records.get(owner, project_id)

    def page(self, owner: str, limit: int, cursor: str | None) -> RecordPage[Project]:
        return self._records.page(owner, limit=limit, cursor=cursor)

    def replace(self, owner: str, project_id: str, new: NewProject) -> Project:
        return self._records.update(owner, project_id, lambda project: project.model_copy(update=_said(new)))

    def note(self, owner: str, project_id: str, facts: Mapping[str, Any]) -> Project:
        """Put what was found out about a project on its record."""
        return self._records.update(owner, project_id, lambda project: project.model_copy(update=dict(facts)))

    def delete(self, owner: str, project_id: str, chapters: Chapters) -> None:
        """Delete a project with its chapters, plans, lexicon, glossary and cast; finished productions stay."""
        for chapter in chapters.all_of(owner, project_id):
            chapters.delete(owner, project_id, chapter.id)
        _delete_all(self._documents, "lexicon", Where("project_id", "==", project_id))
        _delete_all(self._documents, "glossary", Where("project_id", "==", project_id))
        _delete_all(self._documents, "cast_lines", Where("project_id", "==", project_id))
        self._documents.delete("casts", project_id)
        self._records.delete(owner, project_id)


class Chapters:
    """Chapters in order. A text lies in storage under its own hash, so that a change never tears what a reader reads."""

    def __init__(self, documents: Documents, clock: Clock, media: Storage, max_bytes: int) -> None:
        self._clock = clock
        self._documents = documents
        self._media = media
        self._max_bytes = max_bytes
        self._projects = Records(documents, clock, "projects", Project, "project")
        self._records = Records(documents, clock, "chapters", Chapter, "chapter")

    def create(self, owner: str, project_id: str, new: NewChapter) -> Chapter:
        """Raises NotFound for the project, InvalidInput or UnsupportedMedia for text that cannot be read, TooLarge."""
        self._projects.get(owner, project_id)
        text = self._checked(new.text.encode("utf-8", "surrogatepass"))
        now = self._clock.now()
        position = max((other.position for other in self.all_of(owner, project_id)), default=0) + 1
        chapter = Chapter(
            id=new_id("chp"),
            owner=owner,
            created_at=now,
            updated_at=now,
            project_id=project_id,
            title=new.title,
            position=position,
            **self._store(text),
        )
        return self._records.create(chapter)

    def import_one(
        self, owner: str, project_id: str, new: NewChapter, chapter_id: str, position: int, source: ChapterSource
    ) -> tuple[Chapter, bool]:
        """(the chapter of this id, whether it was made now). One that is there stays as it is, whatever became of it."""
        text = self._checked(new.text.encode("utf-8", "surrogatepass"))
        now = self._clock.now()
        chapter = Chapter(
            id=chapter_id,
            owner=owner,
            created_at=now,
            updated_at=now,
            project_id=project_id,
            title=new.title,
            position=position,
            source=source,
            **self._store(text),
        )
        try:
            return self._records.create(chapter), True
        except AlreadyExists:
            return self.get(owner, project_id, chapter_id), False

    def create_from_bytes(self, owner: str, project_id: str, title: str, raw: bytes) -> Chapter:
        """A chapter from a text file as it came: encodings and binary are told apart here."""
        return self.create(owner, project_id, NewChapter(title=title, text=self._checked(raw)))

    def get(self, owner: str, project_id: str, chapter_id: str) -> Chapter:
        chapter = self._records.get(owner, chapter_id)
        if chapter.project_id != project_id:
            raise NotFound(
                f"The chapter {chapter_id!r} is not in the project {project_id!r}. List the project's chapters."
            )
        return chapter

    def page(self, owner: str, project_id: str, limit: int, cursor: str | None) -> RecordPage[Chapter]:
        self._projects.get(owner, project_id)
        where = [Where("project_id", "==", project_id)]
        return self._records.page(owner, where, [Order("position")], limit=limit, cursor=cursor)

    def all_of(self, owner: str, project_id: str) -> list[Chapter]:
        found: list[Chapter] = []
        cursor: str | None = None
        while True:
            page = self.page(owner, project_id, 200, cursor)
            found += page.items
            cursor = page.cursor
            if cursor is None:
                return found

    def change(self, owner: str, project_id: str, chapter_id: str, changes: ChapterChanges) -> Chapter:
        """Change a title or text, or move the chapter to a place among the others, which make room."""
        chapter = self.get(owner, project_id, chapter_id)
        update: dict[str, str | int] = {"title": changes.title} if changes.title else {}
        if changes.text is not None:
            update |= self._store(self._checked(changes.text.encode("utf-8", "surrogatepass")))
        if changes.position is not None:
            self._move(owner, chapter, changes.position)
        return self._records.update(owner, chapter_id, lambda current: current.model_copy(update=update))

    def _move(self, owner: str, chapter: Chapter, position: int) -> None:
        others = [other.id for other in self.all_of(owner, chapter.project_id) if other.id != chapter.id]
        for place, name in enumerate([*others[: position - 1], chapter.id, *others[position - 1 :]], 1):
            self._records.update(owner, name, lambda current, place=place: _at(current, place))  # type: ignore[misc]  # a lambda's default has no type

    def text(self, chapter: Chapter) -> str:
        return self._media.get(chapter.text_key).decode()

    def delete(self, owner: str, project_id: str, chapter_id: str) -> None:
        self.get(owner, project_id, chapter_id)
        self._documents.delete("plans", chapter_id)
        self._documents.delete("cast_lines", chapter_id)
        _delete_all(self._documents, "plan_history", Where("chapter_id", "==", chapter_id))
        self._records.delete(owner, chapter_id)

    def _checked(self, raw: bytes) -> str:
        if len(raw) > self._max_bytes:
            raise TooLarge(f"The text has {len(raw):,} bytes; a chapter holds at most {self._max_bytes:,}. Split it.")
        return read_chapter_text(raw)

    def _store(self, text: str) -> dict[str, str | int]:
        data = text.encode()
        digest = hashlib.sha256(data).hexdigest()
        key = f"texts/{digest[:2]}/{digest}.txt"
        put_once(self._media, key, data, "text/plain; charset=utf-8")
        return {"text_key": key, "text_sha256": digest, "characters": len(text)}


def _said(new: NewProject) -> dict[str, Any]:
    """What a client says of a project; a language it leaves out is nobody's choice."""
    return {**new.model_dump(), "language_given": "language" in new.model_fields_set}


def _delete_all(documents: Documents, collection: str, where: Where) -> None:
    while page := documents.query(collection, [where]).items:
        for document in page:
            documents.delete(collection, document.id)


def _at(chapter: Chapter, place: int) -> Chapter | None:
    return None if chapter.position == place else chapter.model_copy(update={"position": place})
