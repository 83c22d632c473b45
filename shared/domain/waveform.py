"""Sound as whole numbers: 16-bit mono samples, what can be measured of them, and the silence round them.

Pure Python on purpose, so that the small speech functions need no numpy: every loop over samples is one that runs in C
(`hypot`, `bytes.translate`, `max` over array slices). Positions and lengths are integer samples, levels are dBFS.
"""

from __future__ import annotations

import math
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from shared.domain.errors import BadOutput

FULL_SCALE = 32_768
SILENCE_DBFS = -96.0  # what digital silence is said to measure; nothing 16-bit is quieter
_PCM, _EXTENSIBLE = 1, 0xFFFE
_STREAMED = 0x7FFF_0000  # a size from here on was written before the length was known

_WINDOWS_PER_SECOND = 100
_PAUSE_WINDOWS = 10  # 100 ms
# Pauses of flite hiss 40-60 dB below its loud vowels, espeak-ng's are digital silence; speech reaches down to about 30 dB.
# Any value from 30 to 40 changes the time found to be speech by 6% at most, over seven voices.
_BELOW_SPEECH_DB = 35.0
_LOUD_SHARE = 0.95  # the level that 95% of the windows do not reach stands for "loud"
_QUIETEST_SPEECH_DBFS = -60.0
_FOLDED = bytes(byte if byte < 128 else 255 - byte for byte in range(256))  # a sample's upper byte: how far from zero


@dataclass(frozen=True)
class Waveform:
    """Mono sound: `rate` samples a second, 16-bit signed."""

    rate: int
    samples: array[int]


@dataclass(frozen=True)
class SpeechMeasure:
    """What a stretch of speech measures. Samples, dBFS, and for `clipped_share` a share of all samples (0-1).

    `voiced_rms_dbfs` is the level over the windows that hold sound. A sound without any counts as leading silence alone.
    `pauses` are (start, end) samples of silences of 100 ms and more between sounds, end exclusive.
    """

    duration: int
    peak_dbfs: float
    clipped_share: float
    voiced_rms_dbfs: float
    leading_silence: int
    trailing_silence: int
    pauses: tuple[tuple[int, int], ...]

    @property
    def is_silent(self) -> bool:
        return self.leading_silence == self.duration

    @property
    def speaking(self) -> int:
        """Samples in which something is said: without the silence at both ends and without the pauses."""
        paused = sum(end - start for start, end in self.pauses)
        return self.duration - self.leading_silence - self.trailing_silence - paused


