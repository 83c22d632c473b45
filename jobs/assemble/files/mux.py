"""The join: shots and audio blocks, copied packet by packet into one MP4 with caption tracks and chapters."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from jobs.assemble import house
from jobs.assemble.files import annexb
from jobs.assemble.lettering import captions
from jobs.assemble.running.child import PROTOCOLS, Children
from shared.domain.blueprint.model import Blueprint, CaptionMode, MarkerKind
from shared.domain.errors import RenderFailed

_CHUNK = 1 << 20


def join(
    blueprint: Blueprint, frames: Iterable[annexb.Stream], sound: Path | None, scratch: Path, children: Children
) -> Path:
    """Write the MP4 and return its path. `frames` yields the shots' pictures in order; `sound` is ADTS, or None."""
    target = scratch / "joined.mp4"
    languages = soft_languages(blueprint)
    inputs = _inputs(blueprint, sound, languages, scratch)
    maps, options = _maps(blueprint, sound, languages)
    rate = blueprint.output.frame_rate
    picture = ["-protocol_whitelist", PROTOCOLS, "-f", "h264", "-framerate", f"{rate.num}/{rate.den}", "-i", "pipe:0"]
    # Parameter sets live in the header alone; times are counted anew, since the demuxer's own round one frame in fifty.
    ticks = _timescale(rate.num)
    filters = f"filter_units=remove_types=6-9,setts=ts=N*{ticks // rate.num * rate.den}"
    copied = ["-c:v", "copy", "-bsf:v", filters, "-video_track_timescale", str(ticks)]
    file = ["-fflags", "+bitexact", "-flags:v", "+bitexact", "-movflags", "+faststart", "-f", "mp4", str(target)]
    children.run(["-y", *picture, *inputs, *maps, *copied, *options, *file], feed=lambda pipe: _feed(pipe, frames))
    return target


def concatenate(blocks: Iterable[bytes], target: Path) -> Path:
    with target.open("wb") as out:
        for block in blocks:
            out.write(block)
    return target


def _inputs(blueprint: Blueprint, sound: Path | None, languages: list[str], scratch: Path) -> list[str]:
    found: list[str] = []
    if sound is not None:
        # The encoder's own first packet lies before zero; the muxer turns that into an edit that players skip.
        early = Fraction(house.AAC_FRAME, blueprint.output.sample_rate)
        found += ["-itsoffset", f"-{float(early):.9f}", "-f", "aac", "-i", str(sound)]
    for language in languages:
        script = scratch / f"captions.{language}.srt"
        cues, rate = blueprint.captions.languages[language], blueprint.output.frame_rate.fraction
        script.write_text(captions.sub_rip(cues, rate, language), "utf-8")
        found += ["-f", "srt", "-i", str(script)]
    chapters = scratch / "chapters.ffmeta"
    chapters.write_text(_metadata(blueprint), "utf-8")
    return [*found, "-f", "ffmetadata", "-i", str(chapters)]


def _maps(blueprint: Blueprint, sound: Path | None, languages: list[str]) -> tuple[list[str], list[str]]:
    maps, options = ["-map", "0:v"], []
    if sound is not None:
        maps += ["-map", "1:a"]
        options += ["-c:a", "copy", "-bsf:a", "aac_adtstoasc"]
        options += ["-metadata:s:a:0", f"language={captions.iso_639_2(blueprint.metadata.get('language', 'und'))}"]
    first = 1 if sound is None else 2
    for n, language in enumerate(languages):
        maps += ["-map", f"{first + n}:s"]
        options += [f"-c:s:{n}", "mov_text", f"-metadata:s:s:{n}", f"language={captions.iso_639_2(language)}"]
        options += [f"-metadata:s:s:{n}", f"handler_name={language}"]
    source = str(first + len(languages))
    return [*maps, "-map_metadata", source, "-map_chapters", source], options


def soft_languages(blueprint: Blueprint) -> list[str]:
    """Languages that become caption tracks of the file: the spoken one first, which players take for the default."""
    if blueprint.captions.mode not in (CaptionMode.SOFT, CaptionMode.BOTH):
        return []
    spoken = blueprint.metadata.get("language")
    found = [language for language, cues in blueprint.captions.languages.items() if cues]
    return sorted(found, key=lambda language: language != spoken)


def _timescale(rate: int) -> int:
    """Ticks a second in which a frame is a whole number of ticks, fine enough for players that dislike coarse ones."""
    return rate * -(-10_000 // rate) if rate < 10_000 else rate


def _metadata(blueprint: Blueprint) -> str:
    """FFMETADATA: title, author and the chapters, in milliseconds."""
    lines = [";FFMETADATA1"]
    for field, name in (("title", "title"), ("author", "artist"), ("description", "description")):
        if blueprint.metadata.get(field):
            lines.append(f"{name}={_escape(blueprint.metadata[field])}")
    chapters = sorted((m for m in blueprint.markers if m.kind is MarkerKind.CHAPTER), key=lambda m: m.start)
    bounds = [*(marker.start for marker in chapters), blueprint.duration]
    for marker, span in zip(chapters, pairwise(bounds), strict=True):
        start, stop = (round(frame / blueprint.output.frame_rate.fraction * 1000) for frame in span)
        lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}", f"END={stop}", f"title={_escape(marker.label)}"]
    return "\n".join(lines) + "\n"


def _escape(text: str) -> str:
    escaped = "".join("\\" + letter if letter in "=;#\\" else letter for letter in text)
    return escaped.replace("\n", " ").replace("\r", " ")


def _feed(pipe: int, streams: Iterable[annexb.Stream]) -> None:
    """Write one byte stream: parameter sets once, then every frame. Raises RenderFailed where shots do not match."""
    buffer = bytearray()
    for piece in _units(streams):
        buffer += annexb.START
        buffer += piece
        if len(buffer) >= _CHUNK:
            _write(pipe, buffer)
            buffer.clear()
    _write(pipe, buffer)


def _units(streams: Iterable[annexb.Stream]) -> Iterator[bytes]:
    parameters: tuple[bytes, bytes] | None = None
    for stream in streams:
        if parameters is None:
            parameters = stream.parameters
            yield from parameters
        elif stream.parameters != parameters:
            raise RenderFailed(
                "Two shots have unlike parameter sets; joined by copying they would show a wrong picture."
            )
        yield from stream.frames


def _write(pipe: int, data: bytearray) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]
    view.release()
