"""MP4 files, read: a house clip is told from every other, and a forged or broken file is never worse than not one."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from jobs.assemble.files import mp4
from jobs.assemble.files.mp4 import NotHouseFormat
from tests.support.assembly import house_options
from tests.support.media import ffmpeg, numbered_frames, write_clip, write_house_clip

pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="module")
def house(folder: Path) -> Path:
    return write_house_clip(folder / "house.mp4", numbered_frames(range(1, 41)), "30/1", house_options())


@pytest.fixture(scope="module")
def sounding(folder: Path, house: Path) -> Path:
    path = folder / "sounding.mp4"
    tone = ["-f", "lavfi", "-i", "sine=440:r=44100:d=1"]
    ffmpeg("-i", house, *tone, "-c:v", "copy", "-c:a", "aac", "-ac", "1", "-movflags", "+faststart", path)
    return path


def read(data: bytes) -> mp4.Track:
    stream = io.BytesIO(data)
    track = mp4.read_track(stream)
    assert len(list(track.read(stream, 0, track.frames))) == track.frames
    return track


def test_a_house_clip_is_known_frame_by_frame(house: Path) -> None:
    track = read(house.read_bytes())
    assert (track.width, track.height, track.frame_rate, track.frames) == (160, 90, Fraction(30), 40)
    assert track.keyframes == {0, 15, 30}
    assert (track.sps[0] & 31, track.pps[0] & 31) == (7, 8)


def test_its_frames_are_those_of_the_byte_stream_it_was_made_from(house: Path) -> None:
    from jobs.assemble.files.annexb import read_stream

    made = read_stream(house.with_suffix(".h264").read_bytes())
    with house.open("rb") as stream:
        track = mp4.read_track(stream)
        assert tuple(track.read(stream, 0, 40)) == made.frames
        assert tuple(track.read(stream, 17, 3)) == made.frames[17:20]
    assert (track.sps, track.pps) == made.parameters


@pytest.mark.parametrize("rate", ["25/1", "30000/1001", "24000/1001", "60/1"])
def test_every_constant_rate_is_read_exactly(folder: Path, rate: str) -> None:
    path = folder / f"rate-{rate.replace('/', '-')}.mp4"
    write_house_clip(path, numbered_frames(range(1, 20)), rate, house_options())
    assert read(path.read_bytes()).frame_rate == Fraction(rate)


X264 = ["-c:v", "libx264", "-g", "15"]
OTHERS: dict[str, Callable[[Path, Path], object]] = {
    "B-frames": lambda path, _: write_clip(path, numbered_frames(range(30)), "30", *X264, "-bf", "2"),
    "several slices": lambda path, _: write_clip(
        path, numbered_frames(range(30)), "30", *X264, "-bf", "0", "-slices", "2"
    ),
    "another codec": lambda path, _: write_clip(path, numbered_frames(range(30)), "30", "-c:v", "mpeg4"),
    "a variable rate": lambda path, _: write_clip(
        path, numbered_frames(range(30)), "30", *X264, "-bf", "0", "-vf", "select=mod(n\\,7)", "-fps_mode", "vfr"
    ),
    "a rotation": lambda path, house: ffmpeg("-i", house, "-c", "copy", "-metadata:s:v", "rotate=90", path),
    "an edit list": lambda path, house: ffmpeg("-ss", "0.3", "-i", house, "-c", "copy", path),
    "parameter sets in its frames": lambda path, house: ffmpeg(
        "-framerate", "30", "-i", house.with_suffix(".h264"), "-c", "copy", "-tag:v", "avc1", path
    ),
    "fragments": lambda path, house: ffmpeg("-i", house, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", path),
    "sound alone": lambda path, _: ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", "-c:a", "aac", path),
}


@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_any_other_clip_is_not_in_the_house_format(
    make: Callable[[Path, Path], object], house: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.mp4"
    make(path, house)
    with pytest.raises(NotHouseFormat):
        read(path.read_bytes())


@pytest.mark.parametrize("size", [0, 1, 7, 8, 40, 1000, -1, -200])
def test_a_file_cut_short_is_not_in_the_house_format(house: Path, size: int) -> None:
    with pytest.raises(NotHouseFormat):
        read(house.read_bytes()[:size])


def test_a_forged_file_is_refused_and_never_anything_worse(sounding: Path) -> None:
    """Bytes of the header are changed at random, a thousand times; sizes and counts among them."""
    whole, chance = sounding.read_bytes(), random.Random(5)
    start = whole.index(b"moov") - 4
    (size,) = struct.unpack_from(">I", whole, start)
    for _ in range(1000):
        forged = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            forged[start + chance.randrange(size)] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        for look in (read, lambda data: mp4.read_audio(io.BytesIO(data))):
            try:
                look(bytes(forged))
            except NotHouseFormat:
                continue


def test_a_count_that_no_file_could_hold_costs_no_memory(house: Path) -> None:
    forged = bytearray(house.read_bytes())
    position = forged.index(b"stsz") + 8
    struct.pack_into(">II", forged, position, 1, 0xFFFF_FFFF)
    with pytest.raises(NotHouseFormat, match="4294967295"):
        read(bytes(forged))


def test_sound_is_known_by_its_own_configuration(sounding: Path) -> None:
    with sounding.open("rb") as stream:
        audio = mp4.read_audio(stream)
    assert audio is not None
    assert (audio.sample_rate, audio.channels, audio.skip) == (44_100, 1, 1024)
    assert audio.packets == 45  # a second of 1,024 samples each, and the encoder's own first


def test_a_bit_rate_that_looks_like_a_descriptor_is_not_taken_for_one(sounding: Path) -> None:
    """The bytes ahead of the configuration may hold any number, 5 among them."""
    forged = bytearray(sounding.read_bytes())
    config = forged.index(b"\x05\x80\x80\x80", forged.index(b"esds"))
    forged[config - 8 : config] = bytes([0, 1, 5, 5, 0, 1, 5, 5])
    audio = mp4.read_audio(io.BytesIO(bytes(forged)))
    assert audio is not None
    assert audio.channels == 1


def test_a_clip_without_sound_has_none(house: Path) -> None:
    with house.open("rb") as stream:
        assert mp4.read_audio(stream) is None
