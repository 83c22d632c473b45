"""H.264 frame numbers, by the house's own encoder: read, held against each other, counted anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from jobs.assemble.files import mp4
from jobs.assemble.files.frame_numbers import FrameNumbers
from tests.jobs.conftest import Sources

INTERVAL = 15


@pytest.fixture(scope="module")
def numbers(sources: Sources) -> FrameNumbers:
    return FrameNumbers(track(sources.house).sps)


def track(path: Path) -> mp4.Track:
    with path.open("rb") as stream:
        return mp4.read_track(stream)


def frames(path: Path) -> list[bytes]:
    with path.open("rb") as stream:
        found = mp4.read_track(stream)
        return list(found.read(stream, 0, found.frames))


def test_a_house_clips_frames_count_up_from_each_keyframe(numbers: FrameNumbers, sources: Sources) -> None:
    assert numbers.count_up(frames(sources.house))


def test_a_missing_a_repeated_and_a_swapped_frame_are_noticed(numbers: FrameNumbers, sources: Sources) -> None:
    own = frames(sources.house)
    assert not numbers.count_up([*own[:5], *own[6:]])
    assert not numbers.count_up([*own[:5], own[4], *own[5:]])
    assert not numbers.count_up([*own[:5], own[6], own[5], *own[7:]])
    assert not numbers.count_up(own[3:])
    unused = bytes([own[5][0] & 0x9F]) + own[5][1:]  # a frame that none refers to has its successor's number
    assert not numbers.count_up([*own[:5], unused, *own[6:]])


@pytest.mark.parametrize("entry", range(1, INTERVAL))
def test_a_copy_counts_from_the_frame_before_it_up_to_the_sources_next_keyframe(
    numbers: FrameNumbers, sources: Sources, entry: int
) -> None:
    own = frames(sources.house)
    counted = list(numbers.counted_from(own[entry], own[entry + 1 :]))
    assert numbers.count_up([own[0], *counted])
    assert counted[INTERVAL - entry - 1 :] == own[INTERVAL:]
    back = [len(frame) - len(other) for frame, other in zip(counted, own[entry + 1 :], strict=True)]
    assert max(map(abs, back)) <= 1  # nothing but the number is another, and what escapes it


def test_counted_from_a_keyframe_nothing_changes(numbers: FrameNumbers, sources: Sources) -> None:
    own = frames(sources.house)
    assert list(numbers.counted_from(own[0], own[1:])) == own[1:]


def test_bytes_that_keep_start_codes_out_are_set_anew(numbers: FrameNumbers) -> None:
    """Number 1, then zeros: less one, it would be the beginning of a start code."""
    head = 0b1_00110_1_0001_00000 << 15  # first macroblock 0, P, parameter set 0, frame number 1
    frame = b"\x41" + head.to_bytes(4)[:2] + b"\x20\x00\x01\x00\x00\x03\x01\x80"
    (moved,) = numbers.counted_from(frame, [frame])
    assert b"\x00\x00\x00" not in moved and b"\x00\x00\x01" not in moved
    assert list(numbers.counted_from(numbered(frame, 15), [moved])) == [frame]


def numbered(frame: bytes, number: int) -> bytes:
    """The frame with another number; it stands in bits 7 to 10 behind the first byte."""
    both = int.from_bytes(frame[1:3])
    return frame[:1] + (both & ~(15 << 5) | number << 5).to_bytes(2) + frame[3:]


def test_a_header_that_ends_too_early_is_refused(numbers: FrameNumbers) -> None:
    with pytest.raises(ValueError, match="ends within a header"):
        numbers.count_up([b"\x65\x00\x00"])


@pytest.mark.parametrize("size", range(1, 20))
def test_a_parameter_set_that_is_cut_off_is_refused_or_read(sources: Sources, size: int) -> None:
    sps = track(sources.house).sps
    try:
        FrameNumbers(sps[:size])
    except ValueError as exc:
        assert "header" in str(exc)
