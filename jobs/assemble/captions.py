"""Captions written out: WebVTT, SubRip, and ASS for what is drawn into the picture (burned captions, title cards)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

from shared.domain.blueprint.model import CaptionStyle, Cue, Output, TitleCard

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


def web_vtt(cues: Iterable[Cue], rate: Fraction) -> str:
    blocks = ["WEBVTT"]
    for number, cue in enumerate(cues, 1):
        text = _lines(cue.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(
            f"{number}\n{_clock(cue.start, rate, '.')} --> {_clock(cue.start + cue.duration, rate, '.')}\n{text}"
        )
    return "\n\n".join(blocks) + "\n"


def sub_rip(cues: Iterable[Cue], rate: Fraction) -> str:
    blocks = [
        f"{number}\n{_clock(cue.start, rate, ',')} --> {_clock(cue.start + cue.duration, rate, ',')}\n{_shielded(_lines(cue.text))}\n"
        for number, cue in enumerate(cues, 1)
    ]
    return "\n".join(blocks)


def _lines(text: str) -> str:
    """The text without blank lines: in both formats one of them would end the cue."""
    return "\n".join(line for line in re.split(r"\r\n|\r|\n", text) if line.strip())


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


def burned(cues: Sequence[Cue], style: CaptionStyle, output: Output) -> str:
    """An ASS script of captions, in the shot's own time (frame 0 is the shot's first)."""
    alignment = {"bottom": 2, "middle": 5, "top": 8}[style.position]
    look = _Look(
        "Caption",
        style.font,
        _share(style.size, output),
        style.colour,
        style.outline,
        _share(style.outline_width, output),
    )
    events = [
        _event(look.name, cue.text, _ass_clock(cue.start, output), _ass_clock(cue.start + cue.duration, output))
        for cue in cues
    ]
    return _script(output, [look.line(alignment, margin=_share(style.margin, output))], events)


def title_card(card: TitleCard, output: Output) -> str:
    """An ASS script of a title, a rule under it, a subtitle and a footer, laid out for any frame shape."""
    unit = min(output.height, output.width * 9 // 14)
    size = max(12, unit * _title_size(card.title) // 1000)
    title = _Look("Title", "Noto Serif", size, card.ink)
    small = _Look("Small", "Noto Sans", unit * 42 // 1000, card.accent, spacing=unit * 4 // 1000)
    foot = _Look("Foot", "Noto Sans", unit * 30 // 1000, card.ink, spacing=unit * 2 // 1000)
    centre, middle = output.width // 2, output.height * 45 // 100
    rule, gap = unit // 6, unit * 65 // 1000
    events = [
        _event("Title", card.title, place=f"\\an2\\pos({centre},{middle})"),
        _event(
            "Small",
            "",
            place=f"\\an7\\pos({centre - rule // 2},{middle + gap // 2})",
            drawing=_bar(rule, max(2, unit // 240)),
        ),
        _event("Small", card.subtitle, place=f"\\an8\\pos({centre},{middle + gap})"),
        _event("Foot", card.footer, place=f"\\an8\\pos({centre},{unit * 80 // 1000})"),
    ]
    margin = output.width * 8 // 100
    return _script(
        output, [look.line(5, margin=0, sides=margin) for look in (title, small, foot)], [e for e in events if e]
    )


def _title_size(title: str) -> int:
    """Thousandths of the frame: long titles are set smaller, so that they stay within three lines."""
    for letters, size in ((18, 140), (30, 112), (60, 88), (110, 68)):
        if len(title) <= letters:
            return size
    return 52


class _Look:
    """One ASS style. Colours are #rrggbb."""

    def __init__(
        self, name: str, font: str, size: int, colour: str, outline: str = "#000000", width: int = 0, spacing: int = 0
    ) -> None:
        self.name, self._font, self._size = name, font, size
        self._colour, self._outline, self._width, self._spacing = colour, outline, width, spacing

    def line(self, alignment: int, *, margin: int, sides: int = 40) -> str:
        colours = f"{_colour(self._colour)},&H000000FF,{_colour(self._outline)},&H80000000"
        return (
            f"Style: {self.name},{self._font},{self._size},{colours},0,0,0,0,100,100,{self._spacing},0,1,"
            f"{self._width},0,{alignment},{sides},{sides},{margin},1"
        )


_STYLE_FIELDS = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, "
    "StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding"
)


def _script(output: Output, styles: Sequence[str], events: Sequence[str]) -> str:
    return "\n".join(
        [
            "[Script Info]",
            "ScriptType: v4.00+",
            f"PlayResX: {output.width}",
            f"PlayResY: {output.height}",
            "WrapStyle: 0",
            "ScaledBorderAndShadow: yes",
            "YCbCr Matrix: TV.709",
            "[V4+ Styles]",
            f"Format: {_STYLE_FIELDS}",
            *styles,
            "[Events]",
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
            *events,
            "",
        ]
    )


def _event(
    style: str, text: str, start: str = "0:00:00.00", end: str = "9:59:59.00", *, place: str = "", drawing: str = ""
) -> str:
    if not text and not drawing:
        return ""
    body = f"{{\\p1}}{drawing}{{\\p0}}" if drawing else _escape(text)
    tags = f"{{{place}}}" if place else ""
    return f"Dialogue: 0,{start},{end},{style},,0,0,0,,{tags}{body}"


def _escape(text: str) -> str:
    """No tag, no drawing and no escape of ASS survives in a user's text; a line break stays one."""
    safe = text.replace("\\", "\\\u200b").replace("{", "\\{").replace("}", "\\}")
    return safe.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\N")


def _bar(width: int, height: int) -> str:
    return f"m 0 0 l {width} 0 {width} {height} 0 {height}"


def _share(thousandths: int, output: Output) -> int:
    return max(0, output.height * thousandths // 1000)


def _colour(value: str) -> str:
    return f"&H00{value[5:7]}{value[3:5]}{value[1:3]}".upper()


def _ass_clock(frame: int, output: Output) -> str:
    """ASS counts hundredths. A time is put half a frame early, so that rounding never moves it past its frame."""
    hundredths = max(0, round((Fraction(frame) - Fraction(1, 2)) / output.frame_rate.fraction * 100))
    seconds, hundredths = divmod(hundredths, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{hundredths:02}"
