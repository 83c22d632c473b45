"""Voices for a cast: distinct while enough suit, by gender, spread where they must be shared, and nobody's changed by others."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.casting_voices import OfferedVoice, Person, cast_voices

GENDERS = ("female", "male", "")
genders = st.sampled_from(GENDERS)
ages = st.sampled_from(("child", "adult", "senior", ""))
counts = st.dictionaries(st.sampled_from("abcde"), st.integers(1, 30), max_size=5)


@st.composite
def casts(draw: st.DrawFn) -> list[Person]:
    told = draw(st.lists(st.tuples(genders, ages, counts), max_size=12))
    return [Person(f"p{n}", f"Person {n}", *one) for n, one in enumerate(told)]


@st.composite
def catalogues(draw: st.DrawFn) -> list[OfferedVoice]:
    told = draw(st.lists(st.tuples(genders, ages), min_size=1, max_size=12))
    return [OfferedVoice("narrating", draw(genders)), *(OfferedVoice(f"v{n}", *one) for n, one in enumerate(told))]


def short_of(people: list[Person], voices: list[OfferedVoice]) -> int:
    """How many cannot have a voice of their own that suits: who has a gender first, and who has none takes what is left."""
    wanted, there = Counter(one.gender for one in people), Counter(voice.gender for voice in voices)
    over = sum(max(0, wanted[gender] - there[gender]) for gender in GENDERS[:2])
    left = sum(max(0, there[gender] - wanted[gender]) for gender in GENDERS[:2])
    return over + max(0, wanted[""] - left) - there[""]


@given(casts(), catalogues())
def test_everybody_has_a_voice_of_their_own_while_enough_suit(people: list[Person], voices: list[OfferedVoice]) -> None:
    found = cast_voices(people, voices, "narrating", {})
    assert found.keys() == {one.id for one in people}
    assert "narrating" not in found.values()
    if short_of(people, voices[1:]) <= 0:
        assert len(set(found.values())) == len(people)


@given(casts(), catalogues())
def test_a_gender_is_kept_to_while_any_voice_suits(people: list[Person], voices: list[OfferedVoice]) -> None:
    found, known = cast_voices(people, voices, "narrating", {}), {voice.id: voice.gender for voice in voices}
    others = {voice.gender for voice in voices[1:]}
    for one in people:
        if one.gender in others or "" in others:
            assert not one.gender or known[found[one.id]] in (one.gender, "")


@given(casts(), catalogues(), st.tuples(genders, ages, counts), st.randoms())
def test_somebody_new_changes_nobodys_voice(
    people: list[Person], voices: list[OfferedVoice], new: tuple[str, str, dict[str, int]], random: object
) -> None:
    found = cast_voices(people, voices, "narrating", {})
    grown = cast_voices([Person("new", "A newcomer", *new), *people], voices, "narrating", found)
    assert {name: voice for name, voice in grown.items() if name != "new"} == found
    shuffled = list(people)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert cast_voices(shuffled, voices, "narrating", {}) == found, "the order they come in is nothing"


def test_who_says_most_chooses_first_and_a_child_sounds_like_one() -> None:
    voices = [OfferedVoice("a", "female"), OfferedVoice("b", "female"), OfferedVoice("kid", "", "child")]
    people = [
        Person("few", "Few", "female", "", {"one": 2}),
        Person("most", "Most", "female", "", {"one": 9}),
        Person("boy", "The boy", "", "child", {"one": 1}),
    ]
    assert cast_voices(people, voices, "n", {}) == {"most": "a", "few": "b", "boy": "kid"}


def test_a_shared_voice_goes_where_it_is_heard_least() -> None:
    voices = [OfferedVoice("a", "male"), OfferedVoice("b", "male")]
    people = [
        Person("one", "One", "male", "", {"1": 9}),
        Person("two", "Two", "male", "", {"2": 8}),
        Person("three", "Three", "male", "", {"1": 3}),
        Person("four", "Four", "male", "", {"2": 2}),
    ]
    assert cast_voices(people, voices, "n", {}) == {"one": "a", "two": "b", "three": "b", "four": "a"}


def test_sharing_a_chapter_weighs_more_than_being_heard_much() -> None:
    voices = [OfferedVoice("a", "male"), OfferedVoice("b", "male")]
    people = [
        Person("one", "One", "male", "", {"2": 20}),
        Person("two", "Two", "male", "", {"1": 9}),
        Person("three", "Three", "male", "", {"1": 3}),
    ]
    assert cast_voices(people, voices, "n", {})["three"] == "a"


def test_who_may_have_any_voice_leaves_the_one_that_another_needs() -> None:
    voices = [OfferedVoice("hers", "female"), OfferedVoice("his", "male")]
    people = [Person("any", "Any", "", "", {"1": 9}), Person("she", "She", "female", "", {"1": 1})]
    assert cast_voices(people, voices, "n", {}) == {"any": "his", "she": "hers"}


def test_the_narrators_voice_is_anothers_only_where_there_is_no_other() -> None:
    mara = Person("mara", "Mara", "female", "", {"1": 1})
    his, hers = OfferedVoice("his", "male"), OfferedVoice("hers", "female")
    assert cast_voices([mara], [hers, his], "hers", {}) == {"mara": "his"}
    assert cast_voices([mara], [hers], "hers", {}) == {"mara": "hers"}
    assert cast_voices([mara], [], "hers", {}) == {}
    assert cast_voices([mara], [his], "n", {"mara": "gone from the catalogue"}) == {"mara": "gone from the catalogue"}
