"""Captions beside the picture: WebVTT and SubRip, and the language codes of their tracks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from jobs.assemble.lettering import bidi
from shared.domain.blueprint.model import Cue

# BCP 47 primary subtags whose ISO 639-2 code, which MP4 wants, is not found by a rule.
_ISO_639_2 = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "cy": "cym", "da": "dan", "de": "deu", "el": "ell", "en": "eng",
    "es": "spa", "et": "est", "eu": "eus", "fa": "fas", "fi": "fin", "fr": "fra", "ga": "gle", "gl": "glg", "he": "heb",
    "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "is": "isl", "it": "ita", "ja": "jpn", "ko": "kor", "lt": "lit",
    "lv": "lav", "mk": "mkd", "nb": "nob", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por", "ro": "ron", "ru": "rus",
    "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "th": "tha", "tr": "tur", "uk": "ukr", "ur": "urd", "vi": "vie",
    "zh": "zho",
}  # fmt: skip


def iso_639_2(language: str) -> str:
    """The three-letter code of a BCP 47 tag; "und" where there is none to be had."""
    primary = language.split("-")[0].lower()
    return _ISO_639_2.get(primary, primary if len(primary) == 3 else "und")


def web_vtt(cues: Iterable[Cue], rate: Fraction, language: str = "") -> str:
    blocks = ["WEBVTT"]
    for number, cue in enumerate(cues, 1):
        text = _directed(_lines(cue.text), language).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(
            f"{number}\n{_clock(cue.start, rate, '.')} --> {_clock(cue.start + cue.duration, rate, '.')}\n{text}"
        )
    return "\n\n".join(blocks) + "\n"


def sub_rip(cues: Iterable[Cue], rate: Fraction, language: str = "") -> str:
    blocks = [
        f"{number}\n{_clock(cue.start, rate, ',')} --> {_clock(cue.start + cue.duration, rate, ',')}\n{_shielded(_directed(_lines(cue.text), language))}\n"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n".join(blocks)


def _lines(text: str) -> str:
    """The text without blank lines: in both formats one of them would end the cue."""
    return "\n".join(line for line in re.split(r"\r\n|\r|\n", text) if line.strip())


def _directed(text: str, language: str) -> str:
    """Right-to-left lines as such: players take a line for what its first letter is, or for a left-to-right one."""
    return "\n".join(bidi.embedded(line, text, language) for line in text.split("\n"))


def _shielded(text: str) -> str:
    """SubRip has no escapes, and readers look for tags, ASS codes and clocks in it: an invisible joiner breaks those up."""
    return re.sub(r"<|\\|\{(?=\\)|--(?=>)", "\\g<0>\u2060", text)


def _clock(frame: int, rate: Fraction, point: str) -> str:
    """Frame as hours, minutes, seconds and milliseconds, rounded to the nearest."""
    millis = round(Fraction(frame) / rate * 1000)
    seconds, millis = divmod(millis, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{millis:03}"
