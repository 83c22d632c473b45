"""Characters: who may speak, under which names."""

from __future__ import annotations

from typing import NamedTuple

FIRST_PERSON = "I"  # the speaker of "said I", where no cast says what the teller is called


class Character(NamedTuple):
    """A member of the cast. `gender` is "male", "female" (or their first letters) or "" (not known); `aliases` are further names and descriptions."""

    name: str
    aliases: tuple[str, ...] = ()
    gender: str = ""
    mentions: int = 0  # how often the text names them; 0 in a cast that is given
