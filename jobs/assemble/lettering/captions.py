"""Captions written out: WebVTT and SubRip beside the picture, ASS for what is drawn into it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from jobs.assemble.lettering import ass
from jobs.assemble.lettering.cards import card_stacks, title_card
from jobs.assemble.lettering.fonts import Stack
from jobs.assemble.lettering.subtitle_files import iso_639_2, sub_rip, web_vtt
from jobs.assemble.lettering.typeset import Box, fitted
from shared.domain.blueprint.model import CaptionStyle, Cue, Output

__all__ = ["burned", "card_stacks", "iso_639_2", "style_stack", "sub_rip", "title_card", "web_vtt"]

_SAFE = 0.05  # of each side: the frame's edge that a screen may hide (EBU R 95's title safe area, 90 % of the picture)
_ALIGNMENT = {"bottom": 2, "middle": 5, "top": 8}


def burned(cues: Sequence[Cue], style: CaptionStyle, output: Output, language: str = "") -> str:
    """An ASS script of captions, in the shot's own time (frame 0 is the shot's first).

    Every line is broken here and lies within the safe area. Raises EngineUnavailable where a font is not there.
    """
    look = _look(style, output, language)
    box = _room(look, style, output)
    events = [
        ass.event(look, ass.written(fitted(cue.text, look.stack, look.size, box), look), _times(cue, output))
        for cue in cues
    ]
    return ass.script(output, [look], events)


def style_stack(style: CaptionStyle, language: str = "") -> Stack:
    """The families that draw captions of this style."""
    return Stack((style.font, *style.fallback_fonts), language, style.bold, style.italic)


def _look(style: CaptionStyle, output: Output, language: str) -> ass.Style:
    declared = _share(style.size, output)
    size = max(1, min(declared, output.width // 3))  # in a frame like a ribbon a share of its height is no measure
    outline = _share(style.outline_width, output) * size // max(1, declared)
    padding = outline + size // 4 if style.background else 0
    return ass.Style(
        "Caption",
        style_stack(style, language),
        size,
        style.colour,
        _ALIGNMENT[style.position],
        margin=max(_share(style.margin, output), outline) + padding,
        # The renderer's own line breaks are a net, far enough out that a line which was measured never meets it.
        sides=int(output.width * _SAFE / 2),
        outline=style.outline,
        outline_width=outline,
        box=style.background,
        box_opacity=style.background_opacity,
        padding=padding,
    )


def _room(look: ass.Style, style: CaptionStyle, output: Output) -> Box:
    """What the text may fill: the safe area less the outline, the box around it, and the margin it keeps."""
    around = 2 * max(look.padding, look.outline_width)
    top = output.height * _SAFE
    taken = 2 * top + around if style.position == "middle" else top + look.margin + around / 2
    return Box(max(1.0, output.width * (1 - 2 * _SAFE) - around), max(1.0, output.height - taken))


def _times(cue: Cue, output: Output) -> tuple[str, str]:
    return _clock(cue.start, output), _clock(cue.start + cue.duration, output)


def _share(thousandths: int, output: Output) -> int:
    return max(0, output.height * thousandths // 1000)


def _clock(frame: int, output: Output) -> str:
    """ASS counts hundredths. A time is put half a frame early, so that rounding never moves it past its frame."""
    hundredths = max(0, round((Fraction(frame) - Fraction(1, 2)) / output.frame_rate.fraction * 100))
    seconds, hundredths = divmod(hundredths, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{hundredths:02}"
