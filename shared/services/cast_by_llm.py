"""A second opinion on who speaks: the doubtful quotations are put to the language model, and the rules' answer stands
wherever it gives none that counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from shared.domain.casting.attribution import Attribution, attribute, cast_of
from shared.domain.casting.character import Character
from shared.domain.casting.review import Doubt, decided, doubtful
from shared.domain.casting_windows import INSTRUCTIONS, NEW_CHARACTER, UNKNOWN, Window, windows_of
from shared.domain.errors import ReelprintError
from shared.ports.llm import NO_USAGE, Llm, Message, Usage

CONFIDENCE = 0.9  # about the share of quotations that such models get right (Llama-3-8B: 90.6%)


class DecidedBy(StrEnum):
    """Whose word a speaker is."""

    USER = "user"
    LLM = "llm"
    RULES = "rules"


class CastingBudget(BaseModel):
    """The most that one chapter may ask: windows, and characters sent in them. What lies beyond is left to the rules."""

    model_config = ConfigDict(frozen=True)

    max_windows: int = Field(40, ge=0)
    max_characters: int = Field(1_000_000, ge=0)


@dataclass(frozen=True)
class SecondOpinion:
    """What came of asking: speakers by the quotations' keys, how many were asked about, what it took, and why it ended
    early, where it did. `outsiders` are quotations said to be somebody's who is not in the cast.
    """

    decisions: Mapping[str, str] = field(default_factory=dict)
    outsiders: Sequence[str] = ()
    asked: int = 0
    windows: int = 0
    characters: int = 0
    usage: Usage = NO_USAGE
    stopped: str = ""


@dataclass(frozen=True)
class Casting:
    """Every quotation with its speaker, whose word that is by its key, the model ("" where none was asked) and its opinion."""

    attributions: Sequence[Attribution]
    decided_by: Mapping[str, DecidedBy]
    model: str
    opinion: SecondOpinion


class CastByLlm:
    """Where no model is set up, or it fails, the casting is that of the rules, and says so."""

    def __init__(self, llm: Llm, budget: CastingBudget | None = None) -> None:
        self._llm = llm
        self._budget = budget or CastingBudget()

    def cast(
        self,
        text: str,
        cast: Sequence[Character] | None = None,
        language: str = "en",
        corrections: Mapping[str, str] | None = None,
    ) -> Casting:
        """`text` cast by rules, then the doubtful quotations by the model. Never raises for what the model does."""
        given = corrections or {}
        members = cast_of(text, language) if cast is None else cast
        by_rules = attribute(text, cast, language, given)
        doubts = doubtful(by_rules)
        opinion = self.opinion(text, doubts, members)
        taken = decided(doubts, opinion.decisions, given)
        found = attribute(text, cast, language, taken) if len(taken) > len(given) else by_rules
        by = {one.key: _decider(one.key, given, taken) for one in found}
        model = self._llm.describe().version if opinion.windows else ""
        return Casting([_tempered(one, by[one.key]) for one in found], by, model, opinion)

    def opinion(self, text: str, doubts: Sequence[Doubt], cast: Sequence[Character]) -> SecondOpinion:
        """What the model says about `doubts`, within the budget, until something fails."""
        decisions: dict[str, str] = {}
        outsiders: list[str] = []
        asked = windows = characters = 0
        usage, stopped = NO_USAGE, ""
        try:
            self._llm.describe()
            for window in windows_of(text, doubts, cast):
                question = window.question(text)
                if windows == self._budget.max_windows or characters + len(question) > self._budget.max_characters:
                    stopped = "the budget is used up"
                    break
                windows, characters, asked = windows + 1, characters + len(question), asked + len(window.doubts)
                answer = self._llm.answer(
                    [Message("system", INSTRUCTIONS), Message("user", question)], answer_shape(window)
                )
                usage = usage.plus(answer.usage)
                _read(answer.value, window, decisions, outsiders)
        except ReelprintError as exc:
            stopped = f"{exc.type}: {exc.detail}"
        return SecondOpinion(decisions, tuple(outsiders), asked, windows, characters, usage, stopped)


def answer_shape(window: Window) -> type[BaseModel]:
    """What may be answered about a window: numbers that were asked, and for each an id of its roster or one of two words."""
    speaker: Any = Literal[(*window.ids(), NEW_CHARACTER, UNKNOWN)]
    line = create_model(
        "Line",
        __config__=ConfigDict(extra="forbid"),
        quotation=(int, Field(ge=1, le=len(window.doubts))),
        speaker=(speaker, ...),
    )
    lines = (list[line], Field(max_length=2 * len(window.doubts)))
    shape: type[BaseModel] = create_model("Speakers", __config__=ConfigDict(extra="forbid"), lines=lines)
    return shape


def _read(answer: BaseModel, window: Window, decisions: dict[str, str], outsiders: list[str]) -> None:
    """Take what is said once about a quotation; of two unlike answers neither."""
    said: dict[int, set[str]] = {}
    for line in answer.model_dump()["lines"]:
        said.setdefault(line["quotation"], set()).add(line["speaker"])
    names = window.ids()
    for number, doubt in enumerate(window.doubts, 1):
        speakers = said.get(number, set())
        speaker = next(iter(speakers)) if len(speakers) == 1 else UNKNOWN
        if speaker == NEW_CHARACTER:
            outsiders.append(doubt.key)
        elif speaker in names:
            decisions[doubt.key] = names[speaker]


def _decider(key: str, given: Mapping[str, str], taken: Mapping[str, str]) -> DecidedBy:
    return DecidedBy.USER if key in given else DecidedBy.LLM if key in taken else DecidedBy.RULES


def _tempered(one: Attribution, by: DecidedBy) -> Attribution:
    """A model is not as certain as a correction by the user, whose form its decisions take on the way back."""
    if by is not DecidedBy.LLM:
        return one
    return one._replace(confidence=CONFIDENCE, candidates=((one.speaker, CONFIDENCE),))
