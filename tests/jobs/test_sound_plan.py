"""Audio blocks: where they are cut, what they hold, and which of them an edit touches."""

from __future__ import annotations

import random
from itertools import accumulate, pairwise
from typing import Any

import pytest

from jobs.assemble.sound.sound_pieces import Ramp
from jobs.assemble.sound.sound_plan import AudioBlock, plan_blocks
from shared.domain.blueprint import parse_blueprint
from tests.support.assembly import Raw, clip, colour, production, sound_track

RATE, AAC_FRAME = 48_000, 1024
LINES = 60
Line = tuple[str, int]  # what is said, and for how many samples


def story(seed: int = 7) -> list[Line]:
    """A chapter's lines: two to nine seconds each."""
    chance = random.Random(seed)
    return [(f"line {n}", chance.randint(2 * RATE, 9 * RATE)) for n in range(LINES)]


def slots(lines: list[Line]) -> list[int]:
    """Each line starts on the grid, about a third of a second after the one ahead of it."""
    steps = [-(-(length + RATE // 3) // AAC_FRAME) * AAC_FRAME for _, length in lines]
    return list(accumulate(steps, initial=0))[:-1]


def narration(lines: list[Line], **more: Any) -> Raw:
    items = [
        clip(f"n{n}", f"a{n}", start, 0, line[1])
        for n, (start, line) in enumerate(zip(slots(lines), lines, strict=True))
    ]
    return sound_track("voices", "narration", items, **more)


def blocks_of(lines: list[Line], *others: Raw, seconds: int = 0, **output: Any) -> list[AudioBlock]:
    seconds = seconds or (slots(lines)[-1] + lines[-1][1]) // RATE + 2
    assets = {f"a{n}": {"uri": f"media://{n}.wav", "media_type": "audio/wav"} for n in range(len(lines))}
    assets["song"] = {"uri": "media://song.wav", "media_type": "audio/wav"}
    tracks = [narration(lines), *others] if lines else list(others)
    blueprint = parse_blueprint(production([colour("c", 0, seconds * 30)], assets, *tracks, output=output))
    identities = {f"a{n}": f"sha256:{said}" for n, (said, _) in enumerate(lines)} | {"song": "sha256:song"}
    return plan_blocks(blueprint, identities, -(-seconds * RATE // AAC_FRAME), "encoder 1")


def addresses(blocks: list[AudioBlock]) -> set[str]:
    return {block.key(0, None).digest for block in blocks}


def music(**more: Any) -> Raw:
    return sound_track("music", "music", [clip("song-1", "song", 0, 0, 600 * RATE)], **more)


def test_blocks_lie_end_to_end_and_carry_one_packet_more_than_frames() -> None:
    blocks = blocks_of(story())
    assert len(blocks) >= 12
    assert [a.end == b.start for a, b in pairwise(blocks)] == [True] * (len(blocks) - 1)
    assert sum(block.packets for block in blocks) == blocks[-1].end - blocks[0].start + 1
    assert [block.is_last for block in blocks] == [False] * (len(blocks) - 1) + [True]


def test_a_window_reaches_four_frames_ahead_of_its_block_and_one_behind_where_there_are_any() -> None:
    blocks = blocks_of(story())
    held = [block.window - (block.end - block.start) * AAC_FRAME for block in blocks]
    assert held == [AAC_FRAME, *[5 * AAC_FRAME] * (len(blocks) - 2), 4 * AAC_FRAME]
    assert [block.preroll for block in blocks] == [0, *[4] * (len(blocks) - 1)]


def test_blocks_are_cut_where_a_line_starts_after_eight_to_forty_seconds() -> None:
    lines = story()
    blocks = blocks_of(lines)
    starts = {start // AAC_FRAME for start in slots(lines)}
    assert {block.start for block in blocks} <= starts | {0}
    lengths = [(block.end - block.start) * AAC_FRAME / RATE for block in blocks[:-1]]
    assert all(8 - 0.05 <= length <= 40 for length in lengths)


def made_anew(before: list[AudioBlock], after: list[AudioBlock]) -> int:
    """Blocks of `after` to be made, besides the last one: that ends with the pictures, wherever they end now."""
    return len(addresses(after[:-1]) - addresses(before))


@pytest.mark.parametrize("seed", range(4))
def test_lengthening_one_line_touches_three_blocks_at_most(seed: int) -> None:
    """The line's own block, and those whose edges it moves, however early in the chapter it is."""
    lines = story(seed)
    before = blocks_of(lines)
    made = []
    for edited in range(0, LINES, 2):
        said, length = lines[edited]
        changed = [*lines[:edited], (said + ", and more", length + RATE * 3 // 2 + 17), *lines[edited + 1 :]]
        made.append(made_anew(before, blocks_of(changed)))
    assert max(made) <= 3
    assert sum(made) / len(made) < 2


def test_a_line_put_in_or_taken_out_leaves_the_later_blocks_alone() -> None:
    lines = story()
    before = blocks_of(lines)
    assert made_anew(before, blocks_of([*lines[:20], ("a new line", 3 * RATE), *lines[20:]])) <= 3
    assert made_anew(before, blocks_of(lines[:20] + lines[21:])) <= 3


def test_the_same_words_said_again_and_again_are_cut_too() -> None:
    blocks = blocks_of([("yes", RATE)] * LINES)
    assert all(8 - 0.05 <= (block.end - block.start) * AAC_FRAME / RATE <= 40 for block in blocks[:-1])


def test_cuts_follow_what_is_said_and_not_how_many_came_before() -> None:
    lines = story()
    edited = [("another beginning", 5 * RATE), *lines]
    shift = slots(edited)[1] // AAC_FRAME
    old, new = ({block.start for block in blocks_of(said)} for said in (lines, edited))
    late = {start for start in old if start > 60 * RATE // AAC_FRAME}
    assert len(late) > 8
    assert late <= {start - shift for start in new}  # every late cut is where it was


def test_long_silence_and_music_alone_are_cut_by_the_clock() -> None:
    blocks = blocks_of([], music(), seconds=99)
    clock = 20 * RATE // AAC_FRAME
    assert [block.start for block in blocks] == [0, clock, 2 * clock, 3 * clock]
    assert blocks[-1].end == -(-99 * RATE // AAC_FRAME)


def test_a_line_off_the_grid_is_never_cut_at() -> None:
    items = [clip(f"n{n}", f"a{n}", n * 10 * RATE + 5, 0, RATE) for n in range(LINES)]
    off_grid = sound_track("voices", "narration", items)
    assets = {f"a{n}": {"uri": f"media://{n}.wav", "media_type": "audio/wav"} for n in range(LINES)}
    blueprint = parse_blueprint(production([colour("c", 0, 600 * 30)], assets, off_grid))
    blocks = plan_blocks(blueprint, {name: name for name in assets}, 600 * RATE // AAC_FRAME, "encoder 1")
    assert all(block.start % (20 * RATE // AAC_FRAME) == 0 for block in blocks)


def test_an_item_over_a_cut_sounds_on_in_the_next_block_from_where_it_was() -> None:
    first, second, *_ = blocks_of([], music(), seconds=100)
    assert (first.sounds[0].offset, first.sounds[0].source, first.sounds[0].length) == (0, 0, first.window)
    begin = (second.start - 4) * AAC_FRAME
    assert (second.sounds[0].offset, second.sounds[0].source, second.sounds[0].length) == (0, begin, second.window)


def test_gains_of_item_and_track_add_up() -> None:
    track = sound_track("music", "music", [clip("song-1", "song", 0, 0, RATE, gain_db=-3.5)], gain_db=-10.0)
    assert blocks_of([], track, seconds=2)[0].sounds[0].gain_db == -13.5


def test_ducking_spans_lines_that_are_near_each_other_and_parts_where_there_is_time_to_come_back() -> None:
    spoken = [
        clip("n0", "a0", 2 * RATE, 0, RATE),
        clip("n1", "a1", 3 * RATE + 4000, 0, RATE),
        clip("n2", "a2", 7 * RATE, 0, RATE),
    ]
    ducking = {"trigger_track": "voices", "amount_db": 9.0, "attack_ms": 100, "release_ms": 400}
    assets = {name: {"uri": f"media://{name}.wav", "media_type": "audio/wav"} for name in ("a0", "a1", "a2", "song")}
    tracks = [sound_track("voices", "narration", spoken), music(ducking=ducking)]
    blueprint = parse_blueprint(production([colour("c", 0, 300)], assets, *tracks))
    (block,) = plan_blocks(blueprint, {name: name for name in assets}, 469, "encoder 1")
    ducks = [sound.ducks for sound in block.sounds if sound.asset == "song"]
    attack, release = 4_800, 19_200
    assert ducks == [
        (Ramp(2 * RATE, 4 * RATE + 4000, attack, release, 9.0), Ramp(7 * RATE, 8 * RATE, attack, release, 9.0))
    ]
    assert all(not sound.ducks for sound in block.sounds if sound.asset != "song")


def test_how_long_ducking_goes_on_elsewhere_changes_no_block_that_does_not_hear_it() -> None:
    """A block in the midst of a speech sounds the same however long the speech is."""

    def planned(seconds: int) -> list[AudioBlock]:
        assets = {name: {"uri": f"media://{name}.wav", "media_type": "audio/wav"} for name in ("talk", "song")}
        talk = sound_track("voices", "narration", [clip("n0", "talk", 1000, 0, seconds * RATE)])
        ducked = music(ducking={"trigger_track": "voices"})
        blueprint = parse_blueprint(production([colour("c", 0, 300 * 30)], assets, talk, ducked))
        return plan_blocks(blueprint, {"talk": "t", "song": "s"}, 300 * RATE // AAC_FRAME, "encoder 1")

    short, long = planned(200), planned(280)
    assert len({block.loudness_key for block in short} & {block.loudness_key for block in long}) >= len(short) - 6


def test_an_address_depends_on_gain_and_limiter_but_the_measurement_does_not() -> None:
    (block,) = blocks_of([], music(), seconds=2)
    assert len({block.key(0, None), block.key(1, None), block.key(0, -1.5)}) == 3
    assert block.loudness_key.kind == "loudness"


@pytest.mark.parametrize(
    "change",
    [
        {"gain_db": -1.0},
        {"fade_in": 100},
        {"fade_out": 100},
        {"source_range": {"start": 1, "duration": RATE}},
        {"timeline_start": 1024},
    ],
)
def test_an_address_depends_on_all_that_sounds(change: Raw) -> None:
    plain = clip("song-1", "song", 0, 0, RATE)
    one, other = (blocks_of([], sound_track("music", "music", [item]), seconds=3) for item in (plain, plain | change))
    assert addresses(one).isdisjoint(addresses(other))
