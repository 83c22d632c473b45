"""Who speaks each quotation of a text: the way in for planning, for scoring against a corpus, and for a later LLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.casting.attribution import Attribution, attribute, cast_of
from shared.domain.casting.character import Character

_NOTHING: Mapping[str, str] = {}


def attribute_speakers(
    text: str,
    cast: Sequence[Character] | None = None,
    language: str = "en",
    *,
    corrections: Mapping[str, str] = _NOTHING,
) -> list[Attribution]:
    """Each quotation of `text` in order, with its speaker, how sure that is (0 to 1), and what decided it.

    `cast` is who may speak: names, aliases ("Lizzy", "the old gentleman") and, where known, genders; speakers are then its
    names. Somebody a tag names who is not in it is a speaker under that name. Without a cast the text's own is found, and
    speakers are named as its tags name them. Who tells the story as "I" is the cast's member that is so called or that
    nobody but the others name, or else `FIRST_PERSON`. `language` is BCP 47; without rules for it, nobody is recognised
    and all quotations are nobody's.

    `corrections` maps quotations' keys to their true speakers. They are certain, and inform the turns around them.
    Quotations are found by marks and, at a paragraph's beginning, by dashes; those that only mention words are left out.
    """
    return attribute(text, cast, language, corrections)


def find_cast(text: str, language: str = "en") -> list[Character]:
    """Who is in `text`: names with their aliases merged, genders and counts of mentions, the most mentioned first."""
    return cast_of(text, language)
