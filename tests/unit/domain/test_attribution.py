"""Each kind of evidence decides a small story, and says that it did."""

from __future__ import annotations

import pytest

from shared.domain.casting.attribution import Attribution, Evidence, attribute
from shared.domain.casting.character import FIRST_PERSON, Character
from shared.domain.casting.review import decided, doubtful

TWO = "Mara Vane met Tom Hart in the lane.\n\n“You are late,” said Mara.\n\n“The tide was late,” said Tom.\n\n"

SURE = 0.5  # more than all others in the room together


def attributed(text: str, *names: str) -> list[Attribution]:
    return attribute(text, [Character(name) for name in names] or None, "en", {})


def last(text: str, *names: str) -> tuple[str, Evidence]:
    found = attributed(text, *names)[-1]
    return found.speaker, found.evidence


STORIES = [
    ("“Stop,” said Mara.", "Mara", Evidence.TAG),
    ("“Stop,” Mara said.", "Mara", Evidence.TAG),
    ("Mara turned and said, “Stop.”", "Mara", Evidence.TAG),
    ("Mara turned and said:\n\n“Stop.”", "Mara", Evidence.TAG),
    ("“Stop,” said my old uncle.", "my old uncle", Evidence.TAG),
    ("“Stop,” said I.", FIRST_PERSON, Evidence.FIRST_PERSON),
    ("“Stop,” said Mara. “Go back.”", "Mara", Evidence.PARAGRAPH),
    ("“Stop,” said Mara. “Go.\n\n“Go back.”", "Mara", Evidence.PARAGRAPH),
    (TWO + "Tom laughed. “Sit,” he said.", "Tom", Evidence.PRONOUN),
    (TWO + "Tom looked at Mara. “Sit,” she said.", "Mara", Evidence.PRONOUN),
    (TWO + "Night fell over the harbour.\n\nMara lit the lamp. “There it is.”", "Mara", Evidence.BEAT),
    (TWO + "“Do you hear it?”", "Mara", Evidence.ALTERNATION),
    (TWO + "“Do you hear it?”\n\n“No.”", "Tom", Evidence.ALTERNATION),
]


@pytest.mark.parametrize(("story", "speaker", "evidence"), STORIES)
def test_evidence_decides_and_is_named(story: str, speaker: str, evidence: Evidence) -> None:
    assert last(story) == (speaker, evidence)


def test_who_is_spoken_to_does_not_speak_and_answers() -> None:
    met = "Mara Vane, Ellen Hart and Anna Gray sat by the fire.\n\n“Rain,” said Mara.\n\n“Rain,” said Ellen.\n\n"
    story = met + "“More rain,” said Anna.\n\n“Ellen, will it stop?”\n\n“Not today.”"
    asked, answered = attributed(story)[-2:]
    assert asked.speaker != "Ellen"
    assert (answered.speaker, answered.evidence) == ("Ellen", Evidence.VOCATIVE)


def test_nobody_there_is_nobody() -> None:
    assert last("“Stop.”") == ("", Evidence.NONE)
    assert attributed("The sign read “Stop” and they called it “the Box”.") == []


def test_alternation_holds_over_a_long_run() -> None:
    lines = "\n\n".join(f"“Line {number}.”" for number in range(12))
    speakers = [one.speaker for one in attributed(TWO + lines)]
    assert speakers == ["Mara", "Tom"] * 7


def test_a_turn_goes_back_to_the_one_before_the_last_though_others_are_in_the_room() -> None:
    room = "Mara Vane, Tom Hart, Anna Gray and Ellen Hart sat by the fire.\n\n"
    talk = "“Rain,” said Mara.\n\n“Rain,” said Tom.\n\n“Again?”\n\n“Again.”\n\n“Still?”"
    found = attributed(room + talk)
    assert [one.speaker for one in found] == ["Mara", "Tom", "Mara", "Tom", "Mara"]
    assert all(one.evidence is Evidence.ALTERNATION and one.confidence > SURE for one in found[2:])


def test_confidence_falls_from_tags_to_guesses() -> None:
    by_evidence = {one.evidence: one.confidence for one in attributed(TWO + "Tom laughed. “Sit,” he said.\n\n“No.”")}
    assert by_evidence[Evidence.TAG] > by_evidence[Evidence.PRONOUN] > by_evidence[Evidence.ALTERNATION] > 0


