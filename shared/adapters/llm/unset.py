"""No language model: what is there while none is set up. It says so, and answers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from pydantic import BaseModel

from shared.domain.errors import EngineUnavailable
from shared.ports.llm import Answered, LlmEngine, Message

A = TypeVar("A", bound=BaseModel)


class UnsetLlm:
    """The `Llm` port of a studio without one; `missing` names the settings to give."""

    def __init__(self, missing: str) -> None:
        self._missing = missing

    def describe(self) -> LlmEngine:
        raise EngineUnavailable(f"No language model is set up. Set {self._missing}.")

    def answer(self, messages: Sequence[Message], shape: type[A]) -> Answered[A]:
        raise EngineUnavailable(f"No language model is set up. Set {self._missing}.")

    def close(self) -> None:
        """Nothing is held open."""
