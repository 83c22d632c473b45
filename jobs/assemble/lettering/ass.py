"""ASS, the script of what the renderer draws: styles, events, and lines of text in which nothing is a code but ours."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.assemble.lettering import bidi
from jobs.assemble.lettering.fonts import Face, Stack
from jobs.assemble.lettering.typeset import Setting, relative
from shared.domain.blueprint.model import Output

ALWAYS = ("0:00:00.00", "9:59:59.00")
_STYLE_FIELDS = (
    "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, "
    "StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding"
)
_PLAIN, _BOXED = 1, 4  # BorderStyle: an outline; one box around the whole event, `Shadow` wide around its text


@dataclass(frozen=True)
class Style:
    """One ASS style. Colours are #rrggbb, lengths pixels; `box` is the colour behind the text, if any."""

    name: str
    stack: Stack
    size: int
    colour: str
    alignment: int = 5
    margin: int = 0
    sides: int = 0
    outline: str = "#000000"
    outline_width: int = 0
    spacing: int = 0
    box: str | None = None
    box_opacity: float = 0.5
    padding: int = 0

    def line(self) -> str:
        back = colour(self.box or "#000000", self.box_opacity)
        colours = f"{colour(self.colour)},&H000000FF,{colour(self.outline)},{back}"
        weight = f"{-self.stack.bold:d},{-self.stack.italic:d}"
        border = f"{_BOXED if self.box else _PLAIN},{self.outline_width},{self.padding if self.box else 0}"
        # Encoding -1: a line's direction is its own, not left to right whatever it holds.
        return (
            f"Style: {self.name},{self.stack.families[0]},{self.size},{colours},{weight},0,0,100,100,{self.spacing},0,"
            f"{border},{self.alignment},{self.sides},{self.sides},{self.margin},-1"
        )


def script(output: Output, styles: Sequence[Style], events: Sequence[str]) -> str:
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
            *(style.line() for style in styles),
            "[Events]",
            "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
            *events,
            "",
        ]
    )


def event(style: Style, body: str, times: tuple[str, str] = ALWAYS, *, place: str = "") -> str:
    tags = f"{{{place}}}" if place else ""
    return f"Dialogue: 0,{times[0]},{times[1]},{style.name},,0,0,0,,{tags}{body}"


def written(setting: Setting, style: Style) -> str:
    """A set text as the body of an event: each line in its direction, each run in the face that was chosen for it."""
    stack, whole = style.stack, "\n".join(setting.lines)
    now: tuple[Face, float] = (stack.primary, float(style.size))
    lines = []
    for line in setting.lines:
        body = ""
        for face, run in stack.runs(bidi.ordered(line, bidi.line_direction(line, whole, stack.language))):
            wanted = (face, setting.size * relative(face, stack))
            body += ("" if wanted == now else f"{{\\fn{face.family}\\fs{_number(wanted[1])}}}") + _escaped(run)
            now = wanted
        lines.append(body)
    border = style.outline_width * setting.size / style.size  # as much thinner as the letters are smaller
    thinner = f"{{\\bord{_number(border)}}}" if style.outline_width and setting.size < style.size else ""
    return thinner + "\\N".join(lines)


def bar(width: int, height: int) -> str:
    """A filled rectangle, drawn from where the event is placed."""
    return f"{{\\p1}}m 0 0 l {width} 0 {width} {height} 0 {height}{{\\p0}}"


def colour(value: str, opacity: float = 1.0) -> str:
    return f"&H{round(255 * (1 - opacity)):02X}{value[5:7]}{value[3:5]}{value[1:3]}".upper()


def _escaped(text: str) -> str:
    """No tag, no drawing and no escape of ASS survives in a user's text."""
    return text.replace("\\", "\\\u200b").replace("{", "\\{").replace("}", "\\}")


def _number(value: float) -> str:
    return re.sub(r"\.?0+$", "", f"{value:.2f}")