def test_husband_and_wife_are_not_confused_by_their_surname() -> None:
    story = (
        "Mr. Bennet made no answer.\n\n“You want to tell me,” said Mr. Bennet.\n\n“Do you not want to know?” cried Mrs. "
        "Bennet.\n\n“Is he married?” asked Mr. Bennet.\n\n“Oh! single,” replied his wife.\n\n“Ah,” he said."
    )
    cast = ("Mr. Bennet", "Mrs. Bennet", "Miss Bennet")
    for names in (cast, cast[::-1], ()):
        speakers = [one.speaker for one in attributed(story, *names)]
        assert speakers == ["Mr. Bennet", "Mrs. Bennet", "Mr. Bennet", "Mrs. Bennet", "Mr. Bennet"]


def test_a_bare_surname_is_whoever_of_that_name_was_there_last() -> None:
    cast = ("Peter Hart", "Paul Hart")
    assert last("Peter Hart sat down. “Rain,” said Hart.", *cast)[0] == "Peter Hart"
    assert last("Peter Hart left. Paul Hart sat down. “Rain,” said Hart.", *cast)[0] == "Paul Hart"
    for one, other in (cast, cast[::-1]):
        story = f"{one} met {other}. {other} left. {one} stayed.\n\nThe wind rose. Hart nodded. “Rain.”"
        assert last(story, *cast) == (one, Evidence.BEAT)


def test_a_form_that_the_cast_does_not_list_is_whom_it_agrees_with() -> None:
    assert last("“Rain,” said Old Mr. Bennet.", "Mrs. Bennet", "Mr. Bennet") == ("Mr. Bennet", Evidence.TAG)
    assert last("“Rain,” said Lizzy Bennet.", "Jane Bennet", "Elizabeth Bennet") == ("Elizabeth Bennet", Evidence.TAG)


def test_his_wife_is_the_woman_of_his_surname() -> None:
    story = "Mr. Pett sat with Mrs. Pett and Mrs. Long. Mr. Pett sighed. “It is late,” said his wife."
    assert last(story)[0] == "Mrs. Pett"


def test_the_captain_is_the_captain_met_last() -> None:
    story = "Captain Hart came in. Captain Vane went out. Captain Hart sat down. “Rain,” said the captain."
    assert last(story)[0] == "Captain Hart"


def test_an_unnamed_description_goes_to_somebody_it_fits() -> None:
    found = attributed("Mara Vane met Tom Hart. Tom nodded. “Late,” said the old gentleman.", "Mara Vane", "Tom Hart")[
        -1
    ]
    assert (found.speaker, found.evidence) == ("Tom Hart", Evidence.DESCRIPTION)


def test_dashes_set_speech_off_where_a_text_uses_them_so() -> None:
    story = "—Come up, Ned! Buck cried. Come up, you old goat!\n\n—Yes, Ned said quietly.\n\n—Good, Buck said."
    assert [(story[one.start : one.end], one.speaker) for one in attributed(story)] == [
        ("—Come up, Ned!", "Buck"),
        ("Come up, you old goat!", "Buck"),
        ("—Yes,", "Ned"),
        ("—Good,", "Buck"),
    ]


def test_texts_with_a_sentence_a_line_and_spaced_tokens_are_read_alike() -> None:
    rows = [
        "“ It is your best work , ” said Mara .",
        "“ You must send it .",
        "The Academy is too large .",
        "It is too vulgar . ”",
        "‘ I shall not , ’",
        "answered Tom .",
        "“ Why ? ”",
        "Anna Gray asked softly .",
    ]
    story = "\n".join(rows)
    assert [(" ".join(story[one.start : one.end].split()), one.speaker) for one in attributed(story)] == [
        ("“ It is your best work , ”", "Mara"),
        ("“ You must send it . The Academy is too large . It is too vulgar . ”", "Mara"),
        ("‘ I shall not , ’", "Tom"),
        ("“ Why ? ”", "Anna Gray"),
    ]


def test_doubts_name_their_candidates_and_decisions_come_back_as_corrections() -> None:
    story = TWO + "“Do you hear it?”"
    found = attributed(story)
    doubt = doubtful(found, below=0.95)[-1]
    assert (doubt.start, doubt.end) == (found[-1].start, found[-1].end)
    assert set(doubt.candidates) == {"Mara", "Tom"}
    assert [one.key for one in doubtful(found, below=0.95)] == [one.key for one in found if one.confidence < 0.95]
    assert len(doubtful(found, below=0.95)) == 1

    decisions = decided([doubt], {doubt.key: "Tom", "unasked": "Mara"}, {})
    assert decisions == {doubt.key: "Tom"}
    assert attribute(story, None, "en", decisions)[-1].speaker == "Tom"
    assert decided([doubt], {doubt.key: "Nobody we know"}, {}) == {}
    assert decided([doubt], {doubt.key: "Tom"}, {doubt.key: "Mara"}) == {doubt.key: "Mara"}
