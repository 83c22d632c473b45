"""A translation is checked, tried another way where something was lost, and flagged where that lost it too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path

import pytest

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.translation.apertium import ApertiumTranslation
from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable
from shared.domain.translation_hints import NO_HINTS, Hints, TermPair
from shared.ports.translation import Translated, TranslationEngine
from shared.services.artifact_store import ArtifactStore
from shared.services.engines import TranslationEngines
from shared.services.translate_checked import CheckedTranslation, translate_checked
from shared.services.translate_segment import TranslateSegment
from tests.support.clock import HeldClock

LAMP = Hints(terms=(TermPair(source="lamp", target="farol"),))


class Engine:
    """An engine that does to a text what a test says, and notes what it was asked."""

    def __init__(self, does: Callable[[str], str], **declares: bool) -> None:
        self.does = does
        self.asked: list[tuple[str, Hints]] = []
        self.engine = TranslationEngine("test", "1", languages=("en", "es"), **declares)  # type: ignore[arg-type]

    def describe(self) -> TranslationEngine:
        return self.engine

    def translate(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> Translated:
        self.asked.append((text, hints))
        return Translated(self.does(text), source, target, 0.8)


def checked(engine: Engine, text: str, hints: Hints = NO_HINTS) -> CheckedTranslation:
    return translate_checked(engine, engine.engine, text, "en", "es", hints)


def test_a_text_with_nothing_to_keep_is_asked_for_once_as_it_is() -> None:
    engine = Engine(str.upper)
    assert checked(engine, "good day") == CheckedTranslation("GOOD DAY", "en", "es", 0.8)
    assert [text for text, _ in engine.asked] == ["good day"]


def test_placeholders_and_terms_go_masked_and_come_back() -> None:
    engine = Engine(str.upper)
    found = checked(engine, "the lamp of {name} costs %s", LAMP)
    assert found.translated_text == "THE farol OF {name} COSTS %s"
    assert (found.flags, found.confidence) == ((), 0.8)
    assert len(engine.asked) == 1 and "lamp" not in engine.asked[0][0]


def test_a_mask_that_is_lost_is_tried_in_parts() -> None:
    engine = Engine(lambda text: "" if "zqx" in text.lower() else text.upper())
    assert checked(engine, "the lamp of {name} has 2", LAMP).translated_text == "THE farol OF {name} HAS 2"


def test_an_engine_with_a_glossary_gets_terms_first_and_masks_second() -> None:
    engine = Engine(lambda text: text.upper(), glossary=True)
    assert checked(engine, "the lamp", LAMP).translated_text == "THE farol"
    assert [hints.terms for _, hints in engine.asked] == [LAMP.terms, ()]
    obedient = Engine(lambda text: text.replace("lamp", "farol"), glossary=True)
    assert checked(obedient, "the lamp", LAMP).translated_text == "the farol"
    assert len(obedient.asked) == 1


def test_a_number_that_is_lost_is_tried_in_parts() -> None:
    engine = Engine(lambda text: text.upper().replace("12", "21"))
    assert checked(engine, "it has 12 rooms").translated_text == "IT HAS 12 ROOMS"
    assert engine.asked[-1][0] == " rooms"


def test_what_both_ways_lose_is_flagged_and_trusted_in_nothing() -> None:
    engine = Engine(lambda text: text.upper() + " {else}")
    found = checked(engine, "it is {name}")
    assert found.confidence == 0.0
    assert len(found.flags) == 1 and "{else}" in found.flags[0]


def test_no_words_at_all_are_an_error() -> None:
    with pytest.raises(BadOutput, match="empty"):
        checked(Engine(lambda _: " "), "it is cold")


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(FilesystemStorage(tmp_path, "media", HeldClock()))


def test_the_address_holds_the_terms_that_are_met_engine_and_version(store: ArtifactStore) -> None:
    def key(engine: Engine, hints: Hints = NO_HINTS) -> str:
        return TranslateSegment(TranslationEngines({"test": engine}), store).key("the lamp", "en", "es", hints).digest

    plain, newer, seeing = Engine(str.upper), Engine(str.upper), Engine(str.upper, context=True)
    newer.engine = TranslationEngine("test", "2", languages=("en", "es"))
    around = Hints(before="b", after="a")
    assert key(plain) == key(plain, around)
    assert len({key(plain), key(plain, LAMP), key(newer), key(seeing), key(seeing, around)}) == 5
    other = Hints(terms=(TermPair(source="lamp", target="farol", case_sensitive=True),))
    assert key(plain, other) != key(plain, LAMP)


def test_a_translation_is_made_once_and_found_with_its_flags(store: ArtifactStore) -> None:
    engine = Engine(lambda text: text.upper() + " {else}")
    segments = TranslateSegment(TranslationEngines({"test": engine}), store)
    made = segments.make("it is {name}", "en", "es")
    asked = len(engine.asked)
    assert segments.make("it is {name}", "en", "es") == made == segments.find("it is {name}", "en", "es")
    assert made.flags and len(engine.asked) == asked
    assert segments.find("it is {name}", "en", "es", LAMP) is None
    shape = {"translated_text", "source_language", "target_language", "confidence"}
    assert set(asdict(made)) == shape | {"flags"}


def test_a_guard_may_refuse_and_is_told_of_failures(store: ArtifactStore) -> None:
    entered: list[str] = []

    def guard(name: str) -> AbstractContextManager[None]:
        entered.append(name)
        if len(entered) > 1:
            raise EngineBusy("left alone", retry_after_s=3)
        return nullcontext()

    def fail(_: str) -> str:
        raise EngineFailed("down")

    segments = TranslateSegment(TranslationEngines({"test": Engine(fail)}), store, guard)
    with pytest.raises(EngineFailed):
        segments.make("it is cold", "en", "es")
    with pytest.raises(EngineBusy):
        segments.make("it is cold", "en", "es")
    assert entered == ["translation-test"] * 2


def test_an_engine_that_cannot_tell_just_now_is_not_passed_over() -> None:
    class Down(Engine):
        def describe(self) -> TranslationEngine:
            raise EngineFailed("the server is down")

    class Unset(Engine):
        def describe(self) -> TranslationEngine:
            raise EngineUnavailable("set the key")

    there = Engine(str.upper)
    with pytest.raises(EngineFailed):
        TranslationEngines({"down": Down(str), "test": there}).find("en", "es")
    engines = TranslationEngines({"unset": Unset(str), "test": there, "down": Down(str)})
    assert engines.find("en-GB", "es")[0] is there
    assert [(status.name, status.is_available) for status, _ in engines.described()] == [
        ("unset", False),
        ("test", True),
        ("down", False),
    ]
    with pytest.raises(EngineUnavailable, match=r"any two of en, es.*set the key"):
        TranslationEngines({"unset": Unset(str), "test": there}).find("en", "tlh")


@pytest.mark.media
def test_apertium_carries_masks_through_real_sentences() -> None:
    apertium = ApertiumTranslation()
    try:
        text = "Hello {name}, the old lamp costs 1,000.5 at https://a.example/x?y=1 today."
        found = translate_checked(apertium, apertium.describe(), text, "en", "es", LAMP)
    finally:
        apertium.close()
    assert found.flags == ()
    for piece in ("{name}", "farol", "https://a.example/x?y=1"):
        assert piece in found.translated_text
    assert "lamp" not in found.translated_text
