"""What holds for any text: spans in bounds and in order, corrections obeyed, and work in proportion to length."""

from __future__ import annotations

import sys
from itertools import pairwise
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.casting.attribution import Evidence, attribute, cast_of
from shared.domain.casting.character import Character

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time

PARTS = st.sampled_from(
    [
        *"“”\"'‘’«»—-.,!?:\n",
        "\n\n",
        "\n—",
        " —dijo ",
        "-- ",
        " said Mara",
        "Mr. Hart ",
        "Mrs. Hart ",
        "he said",
        "She ",
        "I ",
        "the captain ",
        "his wife ",
        "Captain ",
        "don ",
        "St. ",
        "Tom, ",
        "sir",
        "x ",
        "é\u0301",
        "\u2028",
    ]
)
CASTS = st.sampled_from(
    [
        None,
        [],
        [Character("Mara")],
        [Character("Mr. Hart", ("the captain",), "male"), Character("Mrs. Hart"), Character("")],
    ]
)


@STEADY
@given(
    parts=st.lists(PARTS, max_size=50), language=st.sampled_from(["en", "es", "fr", "de", "it", "pt", "xx"]), cast=CASTS
)
def test_any_text_gives_ordered_quotations_within_it(
    parts: list[str], language: str, cast: list[Character] | None
) -> None:
    text = "".join(parts)
    found = attribute(text, cast, language, {})
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(
        0 <= one.confidence <= 1 and (one.speaker != "") == (one.evidence is not Evidence.NONE)
        for one in found
        if one.speaker
    )
    assert len({one.key for one in found}) == len(found)
    assert found == attribute(text, cast, language, {})
    assert all(character.name for character in cast_of(text, language))


@STEADY
@given(parts=st.lists(PARTS, max_size=50), names=st.lists(st.sampled_from(["Mara", "Nobody Known", "I"]), max_size=4))
def test_corrections_are_obeyed_in_any_text(parts: list[str], names: list[str]) -> None:
    text = "".join(parts)
    keys = [one.key for one in attribute(text, None, "en", {})]
    corrections = dict(zip(keys, names, strict=False))
    found = {one.key: one for one in attribute(text, None, "en", corrections)}
    assert set(found) == set(keys)
    for key, speaker in corrections.items():
        assert (found[key].speaker, found[key].confidence, found[key].evidence) == (speaker, 1.0, Evidence.CORRECTION)


STORY = "Mr. Hart met Mrs. Vane{n}. “Rain,” said Mrs. Vane{n}.\n\n“Yes, Hart{n}.”\n\n“Ha!” He laughed.\n\nThe captain came.\n\n"
HARD = [
    STORY,
    "'{n} ",
    "“",
    "Mr. ",
    "Ann Lee{n} and the man, ",
    "— ",
    "“a” ",
    "“a”\n",
    "—a, ",
    "the old ",
    "“Oh, Tom{n}!” ",
    "said Mara, ",
    "J. ",
]


@pytest.mark.parametrize("unit", HARD)
@pytest.mark.parametrize("language", ["en", "es"])
def test_work_grows_with_the_text_alone(unit: str, language: str) -> None:
    once, fourfold = (_calls("".join(unit.format(n=number) for number in range(size)), language) for size in (150, 600))
    assert fourfold < 5.5 * once


def _calls(text: str, language: str) -> int:
    """How many functions, of Python and of C, attributing `text` calls."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    attribute(text[:50], None, language, {})
    sys.setprofile(note)
    try:
        attribute(text, None, language, {})
    finally:
        sys.setprofile(None)
    return count
