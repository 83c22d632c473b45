"""What every translation engine promises. A further engine is one more line in ENGINES.

Those of vendors are asked over HTTP, as the real ones are; what answers on the loopback has Apertium behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager

import pytest

from shared.adapters.llm.openai import OpenAiLlm
from shared.adapters.translation.apertium import ApertiumTranslation
from shared.adapters.translation.google import GoogleTranslation
from shared.adapters.translation.libretranslate import LibreTranslateTranslation
from shared.adapters.translation.llm import LlmTranslation
from shared.domain.errors import EngineUnavailable
from shared.domain.translation_hints import Hints, TermPair
from shared.ports.translation import Translation
from tests.support import language_doubles as doubles
from tests.support.language_doubles import Asked, Double, Said, Translate

pytestmark = pytest.mark.media


@contextmanager
def behind(answering: Callable[[Translate], Callable[[Asked], Said]]) -> Iterator[str]:
    """The address of a vendor's double."""
    with closing(ApertiumTranslation()) as apertium:
        translate = answering(lambda text, source, target: apertium.translate(text, source, target).translated_text)
        with Double(translate) as double:
            yield double.url


@contextmanager
def google() -> Iterator[Translation]:
    with behind(doubles.google) as url, closing(GoogleTranslation(doubles.KEY, url)) as made:
        yield made


@contextmanager
def libretranslate() -> Iterator[Translation]:
    with (
        behind(lambda to: doubles.libretranslate(to, doubles.KEY)) as url,
        closing(LibreTranslateTranslation(url, doubles.KEY)) as made,
    ):
        yield made


@contextmanager
def llm() -> Iterator[Translation]:
    with (
        behind(lambda to: doubles.openai(doubles.translating(to))) as url,
        closing(OpenAiLlm(f"{url}/v1", "model-1", doubles.KEY, context_tokens=8192, timeout_s=20)) as model,
    ):
        yield LlmTranslation(model)


ENGINES: dict[str, Callable[[], AbstractContextManager[Translation]]] = {
    "apertium": lambda: closing(ApertiumTranslation()),
    "google": google,
    "libretranslate": libretranslate,
    "llm": llm,
}


@pytest.fixture(scope="module", params=ENGINES)
def translation(request: pytest.FixtureRequest) -> Iterator[Translation]:
    with ENGINES[request.param]() as made:
        yield made


def spanish(translation: Translation, text: str) -> str:
    return translation.translate(text, "en", "es").translated_text


def test_it_declares_itself(translation: Translation) -> None:
    engine = translation.describe()
    assert engine.name
    assert engine.version
    assert engine.covers("en", "es") and engine.covers("es-MX", "en-GB")
    assert not engine.covers("en", "en") and not engine.covers("en", "tlh")


def test_it_translates_both_ways(translation: Translation) -> None:
    there = translation.translate("The lighthouse is old.", "en", "es")
    assert "faro" in there.translated_text.lower()
    assert (there.source_language, there.target_language) == ("en", "es")
    assert "lighthouse" in translation.translate("El faro es viejo.", "es", "en").translated_text.lower()


def test_confidence_is_a_share(translation: Translation) -> None:
    sure = translation.translate("The house is old.", "en", "es").confidence
    unsure = translation.translate("The frobnicator whirred unzippably.", "en", "es").confidence
    assert 0 <= unsure < sure <= 1


@pytest.mark.parametrize("text", ["", "\n", "42", "* * *", "…", "[ ]"])
def test_what_has_no_words_comes_back_as_it_is(translation: Translation, text: str) -> None:
    assert spanish(translation, text) == text


def test_line_and_paragraph_breaks_are_kept(translation: Translation) -> None:
    text = "\nThe old dog\nslept by the fire.\n\nHe did not wake.\r\n\r\nNobody came.\n\n"
    translated = spanish(translation, text)
    assert [char for char in translated if char in "\r\n"] == [char for char in text if char in "\r\n"]
    assert len(translated.split("\n\n")) == len(text.split("\n\n"))


@pytest.mark.parametrize(
    "mark", ["[", "]", "{", "}", "^", "$", "/", "\\", "@", "<", ">", "*", "#", "~", "+", "“", "—", "«"]
)
def test_no_character_is_special(translation: Translation, mark: str) -> None:
    text = f"The house {mark} is old. The dog{mark} sleeps."
    assert spanish(translation, text).count(mark) == 2
    assert "perro" in spanish(translation, text)


def test_an_unknown_word_is_passed_through_bare(translation: Translation) -> None:
    assert "Zanzibaria" in spanish(translation, "He lives in Zanzibaria.").split(".")[0].split()


def test_capitals_are_those_of_the_source(translation: Translation) -> None:
    assert spanish(translation, "THE LIGHTHOUSE") == "EL FARO"
    assert spanish(translation, "the lighthouse") == "el faro"
    assert spanish(translation, "The lighthouse.") == "El faro."


def test_quotation_marks_and_dashes_stay(translation: Translation) -> None:
    translated = spanish(translation, "“The dog,” she said—slowly—‘is old’…")
    assert [char for char in translated if char in "“”—‘’…"] == list("“”——‘’…")


def test_a_pair_that_is_not_there_names_those_that_are(translation: Translation) -> None:
    with pytest.raises(EngineUnavailable, match=r"tlh.*\bes\b"):
        translation.translate("Hello.", "en", "tlh")


def test_odd_words_that_stand_for_what_is_kept_come_back(translation: Translation) -> None:
    translated = spanish(translation, "The Zqxbz of Zqxdz is old.\nGive Zqxfz to the dog.")
    assert sorted(re.findall(r"Zqx\w+", translated)) == ["Zqxbz", "Zqxdz", "Zqxfz"]
    assert "perro" in translated and translated.count("\n") == 1


def test_hints_never_come_out_with_the_text(translation: Translation) -> None:
    hints = Hints(before="The bell rang.", after="Nobody came.", terms=(TermPair(source="dog", target="perro"),))
    translated = translation.translate("The dog is old.", "en", "es", hints).translated_text
    assert translated == "El perro es viejo."


def test_threads_get_their_own_answers(translation: Translation) -> None:
    texts = [f"The house number {number} is old." for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda text: spanish(translation, text), texts))
    assert [str(number) in answer.split() for number, answer in enumerate(answers)] == [True] * 40
    assert answers[7] == spanish(translation, texts[7])


def test_a_long_text_is_translated_whole(translation: Translation) -> None:
    many = "The old dog slept by the fire. " * 300
    assert spanish(translation, many).count("perro") == 300
    endless = "the dog and " * 7_000  # more than a pipe holds
    assert spanish(translation, endless).count("perro") == 7_000
