"""A chapter's sound: every voice at its place on the timeline, resampled once, as raw 32-bit float at 44.1 kHz, and measured.

Voices of one rate are put on one silent tape of that rate, each at an exact sample (the timeline's grid sees to that); the
tape is then resampled as a whole. So a book of thousands of lines starts one ffmpeg a chapter.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from jobs.assemble.sound.loudness import integrated
from jobs.assemble.sound.maker import read_meter
from jobs.assemble.sound.sound_encode import decibels
from jobs.export.tools import Tools, flat, opened, retry
from shared.domain.artifact import digest_of
from shared.domain.errors import (
    BadOutput,
    Conflict,
    CorruptAsset,
    MissingAsset,
    NotFound,
    PreconditionFailed,
    RenderFailed,
)
from shared.domain.export_script import ChapterScript, ScriptLine, rates_of
from shared.domain.export_timeline import RATE, Timeline
from shared.domain.waveform import FULL_SCALE, read_wav
from shared.ports.storage import ObjectInfo, Storage

MAKER = "1"  # raise it when the same lines should be put together anew
METER = "ebur128=metadata=1:peak={},ametadata=mode=print:file=pipe\\\\:1:direct=1"
_FLOAT = 4  # bytes
_TAPE = f"f32{sys.byteorder[0]}e"


@dataclass(frozen=True)
class Mix:
    """A mixed chapter in a scratch file, with its integrated loudness (None for silence) and the peak of its samples."""

    path: Path
    lufs: float | None
    peak_db: float


def sound_digest(script: ChapterScript, times: Timeline, resampler: str) -> str:
    """The name of a chapter's sound: all that can change a sample of it."""
    voices = [
        [line.voice.sha256, line.voice.gain_half_db, slot.start]
        for line, slot in zip(script.lines, times.slots, strict=True)
    ]
    return digest_of({"voices": voices, "frames": times.frames, "resampler": resampler, "maker": MAKER})


def mix(script: ChapterScript, times: Timeline, media: Storage, tools: Tools) -> Mix:
    """Put a chapter together. Raises MissingAsset or CorruptAsset, naming the segment, where a voice is not as it was made;
    RenderFailed where what came out is not exactly as long as planned.
    """
    tapes = {rate: tools.scratch / f"tape-{rate}.f32" for rate in rates_of(script.lines)}
    target = tools.scratch / "chapter.f32"
    try:
        for rate, tape in tapes.items():
            _record(tape, rate, script, times, media, tools)
        inputs = [word for rate, tape in tapes.items() for word in opened(tape, _TAPE, "-ar", f"{rate}", "-ac", "1")]
        graph = _graph(list(tapes), times.total, tools.resampler)
        said = tools.run(*inputs, "-filter_complex", graph, "-map", "[out]", "-f", "f32le", "-c:a", "pcm_f32le", target)
    finally:
        for tape in tapes.values():
            tape.unlink(missing_ok=True)
    found = target.stat().st_size // _FLOAT
    if found != times.total:
        raise RenderFailed(f"A chapter was mixed to {found} samples, {times.total} were planned.")
    measured = read_meter(said, "sample")
    return Mix(target, integrated(measured.momentary), decibels(measured.peak))


def _graph(rates: list[int], total: int, resampler: str) -> str:
    soxr = f":resampler={resampler}" + (":precision=28" if resampler == "soxr" else "")
    parts = [
        f"[{number}:a]"
        + flat([f"aresample={RATE}{soxr}" if rate != RATE else "", "aformat=sample_fmts=flt"])
        + f"[t{number}]"
        for number, rate in enumerate(rates)
    ]
    tapes = "".join(f"[t{number}]" for number in range(len(rates)))
    joined = f"{tapes}amix=inputs={len(rates)}:normalize=0:duration=longest" if len(rates) > 1 else f"{tapes}anull"
    exact = f"apad=whole_len={total},atrim=end_sample={total}"
    return ";".join([*parts, flat([joined, exact, METER.format("sample"), "aformat=sample_fmts=flt"]) + "[out]"])


def _record(tape: Path, rate: int, script: ChapterScript, times: Timeline, media: Storage, tools: Tools) -> None:
    """Write the voices of one rate; what lies between them is never written, and reads as silence."""
    with tape.open("wb") as out:
        for line, slot in zip(script.lines, times.slots, strict=True):
            if line.voice.rate != rate:
                continue
            tools.check()
            out.seek(slot.start * rate // RATE * _FLOAT)
            out.write(_voice(line, script, media))
        out.truncate(-(-times.total * rate // RATE) * _FLOAT)


def _voice(line: ScriptLine, script: ChapterScript, media: Storage) -> bytes:
    """The samples of a voiced segment at the level of all others, once they are known to be what was made."""
    what = f"The sound of segment {line.segment_id} of chapter {script.chapter_id}"
    fix = "Voice the chapter again (POST /api/v1/jobs with type narration), then retry the export."
    try:
        data: bytes = retry(media.get, line.voice.key)
    except NotFound as exc:
        raise MissingAsset(f"{what} is no longer in storage. {fix}") from exc
    found = hashlib.sha256(data).hexdigest()
    if found != line.voice.sha256:
        _remove_broken(line.voice.key, found, what, media)
        raise CorruptAsset(f"{what} is broken in storage, and was removed. {fix}")
    try:
        waveform = read_wav(data)
    except BadOutput as exc:
        raise CorruptAsset(f"{what} is no sound: {exc.detail}. {fix}") from exc
    if (waveform.rate, len(waveform.samples)) != (line.voice.rate, line.voice.samples):
        raise CorruptAsset(f"{what} is not as long as it was made. {fix}")
    gain = 10 ** (line.voice.gain_half_db / 40) / FULL_SCALE
    return array("f", (sample * gain for sample in waveform.samples)).tobytes()


def _remove_broken(key: str, found: str, what: str, media: Storage) -> None:
    """A broken artifact would be found again by whoever voices the segment: gone, it is made anew.

    Raises Conflict for one that is whole, and another than was pinned: an engine need not say a thing the same way twice.
    """
    info: ObjectInfo | None = retry(media.stat, key)
    if info is None:
        return
    if info.metadata.get("sha256") == found:
        raise Conflict(f"{what} was voiced anew since this export was asked for. Ask for another export.")
    with suppress(PreconditionFailed):  # somebody wrote a new one just now
        retry(media.delete, key, if_generation=info.generation)
