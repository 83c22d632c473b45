"""Operations on a plan: whatever is done, in whatever order, the segments make up the chapter, and what was not named stays."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from shared.domain.bulk_changes import BulkChanges
from shared.domain.carry_over import carry_over
from shared.domain.errors import InvalidInput, NotFound
from shared.domain.plan import Delimiter, Segment, assert_partition
from shared.domain.plan_edits import change, merge, split
from shared.domain.plan_filter import SegmentFilter
from shared.domain.spoken_text import spoken
from shared.services.plan_chapter import segment_chapter

TEXT = "Who lit the lamp? Nobody did.\n\nIt has burned since I was a boy; the well-\nknown lamp.\n\nHe went up."
PIECES = (
    "Mara said, “Go.” ",
    "He went.\n",
    "\n\n",
    "A é\u0301 👩‍👩‍👧 b! ",
    "東京に行く。",
    "one two, three four ",
    "Mr. X. ",
    "* * *\n\n",
    "🇫🇷🇩🇪 ",
)
CHAPTERS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join).filter(str.strip)


def planned(text: str, soft_length: int = 400) -> list[Segment]:
    return segment_chapter(text, language="en", caps=[], soft_length=soft_length)


def originals(segments: list[Segment]) -> list[str]:
    return [segment.original_text for segment in segments]


class AnySequence(RuleBasedStateMachine):
    """Any operations in any order, refused ones among them, and chapters that change on the way."""

    @initialize(text=CHAPTERS)
    def plan(self, text: str) -> None:
        self.chapter, self.segments = text, planned(text)

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        segment = data.draw(st.sampled_from(self.segments))
        position = data.draw(st.integers(segment.start_idx - 1, segment.end_idx + 1))
        before, others = self.segments, [one for one in self.segments if one is not segment]
        try:
            self.segments = split(before, segment.segment_id, position)
        except InvalidInput as refused:
            assert refused.faults
            return
        assert len(self.segments) == len(before) + 1
        assert [one for one in self.segments if one in others] == others

    @rule(data=st.data(), count=st.integers(1, 4))
    def merge(self, data: st.DataObject, count: int) -> None:
        start = data.draw(st.integers(0, len(self.segments) - 1))
        parts = self.segments[start : start + count]
        others = self.segments[:start] + self.segments[start + count :]
        try:
            self.segments = merge(self.segments, [part.segment_id for part in reversed(parts)])
        except InvalidInput as refused:
            assert len(parts) == 1 and refused.faults
            return
        assert [one for one in self.segments if one in others] == others

    @rule(
        data=st.data(),
        values=st.fixed_dictionaries(
            {},
            optional={
                "text": st.none() | st.sampled_from(["Other words.", "Mara went. He went up.", "…"]),
                "speaker": st.sampled_from(["Mara", "narrator"]),
                "voice": st.sampled_from(["", "flite/slt"]),
                "skipped": st.booleans(),
                "needs_revision": st.booleans(),
                "pause_ms": st.none() | st.integers(0, 5000),
            },
        ),
    )
    def edit(self, data: st.DataObject, values: dict[str, object]) -> None:
        chosen = data.draw(st.sets(st.sampled_from([one.segment_id for one in self.segments])))
        before = self.segments
        self.segments = change(before, chosen, values)
        assert all(new is old for new, old in zip(self.segments, before, strict=True) if old.segment_id not in chosen)
        assert originals(self.segments) == originals(before)

    @rule(piece=st.sampled_from(PIECES), data=st.data(), soft_length=st.sampled_from([40, 400]))
    def write_on(self, piece: str, data: st.DataObject, soft_length: int) -> None:
        at = data.draw(st.integers(0, len(self.chapter)))
        text = self.chapter[:at] + piece + self.chapter[at + data.draw(st.integers(0, 6)) :]
        if text.strip():
            before, self.chapter = len(self.segments), text
            self.segments, told = carry_over(self.segments, planned(text, soft_length), lambda _: True)
            assert (told.kept + told.new, told.kept + told.dropped) == (len(self.segments), before)

    @rule()
    def plan_anew(self) -> None:
        """Over the same text nothing is lost that somebody did; a second time changes nothing at all."""
        worked_on = [
            one for one in self.segments if one.by_hand or one.skipped or one.text != spoken(one.original_text)
        ]
        once, _ = carry_over(self.segments, planned(self.chapter), lambda _: True)
        assert {one.segment_id for one in worked_on} <= {one.segment_id for one in once}
        twice, told = carry_over(once, planned(self.chapter), lambda _: True)
        assert twice == once and told.new == 0
        self.segments = once

    @invariant()
    def partition(self) -> None:
        assert "".join(originals(self.segments)) == self.chapter
        assert_partition(self.chapter, self.segments)
        for segment in self.segments:
            Segment.model_validate(segment.model_dump())


TestAnySequence = AnySequence.TestCase
TestAnySequence.settings = settings(
    max_examples=60, stateful_step_count=15, suppress_health_check=list(HealthCheck), deadline=None
)


def test_a_split_goes_through_both_texts() -> None:
    first, *rest = planned(TEXT)
    assert first.original_text == "Who lit the lamp? Nobody did.\n\n"
    front, back, *others = split([first, *rest], first.segment_id, 18)
    assert (front.text, back.text, others) == ("Who lit the lamp?", "Nobody did.", rest)
    assert (front.start_idx, front.end_idx, back.end_idx) == (0, 18, 31)
    assert (front.delimiter, back.delimiter) == (Delimiter.SENTENCE, Delimiter.PARAGRAPH)
    assert len({front.segment_id, back.segment_id, first.segment_id}) == 3
    again = split([first, *rest], first.segment_id, 18)
    assert [segment.segment_id for segment in again[:2]] == [front.segment_id, back.segment_id]


@pytest.mark.parametrize(
    ("text", "halves"),
    [
        ("Who lit it? Nobody did.", ("Who lit it?", "Nobody did.")),
        ("Who lit the lamp? Nobody at all.", ("Who lit the lamp?", "Nobody at all.")),
        ("And who lit the lamp? Nobody did, then.", ("And who lit the lamp?", "Nobody did, then.")),
    ],
)
def test_an_edited_text_is_cut_at_the_same_words(text: str, halves: tuple[str, str]) -> None:
    first, *rest = planned(TEXT)
    if text == "Who lit it? Nobody did.":  # the words before the cut were edited: only those after it tell where it is
        front, back = split([first.model_copy(update={"text": text}), *rest], first.segment_id, 17)[:2]
    else:
        front, back = split([first.model_copy(update={"text": text}), *rest], first.segment_id, 18)[:2]
    assert (front.text, back.text) == halves


@pytest.mark.parametrize("text", ["Nobody knows.", "Who lit the lamp? Who? Nobody did.", ""])
def test_a_cut_through_edited_words_needs_to_be_told_the_halves(text: str) -> None:
    first, *rest = planned(TEXT)
    edited = [first.model_copy(update={"text": text}), *rest]
    with pytest.raises(InvalidInput) as refused:
        split(edited, first.segment_id, 18)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/texts", "edited-here")]
    front, back = split(edited, first.segment_id, 18, ("Nobody", "knows."))[:2]
    assert (front.text, back.text) == ("Nobody", "knows.")


@pytest.mark.parametrize(
    ("text", "position", "code"),
    [
        ("One two.", 0, "outside-segment"),
        ("One two.", 8, "outside-segment"),
        ("One two.", 10**8, "outside-segment"),
        ("e\u0301a two.", 1, "inside-character"),
        ("👩\u200d👧 two.", 2, "inside-character"),
        ("🇫🇷🇩🇪 two.", 1, "inside-character"),
        ("One.\r\n", 4, "nothing-there"),
        ("One.\n\n", 4, "nothing-there"),
    ],
)
def test_places_that_cannot_be_cut(text: str, position: int, code: str) -> None:
    plan = planned(text)
    with pytest.raises(InvalidInput) as refused:
        split(plan, plan[0].segment_id, position)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/position", code)]


@pytest.mark.parametrize(
    ("text", "position", "delimiter"),
    [
        ("Up. Down.", 3, "sentence"),
        ("Up.” Down.", 5, "sentence"),
        ("Up there, down here.", 10, "split"),
        ("Up,\ndown.", 3, "newline"),
        ("Up,\ndown.", 4, "newline"),
        ("東京。行く。", 3, "sentence"),
    ],
)
def test_a_cut_is_called_after_what_is_there(text: str, position: int, delimiter: str) -> None:
    plan = planned(text)
    assert len(plan) == 1
    assert split(plan, plan[0].segment_id, position)[0].delimiter == delimiter


def test_splitting_and_merging_gives_the_same_segment_again() -> None:
    plan = planned(TEXT)
    cut = split(plan, plan[1].segment_id, 40)
    one = merge(cut, [cut[1].segment_id, cut[2].segment_id])
    assert [segment.model_copy(update={"by_hand": False}) for segment in one] == plan


def test_a_merged_segment_speaks_as_the_first_that_is_heard() -> None:
    plan = planned(TEXT)
    names = [segment.segment_id for segment in plan]
    plan = change(plan, {names[0]}, {"skipped": True})
    plan = change(plan, {names[1]}, {"speaker": "Mara", "voice": "flite/slt"})
    plan = change(plan, {names[2]}, {"pause_ms": 700})
    (one,) = merge(plan, names)
    assert (one.speaker, one.voice, one.pause_ms, one.skipped) == ("Mara", "flite/slt", 700, False)
    assert one.text == "It has burned since I was a boy; the well-known lamp. He went up."
    assert (one.original_text, one.needs_revision, one.delimiter) == (TEXT, True, Delimiter.END)
    (told,) = merge(plan, names, speaker="narrator", voice="")
    assert (told.speaker, told.voice) == ("narrator", "")
    skipped = change(plan, set(names), {"skipped": True})
    assert merge(skipped, names)[0].skipped


def test_only_neighbours_are_merged() -> None:
    plan = planned(TEXT)
    for names in ([plan[0].segment_id, plan[2].segment_id], [plan[0].segment_id, plan[0].segment_id]):
        with pytest.raises(InvalidInput) as refused:
            merge(plan, names)
        assert refused.value.faults[0].pointer == "/segment_ids"
    with pytest.raises(NotFound):
        merge(plan, [plan[0].segment_id, "nobody"])


def test_equal_segments_have_ids_of_their_own() -> None:
    plan = planned("Ha ha. Ha ha. Ha ha. ")
    plan = split(plan, plan[0].segment_id, 7)
    plan = split(plan, plan[1].segment_id, 14)
    assert len(set(originals(plan))) == 1
    first = plan[0].segment_id
    assert [segment.segment_id for segment in plan] == [first, f"{first}-2", f"{first}-3"]


def test_a_filter_means_what_all_its_conditions_mean() -> None:
    plan = planned(TEXT)
    names = [segment.segment_id for segment in plan]
    plan = change(plan, set(names[1:]), {"speaker": "Mara"})
    plan = change(plan, {names[2]}, {"skipped": True, "needs_revision": True})
    wanted = {
        '{"all": true}': names,
        '{"speaker": "Mara"}': names[1:],
        '{"speaker": "Mara", "skipped": false}': names[1:2],
        '{"needs_revision": true}': names[2:],
        '{"voice": ""}': names,
        '{"contains": "LAMP"}': names[:2],
        f'{{"first": "{names[1]}"}}': names[1:],
        f'{{"last": "{names[1]}", "contains": "nobody"}}': names[:1],
        f'{{"segment_ids": ["{names[2]}", "{names[0]}"]}}': [names[0], names[2]],
    }
    for asked, found in wanted.items():
        assert SegmentFilter.model_validate_json(asked).chosen(plan) == set(found), asked
    for asked in ("{}", '{"all": true, "speaker": "Mara"}', '{"all": false}', '{"segment_ids": []}'):
        with pytest.raises(ValueError, match="validation error"):
            SegmentFilter.model_validate_json(asked)
    with pytest.raises(NotFound):
        SegmentFilter(segment_ids=["nobody"]).chosen(plan)


def test_null_is_a_value_for_the_pause_alone() -> None:
    assert BulkChanges.model_validate({"pause_ms": None, "voice": None}).values() == {"pause_ms": None}
    assert BulkChanges(reset_text=True, skipped=False).values() == {"skipped": False, "text": None}
