"""What goes along with a text to be translated: its neighbours, and the project's terms that are met in it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class TermPair(BaseModel):
    """What a term of the source is called in the target language. Unless `case_sensitive`, it is met in any case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    target: str
    case_sensitive: bool = False


class Hints(BaseModel):
    """`before` and `after` are what stands around the text; they are not translated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: str = ""
    after: str = ""
    terms: tuple[TermPair, ...] = ()


NO_HINTS = Hints()
