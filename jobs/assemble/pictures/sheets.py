"""Pictures beside the video: its poster, and the sheet of thumbnails that players show over their time bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from jobs.assemble.files import annexb, mp4
from jobs.assemble.running.child import PROTOCOLS, Children
from shared.domain.blueprint.check_sprite import thumbnail_size
from shared.domain.blueprint.model import Output, Sprite
from shared.domain.errors import RenderFailed

Feed = Callable[[int], None]
# JPEG knows one matrix and full range; a frame handed over as it is would show other colours.
TO_JPEG = "in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc,format=yuvj420p"


def poster(joined: Path, output: Output, frame: int, scratch: Path, children: Children) -> bytes:
    """One frame of the finished video as a JPEG."""
    seek = max(0.0, float((frame - Fraction(1, 2)) / output.frame_rate.fraction))
    return _jpeg(["-ss", f"{seek:.6f}", "-i", str(joined)], f"scale={TO_JPEG}", scratch / "poster.jpg", children)


def sprite_sheet(joined: Path, output: Output, sprite: Sprite, scratch: Path, children: Children) -> bytes:
    """One thumbnail every `interval` frames of the finished video, row by row on one JPEG.

    A thumbnail shows the keyframe at or before its frame: what moves is up to half a second early, what stands still exact.
    No other frame is read or decoded, so that the cost follows from the thumbnails and not from the video's length.
    """
    with joined.open("rb") as stream:
        track = mp4.read_track(stream)
    shown = _keyframes_at(range(0, track.frames, sprite.interval), track.keyframes)
    columns = min(sprite.columns, len(shown))
    width, height = thumbnail_size(output.width, output.height)
    draw = f"scale={width}:{height}:flags=area+accurate_rnd:{TO_JPEG},tile={columns}x{-(-len(shown) // columns)}"
    pictures = ["-protocol_whitelist", PROTOCOLS, "-threads", "1", "-f", "h264", "-i", "pipe:0"]

    def feed(pipe: int) -> None:
        with joined.open("rb") as stream, open(pipe, "wb", closefd=False) as out:
            _write_keyframes(track, shown, stream, out)

    return _jpeg(pictures, draw, scratch / "sprite.jpg", children, feed)


def sprite_index(sheet: str, output: Output, sprite: Sprite, frames: int) -> str:
    """WebVTT that says where on the sheet each moment's thumbnail lies. `sheet` is its key; the index lies beside it.

    The place is a media fragment (W3C Media Fragments URI 1.0, `xywh`). Cues have no identifiers: widely used players take
    the first line of each for its times.
    """
    width, height = thumbnail_size(output.width, output.height)
    name = quote(sheet.rpartition("/")[2])
    blocks = ["WEBVTT"]
    for number, start in enumerate(range(0, frames, sprite.interval)):
        row, column = divmod(number, sprite.columns)
        times = [_clock(frame / output.frame_rate.fraction) for frame in (start, min(start + sprite.interval, frames))]
        place = f"{column * width},{row * height},{width},{height}"
        blocks.append(f"{times[0]} --> {times[1]}\n{name}#xywh={place}")
    return "\n\n".join(blocks) + "\n"


def _keyframes_at(frames: Sequence[int], keyframes: frozenset[int]) -> list[int]:
    """For each of the rising `frames` the last keyframe at or before it."""
    rising, found, place = sorted(keyframes), [], 0
    for frame in frames:
        while place + 1 < len(rising) and rising[place + 1] <= frame:
            place += 1
        found.append(rising[place])
    return found


def _write_keyframes(track: mp4.Track, shown: Sequence[int], stream: BinaryIO, out: BinaryIO) -> None:
    for frame in shown:
        for unit in _picture(track, frame, stream):
            out.write(annexb.START + unit)


def _picture(track: mp4.Track, frame: int, stream: BinaryIO) -> Iterator[bytes]:
    """One keyframe as a picture that decodes by itself, however often it comes."""
    yield bytes([annexb.DELIMITER, 0xF0])  # any slice type follows
    yield track.sps
    yield track.pps
    yield from track.read(stream, frame, 1)


def _jpeg(source: list[str], draw: str, out: Path, children: Children, feed: Feed | None = None) -> bytes:
    exact = ["-fflags", "+bitexact", "-flags:v", "+bitexact"]
    file = ["-frames:v", "1", "-q:v", "3", *exact, "-f", "mjpeg", str(out)]
    children.run(["-y", *source, "-vf", draw, *file], feed)
    if not out.exists() or not out.stat().st_size:
        raise RenderFailed(f"No picture came out for {out.name}.")
    return out.read_bytes()


def _clock(seconds: Fraction) -> str:
    """Hours, minutes, seconds and milliseconds, rounded to the nearest."""
    whole, millis = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{millis:03}"
