"""Title cards: a title over a rule, a subtitle under it and a footer, laid out for any frame shape and any script."""

from __future__ import annotations

import unicodedata

from jobs.assemble.lettering import ass
from jobs.assemble.lettering.fonts import Stack
from jobs.assemble.lettering.house_fonts import SANS, SERIF
from jobs.assemble.lettering.typeset import Box, Setting, cleaned, fitted
from shared.domain.blueprint.model import Output, TitleCard

_SIDES = 0.08  # of the width, kept free on each side
_TITLE_LINES = 3  # a title longer than these is set smaller
# Scripts whose letters join or hang from one line: room between the letters would tear them apart.
_UNSPACED = (
    "ARABIC",
    "SYRIAC",
    "MONGOLIAN",
    "NKO",
    "DEVANAGARI",
    "BENGALI",
    "GURMUKHI",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
)


def card_stacks(card: TitleCard, language: str = "") -> dict[str, tuple[str, Stack]]:
    """What a card writes, by field: the text and the families that draw it."""
    serif, sans = Stack((SERIF,), language), Stack((SANS,), language)
    texts = {"title": (card.title, serif), "subtitle": (card.subtitle, sans), "footer": (card.footer, sans)}
    return {field: (text, stack) for field, (text, stack) in texts.items() if cleaned(text)}


def title_card(card: TitleCard, output: Output, language: str = "") -> str:
    """An ASS script of the card. Raises EngineUnavailable where a font is not there."""
    unit = min(output.height, output.width * 9 // 14)
    width, centre, middle = output.width * (1 - 2 * _SIDES), output.width // 2, output.height * 45 // 100
    rule, gap = unit // 6, unit * 65 // 1000
    top = max(unit * 80 // 1000, -(-output.height // 20))
    places = {
        "footer": (f"\\an8\\pos({centre},{top})", Box(width, max(1.0, middle * 0.35 - top))),
        "title": (f"\\an2\\pos({centre},{middle})", Box(width, max(1.0, middle * 0.65))),
        "subtitle": (f"\\an8\\pos({centre},{middle + gap})", Box(width, max(1.0, output.height * 0.92 - middle - gap))),
    }
    styles, events = [], []
    for field, (text, stack) in card_stacks(card, language).items():
        place, box = places[field]
        style = _style(field, text, stack, card, unit)
        styles.append(style)
        events.append(ass.event(style, ass.written(_set(field, text, style, box), style), place=place))
        if field == "title":
            line = ass.bar(rule, max(2, unit // 240))
            accent = ass.Style("Rule", stack, style.size, card.accent)
            styles.append(accent)
            events.append(ass.event(accent, line, place=f"\\an7\\pos({centre - rule // 2},{middle + gap // 2})"))
    return ass.script(output, styles, events)


def _style(field: str, text: str, stack: Stack, card: TitleCard, unit: int) -> ass.Style:
    thousandths, spacing, ink = {
        "title": (_title_size(card.title), 0, card.ink),
        "subtitle": (42, 4, card.accent),
        "footer": (30, 2, card.ink),
    }[field]
    size = max(12 if field == "title" else 1, unit * thousandths // 1000)
    room = unit * spacing // 1000 if _may_be_spaced(text) else 0
    return ass.Style(field.title(), stack, size, ink, spacing=room)


def _set(field: str, text: str, style: ass.Style, box: Box) -> Setting:
    """The text's lines; a title's are at most three."""
    setting = fitted(text, style.stack, style.size, box, style.spacing / style.size)
    size: float = style.size
    while field == "title" and len(setting.lines) > _TITLE_LINES and size > style.size / 2:
        size *= 0.94
        setting = fitted(text, style.stack, round(size, 2), box)
    return setting


def _title_size(title: str) -> int:
    """Thousandths of the frame: long titles are set smaller, so that they stay within three lines."""
    for letters, size in ((18, 140), (30, 112), (60, 88), (110, 68)):
        if len(title) <= letters:
            return size
    return 52


def _may_be_spaced(text: str) -> bool:
    return not any(unicodedata.name(character, "").startswith(_UNSPACED) for character in text)
