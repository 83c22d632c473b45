"""What an upload says of itself: its streams, as ffprobe reads them, held to the limits of its type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.ingest.tools import Tools
from shared.domain.asset_type import KINDS, MAX_CLIP_PIXELS, AssetType
from shared.domain.errors import CorruptAsset, TooLarge

_ENTRIES = (
    "format=duration:stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,duration,sample_rate,channels"
    ":stream_disposition=attached_pic:stream_side_data=rotation"
)


@dataclass(frozen=True)
class Picture:
    """The first film stream. `shape` is width over height as it is seen: pixels' shape and rotation counted in."""

    codec: str
    shape: Fraction


@dataclass(frozen=True)
class Source:
    """`seconds` as the container says, 0 where it does not; `sample_rate` of the first sound stream, 0 without one."""

    seconds: float
    picture: Picture | None
    sample_rate: int


def probe(tools: Tools, path: Path, formats: str) -> Source:
    """Raises CorruptAsset for what cannot be opened, TooLarge for frames beyond the limit."""
    found: dict[str, Any] = json.loads(tools.probe(path, formats, _ENTRIES))
    streams = found.get("streams", [])
    films = [s for s in streams if s["codec_type"] == "video" and not s.get("disposition", {}).get("attached_pic")]
    sounds = [s for s in streams if s["codec_type"] == "audio"]
    return Source(
        seconds=_number(found.get("format", {}).get("duration")),
        picture=_picture(films[0]) if films else None,
        sample_rate=int(_number(sounds[0].get("sample_rate"))) if sounds else 0,
    )


def require_length(asset_type: AssetType, seconds: float) -> None:
    """Raises CorruptAsset for what is too short to be used, TooLarge for what is too long."""
    least, most = KINDS[asset_type].seconds
    if seconds < least:
        raise CorruptAsset(f"The {asset_type} lasts {seconds:.1f} s; {least:g} s are the least. Bring a longer one.")
    if seconds > most:
        raise TooLarge(f"The {asset_type} lasts {seconds:,.0f} s; at most {most:,.0f} s are taken. Cut it first.")


def _picture(stream: dict[str, Any]) -> Picture:
    width, height = int(stream.get("width", 0)), int(stream.get("height", 0))
    if width < 16 or height < 16:
        raise CorruptAsset(f"The film's frames have {width}x{height} pixels; nothing can be seen in them.")
    if width * height > MAX_CLIP_PIXELS:
        raise TooLarge(f"The film's frames have {width}x{height} pixels; at most {MAX_CLIP_PIXELS:,} are taken.")
    shape = Fraction(width, height) * _ratio(stream.get("sample_aspect_ratio", "1:1"))
    turned = any(abs(_number(side.get("rotation"))) % 180 == 90 for side in stream.get("side_data_list", []))
    return Picture(str(stream.get("codec_name", "")), 1 / shape if turned else shape)


def _ratio(text: str) -> Fraction:
    """A pixel's width over its height; what is unknown (0:1) or absurd counts as square."""
    over, _, under = text.partition(":")
    if not over.isdigit() or not under.isdigit() or int(over) == 0 or int(under) == 0:
        return Fraction(1)
    ratio = Fraction(int(over), int(under))
    return ratio if Fraction(1, 8) <= ratio <= 8 else Fraction(1)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
