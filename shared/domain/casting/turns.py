"""Turns: what one person says in one paragraph, with the tag that names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from shared.domain.casting.paragraphs import is_line_by_line, quoted_paragraphs
from shared.domain.dialogue_tags import Tag, inverted_tag, opens_with_tag, tag_after, tag_before
from shared.domain.language_rules import LanguageRules
from shared.domain.line_breaks import continues
from shared.domain.quotations import Quotation

_PAUSE_IN_SPEECH = re.compile(r"[,!?…]\s")
_COMMA_TAGS = frozenset({"fr", "it", "pt"})  # dialogue after a dash, its tag set off by a comma alone
_STOP = re.compile(r"(?P<word>[^\W_]{0,24})[.!?]+[\"”’']?\s+")
_BEFORE_SPEECH = ".!?:,;—–-”\"’')…*"
_BEFORE = 160  # characters before a quotation among which its sentence's beginning is sought


class TagKind(Enum):
    """What a turn's tag says of the speaker: nothing, a name or description, a pronoun, the first person."""

    NONE = "none"
    NAMED = "named"
    PRONOUN = "pronoun"
    ELIDED = "elided"
    SELF = "self"


@dataclass
class Turn:
    """Quotations of one paragraph by one speaker; `form` is who the tag names, `gender` what its pronoun tells."""

    paragraph: int
    floor: int  # where the paragraph begins
    ceiling: int  # and ends
    quotes: list[Quotation]
    kind: TagKind = TagKind.NONE
    form: str = ""
    gender: str = ""
    named_by: int = -1  # which quotation the tag stands beside
    lines: bool = False  # paragraphs are not known: the text has a line for each sentence
    told: bool = False  # words of the narration follow the last quotation in its paragraph
    is_led: bool = False  # words of the narration stand before the first quotation in its paragraph
    noun: str = ""  # of a description that means nobody known

    @property
    def start(self) -> int:
        return self.quotes[0].start

    @property
    def end(self) -> int:
        return self.quotes[-1].end

    def learn(self, tag: Tag | None, rules: LanguageRules) -> None:
        """Take over what a tag says, where it says more than is known."""
        kind = _kind(tag, rules)
        if tag and self.kind in (TagKind.NONE, TagKind.ELIDED) and kind is not TagKind.NONE:
            self.kind, self.form, self.gender = kind, tag.speaker, rules.gender_of(tag.pronoun)
            self.named_by = len(self.quotes) - 1

    def clashes(self, tag: Tag | None, rules: LanguageRules) -> bool:
        """Whether `tag` must be another speaker's."""
        kind = _kind(tag, rules)
        if tag is None or TagKind.NONE in (kind, self.kind):
            return False
        if TagKind.SELF in (kind, self.kind):
            return kind is not self.kind
        if kind is TagKind.NAMED:
            return self.form != tag.speaker
        return bool(self.gender and rules.gender_of(tag.pronoun) not in ("", self.gender))


def _kind(tag: Tag | None, rules: LanguageRules) -> TagKind:
    if tag is None:
        return TagKind.NONE
    if tag.speaker:
        return TagKind.NAMED
    if tag.pronoun in rules.self_pronouns:
        return TagKind.SELF
    return TagKind.PRONOUN if tag.pronoun else TagKind.ELIDED


def turns_in(text: str, rules: LanguageRules) -> Iterator[Turn]:
    """All turns in order. Words that are only quoted (titles, "so-called") belong to none."""
    before = 0
    paragraphs = quoted_paragraphs(text, rules)
    lines = is_line_by_line(paragraphs)
    for number, paragraph in enumerate(paragraphs):
        place = Turn(number, paragraph.start, paragraph.end, [], lines=lines)
        yield from _turns(text, place, paragraph.quotes, before, rules)
        before = paragraph.start


def _turns(text: str, place: Turn, quotes: Sequence[Quotation], before: int, rules: LanguageRules) -> Iterator[Turn]:
    turn: Turn | None = None
    for index, quote in enumerate(quotes):
        floor = quotes[index - 1].end if index else place.floor
        ceiling = quotes[index + 1].start if index + 1 < len(quotes) else place.ceiling
        tag = _tag(text, quote, (floor if index else _announced(text, before, floor)), ceiling, rules)
        if not tag and not is_speech(text, quote, floor):
            continue
        if turn is None or turn.clashes(tag, rules) or not text[turn.end : quote.start].strip():
            if turn:
                yield turn
            is_led = any(ch.isalpha() for ch in text[max(floor, quote.start - _BEFORE) : quote.start])
            turn = replace(place, quotes=[], is_led=is_led)
        turn.quotes.append(quote)
        turn.told = any(ch.isalpha() for ch in text[quote.end : min(ceiling, quote.end + _BEFORE)])
        turn.learn(tag, rules)
    if turn:
        yield turn


def _announced(text: str, before: int, floor: int) -> int:
    """From where a tag is read: the paragraph before too, where it ends with a colon or a comma ("She said:")."""
    return before if text[max(before, floor - _BEFORE) : floor].rstrip().endswith((":", ",")) else floor


def _tag(text: str, quote: Quotation, floor: int, ceiling: int, rules: LanguageRules) -> Tag | None:
    """The tag right after the quotation, or right before it."""
    said = text[max(quote.start, quote.end - 4) : quote.end].rstrip("\"”’'»“« \n")
    comma = said.endswith((",", "—", "–", "-")) or text[quote.end : quote.end + 1] == ","
    tag = None
    if comma or continues(text, quote.end) or opens_with_tag(text, quote.end, rules, strict=said.endswith(".")):
        tag = tag_after(text, quote.end, ceiling, rules, after_comma=comma)
    if tag is None and quote.raya and not text[floor : quote.start].rstrip().endswith(":"):
        return _tag_inside(text, quote, rules)
    return tag or tag_before(text, _sentence_start(text, floor, quote.start, rules), quote.start, rules)


def _tag_inside(text: str, quote: Quotation, rules: LanguageRules) -> Tag | None:
    """ "— Viens, dit Mara." """
    if rules.code not in _COMMA_TAGS:
        return None
    pauses = _PAUSE_IN_SPEECH.finditer(text, quote.start, quote.end)
    return next((tag for pause in pauses if (tag := inverted_tag(text, pause.end(), quote.end, rules))), None)


def _sentence_start(text: str, floor: int, end: int, rules: LanguageRules) -> int:
    """Where the sentence that leads up to `end` begins, or `floor`."""
    start = floor
    for stop in _STOP.finditer(text, max(floor, end - _BEFORE), end):
        if stop["word"].lower() not in rules.titles and len(stop["word"]) > 1 and stop.end() < end:
            start = stop.end()
    return start


def is_speech(text: str, quote: Quotation, floor: int) -> bool:
    """Whether a quotation without a tag is said by somebody, and not a title or a word that is mentioned."""
    if quote.raya:
        return True
    before = text[max(floor, quote.start - 3) : quote.start].rstrip()
    words = text[quote.start + 1 : quote.end - quote.closed].strip()
    if not any(ch.isalnum() for ch in words):
        return False
    return not before or (before[-1] in _BEFORE_SPEECH and words[-1:] in ".!?,…—–-_*’'\"”")
