"""What is particular to each vendor of translation: its codes, its batches, its limits, and what it says when it is down."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest

from shared.adapters.llm.openai import OpenAiLlm
from shared.adapters.llm.unset import UnsetLlm
from shared.adapters.translation import libretranslate as libre_module
from shared.adapters.translation.google import GoogleTranslation
from shared.adapters.translation.libretranslate import LibreTranslateTranslation
from shared.adapters.translation.llm import LlmTranslation
from shared.adapters.translation.pieces import by_pieces
from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable
from shared.domain.translation_hints import Hints, TermPair
from shared.ports.translation import Translation
from tests.support import language_doubles as doubles
from tests.support.language_doubles import Asked, Double, Said


def shout(text: str, source: str, target: str) -> str:
    return text.upper()


@contextmanager
def google(answer: Callable[[Asked], Said]) -> Iterator[tuple[GoogleTranslation, Double]]:
    with Double(answer) as double, closing(GoogleTranslation(doubles.KEY, double.url)) as made:
        yield made, double


@contextmanager
def libre(answer: Callable[[Asked], Said], key: str = "") -> Iterator[tuple[LibreTranslateTranslation, Double]]:
    with Double(answer) as double, closing(LibreTranslateTranslation(double.url, key, asking_s=2)) as made:
        yield made, double


def test_pieces_are_whole_sentences_and_white_space_is_never_sent() -> None:
    sent: list[str] = []

    def take(pieces: object) -> list[str]:
        sent.extend(list(pieces))  # type: ignore[call-overload]  # a sequence of texts
        return [piece.upper() for piece in sent]

    text = "\n One two.  Three four. Five.\n\n* * *\n\nSix\nseven.\r\n\r\n"
    assert by_pieces(text, "en", 14, take) == text.upper()
    assert sent == ["One two.", "Three four.", "Five.", "Six\nseven."]
    assert by_pieces("a b c d e f", "en", 4, lambda pieces: [piece.upper() for piece in pieces]) == "A B C D E F"
    assert by_pieces("", "en", 4, lambda pieces: []) == ""


def test_google_takes_many_paragraphs_at_once_and_few_characters() -> None:
    with google(doubles.google(shout)) as (translation, double):
        text = "\n\n".join(f"Paragraph {number}." for number in range(150))
        assert translation.translate(text, "en", "es").translated_text == text.upper()
        assert [len(asked.body["q"]) for asked in double.asked] == [100, 50]
        double.asked.clear()
        long = "It was a dark and stormy night. " * 400
        assert translation.translate(long, "en", "es").translated_text == long.upper()
        assert all(sum(map(len, asked.body["q"])) <= 5000 for asked in double.asked)


def test_google_is_told_in_html_what_to_keep() -> None:
    with google(doubles.google(shout)) as (translation, double):
        found = translation.translate("Tom & Zqxbz\nare <here>.", "en", "es").translated_text
    assert found == "TOM & Zqxbz\nARE <HERE>."
    (asked,) = double.asked
    assert asked.body["format"] == "html"
    assert asked.body["q"] == ['Tom &amp; <span translate="no">Zqxbz</span>', "are &lt;here&gt;."]


@pytest.mark.parametrize(
    ("asked", "sent"), [("es-MX", "es"), ("zh-TW", "zh-TW"), ("zh-Hant", "zh-TW"), ("zh-CN", "zh"), ("pt-BR", "pt")]
)
def test_google_gets_codes_that_it_has(asked: str, sent: str) -> None:
    with google(doubles.google(shout)) as (translation, double):
        assert translation.translate("House.", "en-GB", asked).target_language == asked
    assert (double.asked[0].body["source"], double.asked[0].body["target"]) == ("en", sent)


def test_google_that_answers_too_little_is_not_believed() -> None:
    with google(lambda _: Said({"data": {"translations": []}})) as (translation, _), pytest.raises(BadOutput):
        translation.translate("House.", "en", "es")


def test_libretranslate_says_which_pairs_it_has_and_is_asked_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    with libre(doubles.libretranslate(shout)) as (translation, double):
        assert list(translation.describe().pairs) == [("en", "es"), ("es", "en")]
        version = translation.describe().version
        assert len(double.asked) == 1
        monkeypatch.setattr(libre_module, "KNOWN_FOR_S", -1.0)
        more = [{"code": "en", "targets": ["en", "es", "fr"]}]
        double.answer = lambda _: Said(more)
        assert translation.describe().version != version
        assert translation.describe().covers("en", "fr-CA")
        double.answer = lambda _: Said({}, 500)
        assert translation.describe().covers("en", "fr")  # what it had last


def test_libretranslate_that_never_answered_is_tried_again() -> None:
    with libre(lambda _: Said({}, 500)) as (translation, _), pytest.raises(EngineFailed):
        translation.describe()
    with libre(lambda _: Said([{"name": "English"}])) as (translation, _), pytest.raises(EngineFailed):
        translation.describe()


def test_libretranslate_gets_codes_that_it_has() -> None:
    strict = doubles.libretranslate(shout)

    def answer(asked: Asked) -> Said:
        if asked.path == "/languages":
            return Said([{"code": "en", "targets": ["en", "es", "zh-Hans", "pt-BR"]}])
        return strict(Asked(asked.method, asked.path, asked.headers, {**asked.body, "target": "es"}))

    with libre(answer) as (translation, double):
        for target in ("es-MX", "zh-Hans", "zh", "pt-BR"):
            assert translation.translate("House.", "en-GB", target).translated_text == "HOUSE."
        sent = [(asked.body["source"], asked.body["target"]) for asked in double.asked if asked.body]
    assert sent == [("en", "es"), ("en", "zh-Hans"), ("en", "zh-Hans"), ("en", "pt-BR")]


def test_a_vendor_that_asks_to_wait_says_how_long() -> None:
    said = Said({}, 429, {"Retry-After": "31"})
    with google(lambda _: said) as (translation, _), pytest.raises(EngineBusy) as caught:
        translation.translate("House.", "en", "es")
    assert (caught.value.retryable, caught.value.retry_after_s) == (True, 31)


def test_a_wrong_key_is_told_by_its_setting_and_never_by_itself() -> None:
    refusal = Said(
        {"error": {"code": 400, "status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}}, 400
    )
    with google(lambda _: refusal) as (translation, _), pytest.raises(EngineUnavailable) as caught:
        translation.translate("House.", "en", "es")
    assert "REELPRINT_GOOGLE_TRANSLATE_KEY" in str(caught.value)
    assert doubles.KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("translation", "setting"),
    [
        (GoogleTranslation(""), "REELPRINT_GOOGLE_TRANSLATE_KEY"),
        (LibreTranslateTranslation(""), "REELPRINT_LIBRETRANSLATE_URL"),
        (LlmTranslation(UnsetLlm("REELPRINT_LLM")), "REELPRINT_LLM"),
    ],
)
def test_what_is_not_set_up_names_its_setting(translation: Translation, setting: str) -> None:
    with pytest.raises(EngineUnavailable, match=setting):
        translation.describe()
    with pytest.raises(EngineUnavailable, match=setting):
        translation.translate("House.", "en", "es")


def test_a_model_gets_neighbours_and_terms_beside_the_text() -> None:
    asked: list[dict[str, object]] = []

    def reply(messages: list[dict[str, str]], schema: object) -> str:
        asked.append(json.loads(messages[1]["content"]))
        return json.dumps({"translated_text": "Un farol."})

    hints = Hints(before="x" * 900 + "Before.", after="After.", terms=(TermPair(source="lamp", target="farol"),))
    with (
        Double(doubles.openai(reply)) as double,
        closing(OpenAiLlm(f"{double.url}/v1", "model-1", doubles.KEY, context_tokens=8192, timeout_s=10)) as llm,
    ):
        LlmTranslation(llm).translate("A lamp.\n\nIt is old.", "en", "es", hints)
    assert [(one["text"], one["after"]) for one in asked] == [("A lamp.", "It is old."), ("It is old.", "After.")]
    assert str(asked[0]["before"]).endswith("Before.") and len(str(asked[0]["before"])) == 400
    assert asked[1]["before"] == "A lamp."
    assert asked[0]["glossary"] == [{"source": "lamp", "target": "farol"}]


@pytest.mark.skipif(not os.environ.get("REELPRINT_GOOGLE_TRANSLATE_KEY"), reason="no key of Google's for the tests")
def test_google_itself_translates() -> None:
    with closing(GoogleTranslation(os.environ["REELPRINT_GOOGLE_TRANSLATE_KEY"])) as translation:
        assert "faro" in translation.translate("The lighthouse is old.", "en", "es").translated_text.lower()


@pytest.mark.skipif(not os.environ.get("REELPRINT_LIBRETRANSLATE_URL"), reason="no LibreTranslate for the tests")
def test_libretranslate_itself_translates() -> None:
    url, key = os.environ["REELPRINT_LIBRETRANSLATE_URL"], os.environ.get("REELPRINT_LIBRETRANSLATE_KEY", "")
    with closing(LibreTranslateTranslation(url, key)) as translation:
        assert "faro" in translation.translate("The lighthouse is old.", "en", "es").translated_text.lower()
