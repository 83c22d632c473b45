"""What every language model's adapter promises, against servers on the loopback that check the documented shape.

A real one is asked too where REELPRINT_LLM and its companions are in the environment of the tests.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from shared.adapters.llm.dialects import open_llm
from shared.adapters.llm.gemini import GeminiLlm
from shared.adapters.llm.openai import OllamaLlm, OpenAiLlm
from shared.adapters.llm.schemas import GEMINI, OPENAI, schema_for
from shared.adapters.llm.unset import UnsetLlm
from shared.config import read_settings
from shared.domain.errors import BadOutput, EngineBusy, EngineFailed, EngineUnavailable
from shared.ports.llm import Llm, Message, Usage
from tests.support.language_doubles import KEY, Asked, Double, Reply, Said, gemini, ollama, openai

BOOK = "the captain hid the rum behind the altar"
MESSAGES = [Message("system", "Answer."), Message("user", BOOK)]
GOOD = '{"mood": "grim", "lines": [{"quotation": 1, "note": null}]}'


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    quotation: int = Field(ge=1, le=3)
    note: str | None


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")

    mood: Literal["grim", "merry"]
    lines: list[Line] = Field(max_length=5)


class Lax(BaseModel):
    mood: str = Field("", max_length=3)


class Tree(BaseModel):
    children: list[Tree]


Make = Callable[[str], OpenAiLlm | OllamaLlm | GeminiLlm]
DIALECTS: dict[str, tuple[Callable[[Reply], Callable[[Asked], Said]], Make]] = {
    "openai": (openai, lambda url: OpenAiLlm(f"{url}/v1", "model-1", KEY, context_tokens=8192, timeout_s=5)),
    "ollama": (ollama, lambda url: OllamaLlm(url, "model-1", "", context_tokens=8192, timeout_s=5)),
    "gemini": (gemini, lambda url: GeminiLlm(f"{url}/v1beta", "model-1", KEY, context_tokens=8192, timeout_s=5)),
}


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def model(dialect: str, *texts: str) -> Iterator[tuple[Llm, Double]]:
    """A model that answers with these texts, one after the other."""
    left = list(texts)
    shape, make = DIALECTS[dialect]
    with Double(shape(lambda messages, schema: left.pop(0))) as double, closing(make(double.url)) as llm:
        yield llm, double


@contextmanager
def saying(dialect: str, said: Said) -> Iterator[Llm]:
    with Double(lambda _: said) as double, closing(DIALECTS[dialect][1](double.url)) as llm:
        yield llm


def test_a_valid_answer_comes_with_what_it_took(dialect: str) -> None:
    with model(dialect, GOOD) as (llm, double):
        answered = llm.answer(MESSAGES, Shape)
    assert answered.value == Shape(mood="grim", lines=[Line(quotation=1, note=None)])
    assert answered.usage == Usage(1, 11, 7)
    assert len(double.asked) == 1


def test_it_declares_itself_without_asking(dialect: str) -> None:
    with model(dialect) as (llm, double):
        engine = llm.describe()
    assert (engine.name, engine.model, engine.context_tokens) == (dialect, "model-1", 8192)
    assert "model-1" in engine.version
    assert engine.paid is (dialect != "ollama")
    assert double.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        "no",
        "",
        '{"mood": "sad", "lines": []}',
        '{"mood": "grim"}',
        '{"mood": "grim", "lines": [{"quotation": 9, "note": ""}]}',
        '{"mood": "grim", "lines": [], "more": 1}',
    ],
)
def test_a_wrong_answer_is_asked_for_once_more_with_what_was_wrong(dialect: str, wrong: str) -> None:
    with model(dialect, wrong, GOOD) as (llm, double):
        answered = llm.answer(MESSAGES, Shape)
    assert answered.value.mood == "grim"
    assert answered.usage == Usage(2, 22, 14)
    again = json.dumps(double.asked[1].body, ensure_ascii=False)
    assert "That answer is not valid" in again and BOOK in again


def test_two_wrong_answers_are_the_end_of_it(dialect: str) -> None:
    with model(dialect, '{"mood": "sad"}', '{"mood": "sad"}', GOOD) as (llm, double):
        with pytest.raises(BadOutput, match="two answers"):
            llm.answer(MESSAGES, Shape)
        assert len(double.asked) == 2


@pytest.mark.parametrize("around", ["```json\n%s\n```", "<think>{hm}</think>\n%s", "Here it is: %s"])
def test_json_is_found_in_what_models_put_around_it(dialect: str, around: str) -> None:
    with model(dialect, around % GOOD) as (llm, _):
        assert llm.answer(MESSAGES, Shape).usage.requests == 1


@pytest.mark.parametrize(
    ("said", "error", "retryable"),
    [
        (Said({}, 429, {"Retry-After": "7"}), EngineBusy, True),
        (Said({}, 503, {"Retry-After": "7"}), EngineBusy, True),
        (Said({}, 500), EngineFailed, True),
        (Said(b"<html>", 200), EngineFailed, True),
        (Said({"unlike": 1}), EngineFailed, True),
        (Said({}, 401), EngineUnavailable, False),
        (Said({}, 404), EngineUnavailable, False),
        (Said({"error": {"status": "INVALID_ARGUMENT", "message": BOOK}}, 400), BadOutput, False),
        (Said({}, 302, {"Location": "http://127.0.0.1:1/"}), EngineFailed, True),
    ],
)
def test_failures_are_told_apart(
    dialect: str, said: Said, error: type[Exception], retryable: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with saying(dialect, said) as llm, pytest.raises(error) as caught:
        llm.answer(MESSAGES, Shape)
    assert getattr(caught.value, "retryable", None) is retryable
    assert getattr(caught.value, "retry_after_s", 7) == 7
    everything = f"{caught.value}{caplog.text}"
    assert BOOK not in everything and KEY not in everything


def test_a_server_that_is_not_there_is_tried_again(dialect: str) -> None:
    with model(dialect) as (_, double):
        url = double.url
    with closing(DIALECTS[dialect][1](url)) as llm, pytest.raises(EngineFailed, match="REELPRINT_LLM_URL"):
        llm.answer(MESSAGES, Shape)


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai", {"choices": [{"message": {"content": None, "refusal": "I will not."}, "finish_reason": "stop"}]}),
        ("openai", {"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}]}),
        ("gemini", {"promptFeedback": {"blockReason": "SAFETY"}}),
        ("gemini", {"candidates": [{"finishReason": "SAFETY"}]}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_is_not_asked_again(dialect: str, body: Any) -> None:
    with Double(lambda _: Said(body)) as double, closing(DIALECTS[dialect][1](double.url)) as llm:
        with pytest.raises(BadOutput, match=r"will not|refuses"):
            llm.answer(MESSAGES, Shape)
        assert len(double.asked) == 1


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        ("openai", {"choices": [{"message": {"content": GOOD}, "finish_reason": "length"}]}),
        ("ollama", {"message": {"content": GOOD}, "done_reason": "length"}),
        ("gemini", {"candidates": [{"content": {"parts": [{"text": GOOD}]}, "finishReason": "MAX_TOKENS"}]}),
    ],
)
def test_an_answer_that_was_cut_off_is_no_answer(dialect: str, body: Any) -> None:
    with saying(dialect, Said(body)) as llm, pytest.raises(BadOutput):
        llm.answer(MESSAGES, Shape)


def test_a_model_without_temperature_is_asked_without_it() -> None:
    strict = openai(lambda messages, schema: GOOD)

    def answer(asked: Asked) -> Said:
        if "temperature" in asked.body:
            error = {"message": "no", "param": "temperature", "code": "unsupported_value"}
            return Said({"error": error}, 400)
        return strict(asked)

    with Double(answer) as double, closing(DIALECTS["openai"][1](double.url)) as llm:
        for _ in range(2):
            assert llm.answer(MESSAGES, Shape).value.mood == "grim"
    assert ["temperature" in asked.body for asked in double.asked] == [True, False, False]


def test_a_schema_has_only_what_the_server_knows() -> None:
    strict = schema_for(Shape, OPENAI)
    assert strict["properties"]["mood"] == {"type": "string", "enum": ["grim", "merry"]}
    line = strict["properties"]["lines"]["items"]
    assert (line["required"], line["additionalProperties"]) == (["quotation", "note"], False)
    assert line["properties"]["note"] == {"anyOf": [{"type": "string"}, {"type": "null"}]}
    assert "additionalProperties" not in schema_for(Shape, GEMINI)
    assert schema_for(Lax, OPENAI) == {
        "type": "object",
        "properties": {"mood": {"type": "string"}},
        "required": ["mood"],
        "additionalProperties": False,
    }
    with pytest.raises(ValueError, match="holds itself"):
        schema_for(Tree, OPENAI)


def test_without_settings_there_is_no_model_and_it_says_what_to_set() -> None:
    settings = read_settings({"REELPRINT_LLM": "openai", "REELPRINT_LLM_MODEL": "model-1"})
    assert settings.missing_for_llm == "REELPRINT_LLM_KEY"
    assert read_settings({"REELPRINT_LLM": "ollama", "REELPRINT_LLM_MODEL": "m"}).missing_for_llm == ""
    llm = open_llm(read_settings({}))
    assert isinstance(llm, UnsetLlm)
    with pytest.raises(EngineUnavailable, match="REELPRINT_LLM to openai, ollama or gemini"):
        llm.describe()
    with pytest.raises(EngineUnavailable):
        llm.answer(MESSAGES, Shape)


@pytest.mark.skipif(not os.environ.get("REELPRINT_LLM"), reason="no language model is set up for the tests")
def test_the_model_that_is_set_up_answers() -> None:
    names = {name: value for name, value in os.environ.items() if name.startswith("REELPRINT_LLM")}
    llm = open_llm(read_settings(names))
    question = [
        Message("system", "Say the mood of what the user sends: grim or merry. Leave `lines` empty."),
        Message("user", "Everybody danced."),
    ]
    assert llm.answer(question, Shape).value == Shape(mood="merry", lines=[])
