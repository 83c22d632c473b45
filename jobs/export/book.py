"""A whole export: chapters one after another, then what they make together; published at the very end."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.export import captions, epub, m4b
from jobs.export.chapters import AAC, ACX, MP3, WAV, ChapterEncoder, Encoded
from jobs.export.master import CEILING_DBTP, TARGET_LUFS
from jobs.export.tools import Tools, retry
from jobs.export.wiring import ExportApp
from shared.domain.export import ExportFormat, ExportResult, MadeFile
from shared.domain.export_marks import Caption, Part, captions_of, parts_of
from shared.domain.export_metadata import chapter_tags, id3
from shared.domain.export_script import BookScript, ChapterScript
from shared.domain.export_timeline import Timeline, chapter_starts, timeline

_TYPES = {
    ExportFormat.M4B: "audio/mp4",
    ExportFormat.MP3: "audio/mpeg",
    ExportFormat.ACX: "audio/mpeg",
    ExportFormat.WAV: "audio/wav",
    ExportFormat.EPUB: "application/epub+zip",
    ExportFormat.SRT: "application/x-subrip",
    ExportFormat.VTT: "text/vtt",
}
_ENCODED, _JOINED, _BOUND = 80, 88, 96  # percent


@dataclass(frozen=True)
class Chapter:
    """One chapter of the book, `number` from 1, with all that was made of it."""

    number: int
    script: ChapterScript
    times: Timeline
    text: str
    parts: list[Part]
    captions: list[Caption]
    encoded: dict[str, Encoded]


class BookMaker:
    def __init__(self, book: BookScript, app: ExportApp, tools: Tools) -> None:
        self._book = book
        self._app = app
        self._tools = tools
        self._encoder = ChapterEncoder(book, app.media, app.artifacts, tools)
        self._files: list[MadeFile] = []
        self._reports: dict[str, Any] = {}

    def make(self) -> ExportResult:
        """Everything asked for. Raises what reading, encoding, checking and storage raise; nothing is shown before all is
        there.
        """
        chapters = [self._chapter(number, key) for number, key in enumerate(self._book.chapters, 1)]
        self._reports["chapters"] = [_told(chapter) for chapter in chapters]
        self._reports["loudness"] = {"target_lufs": TARGET_LUFS, "ceiling_dbtp": CEILING_DBTP, "channels": 1}
        self._reports["cover"] = "included" if self._book.cover else self._book.cover_note
        cover = self._cover()
        self._publish_chapters(chapters)
        if self._book.wants(ExportFormat.M4B):
            self._publish_m4b(chapters, cover)
        if self._book.wants(ExportFormat.EPUB):
            self._publish_epub(chapters, cover)
        return ExportResult(files=self._files, reports=self._reports)

    def _chapter(self, number: int, key: str) -> Chapter:
        self._tools.check()
        share = (number - 1) * _ENCODED // len(self._book.chapters)
        self._tools.step(share, f"chapter {number} of {len(self._book.chapters)}")
        script = ChapterScript.model_validate_json(retry(self._app.media.get, key))
        text = retry(self._app.media.get, script.text_key).decode()
        times = timeline(script.lines)
        parts = parts_of(text, script.language, script.lines, times)
        words = self._book.words and self._book.wants(ExportFormat.VTT)
        read = captions_of(text, script.language, parts, script.lines, times, words=words)
        return Chapter(number, script, times, text, parts, read, self._encoder.encode(script, times))

    def _cover(self) -> Path | None:
        if not self._book.cover:
            return None
        target = self._tools.scratch / f"cover{self._book.cover.suffix}"
        retry(self._app.media.download, self._book.cover.key, target)
        return target

    # Chapters by themselves

    def _publish_chapters(self, chapters: Sequence[Chapter]) -> None:
        self._tools.step(_ENCODED, "publishing chapters")
        for chapter in chapters:
            self._tools.check()
            for name, form in ((MP3, ExportFormat.MP3), (ACX, ExportFormat.ACX)):
                if name in chapter.encoded:
                    self._publish_tagged(chapter, chapter.encoded[name], form)
            if WAV in chapter.encoded:
                made = chapter.encoded[WAV]
                self._note(ExportFormat.WAV, ".wav", (made.key.path, made.sha256, made.size), chapter)
            self._publish_captions(chapter.captions, chapter)
        if self._book.wants(ExportFormat.ACX):
            self._reports["acx"] = [_acx(chapter) for chapter in chapters]
        if self._book.wants(ExportFormat.SRT, ExportFormat.VTT):
            note = captions.WORDS_NOTE if self._book.words else ""
            count = sum(len(chapter.captions) for chapter in chapters)
            self._reports["captions"] = {"count": count, "words": "estimated" if note else "none", "note": note}

    def _publish_tagged(self, chapter: Chapter, made: Encoded, form: ExportFormat) -> None:
        """An MP3 with its tags ahead of it."""
        target = self._tools.scratch / "tagged.mp3"
        retry(self._app.media.download, made.key.path, target)
        tagged = self._tools.scratch / "published.mp3"
        with tagged.open("wb") as out, target.open("rb") as source:
            out.write(id3(chapter_tags(self._book, chapter.script.title, chapter.number)))
            while piece := source.read(1 << 20):
                out.write(piece)
        self._publish(form, ".acx.mp3" if form is ExportFormat.ACX else ".mp3", tagged, chapter)
        target.unlink()
        tagged.unlink()

    def _publish_captions(self, read: Sequence[Caption], chapter: Chapter | None) -> None:
        if self._book.wants(ExportFormat.SRT):
            self._publish(ExportFormat.SRT, ".srt", captions.srt(read, self._book.language), chapter)
        if self._book.wants(ExportFormat.VTT):
            self._publish(ExportFormat.VTT, ".vtt", captions.vtt(read, self._book.language), chapter)

    # All together

    def _publish_m4b(self, chapters: Sequence[Chapter], cover: Path | None) -> None:
        self._tools.step(_ENCODED + 2, "joining the chapters")
        starts = chapter_starts([chapter.times for chapter in chapters])
        titles = [chapter.script.title for chapter in chapters]
        keys = [chapter.encoded[AAC].key for chapter in chapters]
        sound = m4b.join(keys, self._app.artifacts, self._tools.scratch / "book.aac", self._tools)
        path = m4b.write_m4b(self._book, titles, starts, sound, cover, self._tools)
        sound.unlink()
        self._reports["m4b"] = m4b.verify(path, self._book, titles, starts, self._tools)
        self._publish(ExportFormat.M4B, ".m4b", path, None)
        path.unlink()
        whole = [
            caption
            for chapter, start in zip(chapters, starts, strict=False)
            for caption in captions.moved(chapter.captions, start)
        ]
        self._publish_captions(whole, None)

    def _publish_epub(self, chapters: Sequence[Chapter], cover: Path | None) -> None:
        target = self._tools.scratch / "book.epub"
        writer = epub.EpubWriter(self._book, target)
        try:
            for chapter in chapters:
                self._tools.check()
                self._tools.step(_JOINED, f"binding chapter {chapter.number} of {len(chapters)}")
                self._bind(writer, chapter)
        except BaseException:
            writer.abandon()
            raise
        writer.close(cover.read_bytes() if cover else None)
        self._reports["epub"] = epub.check(target)
        self._tools.step(_BOUND, "publishing the book")
        self._publish(ExportFormat.EPUB, ".epub", target, None)
        target.unlink()

    def _bind(self, writer: epub.EpubWriter, chapter: Chapter) -> None:
        packets, sound = self._tools.scratch / "chapter.aac", self._tools.scratch / "chapter.m4a"
        retry(self._app.media.download, chapter.encoded[AAC].key.path, packets)
        m4b.write_m4a(packets, sound, self._tools)
        script = chapter.script
        writer.add_chapter(script.title, script.language, chapter.text, chapter.parts, chapter.times.total, sound)
        packets.unlink()
        sound.unlink()

    def _publish(self, form: ExportFormat, suffix: str, data: bytes | Path, chapter: Chapter | None) -> None:
        """Store a finished file; it is shown once the export is completed."""
        kept = retry(self._app.work.keep, data, _TYPES[form], suffix)
        self._note(form, suffix, kept, chapter)

    def _note(self, form: ExportFormat, suffix: str, kept: tuple[str, str, int], chapter: Chapter | None) -> None:
        key, sha256, size = kept
        stem = f"{chapter.number:04}" if chapter else "book"
        title = f"{chapter.number:02} {chapter.script.title}" if chapter else self._book.title
        self._files.append(
            MadeFile(
                format=form,
                chapter_id=chapter.script.chapter_id if chapter else None,
                name=f"{stem}{suffix}",
                content_type=_TYPES[form],
                size=size,
                sha256=sha256,
                key=key,
                saved_as=f"{_file_name(title)}{suffix}",
            )
        )


def _told(chapter: Chapter) -> dict[str, Any]:
    """A chapter in the report: how long it is, and of each encoding what it measures and whether it was made now."""
    made = {name: {"made": one.is_made, **one.facts} for name, one in chapter.encoded.items() if name != ACX}
    known = {"chapter_id": chapter.script.chapter_id, "plan_revision": chapter.script.plan_revision}
    return {**known, "seconds": round(chapter.times.seconds, 3), "segments": len(chapter.script.lines), **made}


def _acx(chapter: Chapter) -> dict[str, Any]:
    one = chapter.encoded[ACX]
    return {"chapter_id": chapter.script.chapter_id, "made": one.is_made, **one.facts}


def _file_name(title: str) -> str:
    """A title as a file may be called on every system."""
    plain = unicodedata.normalize("NFC", re.sub(r'[\x00-\x1f<>:"/\\|?*]+', " ", title))
    return " ".join(plain.split()).strip(". ")[:80] or "book"