def read_wav(data: bytes) -> Waveform:
    """Read a RIFF WAV of 16-bit PCM mono. A header written while streaming (length unknown) is read to the end of `data`.

    Raises BadOutput for anything else, and for a file shorter than its header says.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadOutput(f"expected a RIFF WAV, found {len(data)} bytes that do not begin as one")
    rate = 0
    for name, body, declared in _chunks(data):
        if name == b"fmt ":
            rate = _rate_of(body)
        elif name == b"data" and rate:
            return Waveform(rate, _samples_of(body, declared))
    raise BadOutput("expected a WAV with a format and a data chunk, found no such pair; the engine wrote no sound")


def write_wav(waveform: Waveform) -> bytes:
    """The canonical 44-byte header and the samples, little-endian: equal waveforms are equal bytes."""
    body = _little_endian(waveform.samples).tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, _PCM, 1, waveform.rate, waveform.rate * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE") + form + struct.pack("<4sI", b"data", len(body)) + body
    )


def measure(waveform: Waveform) -> SpeechMeasure:
    """Measure speech in windows of 10 ms. Sound is what comes within 35 dB of the loud windows."""
    samples, step = waveform.samples, _window(waveform)
    energies = _window_energies(samples, step)
    floor = _energy_floor(energies, step)
    quiet = _quiet_runs(energies, floor)
    peak = _peak(samples)
    leading, trailing, pauses = _split_runs(quiet, len(energies), step, len(samples))
    voiced = [energy for energy in energies if energy > floor]
    return SpeechMeasure(
        duration=len(samples),
        peak_dbfs=_dbfs(peak),
        clipped_share=_clipped(samples, peak) / len(samples) if samples else 0.0,
        voiced_rms_dbfs=_dbfs(math.sqrt(sum(voiced) / (len(voiced) * step))) if voiced else SILENCE_DBFS,
        leading_silence=leading,
        trailing_silence=trailing,
        pauses=pauses,
    )


def trim_silence(waveform: Waveform, *, keep_ms: int = 20) -> Waveform:
    """Cut the silence at both ends to exactly `keep_ms`, adding digital silence where there was less.

    So the gap between two segments is the composer's decision alone. Sound without any speech becomes the two pads.
    """
    return trim_measured(waveform, measure(waveform), keep_ms=keep_ms)[0]


def trim_measured(
    waveform: Waveform, found: SpeechMeasure, *, keep_ms: int = 20
) -> tuple[Waveform, SpeechMeasure, int]:
    """`trim_silence` of a waveform that measures `found`: what is left, what that measures, and by how many samples
    everything moved (negative: it comes earlier). Measured once, since that takes longer than all the rest.
    """
    keep = waveform.rate * keep_ms // 1000
    first, last = found.leading_silence, found.duration - found.trailing_silence
    start, end = max(0, first - keep), min(found.duration, last + keep)
    pad_before, pad_after = keep - (first - start), keep - (end - last)
    body = waveform.samples[start:end] if not found.is_silent else array("h")
    if found.is_silent:
        pad_before = pad_after = keep
    samples = array("h", bytes(2 * pad_before)) + body + array("h", bytes(2 * pad_after))
    trimmed, moved = Waveform(waveform.rate, samples), pad_before - start
    if found.is_silent:
        return trimmed, measure(trimmed), 0
    left = replace(
        found,
        duration=len(samples),
        clipped_share=found.clipped_share * found.duration / len(samples),
        leading_silence=keep,
        trailing_silence=keep,
        pauses=tuple((a + moved, b + moved) for a, b in found.pauses),
    )
    return trimmed, left, moved


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    """Name, body and declared size of each chunk; a body ends with the data at the latest."""
    position = 12
    while position + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, position)
        yield name, data[position + 8 : position + 8 + size], size
        position += 8 + size + size % 2


def _rate_of(form: bytes) -> int:
    if len(form) < 16:
        raise BadOutput(f"expected a WAV format chunk of 16 bytes or more, found {len(form)}")
    coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if coding not in (_PCM, _EXTENSIBLE) or channels != 1 or bits != 16 or not rate:
        raise BadOutput(f"expected 16-bit PCM mono, found coding {coding}, {channels} channels, {bits} bits, {rate} Hz")
    return int(rate)


def _samples_of(body: bytes, declared: int) -> array[int]:
    if len(body) < declared < _STREAMED:
        raise BadOutput(
            f"expected {declared} bytes of sound as the WAV header says, found {len(body)}; it was cut short"
        )
    return _little_endian(array("h", body[: len(body) // 2 * 2]))


def _little_endian(samples: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return samples
    swapped = samples[:]
    swapped.byteswap()
    return swapped


def _window(waveform: Waveform) -> int:
    return max(1, waveform.rate // _WINDOWS_PER_SECOND)


def _window_energies(samples: array[int], step: int) -> list[float]:
    """Sum of squares of each window; the last one may be short. `hypot` is the quickest such loop that runs in C."""
    return [math.hypot(*samples[at : at + step]) ** 2 for at in range(0, len(samples), step)]


def _energy_floor(energies: Sequence[float], step: int) -> float:
    """The energy a window must exceed to count as sound."""
    if not energies:
        return 0.0
    loud = sorted(energies)[min(len(energies) - 1, int(len(energies) * _LOUD_SHARE))]
    quietest = step * (FULL_SCALE * 10 ** (_QUIETEST_SPEECH_DBFS / 20)) ** 2
    return max(loud / 10 ** (_BELOW_SPEECH_DB / 10), quietest)


def _quiet_runs(energies: Sequence[float], floor: float) -> list[tuple[int, int]]:
    """Runs of quiet windows, as (first, after the last)."""
    runs: list[tuple[int, int]] = []
    start = -1
    for index, energy in enumerate([*energies, math.inf]):
        if energy <= floor:
            start = index if start < 0 else start
        elif start >= 0:
            runs.append((start, index))
            start = -1
    return runs


def _split_runs(
    quiet: list[tuple[int, int]], windows: int, step: int, length: int
) -> tuple[int, int, tuple[tuple[int, int], ...]]:
    """Leading silence, trailing silence and the pauses between, in samples."""
    inner, leading, trailing = list(quiet), 0, 0
    if inner and inner[0][0] == 0:
        leading = min(length, inner.pop(0)[1] * step)
    if inner and inner[-1][1] == windows:
        trailing = length - inner.pop()[0] * step
    return leading, trailing, tuple((a * step, b * step) for a, b in inner if b - a >= _PAUSE_WINDOWS)


def _peak(samples: array[int]) -> int:
    """The highest absolute value. Only samples whose upper byte is the highest are looked at one by one."""
    upper = _little_endian(samples).tobytes()[1::2].translate(_FOLDED)
    top = next((byte for byte in range(127, -1, -1) if byte in upper), -1)
    if top < 0:
        return 0
    if upper.count(top) > len(samples) // 8:
        highest, lowest = max(samples), min(samples)
        return max(highest, -lowest)
    return max(abs(samples[at]) for at in _places(upper, top))


def _places(data: bytes, byte: int) -> Iterator[int]:
    at = data.find(byte)
    while at >= 0:
        yield at
        at = data.find(byte, at + 1)


def _clipped(samples: array[int], peak: int) -> int:
    """How many samples stand at full scale."""
    if peak < FULL_SCALE - 1:
        return 0
    return samples.count(FULL_SCALE - 1) + samples.count(-FULL_SCALE) + samples.count(1 - FULL_SCALE)


def _dbfs(amplitude: float) -> float:
    return max(SILENCE_DBFS, 20 * math.log10(amplitude / FULL_SCALE)) if amplitude else SILENCE_DBFS
