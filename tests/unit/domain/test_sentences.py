"""The sentence splitter: an exact partition, cut where a reader would pause, never between a speech and its tag."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.graphemes import is_boundary
from shared.domain.plan import Delimiter
from shared.domain.sentences import split_sentences

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time

LIVELY = st.text(
    alphabet=st.sampled_from(list("abZ19 \n\n\t.!?…,;:-—\"'“”‘’«»()[]¿¡é\u0301\u200d👍🏽。！？「」國ñÑ_*")),
    max_size=200,
)


def cut(text: str, language: str = "en") -> list[str]:
    return [text[span.start : span.end].strip() for span in split_sentences(text, language)]


@STEADY
@given(
    text=st.one_of(LIVELY, st.text(max_size=200)),
    language=st.sampled_from(["en", "es", "fr", "de", "it", "pt", "ja", "xx"]),
)
def test_spans_partition_any_text(text: str, language: str) -> None:
    spans = split_sentences(text, language)
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(span.end > span.start for span in spans)
    assert [span.start for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert not spans or spans[-1].delimiter == Delimiter.END
    assert all(span.delimiter != Delimiter.END for span in spans[:-1])


@STEADY
@given(text=LIVELY)
def test_white_space_stays_with_the_sentence_it_closes(text: str) -> None:
    starts = [span.start for span in split_sentences(text)[1:]]
    assert not any(text[at].isspace() and is_boundary(text, at + 1) for at in starts)  # a blank may carry a mark


@STEADY
@given(text=LIVELY)
def test_no_cut_tears_a_character(text: str) -> None:
    assert all(is_boundary(text, span.start) for span in split_sentences(text))


ONE_SENTENCE = [
    ("en", "Mr. Smith of St. Paul met Dr. Jones."),
    ("en", "J. R. R. Tolkien wrote it."),
    ("en", "It cost 3.14 dollars, see No. 5, pp. 7 and fig. 2."),
    ("en", "Use a lamp, e.g. Mara's, i.e. the old one."),
    ("en", "The U.S. Navy came at 5 p.m. Monday."),
    ("en", "Well... I think so."),
    ("en", "He waited . . . and waited."),
    ("en", "“Stop!” she said."),
    ("en", '"Stop!" said Mara.'),
    ("en", "“Stop!” Mara said."),
    ("en", "“Where?” Old Tom whispered, and sat down."),
    ("en", "“Where?” Mr. Holmes asked."),
    ("en", "“Stop.” Mara said."),
    ("en", "“Stop!” I said."),
    ("en", "‘Stop!’ cried the captain."),
    ("en", "“He said ‘Stop!’ ” answered Tom."),
    ("en", "“Well,” said Mara, “go on!”"),
    ("en", "CHAPTER I. A Scandal in Bohemia"),
    ("en", "1. The Beginning"),
    ("es", "El Sr. Pérez y la Sra. Díaz viven en la calle núm. 5."),
    ("es", "—¡Alto! —gritó ella."),
    ("es", "—¿Quién es? —preguntó Mara, acercándose."),
    ("es", "-¡Alto! -gritó Mara."),
    ("es", "—¡Alto!—gritó ella."),
    ("es", "«¡Alto!», dijo Mara."),
    ("es", "¡No…! ¡no quiero!"),
    ("fr", "« Quoi ? » dit-elle."),
    ("fr", "M. Dupont et Mme. Durand arrivèrent."),
    ("de", "»Halt!« rief er."),
    ("de", "Am 3. Oktober kam Dr. Braun, z. B. mit Hr. Maier."),
    ("it", "Il sig. Rossi vide il dott. Bianchi."),
    ("pt", "O Sr. Silva e a Dra. Costa chegaram."),
    ("ja", "「止まれ！」と彼女は言った。"),
    ("zh", "“站住！”她说。"),
]


@pytest.mark.parametrize(("language", "text"), ONE_SENTENCE)
def test_no_cut_inside(language: str, text: str) -> None:
    assert cut(text, language) == [text]


SEVERAL = [
    ("en", ["He left.", "She stayed!", "Why?", "Nobody knew."]),
    ("en", ["“What?!”", "“Nothing.”", "He sat."]),
    ("en", ["(He sat.)", "She ran."]),
    ("en", ["“No.", "I will not go!” Mara said.", "He went."]),
    ("en", ["“Stop,” said Mara.", "“Go back.”"]),
    ("en", ["“Stop!”", "She said nothing."]),
    ("en", ["“Stop.”", "Mara said nothing."]),
    ("en", ["He left at 5 p.m.", "She came later."]),
    ("en", ["So do I.", "He took vitamin C.", "The end."]),
    ("en", ["I said no.", "Mara left."]),
    ("en", ["It ended.[12]", "Then it began."]),
    ("en", ["He was gone...", "Mara wept."]),
    ("es", ["—No sé.", "—Mara se levantó—.", "¿Vienes?", "¡Sí!"]),
    ("es", ["—¡Alto! —gritó ella—.", "¡Vuelve!"]),
    ("es", ["Dijo que no.", "¿Por qué?", "«Nada».", "Y se fue."]),
    ("fr", ["« Non ! »", "Il partit.", "« Oui. »", "Elle resta."]),
    ("de", ["„Nein.“", "Er ging am 3. Oktober.", "Sie blieb."]),
    ("ja", ["彼は走った。", "「行け。」", "「いやだ！」", "終わり。"]),
    ("ru", ["Он ушёл.", "Она осталась."]),
    ("hi", ["वह गया।", "वह आई।"]),
]


@pytest.mark.parametrize(("language", "sentences"), SEVERAL)
def test_cuts_between_sentences(language: str, sentences: list[str]) -> None:
    glue = "" if language == "ja" else " "
    assert cut(glue.join(sentences), language) == sentences


def test_the_old_spanish_setting_cuts_before_a_raya_without_a_space() -> None:
    assert cut("—Vete —dijo ella.—¿Vienes?", "es") == ["—Vete —dijo ella.", "—¿Vienes?"]


def test_blank_line_over_sentence_over_newline() -> None:
    spans = split_sentences("The Lighthouse\n\nIt was dark. Mara\nslept.\n\nEggs\nMilk\n")
    assert [span.delimiter for span in spans] == [
        Delimiter.PARAGRAPH,
        Delimiter.SENTENCE,
        Delimiter.PARAGRAPH,
        Delimiter.NEWLINE,
        Delimiter.END,
    ]


@pytest.mark.parametrize(
    "lines",
    [["Tyger Tyger, burning bright,", "In the forests of the night;"], ["- Eggs", "- Milk"], ["1. Go", "2. Stay"]],
)
def test_verse_and_lists_are_cut_by_line(lines: list[str]) -> None:
    assert cut("\n".join(lines)) == lines


def test_a_text_with_a_paragraph_on_each_line_is_cut_by_line() -> None:
    lines = ["THE HARBOUR", "It rained " + "and rained " * 20 + "for days", "Mara slept"]
    assert cut("\n".join(lines)) == lines


PROSE = (
    "The keeper of the lamp had been asleep since Tuesday, or so Mara Vane believed when she climbed the Long Stair. "
    "Nothing moved in the gallery. Old Tom had left his Sunday coat on the rail, and beside it lay The Times of London, "
    "folded at the page on which Captain Harrow's Letter from Port Royal was printed. “Tom!” she called. “Are you "
    "there?” Mr. Harrow answered from below that he was not, and that Mara might come down and see for herself."
)


@pytest.mark.parametrize("columns", [60, 66, 70, 72, 79])
def test_hard_wrapped_prose_is_cut_as_if_it_were_not_wrapped(columns: int) -> None:
    wrapped = textwrap.fill(PROSE, columns, break_on_hyphens=False)
    assert [" ".join(sentence.split()) for sentence in cut(f"{wrapped}\n\n{wrapped}\n")] == cut(PROSE) * 2


def test_a_wrapped_line_may_go_on_with_a_name() -> None:
    wrapped = textwrap.fill(PROSE, 70)
    pair = "Nobody had told the keeper that the lamp was now in the care of\nMara Vane"
    assert cut(f"{wrapped}\n\n{pair}\n\n{wrapped}").count(pair) == 1


def test_a_line_of_verse_that_goes_on_in_lower_case_is_not_cut() -> None:
    assert cut("The Lamp\nBurned Low\nand dim\nUntil Dawn") == ["The Lamp", "Burned Low\nand dim", "Until Dawn"]


def test_a_heading_on_the_line_above_wrapped_prose_stands_alone() -> None:
    assert cut("CHAPTER ONE\n" + textwrap.fill(PROSE, 70))[0] == "CHAPTER ONE"


def test_a_regional_language_tag_and_an_unknown_one_work() -> None:
    assert cut("El Sr. Pérez vino.", "es-MX") == ["El Sr. Pérez vino."]
    assert cut("Foo bar. Baz qux.", "tlh") == ["Foo bar.", "Baz qux."]


def test_empty_and_blank_texts() -> None:
    assert split_sentences("") == []
    assert [tuple(span) for span in split_sentences(" \n\n ")] == [(0, 4, Delimiter.END)]


def calls_made(work: Callable[[], object]) -> int:
    """How many calls, of Python and of C, `work` makes: a measure of its cost that no busy machine can change."""
    count = 0

    def counted(frame: FrameType, event: str, arg: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "unit", ["[111", "Mr. ", '!"', ". ", "x\n", "a, ", "“Go!” said Mara. ", "—a —", ". (", "\n", "。", "J. "]
)
def test_the_work_grows_linearly(unit: str) -> None:
    once = calls_made(lambda: split_sentences(unit * 500, "es"))
    twice = calls_made(lambda: split_sentences(unit * 1000, "es"))
    assert twice <= 2.2 * once + 50


@pytest.mark.parametrize(
    "unit", ["[111", "Mr. ", "J. ", ".", "!", '"', "\n", " ", "a", "—", "…", ".\u00a0", '! "', "\u0301", "。", "*"]
)
def test_megabytes_of_one_thing_are_no_trap(unit: str) -> None:
    """A pattern that backs off here would take hours, not moments."""
    text = unit * (1_000_000 // len(unit)) + "x"
    assert sum(span.end - span.start for span in split_sentences(text)) == len(text)
