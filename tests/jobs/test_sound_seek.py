"""Long sources, entered in the middle: the same samples as when they are decoded from their beginning, and far less work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs.assemble.pictures.graph import arguments
from jobs.assemble.running.child import Children
from jobs.assemble.sound import sound_source
from jobs.assemble.sound.sound_source import SoundSources
from shared.config import tool_environment
from shared.domain.blueprint.model import Asset, Output
from tests.support.assembly import output_of
from tests.support.media import RATE, Samples, clicks, ffmpeg, write_wav

pytestmark = pytest.mark.media

SECONDS = 33
PLACES = tuple(range(RATE, (SECONDS - 1) * RATE, 7 * RATE + 1_111))  # of the clicks, in samples at 48 kHz
INAUDIBLE = 10 ** (-80 / 20)
DITHERED = {"mp2"}  # decoders that add a noise of their own, at -90 dB, which is another with every entry
AAC = ["-c:a", "aac", "-aac_pns", "0"]  # no invented noise: that would be another with every entry
FILES: dict[str, tuple[list[str], str]] = {  # name: how it is made, and the media type
    "wav": ([], "audio/wav"),
    "24.wav": (["-c:a", "pcm_s24le"], "audio/wav"),
    "flac": ([], "audio/flac"),
    "m4a": (AAC, "audio/mp4"),
    "mp4": ([*AAC, "-f", "mp4"], "video/mp4"),
    "aac": ([*AAC, "-f", "adts"], "audio/aac"),
    "cbr.mp3": (["-b:a", "128k"], "audio/mpeg"),
    "vbr.mp3": (["-q:a", "6"], "audio/mpeg"),
    "low.mp3": (["-ar", "16000", "-b:a", "8k"], "audio/mpeg"),
    "bare.mp3": (["-b:a", "64k", "-write_xing", "0"], "audio/mpeg"),
    "mp2": (["-c:a", "mp2", "-b:a", "128k", "-f", "mp2"], "audio/mpeg"),
    "vorbis.ogg": (["-c:a", "libvorbis"], "audio/ogg"),
    "opus.ogg": (["-c:a", "libopus"], "audio/ogg"),
    "opus.webm": (["-c:a", "libopus"], "video/webm"),
    "vorbis.webm": (["-c:a", "libvorbis"], "video/webm"),
    "mkv": (AAC, "video/x-matroska"),
}


@dataclass(frozen=True)
class Song:
    path: Path
    media_type: str


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A moving tone in noise with clicks, at 44.1 and at 48 kHz: no two moments of it are alike."""
    time = np.arange(SECONDS * RATE) / RATE
    sound = 0.1 * np.sin(2 * np.pi * (300 + 40 * np.sin(time)) * time)
    sound += 0.02 * np.random.default_rng(5).standard_normal(len(time)) + 0.8 * clicks(PLACES, len(time))
    folder = tmp_path_factory.mktemp("master")
    paths = {RATE: write_wav(folder / "48.wav", sound), 44_100: folder / "44.wav"}
    ffmpeg("-i", paths[RATE], "-ar", "44100", paths[44_100])
    return paths


@pytest.fixture(scope="module")
def songs(master: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, int], Song]:
    folder = tmp_path_factory.mktemp("songs")

    def made(name: str, rate: int) -> Song:
        options, media_type = FILES[name]
        path = folder / f"{rate}.{name}"
        if not path.exists():
            ffmpeg("-i", master[rate], *options, path)
        return Song(path, media_type)

    return made


class Counted(Children):
    """Remembers what each child was asked for."""

    def __init__(self) -> None:
        super().__init__(tool_environment())
        self.asked: list[list[str]] = []

    def run(self, arguments: Sequence[str], feed: Callable[[int], None] | None = None) -> bytes:
        self.asked.append(list(arguments))
        return super().run(arguments, feed)


def opened(song: Song, folder: Path, output: Output | None = None) -> tuple[SoundSources, Counted]:
    """The song as an asset, its file where copies of it may lie."""
    local = folder / "asset-1"
    local.write_bytes(song.path.read_bytes())
    children = Counted()
    assets = {"song": Asset(uri="media://song", media_type=song.media_type)}
    return SoundSources(assets, output or output_of(), lambda name: local, children), children


def read(sources: SoundSources, children: Counted, start: int, length: int) -> Samples:
    return samples(children, sources.cut("song", start, length))


def samples(children: Counted, stream: Any) -> Samples:
    raw = children.run(arguments(stream.output("-", format="f32le", acodec="pcm_f32le")))
    return np.frombuffer(raw, "<f4").astype(np.float64)


@pytest.mark.parametrize(("name", "rate"), [*((name, 44_100) for name in FILES), ("m4a", RATE), ("vorbis.ogg", RATE)])
def test_a_source_entered_anywhere_sounds_as_if_it_had_been_read_from_its_beginning(
    songs: Callable[[str, int], Song], tmp_path: Path, name: str, rate: int
) -> None:
    sources, children = opened(songs(name, rate), tmp_path)
    whole = samples(children, sources.whole("song"))
    for start in (0, 3 * RATE - 1, 3 * RATE, 11 * RATE + 17, 26 * RATE + 40_000):
        cut = read(sources, children, start, 2 * RATE)
        assert len(cut) == 2 * RATE
        assert np.abs(cut - whole[start : start + 2 * RATE]).max() < INAUDIBLE
        if name not in DITHERED:
            assert np.array_equal(cut, whole[start : start + 2 * RATE])


