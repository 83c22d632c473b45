"""A chapter of a read-along book: its text in XHTML, and the SMIL that says which words are heard when (EPUB 3.2).

Every part of the chapter that is heard is a span with an id. The overlay's clips follow each other without a gap, from the
chapter's first sample to its last: a reader that plays clip after clip leaves no pause out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.domain.export_marks import Part
from shared.domain.export_timeline import RATE
from shared.domain.export_xml import DECLARATION, direction, tag, xml_text
from shared.domain.plan import Delimiter
from shared.domain.spoken_text import spoken

XHTML, OPS, SMIL = "http://www.w3.org/1999/xhtml", "http://www.idpf.org/2007/ops", "http://www.w3.org/ns/SMIL"
WHOLE = "chapter"  # the id of all of a page
ACTIVE, PLAYING = "-epub-media-overlay-active", "-epub-media-overlay-playing"
STYLE = (
    "body { line-height: 1.5; }\n"
    "p { margin: 0 0 0.8em 0; }\n"
    "h1 { line-height: 1.2; }\n"
    "img.cover { max-width: 100%; max-height: 100%; }\n"
    f".{ACTIVE} {{ background-color: #ffe8a3; color: #000; }}\n"
)


@dataclass(frozen=True)
class Clip:
    """What is heard while the span `id` is shown: samples [start, end) of the chapter's sound."""

    id: str
    start: int
    end: int


def clips_of(parts: Sequence[Part], total: int) -> list[Clip]:
    """One for each timed part: from its first sample to the next one's; the first from 0, the last to `total`."""
    timed = [(number, part.at.start) for number, part in enumerate(parts) if part.at]
    starts = [0, *(start for _, start in timed[1:]), total]
    return [Clip(part_id(number), starts[at], starts[at + 1]) for at, (number, _) in enumerate(timed)]


def part_id(number: int) -> str:
    return f"s{number + 1:05}"


def chapter_page(title: str, language: str, text: str, parts: Sequence[Part]) -> str:
    """The chapter's own text, all of it and nothing else: paragraphs, and lines where lines end a unit."""
    body = "\n".join(_paragraphs(title, text, parts))
    return page(title, language, tag("section", f"\n{body}\n", id=WHOLE, epub__type="bodymatter chapter"))


def page(title: str, language: str, body: str, *, style: str = "style.css") -> str:
    """A whole XHTML file around a body."""
    head = tag("title", xml_text(title) or "-") + tag("link", rel="stylesheet", type="text/css", href=style)
    inside = f"\n{tag('head', head)}\n{tag('body', body)}\n"
    root = tag(
        "html",
        inside,
        xmlns=XHTML,
        xmlns__epub=OPS,
        lang=language,
        xml__lang=language,
        dir=direction(language),
    )
    return f"{DECLARATION}<!DOCTYPE html>\n{root}\n"


def overlay(page_name: str, sound_name: str, clips: Sequence[Clip]) -> str:
    """The chapter's SMIL. Moments are exact: a sample is written to the microsecond."""
    pars = "\n".join(
        tag(
            "par",
            tag("text", src=f"{page_name}#{clip.id}")
            + tag("audio", src=sound_name, clipBegin=clock(clip.start), clipEnd=clock(clip.end)),
            id=f"p{clip.id}",
        )
        for clip in clips
    )
    sequence = tag(
        "seq", f"\n{pars}\n", id="seq", epub__textref=f"{page_name}#{WHOLE}", epub__type="bodymatter chapter"
    )
    root = tag("smil", tag("body", sequence), xmlns=SMIL, xmlns__epub=OPS, version="3.0")
    return f"{DECLARATION}{root}\n"


def clock(samples: int) -> str:
    """A SMIL clock value, h:mm:ss.ffffff."""
    seconds, micros = divmod((samples * 2_000_000 + RATE) // (2 * RATE), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{micros:06}"


def _paragraphs(title: str, text: str, parts: Sequence[Part]) -> Iterator[str]:
    """The parts by paragraphs. A first one that is the chapter's title is its heading."""
    numbered: list[tuple[int, Part]] = []
    is_first = True
    for number, part in enumerate(parts):
        numbered.append((number, part))
        if part.delimiter in (Delimiter.PARAGRAPH, Delimiter.END) or number + 1 == len(parts):
            whole = text[numbered[0][1].start : part.end]
            if whole.strip():
                name = "h1" if is_first and spoken(whole).casefold() == spoken(title).casefold() else "p"
                yield tag(name, "".join(_spans(text, numbered)).strip())
                is_first = False
            numbered = []


def _spans(text: str, numbered: Sequence[tuple[int, Part]]) -> Iterator[str]:
    """Each timed part in a span, the white space around it outside; between lines a break."""
    for place, (number, part) in enumerate(numbered):
        whole = text[part.start : part.end]
        said = whole.strip()
        before, _, after = whole.partition(said) if said else (whole, "", "")
        shown = xml_text(said)
        yield xml_text(before)
        yield tag("span", shown, id=part_id(number)) if part.at and shown else shown
        is_last = place + 1 == len(numbered)
        yield "<br/>\n" if part.delimiter is Delimiter.NEWLINE and not is_last else xml_text(after)
