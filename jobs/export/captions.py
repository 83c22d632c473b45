"""Captions of narrated chapters as files: WebVTT, with marks for single words where they were asked for, and SubRip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from jobs.assemble.lettering import bidi
from jobs.assemble.lettering.subtitle_files import sub_rip, web_vtt
from shared.domain.blueprint.model import Cue
from shared.domain.export_marks import Caption
from shared.domain.export_timeline import RATE, milliseconds

WORDS_NOTE = (
    "No voice of this book tells when its words are said: they are shared out over their sentence by length, and meet the "
    "pauses that were heard."
)


def srt(captions: Sequence[Caption], language: str) -> bytes:
    return sub_rip(_cues(captions), Fraction(RATE), language).encode()


def vtt(captions: Sequence[Caption], language: str) -> bytes:
    """WebVTT; a caption whose words are timed has `<00:00:01.000>` before each but the first."""
    if any(caption.words for caption in captions):
        return _word_vtt(captions, language).encode()
    return web_vtt(_cues(captions), Fraction(RATE), language).encode()


def moved(captions: Sequence[Caption], by: int) -> list[Caption]:
    """The same captions, later by so many samples."""
    return [
        replace(c, start=c.start + by, end=c.end + by, words=tuple(word + by for word in c.words)) for c in captions
    ]


def _cues(captions: Sequence[Caption]) -> list[Cue]:
    # Made by us, from pages that were laid out: nothing is to be validated, and some thousands of them need no time.
    return [Cue.model_construct(start=c.start, duration=c.end - c.start, text=c.text, words=[]) for c in captions]


def _word_vtt(captions: Sequence[Caption], language: str) -> str:
    blocks = ["WEBVTT"]
    for number, caption in enumerate(captions, 1):
        times = f"{_clock(caption.start)} --> {_clock(caption.end)}"
        blocks.append(f"{number}\n{times}\n{_marked(caption, language)}")
    return "\n\n".join(blocks) + "\n"


def _marked(caption: Caption, language: str) -> str:
    """The caption's lines with the moments of their words, which grow and lie inside the caption, or are left out."""
    moments = iter((None, *caption.words))
    last, shown = milliseconds(caption.start), []
    for line in caption.text.split("\n"):
        words = []
        for word in line.split():
            at = next(moments, None)
            is_later = at is not None and last < milliseconds(at) < milliseconds(caption.end)
            last = milliseconds(at) if at is not None and is_later else last
            words.append((f"<{_clock(at)}>" if at is not None and is_later else "") + _escaped(word))
        ahead, _, behind = bidi.embedded(line, caption.text, language).partition(line)
        shown.append(ahead + " ".join(words) + behind)
    return "\n".join(shown)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(samples: int) -> str:
    seconds, millis = divmod(milliseconds(samples), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"