@pytest.mark.parametrize("name", ["m4a", "cbr.mp3", "opus.ogg", "vorbis.ogg"])
def test_every_click_is_where_it_was_put_to_the_sample(master: dict[int, Path], tmp_path: Path, name: str) -> None:
    """As people encode, noise substitution included: the nearest thing to the click lies at its very place."""
    path = tmp_path / f"song.{name}"
    ffmpeg("-i", master[RATE], *FILES[name][0][:2], path)
    sources, children = opened(Song(path, FILES[name][1]), tmp_path)
    burst = clicks([0], 400)
    shifts = []
    for place in PLACES:
        heard = read(sources, children, place - 600, 1600)
        match = np.correlate(heard, burst, "valid")
        shifts.append(int(np.argmax(match)) - 600)
    assert len(set(shifts)) == 1  # the codec's own delay, if any is left, is the same everywhere
    assert abs(shifts[0]) <= 1


@pytest.mark.parametrize("late", [0.005, 1.3])
def test_a_film_whose_sound_begins_late_is_heard_late_from_wherever_it_is_read(
    master: dict[int, Path], tmp_path: Path, late: float
) -> None:
    film = tmp_path / "late.mp4"
    picture = ["-f", "lavfi", "-i", "color=red:s=32x32:r=25:d=30"]
    ffmpeg(*picture, "-itsoffset", str(late), "-i", master[RATE], "-t", "30", *AAC, film)
    sources, children = opened(Song(film, "video/mp4"), tmp_path)
    first = np.flatnonzero(np.abs(read(sources, children, 0, 2 * RATE)) > 0.001)[0]
    assert first / RATE == pytest.approx(late, abs=0.025)  # to the AAC frame that carries the beginning
    whole = samples(children, sources.whole("song"))
    cut = read(sources, children, 20 * RATE, RATE)
    assert np.array_equal(cut, whole[20 * RATE : 21 * RATE])
    click = next(place for place in PLACES if place > 20 * RATE)
    place = click + round(late * RATE)
    found = np.abs(read(sources, children, place - 2400, 4800))
    assert int(np.argmax(found)) == pytest.approx(2400, abs=40)


def asked_with_seek(children: Counted) -> list[bool]:
    return ["-ss" in arguments for arguments in children.asked]


@pytest.mark.parametrize("name", ["wav", "flac", "m4a", "mp4"])
def test_sources_whose_places_are_exact_are_entered_there(
    songs: Callable[[str, int], Song], tmp_path: Path, name: str
) -> None:
    sources, children = opened(songs(name, 44_100), tmp_path)
    for start in (0, 2 * RATE, 20 * RATE, 30 * RATE):
        read(sources, children, start, RATE)
    assert asked_with_seek(children) == [False, False, True, True]
    assert children.asked[-1][children.asked[-1].index("-ss") + 1] == "28"


def test_packets_without_a_place_are_copied_once(songs: Callable[[str, int], Song], tmp_path: Path) -> None:
    song = songs("cbr.mp3", 44_100)
    sources, children = opened(song, tmp_path)
    for start in (0, 20 * RATE, 30 * RATE):
        read(sources, children, start, RATE)
    assert asked_with_seek(children) == [False, False, True, True]
    assert "copy" in children.asked[1]
    (copy,) = tmp_path.glob("*.mp4")
    assert copy.stat().st_size < 1.05 * song.path.stat().st_size


def test_what_cannot_be_entered_is_decoded_once_and_only_for_a_second_reader(
    songs: Callable[[str, int], Song], tmp_path: Path
) -> None:
    sources, children = opened(songs("vorbis.webm", 48_000), tmp_path)
    for start in (0, 20 * RATE, 25 * RATE, 30 * RATE):
        read(sources, children, start, RATE)
    # The beginning and the first reader beyond it from the start; then one decoding, and cuts of that.
    assert asked_with_seek(children) == [False, False, False, True, True]
    (decoded,) = tmp_path.glob("*.f32")
    assert decoded.stat().st_size == pytest.approx(4 * SECONDS * RATE, rel=0.01)


def test_what_does_not_fit_the_budget_is_read_from_its_start_and_leaves_nothing_behind(
    songs: Callable[[str, int], Song], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sound_source, "DECODED_BUDGET", 4 * RATE * (SECONDS - 5))
    sources, children = opened(songs("vorbis.webm", 48_000), tmp_path)
    whole = samples(children, sources.whole("song"))
    for start in (20 * RATE, 25 * RATE, 30 * RATE):
        assert np.array_equal(read(sources, children, start, RATE), whole[start : start + RATE])
    assert not any(asked_with_seek(children))
    assert sum("-t" in arguments for arguments in children.asked) == 1  # tried once, and given up for good
    assert [path.name for path in tmp_path.iterdir()] == ["asset-1"]


def test_the_end_of_a_source_is_its_end_however_it_is_entered(
    songs: Callable[[str, int], Song], tmp_path: Path
) -> None:
    sources, children = opened(songs("wav", 44_100), tmp_path)
    assert len(read(sources, children, SECONDS * RATE - 1000, 5000)) == 1000
    assert len(read(sources, children, (SECONDS + 1) * RATE, 5000)) == 0
    assert len(read(sources, children, (SECONDS + 60) * RATE, 5000)) == 0
