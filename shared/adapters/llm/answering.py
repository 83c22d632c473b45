"""What every model's adapter does with an answer: read the JSON in it, validate, and ask once more with what was wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.domain.errors import BadOutput
from shared.domain.faults import faults_of
from shared.ports.llm import Answered, Message, Usage

A = TypeVar("A", bound=BaseModel)
_MOST_FAULTS = 10


@dataclass(frozen=True)
class Reply:
    """What a server sent: the model's text, whether it was cut off at a limit, and what it took."""

    text: str
    is_cut_off: bool
    usage: Usage


def answered(
    name: str, send: Callable[[Sequence[Message]], Reply], messages: Sequence[Message], shape: type[A]
) -> Answered[A]:
    """One valid answer, at the second try at the latest. Raises BadOutput, and what `send` raises."""
    reply = send(messages)
    try:
        return Answered(_read(reply, shape), reply.usage)
    except _Wrong as wrong:
        again = [
            *messages,
            Message("assistant", reply.text or "{}"),
            Message("user", f"That answer is not valid: {wrong}. Answer again, with JSON of the given schema alone."),
        ]
    second = send(again)
    try:
        return Answered(_read(second, shape), reply.usage.plus(second.usage))
    except _Wrong as exc:
        raise BadOutput(f"{name} gave two answers in a row that are not of the shape asked for.") from exc


def counted(value: Any) -> int | None:
    """A count of tokens as servers give it; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


class _Wrong(Exception):
    """What is wrong with an answer, in words for the model. It never reaches a log."""


def _read(reply: Reply, shape: type[A]) -> A:
    if reply.is_cut_off:
        raise _Wrong("it was cut off; be brief")
    try:
        return shape.model_validate_json(_json_in(reply.text))
    except ValidationError as exc:
        faults = faults_of(exc)[:_MOST_FAULTS]
        # Without its chain: an error of pydantic's carries what the model wrote.
        raise _Wrong("; ".join(f"{fault.pointer or 'the whole'}: {fault.detail}" for fault in faults)) from None


def _json_in(text: str) -> str:
    """The object in an answer: some models think aloud before it or put it in a fence, whatever they are asked."""
    text = text.rpartition("</think>")[2]
    start, end = text.find("{"), text.rfind("}")
    return text[start : end + 1] if 0 <= start < end else text
