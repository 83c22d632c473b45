"""The way in: a cast that is given, one that is found, corrections, and who tells the story."""

from __future__ import annotations

import pytest

from shared.domain.casting.attribution import Evidence
from shared.domain.casting.character import FIRST_PERSON, Character
from shared.services.attribute_speakers import attribute_speakers, find_cast
from shared.services.plan_chapter import segment_chapter
from shared.services.plan_options import AZURE_CAPS

STORY = """Elizabeth Bennet was alone when Mr. Darcy came in.

“I did not expect you,” said Lizzy.

“I came to see your father,” said the old gentleman's nephew. Darcy looked at the window.

“He is out.”

“Then I shall wait,” said Mr. Darcy. “If I may.”

“You may, Mr. Darcy.”
"""
CAST = [
    Character("Elizabeth Bennet", ("Lizzy", "Miss Eliza"), "female"),
    Character("Fitzwilliam Darcy", ("Mr. Darcy", "the old gentleman's nephew"), "male"),
]


def test_speakers_are_the_casts_names_whatever_the_text_calls_them() -> None:
    found = attribute_speakers(STORY, CAST)
    assert [one.speaker.split()[1] for one in found] == ["Bennet", "Darcy", "Bennet", "Darcy", "Darcy", "Bennet"]
    assert [STORY[one.start : one.end] for one in found][:2] == [
        "“I did not expect you,”",
        "“I came to see your father,”",
    ]


def test_without_a_cast_speakers_are_named_as_the_text_names_them() -> None:
    assert {one.speaker for one in attribute_speakers(STORY)} >= {"Lizzy", "Mr. Darcy"}
    assert [(one.name, one.gender) for one in find_cast(STORY)][:2] == [("Mr. Darcy", "male"), ("Lizzy", "female")]


@pytest.mark.parametrize(("one", "other"), [("male", "female"), ("M", "F"), ("Male", "")])
def test_a_casts_genders_tell_its_pronouns_apart(one: str, other: str) -> None:
    cast = [Character("Vane", (), one), Character("Quill", (), other)]
    speakers = [a.speaker for a in attribute_speakers("Vane met Quill in the lane.\n\n“Rain,” he said.", cast)]
    assert speakers == ["Vane"]


def test_somebody_outside_the_cast_speaks_under_their_own_name() -> None:
    assert attribute_speakers("“Rain,” said Colonel Hart.", CAST)[0].speaker == "Colonel Hart"


FIRST = """I met Holmes in the lane. I was late.

“You are late, Watson,” said Holmes.

“I know,” said I. “I ran.”

“Sit down, my dear Watson.”
"""


@pytest.mark.parametrize(
    ("cast", "teller"),
    [
        (None, FIRST_PERSON),
        ([Character("Sherlock Holmes"), Character("John Watson")], "John Watson"),
        ([Character("Sherlock Holmes"), Character("The Narrator"), Character("Inspector Quill")], "The Narrator"),
        ([Character("Sherlock Holmes")], FIRST_PERSON),
    ],
)
def test_who_tells_the_story_is_a_speaker_of_their_own(cast: list[Character] | None, teller: str) -> None:
    speakers = [one.speaker for one in attribute_speakers(FIRST, cast)]
    assert speakers[1:3] == [teller, teller]
    assert speakers[0] == speakers[3] != teller


DIALOGUE = "Mara met Tom.\n\n“Rain,” said Mara.\n\n“Rain,” said Tom.\n\n“Again?”\n\n“Again.”\n\n“Still?”\n\n“Still.”"


def test_a_correction_is_certain_and_turns_its_neighbours_round() -> None:
    before = attribute_speakers(DIALOGUE)
    assert [one.speaker for one in before] == ["Mara", "Tom"] * 3
    corrections = {before[2].key: "Tom", before[4].key: "Tom"}
    after = attribute_speakers(DIALOGUE, corrections=corrections)
    assert [one.speaker for one in after] == ["Mara", "Tom", "Tom", "Mara", "Tom", "Mara"]
    assert (after[2].confidence, after[2].evidence) == (1.0, Evidence.CORRECTION)


def test_a_correction_may_name_somebody_new_and_overrule_a_tag() -> None:
    key = attribute_speakers(DIALOGUE)[0].key
    assert attribute_speakers(DIALOGUE, corrections={key: "Anna Gray"})[0].speaker == "Anna Gray"


def test_keys_last_when_the_text_around_is_edited_and_tell_equal_quotations_apart() -> None:
    keys = [one.key for one in attribute_speakers(DIALOGUE)]
    assert len(set(keys)) == 6
    edited = "A new beginning. “And a new line,” said Tom.\n\n" + DIALOGUE.replace("Mara met Tom.", "They met.")
    assert [one.key for one in attribute_speakers(edited)][1:] == keys
    assert keys[1] == f"{keys[0]}-2"  # “Rain,” twice


def test_two_corrections_in_one_paragraph_are_each_obeyed() -> None:
    text = "“One,” said Mara. “Two.” Night fell."
    keys = [one.key for one in attribute_speakers(text)]
    found = attribute_speakers(text, corrections={keys[0]: "Tom", keys[1]: "Anna"})
    assert [one.speaker for one in found] == ["Tom", "Anna"]


def test_a_language_without_rules_has_quotations_and_nobody_in_them() -> None:
    assert [(one.speaker, one.evidence) for one in attribute_speakers("“Dur,” dedi.", None, "tr")] == [
        ("", Evidence.NONE)
    ]


def test_the_plan_voices_what_is_sure_and_leaves_the_rest_to_the_narrator() -> None:
    speakers = [segment.speaker for segment in segment_chapter(FIRST, language="en", caps=[AZURE_CAPS])]
    assert speakers[1] == "Holmes"
    assert "I" not in speakers
