"""The planner's rules before `shared/domain/casting`, kept as they were for the comparison in `tests.bench.casting`.

Tags that name somebody ("said Mara", "—dijo Mara"), carried to the same paragraph's other quotations and to the next
paragraph where a quotation was left open; a pronoun only where its paragraph names one person whom the chapter also tags.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from shared.domain.dialogue_tags import Tag, inverted_tag, name_at, tag_after, tag_before
from shared.domain.language_rules import LanguageRules, rules_for
from shared.domain.plan import NARRATOR, Delimiter
from shared.domain.quotations import Quotation, quotations
from shared.domain.sentences import Span, split_sentences

_NAMED, _CONTINUED, _BY_PRONOUN, _UNKNOWN = 0.95, 0.85, 0.7, 0.3
_PAUSE_IN_SPEECH = re.compile(r"[,!?…]\s")
_COMMA_TAGS = frozenset({"fr", "it", "pt"})  # dialogue after a dash, its tag set off by a comma alone
_TOKEN = re.compile(r"[^\W_]+(?:[’'\-][^\W_]+)*|[^\w\s]")
_WORD = re.compile(r"[^\W_]+")
_ONE_OPENER = re.compile(r"(?:(?P<word>[^\W_]{1,24}),?\s+)?")


class SpeakerSpan(NamedTuple):
    """Whole sentences of one speaker: code points, `end` exclusive; `confidence` from 0 to 1."""

    start: int
    end: int
    speaker: str
    confidence: float


class _Voice(NamedTuple):
    speaker: str
    confidence: float


_TOLD = _Voice(NARRATOR, 1.0)
_UNTAGGED = _Voice(NARRATOR, _UNKNOWN)


class _Paragraph(NamedTuple):
    sentences: Sequence[Span]
    starts: Sequence[int]  # of the sentences
    words: Sequence[int]  # where each sentence's first word begins
    quotes: Sequence[Quotation]

    def sentence_at(self, position: int) -> Span:
        return self.sentences[bisect_right(self.starts, position) - 1]

    def first_word_at(self, position: int) -> int:
        return self.words[bisect_right(self.starts, position) - 1]


def attribute_speakers(text: str, language: str = "en", sentences: Sequence[Span] | None = None) -> list[SpeakerSpan]:
    """Partition `text` into runs of whole sentences by speaker; a name is cased as in the text ("Old Tom", "the captain").

    `sentences` saves splitting again when the caller has them. A speech and its tag are one unit and go to the speaker;
    a quotation nobody is named for is the narrator's, with low confidence.
    """
    rules = rules_for(language)
    paragraphs = [_read(text, part, rules) for part in _by_paragraph(sentences or split_sentences(text, language))]
    tags = [
        [_tag_of(text, paragraph, index, rules) for index in range(len(paragraph.quotes))] for paragraph in paragraphs
    ]
    known = frozenset(tag.speaker for row in tags for tag in row if tag and tag.speaker)
    voiced: list[tuple[Span, _Voice]] = []
    carried: _Voice | None = None
    for paragraph, row in zip(paragraphs, tags, strict=True):
        voices = _carry(paragraph, _resolve(text, paragraph, row, known, rules), carried)
        voiced.extend(_assign(text, paragraph, voices))
        carried = voices[-1] if voices and not paragraph.quotes[-1].closed else None
    runs = ((voice, [span for span, _ in run]) for voice, run in groupby(voiced, key=lambda item: item[1]))
    return [SpeakerSpan(spans[0].start, spans[-1].end, *voice) for voice, spans in runs]


def _by_paragraph(sentences: Sequence[Span]) -> Iterator[list[Span]]:
    paragraph: list[Span] = []
    for span in sentences:
        paragraph.append(span)
        if span.delimiter != Delimiter.SENTENCE:
            yield paragraph
            paragraph = []


def _read(text: str, sentences: Sequence[Span], rules: LanguageRules) -> _Paragraph:
    quotes = quotations(text, sentences[0].start, sentences[-1].end, rules.code)
    return _Paragraph(
        sentences, [span.start for span in sentences], [_first_word(text, span) for span in sentences], quotes
    )


def _first_word(text: str, span: Span) -> int:
    found = _WORD.search(text, span.start, span.end)
    return found.start() if found else span.end


def _tag_of(text: str, paragraph: _Paragraph, index: int, rules: LanguageRules) -> Tag | None:
    """The tag of one quotation: right after it, or right before it, in the same sentence and up to the next quotation."""
    quotes = paragraph.quotes
    quote = quotes[index]
    limit = paragraph.sentence_at(quote.end - 1).end
    if index + 1 < len(quotes):
        limit = min(limit, quotes[index + 1].start)
    comma = text[quote.end - 2 : quote.end - 1] in {",", "—", "–"} or text[quote.end : quote.end + 1] == ","
    tag = tag_after(text, quote.end, limit, rules, after_comma=comma)
    if tag is None and quote.raya:
        return _tag_inside(text, quote, rules)
    floor = paragraph.sentence_at(quote.start).start
    if index:
        floor = max(floor, quotes[index - 1].end)
    return tag or tag_before(text, floor, quote.start, rules)


def _tag_inside(text: str, quote: Quotation, rules: LanguageRules) -> Tag | None:
    """ "— Viens, dit Mara." """
    if rules.code not in _COMMA_TAGS:
        return None
    pauses = _PAUSE_IN_SPEECH.finditer(text, quote.start, quote.end)
    return next((tag for pause in pauses if (tag := inverted_tag(text, pause.end(), quote.end, rules))), None)


def _resolve(
    text: str, paragraph: _Paragraph, tags: Sequence[Tag | None], known: frozenset[str], rules: LanguageRules
) -> list[_Voice | None]:
    """Each tag's voice: None where there is no tag, _UNTAGGED where its pronoun could be anybody's."""
    only = _only_candidate(text, paragraph, known, rules) if any(tag and not tag.speaker for tag in tags) else None
    voices: list[_Voice | None] = []
    for tag in tags:
        if tag and tag.speaker:
            voices.append(_Voice(tag.speaker, _NAMED))
        elif tag and tag.pronoun in rules.self_pronouns:
            voices.append(_Voice(NARRATOR, _NAMED))
        elif tag:
            voices.append(_Voice(only, _BY_PRONOUN) if only else _UNTAGGED)
        else:
            voices.append(None)
    return voices


def _only_candidate(text: str, paragraph: _Paragraph, known: frozenset[str], rules: LanguageRules) -> str | None:
    """The one person this paragraph's narration names, if it is a known speaker and the subject of a sentence."""
    named: set[str] = set()
    subjects: set[str] = set()
    for start, end in _told(paragraph):
        for place, name in names_in(text, start, end, rules):
            opening = _ONE_OPENER.match(text, paragraph.first_word_at(place), place)
            is_subject = opening is not None and opening.end() == place and _may_lead(opening["word"], rules)
            if is_subject:
                subjects.add(name)
            if name in known or not is_subject:  # a word that is only capitalised as the first ("Silence") is no name
                named.add(name)
    return next(iter(named)) if len(named) == 1 and named <= subjects & known else None


