"""The text that is really sent to a speech engine: the same words, in punctuation every engine reads alike.

Typographic quotes, dashes, ellipses, odd spaces, ligatures and emphasis marks are folded to plain ones; letters and digits
stay as they are, in their order. What a segment holds is never changed: this is applied on the way to the engine.
"""

from __future__ import annotations

import re
import unicodedata

SPOKEN_FORM = 1  # raised with every change of the rules below; engines carry it in their version

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u2060\u200e\u200f\ufeff"))
_PLAIN = {
    **dict.fromkeys(map(ord, "“”„‟«»″"), '"'),
    **dict.fromkeys(map(ord, "‘’‚‛‹›ʼ′´"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒−"), "-"),
    **dict.fromkeys(map(ord, "\u2028\u2029\u0085"), "\n"),
}
_LOOKALIKES = re.compile(
    "[\ufb00-\ufb06\uff01-\uff5e\U0001d400-\U0001d7ff]"
)  # ligatures, full width, mathematical letters
_BLANKS = re.compile(r"(?:[^\S\n]|[\x00-\x09\x0b-\x1f\x7f-\x9f])+")  # control characters command some engines
_ORNAMENT = re.compile(r"^[ ]*(?:[*#~_=•·—–-][ ]*){3,}$", re.MULTILINE)  # a scene break is a pause, not three asterisks
_EMPHASIS = re.compile(r"(?<![\w*])([*_]{1,3})(?=[^\s*_])([^*_\n]{1,400}?)(?<=\S)\1(?![\w*])")
_ELLIPSIS = re.compile(r"…+|\.(?: ?\.){2,}")
_RANGE = re.compile(r"(?<=\d)–(?=\d)")
_DASH = re.compile(r" ?(?:[—―⸺⸻–]+|-{2,}|(?<= )-(?= )) ?")
_OPENERS, _CLOSERS, _STOPS = "([{¿¡", "\"')]}", ".,;:!?…"


def spoken_form(text: str, language: str) -> str:
    """Normalise `text` for speech in `language` (BCP 47). Words are neither dropped nor changed; blank lines stay."""
    plain = unicodedata.normalize("NFC", text).translate(_INVISIBLE)
    plain = _LOOKALIKES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), plain)
    plain = _BLANKS.sub(" ", plain.replace("\r\n", "\n").translate(_PLAIN))
    plain = _EMPHASIS.sub(r"\2", _ORNAMENT.sub("", plain))
    plain = _spaced_ellipses(_DASH.sub(_pause_for, _RANGE.sub("-", plain)))
    if language.split("-")[0].lower() not in {
        "es",
        "gl",
        "ast",
    }:  # elsewhere the openers are read out or stop the engine
        plain = re.sub("[¿¡]", " ", plain)
    return _tidy(plain)


def _pause_for(dash: re.Match[str]) -> str:
    """A dash between words is a comma's pause; after an opening, and beside other punctuation, it is none."""
    before, after = dash.string[max(0, dash.start() - 4) : dash.start()], dash.string[dash.end() : dash.end() + 2]
    if not before or before[-1] in _OPENERS + "\n" or re.search(r"(?:^|\s)[\"']+$", before):
        return ""
    if after[:1] in tuple(_STOPS):
        return ""
    pause = "" if before.rstrip(_CLOSERS)[-1:] in tuple(_STOPS) else ","
    closes = after[:1] in tuple(_CLOSERS) and not after[1:].isalnum()
    return pause if not after or after[0] == "\n" or closes else pause + " "


def _spaced_ellipses(text: str) -> str:
    """Three dots, with a space before the word that follows, so that "No…yes" stays two words."""
    return re.sub(r"\.\.\.(?=\w)", "... ", _ELLIPSIS.sub("...", text))


def _tidy(text: str) -> str:
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
