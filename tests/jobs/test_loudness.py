"""Programme loudness: the gates of BS.1770, and what ffmpeg's own meter says of the same sound."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from jobs.assemble.pictures.shots import Source
from jobs.assemble.plan import plan_render
from jobs.assemble.running.child import Children
from jobs.assemble.sound import loudness
from jobs.assemble.sound.maker import Measured, SoundMaker
from shared.adapters.clock import SystemClock
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.config import tool_environment
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import Loudness
from shared.services.artifact_store import ArtifactStore
from tests.support.assembly import clip, colour, production, sound_track
from tests.support.media import RATE, Samples, loudness_by_ffmpeg, tone, write_wav


def test_a_steady_sound_is_as_loud_as_each_moment_of_it() -> None:
    assert loudness.integrated([-23.0] * 50) == pytest.approx(-23.0)


def test_moments_are_averaged_by_energy() -> None:
    mean = (10 ** (-20 / 10) + 10 ** (-26 / 10)) / 2
    assert loudness.integrated([-20.0, -26.0] * 10) == pytest.approx(10 * math.log10(mean))


def test_what_lies_under_the_absolute_gate_does_not_count() -> None:
    assert loudness.integrated([-23.0] * 10 + [-70.0] * 1000 + [-120.0] * 1000) == pytest.approx(-23.0)


def test_what_lies_more_than_ten_units_under_the_rest_does_not_count() -> None:
    assert loudness.integrated([-20.0] * 50 + [-45.0] * 50) == pytest.approx(-20.0)
    assert loudness.integrated([-20.0] * 50 + [-28.0] * 50) == pytest.approx(-22.37, abs=0.01)


@pytest.mark.parametrize("momentary", [[], [-120.0] * 30, [-70.0]])
def test_silence_has_no_loudness_and_gets_no_gain(momentary: list[float]) -> None:
    assert loudness.integrated(momentary) is None
    assert loudness.master_gain(None, -16.0) == 0


@pytest.mark.parametrize(
    ("measured", "target", "gain"), [(-23.0, -16.0, 7), (-16.4, -16.0, 0), (-15.4, -16.0, -1), (-20.6, -19.0, 2)]
)
def test_the_master_gain_is_whole_and_brings_the_programme_within_half_a_unit(
    measured: float, target: float, gain: int
) -> None:
    assert loudness.master_gain(measured, target) == gain
    assert abs(measured + gain - target) <= 0.5


def test_a_block_is_listened_to_where_its_true_peak_may_reach_the_ceiling() -> None:
    asked = loudness.master(-23.0, Loudness(integrated_lufs=-16.0, true_peak_dbtp=-1.5))
    assert (asked.gain_db, asked.ceiling_db, asked.is_true_peak) == (7, -1.5, True)
    assert [asked.is_near(peak) for peak in (-8.0, -7.0, -1.0)] == [False, True, True]
    left_alone = loudness.master(-23.0, None)
    assert (left_alone.gain_db, left_alone.ceiling_db, left_alone.is_near(0.0)) == (0, -0.3, False)


def test_a_measurement_survives_storage() -> None:
    measured = Measured((-23.01, -120.0), 0.25)
    assert Measured.from_json(measured.to_json()) == measured


def programme() -> Samples:
    """Fifty seconds that rise, fall and pause, as a story does."""
    sound = np.concatenate([tone(200 + 37 * n, 1.0, -12.0 - 5 * (n % 5)) for n in range(50)])
    sound[20 * RATE : 23 * RATE] = 0
    return sound


@pytest.mark.media
@pytest.mark.parametrize("channels", [1, 2])
def test_a_sine_of_997_hz_at_20_dbfs_measures_23_lufs_on_one_channel_and_20_on_two(
    tmp_path: Path, channels: int
) -> None:
    mono = tone(997, 6, -20.0)
    path = write_wav(tmp_path / "sine.wav", mono if channels == 1 else np.stack([mono, mono], axis=1))
    measured = measure(path, 6 * RATE, channels, tmp_path)
    assert len(measured) == 1
    assert loudness.integrated(measured[0].momentary) == pytest.approx(-23.0 + 3.01 * (channels - 1), abs=0.1)
    assert measured[0].peak == pytest.approx(0.1, abs=0.001)


@pytest.mark.media
def test_a_programme_measured_block_by_block_is_as_loud_as_ffmpeg_says_of_the_whole(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "programme.wav", programme())
    measured = measure(path, 50 * RATE, 1, tmp_path)
    assert len(measured) == 2
    found = loudness.integrated(value for block in measured for value in block.momentary)
    assert found == pytest.approx(loudness_by_ffmpeg(path), abs=0.2)


def measure(path: Path, samples: int, channels: int, scratch: Path) -> list[Measured]:
    """What each audio block of a production that plays the file alone measures."""
    assets = {"sound": {"uri": "media://sound.wav", "media_type": "audio/wav"}}
    track = sound_track("music", "music", [clip("item", "sound", 0, 0, samples)])
    document = production([colour("c", 0, samples * 30 // RATE)], assets, track, output={"channels": channels})
    blueprint = parse_blueprint(document)
    plan = plan_render(blueprint, {"sound": Source("sha256:sound")}, "encoder 1")
    artifacts = ArtifactStore(FilesystemStorage(scratch, "media", SystemClock()))
    maker = SoundMaker(blueprint, lambda name: path, Children(tool_environment()), artifacts, scratch)
    return [maker.mix(block, scratch / "mixed.f32") for block in plan.blocks]
