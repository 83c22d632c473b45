"""The cast a text shows by itself: names merged, genders, and who is no person."""

from __future__ import annotations

import pytest

from shared.domain.casting.attribution import cast_of
from shared.domain.casting.character import Character
from shared.domain.casting.names import agree, read_name

SAME = [
    ("Mr. Darcy", "Darcy"),
    ("Mr. Darcy", "Fitzwilliam Darcy"),
    ("Elizabeth Bennet", "Lizzy"),
    ("Elizabeth Bennet", "Miss Elizabeth"),
    ("Tom", "Thomas Hart"),
    ("J. Hart", "John Hart"),
    ("Captain John Good, R.N.", "Good"),
    ("Dr. Watson", "Doctor Watson"),
    ("Lady Catherine de Bourgh", "Lady Catherine"),
    ("Old Tom", "Tom"),
    ("the old captain", "the captain"),
    ("the captain", "Captain Hart"),
    ("el tío Lucas", "Lucas"),
    ("la señá Frasquita", "Frasquita"),
    ("don Eugenio de Zúñiga", "don Eugenio de Zúñiga y Ponce"),
]
OTHERS = [
    ("Mr. Bennet", "Mrs. Bennet"),
    ("Mrs. Bennet", "Miss Bennet"),
    ("Jane Bennet", "Elizabeth Bennet"),
    ("Dr. Roylott", "Miss Roylott"),
    ("the old man", "the young man"),
    ("the old man", "the man"),
    ("Mr. Hart", "Mr. Vane"),
    ("tía Josefa", "tío Josefa"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_names_of_one_person_agree(one: str, other: str) -> None:
    assert agree(read_name(one), read_name(other))
    assert agree(read_name(other), read_name(one))


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_names_of_two_people_do_not(one: str, other: str) -> None:
    assert not agree(read_name(one), read_name(other))
    assert not agree(read_name(other), read_name(one))


@pytest.mark.parametrize(
    ("form", "gender"),
    [
        ("Mr. Vane", "male"),
        ("Aunt Betsey", "female"),
        ("his mother", "female"),
        ("Tom's aunt", "female"),
        ("Lizzy", "female"),
        ("Vane", ""),
        ("the doctor", ""),
        ("la vecina", "female"),
        ("don Eugenio", "male"),
    ],
)
def test_names_tell_a_gender_or_none(form: str, gender: str) -> None:
    assert read_name(form).gender == gender


def found(text: str, language: str = "en") -> dict[str, Character]:
    return {character.name: character for character in cast_of(text, language)}


def test_the_forms_of_one_person_are_merged_and_counted() -> None:
    cast = found("“Rain,” said Elizabeth.\n\nElizabeth Bennet sat. Lizzy laughed.\n\n“No,” said Mr. Darcy. Darcy rose.")
    assert cast["Elizabeth"] == Character("Elizabeth", ("Elizabeth Bennet", "Lizzy"), "female", 3)
    assert cast["Mr. Darcy"] == Character("Mr. Darcy", ("Darcy",), "male", 2)
    assert len(cast) == 2


def test_pronouns_settle_a_gender_that_no_name_tells() -> None:
    cast = found("“Rain,” said Vane. She sat down and took off her hat.\n\n“No,” said Quill. He laughed to himself.")
    assert (cast["Vane"].gender, cast["Quill"].gender) == ("female", "male")


def test_whoever_he_turned_to_is_not_he() -> None:
    assert found("“Rain,” said Vane. He turned to Vane and nodded.")["Vane"].gender == ""


def test_places_days_and_first_words_are_nobody() -> None:
    cast = found(
        "Mara lived in London. She left London on Monday. Nobody came. Suddenly it rained in London. “Yes,” said Mara."
    )
    assert set(cast) == {"Mara"}
    acting = found(
        "“Yes,” said Mara in Marlow. Then Marlow slept, and then Marlow woke. She was in Marlow, near Marlow."
    )
    assert set(acting) == {"Mara"}
