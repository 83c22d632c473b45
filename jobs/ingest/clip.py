"""A clip, normalised once: the house format in the size class of its own shape, so that films copy it frame by frame.

The picture is turned upright, its pixels made square, its rate made 30 a second, and what its class has more of is black.
Its sound becomes a file of its own, exactly as long as the picture. The upload is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.assemble import house
from jobs.assemble.files import mp4
from jobs.assemble.running.child import PROTOCOLS
from jobs.ingest.probe import Source, probe, require_length
from jobs.ingest.tools import FILM_FORMATS, Counted, Tools
from shared.domain.asset import HOUSE_RATE, SizeClass, StoredSound, nearest_size_class
from shared.domain.asset_type import AssetType
from shared.domain.blueprint.model import Output, Rational
from shared.domain.errors import CorruptAsset, EngineFailed
from shared.services.asset_work import AssetWork, main_file

SOUND_RATE = 48_000
_THUMBNAIL = 320  # pixels of the longer side
_ENOUGH = 0.9  # of what the container promised: less is a file that was cut off


def normalise_clip(path: Path, tools: Tools, work: AssetWork) -> dict[str, Any]:
    """The facts of a clip that is ready. Raises CorruptAsset, TooLarge."""
    source = probe(tools, path, FILM_FORMATS)
    if source.picture is None:
        raise CorruptAsset("The file holds no film. Upload one that plays.")
    require_length(AssetType.MOVE_CLIP, source.seconds)
    size_class = nearest_size_class(source.picture.shape)
    output = _output(size_class)
    film = _wrap(_encode(path, source, output, tools), output, tools)
    frames = _checked(film, output, source)
    tools.step(85, "taking sound and thumbnail")
    facts: dict[str, Any] = {
        "width": output.width,
        "height": output.height,
        "frames": frames,
        "frame_rate": output.frame_rate,
        "size_class": size_class,
        "codec": "h264",
        "thumbnail": work.keep(_thumbnail(film, frames, tools), "image/jpeg"),
    }
    if source.sample_rate:
        samples = int(frames * SOUND_RATE / HOUSE_RATE)
        kept = work.keep(_sound(path, samples, tools), "audio/flac")
        facts["sound"] = StoredSound(**kept.model_dump(), samples=samples, sample_rate=SOUND_RATE, channels=2)
    return facts | main_file(work.keep(film, "video/mp4"))


def _output(size_class: SizeClass) -> Output:
    width, height = size_class.size
    rate = Rational(num=HOUSE_RATE.numerator, den=HOUSE_RATE.denominator)
    return Output(width=width, height=height, frame_rate=rate, uri="media://ingest/clip.mp4")


def _encode(path: Path, source: Source, output: Output, tools: Tools) -> Path:
    target = tools.scratch / "clip.h264"
    size = f"{output.width}:{output.height}"
    filters = [
        f"fps={output.frame_rate.num}/{output.frame_rate.den}:start_time=0",
        "scale=trunc(iw*sar/2)*2:ih",  # what players show: square pixels
        f"scale={size}:force_original_aspect_ratio=decrease:out_color_matrix=bt709:out_range=tv",
        f"pad={size}:-1:-1:black",
        "setsar=1",
        "format=yuv420p",
    ]
    total = int(source.seconds * HOUSE_RATE)
    with tools.ffmpeg.watched(Counted(tools.step, total, 5, 80, "normalising")):
        tools.decode(
            path,
            FILM_FORMATS,
            [
                "-map",
                "0:V:0",
                "-an",
                "-sn",
                "-dn",
                "-vf",
                ",".join(filters),
                *_flags(house.video_options(output, still=False)),
                str(target),
            ],
        )
    return target


def _flags(options: Mapping[str, Any]) -> list[str]:
    """The house's options, which are spelt as ffmpeg-python takes them, as ffmpeg does."""
    spelt = {"vcodec": "c:v", "format": "f"}
    return [word for name, value in options.items() for word in (f"-{spelt.get(name, name)}", str(value))]


def _wrap(stream: Path, output: Output, tools: Tools) -> Path:
    """Into MP4: parameter sets in the header alone, every frame the same number of ticks."""
    target = tools.scratch / "clip.mp4"
    rate = output.frame_rate
    ticks = rate.num * 1000
    filters = f"filter_units=remove_types=6-9,setts=ts=N*{ticks // rate.num * rate.den}"
    given = ["-protocol_whitelist", PROTOCOLS, "-f", "h264", "-framerate", f"{rate.num}/{rate.den}", "-i", str(stream)]
    copied = ["-c:v", "copy", "-bsf:v", filters, "-video_track_timescale", str(ticks), "-map_metadata", "-1"]
    file = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", str(target)]
    tools.ffmpeg.run(["-y", *given, *copied, *file])
    return target


def _checked(film: Path, output: Output, source: Source) -> int:
    """How many frames it has, once each of them is known to be one that the assembler copies."""
    try:
        with film.open("rb") as stream:
            track = mp4.read_track(stream)
            for _ in track.read(stream, 0, track.frames):
                pass
    except mp4.NotHouseFormat as exc:
        raise EngineFailed(f"The clip did not come out in the house format: {exc}.") from exc
    if (track.width, track.height, track.frame_rate) != (output.width, output.height, Fraction(HOUSE_RATE)):
        raise EngineFailed(f"The clip came out as {track.width}x{track.height} at {track.frame_rate} frames a second.")
    expected = source.seconds * HOUSE_RATE
    if track.frames < _ENOUGH * expected - 2:
        raise CorruptAsset(
            f"The film should last {source.seconds:.1f} s and ends after {float(track.frames / HOUSE_RATE):.1f} s: it was cut "
            "off. Upload it again."
        )
    return track.frames


def _thumbnail(film: Path, frames: int, tools: Tools) -> bytes:
    """The frame a third into the clip: the first is often black."""
    seek = [
        "-ss",
        f"{float(frames / HOUSE_RATE / 3):.3f}",
        "-protocol_whitelist",
        PROTOCOLS,
        "-f",
        "mov",
        "-i",
        str(film),
    ]
    scale = f"scale={_THUMBNAIL}:{_THUMBNAIL}:force_original_aspect_ratio=decrease:out_range=pc,format=yuvj420p"
    return tools.ffmpeg.run(
        [*seek, "-frames:v", "1", "-vf", scale, "-c:v", "mjpeg", "-q:v", "4", "-f", "image2pipe", "-"]
    )


def _sound(path: Path, samples: int, tools: Tools) -> Path:
    """The clip's sound from its picture's beginning, with silence where it has none, exactly `samples` long."""
    target = tools.scratch / "sound.flac"
    filters = f"aresample={SOUND_RATE}:async=1:first_pts=0,apad,atrim=end_sample={samples}"
    form = ["-map", "0:a:0", "-vn", "-map_metadata", "-1", "-ac", "2", "-af", filters, "-sample_fmt", "s16"]
    exact = ["-fflags", "+bitexact", "-flags:a", "+bitexact", "-f", "flac"]
    tools.decode(path, FILM_FORMATS, [*form, *exact, str(target)])
    return target