def names_in(text: str, start: int, end: int, rules: LanguageRules) -> Iterator[tuple[int, str]]:
    """Every capitalised name in `text[start:end]` with the place it starts at; sentence openers ("Then") are none."""
    tokens = list(_TOKEN.finditer(text, start, end))
    words = [token[0] for token in tokens]
    at = 0
    while at < len(words):
        name = name_at(words, at, rules)
        if name:
            yield tokens[at].start(), name[0]
        at += name[1] if name else 1


def _may_lead(word: str | None, rules: LanguageRules) -> bool:
    return not word or word.lower() in rules.openers - rules.pronouns - rules.articles


def _told(paragraph: _Paragraph) -> Iterator[tuple[int, int]]:
    """The stretches between the quotations."""
    position = paragraph.sentences[0].start
    for quote in paragraph.quotes:
        yield position, quote.start
        position = quote.end
    yield position, paragraph.sentences[-1].end


def _carry(paragraph: _Paragraph, voices: Sequence[_Voice | None], carried: _Voice | None) -> list[_Voice]:
    """Give untagged speech to the paragraph's own speaker, or to the one whose quotation the last paragraph left open."""
    speakers = {voice.speaker for voice in voices if voice and voice is not _UNTAGGED}
    default = carried if paragraph.quotes and _opens_sentence(paragraph, paragraph.quotes[0]) else None
    if len(speakers) == 1:
        default = _Voice(min(speakers), _CONTINUED)
    last: _Voice | None = None  # the voice last heard in this paragraph
    filled: list[_Voice] = []
    for quote, voice in zip(paragraph.quotes, voices, strict=True):
        if voice is _UNTAGGED:  # "said Mara. ... she said": hers; before any name, nobody's
            filled.append(last or _UNTAGGED)
        elif voice:
            last = _Voice(voice.speaker, min(voice.confidence, _CONTINUED))
            filled.append(voice)
        elif quote.raya or _opens_sentence(paragraph, quote):
            filled.append(last or default or _UNTAGGED)
        else:  # a title, or words mentioned: "they called it “the Box”"
            filled.append(_TOLD)
    return filled


def _opens_sentence(paragraph: _Paragraph, quote: Quotation) -> bool:
    return quote.start <= paragraph.first_word_at(quote.start)


def _assign(text: str, paragraph: _Paragraph, voices: Sequence[_Voice]) -> Iterator[tuple[Span, _Voice]]:
    """Each sentence with the surest voice of the quotations it holds a word of; the narrator's where there is none."""
    first = 0
    for span in paragraph.sentences:
        while first < len(voices) and paragraph.quotes[first].end <= span.start:
            first += 1
        index, best = first, None
        while index < len(voices) and paragraph.quotes[index].start < span.end:
            quote = paragraph.quotes[index]
            inside = text[max(quote.start, span.start) : min(quote.end, span.end)]
            if any(ch.isalnum() for ch in inside) and voices[index] is not _TOLD:
                best = max(best or voices[index], voices[index], key=lambda voice: voice.confidence)
            index += 1
        yield span, best or _TOLD
