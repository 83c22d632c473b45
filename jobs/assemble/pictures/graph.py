"""What every filter graph of ours starts from: inputs opened by declared type, pictures brought to the output's frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble.running.child import PROTOCOLS
from shared.domain.blueprint.model import Fit, Output, Transition, TransitionType
from shared.domain.errors import Fault, InvalidInput

# The demuxer follows from the declared media type and is the only one allowed: a playlist or concat script that calls
# itself a picture is never opened as one.
_DEMUXERS = {
    "image/png": "png_pipe",
    "image/jpeg": "jpeg_pipe",
    "image/webp": "webp_pipe",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/aac": "aac",
    "audio/mp4": "mov",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
}


def open_source(path: Path, media_type: str, number: int = 0, seek: float = 0) -> Any:
    """An ffmpeg input that can be nothing but what it is declared to be. Raises InvalidInput for a type not rendered.

    `number` tells apart several readings of one file in one graph: ffmpeg-python takes equal inputs for the same one.
    `seek` (seconds) enters the source at the keyframe before; times go on counting from its beginning.
    """
    demuxer = _DEMUXERS.get(media_type)
    if demuxer is None:
        fault = Fault(
            pointer="/assets",
            code="media-type",
            detail=f"assets of these types are rendered: {', '.join(sorted(_DEMUXERS))}",
            found=media_type,
            fix="Convert the asset to one of them.",
        )
        raise InvalidInput("An asset is of a type that cannot be rendered.", faults=[fault])
    options = {"protocol_whitelist": PROTOCOLS, "format_whitelist": demuxer, "thread_queue_size": 8 + number}
    if seek > 0:
        options |= {"ss": f"{seek:.6f}", "noaccurate_seek": None}
    if media_type.startswith("image/"):
        options["err_detect"] = "explode"  # else half a picture would be shown; films and songs conceal a few bad bits
    return ffmpeg.input(str(path), format=demuxer, **options)


def made_input(source: str, number: int = 0) -> Any:
    """An input that ffmpeg makes itself (lavfi); `number` as in open_source."""
    return ffmpeg.input(source, format="lavfi", thread_queue_size=8 + number)


def fit_into(stream: Any, output: Output, fit: Fit) -> Any:
    """Scale a picture into the output's frame as `fit` says, in its colour space and with square pixels."""
    width, height = output.width, output.height
    scale = {"flags": "lanczos+accurate_rnd+full_chroma_int", "out_color_matrix": "bt709", "out_range": "tv"}
    if fit is Fit.FILL:
        stream = stream.filter("scale", width, height, **scale)
    elif fit is Fit.COVER:
        stream = stream.filter("scale", width, height, force_original_aspect_ratio="increase", **scale)
        stream = stream.filter("crop", width, height)
    elif fit is Fit.CONTAIN:
        stream = stream.filter("scale", *_inside(output), **scale)
        stream = stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2", color="black")
    else:
        parts = stream.filter_multi_output("split")
        ground = parts[0].filter("scale", width, height, force_original_aspect_ratio="increase", **scale)
        ground = ground.filter("crop", width, height).filter("gblur", sigma=max(4, height // 24))
        front = parts[1].filter("scale", *_inside(output), **scale)
        stream = ffmpeg.overlay(ground, front, x="(W-w)/2", y="(H-h)/2")
    return stream.filter("format", "yuv420p").filter("setsar", 1)


def _inside(output: Output) -> tuple[str, str]:
    """The largest size that fits inside the frame; of a very long picture, one line at least."""
    least = f"min({output.width}/iw,{output.height}/ih)"
    return f"max(1,round(iw*{least}))", f"max(1,round(ih*{least}))"


_XFADE = {
    TransitionType.WIPE_LEFT: "wipeleft",
    TransitionType.WIPE_RIGHT: "wiperight",
    TransitionType.WIPE_UP: "wipeup",
    TransitionType.WIPE_DOWN: "wipedown",
    TransitionType.SLIDE_LEFT: "slideleft",
    TransitionType.SLIDE_RIGHT: "slideright",
}


def join_pictures(first: Any, second: Any, transition: Transition, output: Output) -> Any:
    """Two pictures of the transition's own length, the second taking over from the first; as long as each of them.

    fade goes through black, dip_to_colour through its colour: the first half belongs to one picture, the rest to the other.
    """
    frames, rate = transition.duration, output.frame_rate
    if transition.type in (TransitionType.FADE, TransitionType.DIP_TO_COLOUR):
        half = (frames + 1) // 2
        colour = "0x000000" if transition.type is TransitionType.FADE else f"0x{transition.colour[1:]}"
        out = first.filter("trim", end_frame=half).filter("fade", "out", 0, half, color=colour)
        rest = second.filter("trim", start_frame=half).filter("setpts", "PTS-STARTPTS")
        back = rest.filter("fade", "in", 0, max(1, frames - half), color=colour)
        joined = ffmpeg.concat(out, back) if frames > half else out
    elif transition.type is TransitionType.DISSOLVE:
        # What xfade's own does, in a seventh of its time: there is machine code for overlay, none for xfade.
        above = second.filter("format", "yuva420p").filter("fade", "in", 0, frames, alpha=1)
        joined = ffmpeg.overlay(first, above, format="yuv420")
    else:
        alike = [stream.filter("settb", f"{rate.den}/{rate.num}") for stream in (first, second)]
        seconds = f"{float(frames / rate.fraction):.9f}"
        joined = ffmpeg.filter(alike, "xfade", transition=_XFADE[transition.type], duration=seconds, offset=0)
    # xfade and fade hand on whatever format suits them; the house format is asked for last.
    return joined.filter("format", "yuv420p").filter("setsar", 1)


def fade_picture(stream: Any, direction: int, first: int, frames: int) -> Any:
    """Up from black (1) or down to it (-1) over `frames` frames, of which `first` is the first; none before the stream's."""
    kind = "in" if direction > 0 else "out"
    return stream.filter("fade", kind, max(0, first), frames).filter("format", "yuv420p").filter("setsar", 1)


def arguments(target: Any) -> list[str]:
    """The argument list of a finished graph, without the program's name. One filter thread: shots run side by side.

    A source's times are those it has from its own beginning, also where it is entered later.
    """
    times = ["-copyts", "-start_at_zero"]
    return ["-y", "-filter_threads", "1", "-filter_complex_threads", "1", *times, *target.get_args()]
