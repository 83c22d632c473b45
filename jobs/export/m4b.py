"""The whole book as M4B: chapters joined packet by packet, with their titles, tags and cover; and read again before it goes out.

A chapter begins and ends in silence, on a whole AAC frame: its packet of run-up is left out behind the first chapter, and
each begins exactly where the timeline says. The chapter list of QuickTime (a text track) holds any number of them; Nero's
(`chpl`), which ffmpeg writes beside it, 255.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jobs.assemble.lettering.subtitle_files import iso_639_2
from jobs.export.tools import Tools, opened, retry
from shared.domain.artifact import ArtifactKey
from shared.domain.errors import RenderFailed
from shared.domain.export_metadata import book_tags, ffmetadata, one_line
from shared.domain.export_script import BookScript
from shared.domain.export_timeline import AAC_FRAME, RATE, milliseconds
from shared.services.artifact_store import ArtifactStore

_EARLY = ["-itsoffset", f"-{AAC_FRAME / RATE:.9f}"]  # the run-up lies before zero: an edit that players skip
_MP4 = ["-c:a", "copy", "-bsf:a", "aac_adtstoasc", "-fflags", "+bitexact", "-movflags", "+faststart", "-f", "ipod"]
_PICTURES = {"image/png": "png_pipe", "image/jpeg": "jpeg_pipe"}


def join(keys: Sequence[ArtifactKey], artifacts: ArtifactStore, target: Path, tools: Tools) -> Path:
    """The chapters' packets, end to end."""
    with target.open("wb") as out:
        for number, key in enumerate(keys):
            tools.check()
            data: bytes = retry(artifacts.read, key)
            out.write(data[_first_packet(data) :] if number else data)
    return target


def _first_packet(data: bytes) -> int:
    """Bytes of the first AAC frame in ADTS, its header among them (ISO/IEC 13818-7)."""
    return (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5


def write_m4b(
    book: BookScript, titles: Sequence[str], starts: Sequence[int], sound: Path, cover: Path | None, tools: Tools
) -> Path:
    """The book's file. `starts` are its chapters' first samples, and its end."""
    target, about = tools.scratch / "book.m4b", tools.scratch / "book.ffmeta"
    about.write_text(ffmetadata(book_tags(book), titles, starts), "utf-8")
    picture = opened(cover, _PICTURES[book.cover.media_type]) if cover and book.cover else []
    shown = ["-map", "2:v:0", "-c:v", "copy", "-disposition:v:0", "attached_pic"] if picture else []
    language = f"language={iso_639_2(book.language)}"
    tools.run(
        *_EARLY,
        *opened(sound, "aac"),
        *opened(about, "ffmetadata"),
        *picture,
        *["-map", "0:a:0", *shown, "-map_metadata", "1", "-map_chapters", "1"],
        *["-metadata", "media_type=2", "-metadata:s:a:0", language, "-brand", "M4B ", *_MP4],
        target,
    )
    return target


def write_m4a(sound: Path, target: Path, tools: Tools) -> Path:
    """One chapter's packets in a file of their own, as read-along books have them."""
    tools.run(*_EARLY, *opened(sound, "aac"), "-map", "0:a:0", "-map_metadata", "-1", *_MP4, target)
    return target


def verify(path: Path, book: BookScript, titles: Sequence[str], starts: Sequence[int], tools: Tools) -> dict[str, Any]:
    """Read the file again: what was found. Raises RenderFailed where it is not what was planned."""
    found = tools.probe(path, "-show_format", "-show_streams", "-show_chapters", "-count_packets")
    sounds = [stream for stream in found["streams"] if stream["codec_type"] == "audio"]
    covers = [s for s in found["streams"] if s["codec_type"] == "video" and s["disposition"]["attached_pic"]]
    chapters = found.get("chapters", [])
    packets = starts[-1] // AAC_FRAME + 1
    seconds = float(found["format"]["duration"])
    tags = {name.lower(): value for name, value in found["format"].get("tags", {}).items()}
    faults = [
        *_unlike("sounds", len(sounds), 1),
        *_unlike("AAC packets", int(sounds[0]["nb_read_packets"]) if sounds else 0, packets),
        *_unlike("coding", sounds[0].get("profile") if sounds else "", "LC"),
        *_unlike("covers", len(covers), 1 if book.cover else 0),
        *_unlike("title", tags.get("title", "").rstrip(), one_line(book.title)),
        *_unlike("chapters", len(chapters), len(titles)),
        *_unlike(
            "chapter titles",
            [c.get("tags", {}).get("title", "").rstrip() for c in chapters],
            [one_line(t) for t in titles],
        ),
    ]
    if abs(seconds - starts[-1] / RATE) > AAC_FRAME / RATE:
        faults.append(f"it lasts {seconds:.3f} s for {starts[-1] / RATE:.3f}")
    late = [
        c for c, start in zip(chapters, starts, strict=False) if abs(_ms(c["start_time"]) - milliseconds(start)) > 1
    ]
    if late:
        faults.append(f"{len(late)} chapters begin elsewhere")
    if faults:
        raise RenderFailed(f"The M4B is not what was planned: {'; '.join(faults)}.")
    return {"seconds": round(seconds, 3), "chapters": len(chapters), "packets": packets, "has_cover": bool(covers)}


def _unlike(what: str, found: object, wanted: object) -> list[str]:
    """A sentence without what people wrote; none where both are the same."""
    if found == wanted:
        return []
    shown = f"{found} for {wanted}" if isinstance(found, int) else "others than planned"
    return [f"{what}: {shown}"]


def _ms(seconds: str) -> int:
    return round(float(seconds) * 1000)
