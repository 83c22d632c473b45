"""A studio for each test, and one set of small sources that all of them play."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.assembly import Raw, Studio, house_options
from tests.support.media import (
    clicks,
    ffmpeg,
    numbered_frames,
    tone,
    write_clip,
    write_house_clip,
    write_png,
    write_wav,
)

HOUSE_FRAMES = range(1, 61)
FOREIGN_FRAMES = range(101, 161)
CLICKS = (6_000, 30_000)  # samples into the clicks' file


@dataclass(frozen=True)
class Sources:
    """Small files: a house clip and foreign ones with numbered frames, a picture in three types, sounds."""

    house: Path
    foreign: Path
    slow: Path
    png: Path
    jpeg: Path
    webp: Path
    clicks: Path
    tone: Path


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    folder = tmp_path_factory.mktemp("sources")
    png = write_png(folder / "picture.png", 320, 320, "0x2060A0")
    for name in ("picture.jpg", "picture.webp"):
        ffmpeg("-i", png, "-q:v", "2", folder / name)
    foreign = ["-c:v", "libx264", "-bf", "2", "-g", "20"]
    return Sources(
        house=write_house_clip(folder / "house.mp4", numbered_frames(HOUSE_FRAMES), "30/1", house_options()),
        foreign=write_clip(folder / "foreign.mkv", numbered_frames(FOREIGN_FRAMES), "30", *foreign),
        slow=write_clip(folder / "slow.mp4", numbered_frames(range(201, 249)), "24", "-c:v", "mpeg4", "-q:v", "2"),
        png=png,
        jpeg=folder / "picture.jpg",
        webp=folder / "picture.webp",
        clicks=write_wav(folder / "clicks.wav", clicks(CLICKS, 48_000)),
        tone=write_wav(folder / "tone.wav", tone(997, 3.0, -20.0)),
    )


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def stored(studio: Studio, sources: Sources) -> dict[str, Raw]:
    """All the sources, put into the studio; the blueprint's assets by the fields' names."""
    types = {"house": "video/mp4", "foreign": "video/x-matroska", "slow": "video/mp4", "png": "image/png"}
    types |= {"jpeg": "image/jpeg", "webp": "image/webp", "clicks": "audio/wav", "tone": "audio/wav"}
    return {name: studio.put(getattr(sources, name), media_type) for name, media_type in types.items()}
