"""Sound at another speed: its pitch kept, as long as planned to the sample, and the same from whichever block it is heard."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from jobs.assemble.sound.retime import tempo_chain
from jobs.assemble.sound.sound_plan import AudioBlock, plan_blocks
from shared.domain.blueprint import parse_blueprint
from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.media import RATE, Samples, clicks, decode_sound, ffmpeg, level_of, tone, write_wav

AAC_FRAME = 1024
SONG = {"uri": "media://song.wav", "media_type": "audio/wav"}


@pytest.mark.parametrize("speed", ["1/16", "1/3", "1/2", "9/10", "1000001/1000000", "2", "7/3", "16"])
def test_a_chain_multiplies_to_the_speed_in_steps_that_keep_every_sample(speed: str) -> None:
    factors = [float(factor) for factor in tempo_chain(Fraction(speed))]
    assert np.prod(factors) == pytest.approx(float(Fraction(speed)), rel=1e-11)
    assert all(0.5 <= factor <= 2 for factor in factors)


# Planning


def blocks_of(*items: Raw, seconds: int = 60, channels: int = 1) -> list[AudioBlock]:
    document = production(
        [colour("c", 0, seconds * 30)], {"song": SONG}, sound_track("t", "music", items), output={"channels": channels}
    )
    frames = -(-seconds * RATE // AAC_FRAME)
    return plan_blocks(parse_blueprint(document), {"song": "sha256:song"}, frames, "encoder 1")


def fast(start: int = 0, first: int = 0, duration: int = 60 * RATE, speed: str = "3/2", **more: object) -> Raw:
    ratio = Fraction(speed)
    return clip("m", "song", start, first, duration, speed={"num": ratio.numerator, "den": ratio.denominator}, **more)


def test_every_block_cuts_one_retimed_item() -> None:
    blocks = blocks_of(fast(duration=90 * RATE))
    pieces = [sound for block in blocks for sound in block.sounds]
    assert len(pieces) == 3
    assert len({piece.retiming.key for piece in pieces if piece.retiming}) == 1
    starts = [(block.start - block.preroll) * AAC_FRAME for block in blocks]
    assert [piece.source for piece in pieces] == starts  # counted in the retimed item, which begins with it
    assert {piece.retiming.span for piece in pieces if piece.retiming} == {60 * RATE}


def test_a_retimed_item_is_addressed_by_what_is_played_and_not_by_where() -> None:
    def key(*items: Raw, channels: int = 1) -> object:
        retiming = blocks_of(*items, channels=channels)[0].sounds[0].retiming
        return retiming and retiming.key

    known = key(fast())
    assert key(fast(start=RATE, gain_db=-3.0, fade_in=500)) == known
    assert key(fast(speed="6/4")) == known
    changed = [key(fast(speed="5/4")), key(fast(first=1)), key(fast(duration=RATE)), key(fast(), channels=2)]
    assert len({known, None, *changed}) == 6


def test_speed_is_part_of_a_blocks_address_and_a_speed_of_one_is_not() -> None:
    plain, one, other = (
        blocks_of(item)[0].loudness_key
        for item in (clip("m", "song", 0, 0, 60 * RATE), fast(speed="1"), fast(speed="101/100"))
    )
    assert plain == one
    assert plain != other


def test_a_block_that_sounds_as_ever_is_where_it_ever_was() -> None:
    """The address of a plain block, written down: were it to change, every production would be made again."""
    (block,) = blocks_of(clip("m", "song", 0, 100, 5 * RATE, gain_db=-2.0), seconds=5)
    assert block.key(3, None).digest == "e7d553d58df1592d722aaca0c23a2afcc90f8055ae5752befcb0d8cffb50b712"


# Rendering


def heard(
    studio: Studio, seconds: int, assets: dict[str, Raw], *items: Raw, name: str = "film", **more: object
) -> Samples:
    uri = f"media://films/{name}.mp4"
    document = production([colour("c", 0, seconds * 30)], assets, sound_track("t", "music", items), output={"uri": uri})
    assert studio.render(document | more).code == 0
    return decode_sound(studio.fetch(f"films/{name}.mp4", f"{name}.mp4"))


def put(studio: Studio, name: str, sound: Samples) -> Raw:
    return studio.put(write_wav(studio.root / f"{name}.wav", sound), "audio/wav")


@pytest.mark.media
@pytest.mark.parametrize(("speed", "seconds"), [("1/4", 1), ("4/5", 4), ("3/2", 6), ("5", 20)])
def test_the_pitch_stays_and_the_length_is_exact(studio: Studio, speed: str, seconds: int) -> None:
    span = int(seconds * RATE / Fraction(speed))
    sound = heard(
        studio, span // RATE + 2, {"song": put(studio, "song", tone(440, seconds + 1, -10))},
        fast(start=RATE // 2, duration=seconds * RATE, speed=speed),
    )  # fmt: skip
    middle = sound[RATE // 2 + span // 4 : RATE // 2 + 3 * span // 4]
    assert level_of(middle, 440) == pytest.approx(-10, abs=0.5)
    assert level_of(middle, 440 * float(Fraction(speed))) < -40
    loud = np.flatnonzero(np.abs(sound) > 0.05)
    assert loud[0] == pytest.approx(RATE // 2, abs=2048)  # the window in which alike waveforms are looked for
    assert loud[-1] == pytest.approx(RATE // 2 + span, abs=2048)
    retimed = studio.media.get(studio.keys("artifacts/retimed/")[0])
    (studio.root / "retimed.flac").write_bytes(retimed)
    assert len(decode_sound(studio.root / "retimed.flac")) == span


@pytest.mark.media
@pytest.mark.parametrize("speed", ["4/5", "5/4", "3/2"])
def test_what_happens_happens_at_its_time(studio: Studio, speed: str) -> None:
    """Clicks lie where the speed puts them, to within the few milliseconds in which alike waveforms are looked for."""
    places = [second * RATE for second in range(1, 11)]
    song = put(studio, "song", clicks(places, 11 * RATE))
    made = heard(studio, 14, {"song": song}, fast(duration=11 * RATE, speed=speed))
    late = []
    for place in (round(place / Fraction(speed)) for place in places):
        near = np.abs(made[place - RATE // 10 : place + RATE // 10])
        late.append(int(np.argmax(near > near.max() / 2)) - RATE // 10)
    assert max(map(abs, late)) < 0.02 * RATE
    assert abs(np.mean(late)) < 0.01 * RATE  # neither early nor late as a whole


def song(seconds: int) -> Samples:
    """Sixty seconds without a pause, no two alike."""
    time = np.arange(seconds * RATE) / RATE
    return np.asarray(0.2 * np.sin(2 * np.pi * (330 + 30 * np.sin(time / 2)) * time) + tone(1234.5, seconds, -24))


@pytest.mark.media
def test_a_retimed_item_goes_on_over_the_seams_as_one_that_was_retimed_whole(studio: Studio) -> None:
    assets = {"song": put(studio, "song", song(66))}
    item = fast(duration=66 * RATE, speed="11/10", gain_db=-1.5, fade_in=2 * RATE)
    made = heard(studio, 60, assets, item)
    (key,) = studio.keys("artifacts/retimed/")
    path = studio.root / "whole.flac"
    path.write_bytes(studio.media.get(key))
    whole = decode_sound(path) * 4 * 10 ** (-1.5 / 20)
    whole[: 2 * RATE] *= np.arange(2 * RATE) / (2 * RATE)  # after the speed
    error = np.abs(made[: len(whole)] - whole)
    seams = [block.start * AAC_FRAME for block in blocks_of(item)[1:]]
    assert len(seams) == 2
    elsewhere = [error[at : at + 4096].max() for at in range(3 * RATE, 57 * RATE, RATE)]
    for seam in seams:
        assert error[seam - 2048 : seam + 2048].max() < 1.5 * max(elsewhere)
    assert np.corrcoef(made[: len(whole)], whole)[0, 1] > 0.9999


@pytest.mark.media
def test_a_retimed_item_is_made_once_and_used_after_every_other_edit(studio: Studio) -> None:
    assets = {"song": put(studio, "song", song(30))}
    heard(studio, 24, assets, fast(duration=30 * RATE, speed="5/4"))
    (made,) = studio.keys("artifacts/retimed/")
    heard(studio, 24, assets, fast(duration=30 * RATE, speed="5/4", gain_db=-4.0), name="softer")
    assert studio.keys("artifacts/retimed/") == [made]
    assert studio.leftovers() == []


@pytest.mark.media
def test_what_lies_over_full_scale_at_another_speed_is_not_clipped_before_it_is_turned_down(studio: Studio) -> None:
    """Float sources may be louder than full scale, and so may the decoders of lossy ones."""
    path = studio.root / "loud.wav"
    ffmpeg(
        "-i", write_wav(studio.root / "quiet.wav", tone(440, 3, -6)), "-af", "volume=14dB", "-c:a", "pcm_f32le", path
    )
    assets = {"song": studio.put(path, "audio/wav")}
    made = heard(studio, 2, assets, fast(duration=3 * RATE, gain_db=-18.0))
    assert level_of(made[RATE // 2 : 3 * RATE // 2], 440) == pytest.approx(-6 + 14 - 18, abs=0.3)
    assert level_of(made[RATE // 2 : 3 * RATE // 2], 1320) < -55  # a clipped sine has a third harmonic


@pytest.mark.media
def test_a_range_longer_than_its_source_is_silence_at_the_end_at_any_speed(studio: Studio) -> None:
    assets = {"song": put(studio, "song", clicks([0], RATE))}
    made = heard(studio, 3, assets, fast(duration=4 * RATE, speed="2"))
    assert np.abs(made[RATE:]).max() < 0.001
