"""A cast found anew, and what users did to it: names, aliases and absences that stay."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.domain.cast import MAX_CHARACTERS, Cast, CharacterChanges
from shared.domain.cast_changes import changed, dismissed, found_anew, joined, parted, with_somebody
from shared.domain.casting.age import age_of
from shared.domain.casting.character import FIRST_PERSON, Character
from shared.domain.chapter_cast import members_in, quotations_in, said_by_hand
from shared.domain.errors import AlreadyExists, Conflict, InvalidInput, NotFound
from shared.domain.plan import Delimiter, Segment
from shared.services.attribute_speakers import attribute_speakers

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EMPTY = Cast(id="prj_1", owner="anna", created_at=NOW, updated_at=NOW, project_id="prj_1", generated_at=NOW)
FOUND = [Character("Mara", ("Mara Vell",), "female", 9), Character("Tom", ("Old Tom",), "male", 5)]


def shown(cast: Cast) -> dict[str, list[str]]:
    return {one.name: one.aliases for one in cast.members if not one.is_narrator}


def id_of(cast: Cast, name: str) -> str:
    one = cast.called(name)
    assert one
    return one.id


@pytest.fixture
def cast() -> Cast:
    return found_anew(EMPTY, FOUND, is_whole=True)


def test_found_again_nobody_is_another(cast: Cast) -> None:
    assert shown(cast) == {"Mara": ["Mara Vell"], "Tom": ["Old Tom"]}
    assert found_anew(cast, FOUND, is_whole=True) == cast
    more = found_anew(cast, [Character("Mara Vell", ("Mara", "Miss Vell"), "female", 9)], is_whole=True)
    assert shown(more) == {"Mara": ["Mara Vell", "Miss Vell"]}, "who is not found any more was nobody's work"
    assert id_of(more, "miss vell") == id_of(cast, "MARA")
    assert shown(found_anew(cast, [], is_whole=False)) == shown(cast)


def test_two_that_prove_to_be_one_become_one(cast: Cast) -> None:
    tom = id_of(cast, "Tom")
    once = found_anew(cast, [Character("Captain Hale", (), "male", 3)], is_whole=False)
    assert "Captain Hale" in shown(once)
    one = found_anew(once, [Character("Tom", ("Old Tom", "Captain Hale"), "male", 9)], is_whole=True)
    assert shown(one) == {"Tom": ["Old Tom", "Captain Hale"]}
    assert one.member(id_of(once, "Captain Hale")) == one.member(tom)


def test_in_some_chapters_a_form_means_whom_it_fits(cast: Cast) -> None:
    grown = found_anew(cast, [Character("Miss Vell", (), "female", 2)], is_whole=False)
    assert shown(grown)["Mara"] == ["Mara Vell", "Miss Vell"]
    kept_off = changed(cast, id_of(cast, "Mara"), CharacterChanges(aliases=[]))
    assert shown(found_anew(kept_off, FOUND, is_whole=True))["Mara"] == [], "what was taken away does not come back"


def test_a_teller_is_the_narrator_and_no_character(cast: Cast) -> None:
    assert shown(found_anew(cast, [*FOUND, Character(FIRST_PERSON, (), "", 4)], is_whole=True)) == shown(cast)
    there = members_in(cast, [Character(FIRST_PERSON, (), "", 4), Character("Old Tom", (), "", 1)])
    assert [one.name for one in there] == ["narrator", "Tom"]
    assert [one.name for one in members_in(cast, [Character("Ines", (), "", 1), Character("Eva", (), "", 0)])] == [
        "Ines"
    ]


def test_a_name_that_is_given_up_stays_an_alias(cast: Cast) -> None:
    renamed = changed(cast, id_of(cast, "Tom"), CharacterChanges(name="Thomas"))
    assert shown(renamed)["Thomas"] == ["Old Tom", "Tom"]
    assert renamed.speaker("old tom") == "Thomas" and renamed.speaker("Ines") == "Ines"
    back = changed(renamed, id_of(renamed, "Thomas"), CharacterChanges(name="Tom"))
    assert shown(back)["Tom"] == ["Old Tom", "Thomas"]
    with pytest.raises(AlreadyExists, match="Mara"):
        changed(cast, id_of(cast, "Tom"), CharacterChanges(aliases=["mara vell"]))
    with pytest.raises(InvalidInput):
        changed(cast, "narrator", CharacterChanges(name="Tom II"))
    with pytest.raises(NotFound):
        changed(cast, "chr_none", CharacterChanges(age="child"))


def test_merged_and_parted_again(cast: Cast) -> None:
    mara, tom = id_of(cast, "Mara"), id_of(cast, "Tom")
    one = joined(changed(cast, tom, CharacterChanges(voices={"en": "a/b"})), mara, tom)
    assert shown(one) == {"Mara": ["Mara Vell", "Tom", "Old Tom"]}
    assert one.member(tom) == one.member(mara)
    assert one.voices() == {"en": dict.fromkeys(("Mara", "Mara Vell", "Tom", "Old Tom"), "a/b")}
    assert shown(found_anew(one, FOUND, is_whole=True)) == shown(one)
    two, made = parted(one, mara, "tom")
    assert made == tom, "whoever had this name has their id again"
    assert shown(two) == {"Mara": ["Mara Vell", "Old Tom"], "Tom": []}
    assert two.member(tom) != two.member(mara)
    assert shown(found_anew(two, [Character("Mara", ("Tom",), "female", 3)], is_whole=True)) == shown(two)
    told = joined(cast, "narrator", mara)
    assert told.speaker("Mara Vell") == "narrator"
    with pytest.raises(InvalidInput):
        joined(cast, mara, "narrator")
    with pytest.raises(InvalidInput):
        parted(cast, mara, "Tom")


def test_who_was_dismissed_comes_back_by_hand_alone(cast: Cast) -> None:
    less = dismissed(cast, id_of(cast, "Tom"))
    assert less.speaker("Old Tom") == "narrator" and shown(less) == {"Mara": ["Mara Vell"]}
    assert shown(found_anew(less, FOUND, is_whole=True)) == shown(less)
    assert members_in(less, [Character("Tom", (), "male", 3)]) == []
    back, tom = with_somebody(less, "Tom")
    assert (tom.gender, shown(back)["Tom"], back.speaker("Tom")) == ("male", [], "Tom")
    assert with_somebody(back, tom.id)[0] is back
    with pytest.raises(Conflict):
        dismissed(cast, "narrator")


def test_a_cast_is_bounded() -> None:
    crowd = [Character(f"Person{n} Name{n}", (), "", 1) for n in range(MAX_CHARACTERS + 20)]
    full = found_anew(EMPTY, crowd, is_whole=True)
    assert len(full.members) == MAX_CHARACTERS + 1
    with pytest.raises(Conflict):
        with_somebody(full, "One more")


def test_what_segments_say_by_hand_is_said_of_their_quotations(cast: Cast) -> None:
    parts = ["“So,” said Mara. ", "“So it is.” ", "“So,” said Tom."]
    text, at, segments = "".join(parts), 0, []
    for n, part in enumerate(parts):
        made = Segment(
            segment_id=f"s{n}",
            start_idx=at,
            end_idx=at + len(part),
            delimiter=Delimiter.SPEAKER,
            text=part,
            original_text=part,
        )
        segments.append(made.model_copy(update={"speaker": "Old Tom", "by_hand": n == 1}))
        at += len(part)
    keys = [quotation.key for quotation in quotations_in(text, "en")]
    assert keys == [one.key for one in attribute_speakers(text)] and len(keys) == 3
    assert said_by_hand(cast, None, segments, "en") == {keys[1]: "Tom"}
    only_cut = [one.model_copy(update={"speaker": "narrator"}) for one in segments]
    assert said_by_hand(cast, None, only_cut, "en") == {}


@pytest.mark.parametrize(
    ("forms", "age"),
    [(["Tom", "Old Tom"], "senior"), (["the boy"], "child"), (["Mara"], ""), (["su abuela"], "senior")],
)
def test_ages_are_told_by_what_somebody_is_called(forms: list[str], age: str) -> None:
    assert age_of(forms) == age
