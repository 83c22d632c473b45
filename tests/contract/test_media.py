"""The media port: uploads decoded in full; what is kept is re-encoded, upright, small, and without what else they carried.

Another adapter joins by one line in MEDIA.
"""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from shared.adapters.media.toolbox import MediaToolbox
from shared.domain.errors import CorruptAsset, EngineUnavailable, TooLarge
from shared.ports.media import Media

MEDIA: dict[str, Callable[[], Media]] = {"toolbox": MediaToolbox}


@pytest.fixture(params=MEDIA)
def media(request: pytest.FixtureRequest) -> Media:
    return MEDIA[request.param]()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def sound(folder: Path, seconds: float, *options: str) -> bytes:
    target = folder / "sound.wav"
    tone = ["-f", "lavfi", "-i", f"sine=440:duration={seconds}", *options, str(target)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *tone], check=True)
    return target.read_bytes()


def test_a_picture_is_turned_upright_and_loses_its_metadata(media: Media) -> None:
    exif = Image.Exif()
    exif[274] = 6  # orientation: a quarter turn
    exif[315] = "somebody's name"
    picture = media.normalise_picture(encoded(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif))
    assert (picture.width, picture.height, picture.media_type) == (20, 40, "image/png")
    assert b"somebody" not in picture.data


def test_what_is_transparent_becomes_black(media: Media) -> None:
    picture = media.normalise_picture(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0))))
    assert Image.open(io.BytesIO(picture.data)).getpixel((4, 4)) == (0, 0, 0)


def test_a_large_picture_is_kept_small_and_a_huge_one_refused(media: Media) -> None:
    picture = media.normalise_picture(encoded(Image.new("L", (5000, 100))))
    assert (picture.width, picture.height) == (3840, 77)
    with pytest.raises(TooLarge, match="pixels"):
        media.normalise_picture(encoded(Image.new("1", (6000, 6000))))


@pytest.mark.parametrize("cut", [10, 60, 200])
def test_a_broken_picture_is_corrupt(media: Media, cut: int) -> None:
    whole = encoded(Image.effect_noise((64, 64), 50))
    with pytest.raises(CorruptAsset, match="does not decode"):
        media.normalise_picture(whole[:cut])


@pytest.mark.media
def test_sound_becomes_48_khz_stereo_and_is_counted(media: Media, tmp_path: Path) -> None:
    kept = media.normalise_sound(sound(tmp_path, 4, "-ar", "22050", "-ac", "1"))
    assert (kept.media_type, kept.sample_rate, kept.channels, kept.samples) == ("audio/flac", 48_000, 2, 4 * 48_000)


@pytest.mark.media
def test_sound_that_is_none_is_corrupt(media: Media, tmp_path: Path) -> None:
    for data in (b"RIFF\x24\x00\x00\x00WAVE", b"ID3" + bytes(500), sound(tmp_path, 1)):
        with pytest.raises(CorruptAsset):
            media.normalise_sound(data)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(EngineUnavailable, match="apt-get install ffmpeg"):
        MediaToolbox("/nowhere/ffmpeg").normalise_sound(b"x")
