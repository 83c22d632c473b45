"""Language models: a question in, one JSON answer of a declared shape out. Never free text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

A = TypeVar("A", bound=BaseModel)


@dataclass(frozen=True)
class Message:
    """`system` says what to do and is ours; `user` carries data, which may say anything; `assistant` is an earlier answer."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Usage:
    """What an answer took: requests, and tokens where the server counts them (None where it does not)."""

    requests: int = 0
    prompt_tokens: int | None = None
    answer_tokens: int | None = None

    def plus(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            _sum(self.prompt_tokens, other.prompt_tokens),
            _sum(self.answer_tokens, other.answer_tokens),
        )


NO_USAGE = Usage()


@dataclass(frozen=True)
class Answered(Generic[A]):
    """A valid answer and what it took, a second try among it."""

    value: A
    usage: Usage


@dataclass(frozen=True)
class LlmEngine:
    """What a model's server declares. `version` (dialect and model) takes part in the address of all it makes.

    `context_tokens` is what a question and its answer may hold together; `constrained` whether the server itself keeps
    answers to the shape; `paid` whether somebody is billed.
    """

    name: str
    model: str
    version: str
    context_tokens: int
    constrained: bool = True
    paid: bool = False


class Llm(Protocol):
    def describe(self) -> LlmEngine:
        """Declare capabilities, without a request. Raises EngineUnavailable, saying what to set, where none is set up."""
        ...

    def answer(self, messages: Sequence[Message], shape: type[A]) -> Answered[A]:
        """One answer, validated as `shape`. One that is not valid is asked for once more, with what was wrong.

        Raises EngineUnavailable, EngineFailed and EngineBusy (both retryable), BadOutput where the second answer is not
        valid either, or the model refuses.
        """
        ...


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other
