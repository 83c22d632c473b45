"""Small deterministic media for tests: clips whose frames carry their number, tones, clicks, pictures; and their readers.

A frame's number is drawn as a barcode: 16 cells side by side over the upper half, the highest bit leftmost, white for 1.
The lower half is a grey that moves with the number, so that neighbouring frames differ in more than their code.
"""

from __future__ import annotations

import re
import subprocess
import wave
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CELLS = 16
RATE = 48_000
Samples = NDArray[np.float64]
Pictures = NDArray[np.uint8]


def ffmpeg(*arguments: str | Path, feed: bytes = b"") -> bytes:
    """Run ffmpeg quietly; what it wrote to standard output. Fails the test with what it said when it fails."""
    argv = ["ffmpeg", "-hide_banner", "-nostdin" if not feed else "-y", "-v", "error", "-y", *map(str, arguments)]
    done = subprocess.run(argv, input=feed or None, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def ffprobe(path: Path, *arguments: str) -> str:
    argv = ["ffprobe", "-v", "error", *arguments, str(path)]
    return subprocess.run(argv, capture_output=True, check=True, text=True).stdout


# Pictures


def numbered_frames(numbers: Iterable[int], width: int = 160, height: int = 90) -> Pictures:
    """Grey frames (count, height, width), each with its number as a barcode."""
    frames = [_numbered(number, width, height) for number in numbers]
    return np.stack(frames)


def _numbered(number: int, width: int, height: int) -> Pictures:
    bits = [number >> (CELLS - 1 - cell) & 1 for cell in range(CELLS)]
    cells = np.repeat(np.array(bits, np.uint8) * 219 + 16, width // CELLS)
    frame = np.full((height, width), 40 + number * 7 % 160, np.uint8)
    frame[: height // 2, : len(cells)] = cells
    return frame


def read_numbers(frames: Pictures) -> list[int]:
    """The barcodes of grey frames; -1 for a frame that carries none (a cell that is neither black nor white)."""
    return [_read_number(frame) for frame in frames]


def _read_number(frame: Pictures) -> int:
    height, width = frame.shape
    cell = width // CELLS
    middle = frame[height // 8 : 3 * height // 8, : cell * CELLS].reshape(-1, CELLS, cell)
    levels = middle[:, :, cell // 4 : 3 * cell // 4].mean(axis=(0, 2))
    if ((levels > 70) & (levels < 180)).any():
        return -1
    return int("".join("1" if level > 125 else "0" for level in levels), 2)


def decode_grey(path: Path, width: int = 160, height: int = 90) -> Pictures:
    """Every frame of the first video stream as its luma, exactly as many as there are."""
    raw = ffmpeg("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width)


def frame_hashes(path: Path) -> list[str]:
    """An MD5 for each decoded frame of the first video stream."""
    raw = ffmpeg("-i", path, "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5", "-")
    return [line.split(",")[-1].strip() for line in raw.decode().splitlines() if not line.startswith("#")]


def write_clip(path: Path, frames: Pictures, rate: str, *options: str) -> Path:
    """Encode grey frames by ffmpeg's `options`; B-frames, another codec, whatever they say."""
    raw_type = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{frames.shape[2]}x{frames.shape[1]}", "-r", rate]
    ffmpeg(*raw_type, "-i", "-", "-pix_fmt", "yuv420p", *options, path, feed=frames.tobytes())
    return path


def write_house_clip(path: Path, frames: Pictures, rate: str, options: dict[str, Any]) -> Path:
    """Encode frames by the house's own `options` and wrap them as ingest does: parameter sets in the header alone."""
    words = {"vcodec": "c:v"}
    flags = [
        word
        for name, value in options.items()
        for word in ("-" + words.get(name, name), str(value))
        if name != "format"
    ]
    colours = ["-vf", "scale=out_color_matrix=bt709:out_range=tv,setsar=1"]
    write_clip(path.with_suffix(".h264"), frames, rate, *colours, *flags)
    ticks, _, frame = rate.partition("/")
    strip = [
        "-c",
        "copy",
        "-bsf:v",
        f"filter_units=remove_types=6-9,setts=ts=N*{frame or 1}",
        "-video_track_timescale",
        ticks,
    ]
    ffmpeg("-framerate", rate, "-i", path.with_suffix(".h264"), *strip, path)
    return path


def write_png(path: Path, width: int, height: int, colour: str, mark: str = "white") -> Path:
    """A picture of one colour with a rectangle in its middle."""
    box = f"drawbox=x=iw/4:y=ih/4:w=iw/2:h=ih/2:color={mark}:t=fill"
    ffmpeg("-f", "lavfi", "-i", f"color={colour}:s={width}x{height},format=rgb24,{box}", "-frames:v", "1", path)
    return path


def psnr(one: Pictures, other: Pictures) -> float:
    error = np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


# Sound


def tone(frequency: float, seconds: float, dbfs: float = -20.0, rate: int = RATE) -> Samples:
    """A sine whose peak lies at `dbfs`."""
    time = np.arange(round(seconds * rate)) / rate
    return np.asarray(10 ** (dbfs / 20) * np.sin(2 * np.pi * frequency * time))


def clicks(positions: Sequence[int], length: int) -> Samples:
    """Silence with a short decaying 4 kHz burst at each of `positions` (samples)."""
    burst = tone(4000, 0.004, -3.0) * np.linspace(1, 0, round(0.004 * RATE))
    sound = np.zeros(length)
    for position in positions:
        sound[position : position + len(burst)] += burst
    return sound


def write_wav(path: Path, sound: Samples, rate: int = RATE) -> Path:
    """16-bit PCM; `sound` is (samples,) or (samples, channels)."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1 if sound.ndim == 1 else sound.shape[1])
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.round(np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def decode_sound(path: Path, channels: int = 1, rate: int = RATE) -> Samples:
    """The first audio stream as players hear it: (samples,) for one channel, (samples, channels) for more."""
    raw = ffmpeg("-i", path, "-map", "0:a:0", "-f", "f32le", "-ac", str(channels), "-ar", str(rate), "-")
    sound = np.frombuffer(raw, "<f4").astype(np.float64)
    return sound if channels == 1 else sound.reshape(-1, channels)


def loudness_by_ffmpeg(path: Path) -> float:
    """Integrated loudness in LUFS by ffmpeg's own summary of the whole file."""
    argv = ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-map", "0:a", "-af", "ebur128", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, check=True, text=True).stderr
    return float(re.findall(r"I:\s+(-?[\d.]+) LUFS", said)[-1])


def level_of(sound: Samples, frequency: float, rate: int = RATE) -> float:
    """How strong one frequency is in `sound`, as the dBFS peak of the sine it would be."""
    time = np.arange(len(sound)) / rate
    window = np.hanning(len(sound))
    strength = abs(np.sum(sound * window * np.exp(-2j * np.pi * frequency * time))) * 2 / np.sum(window)
    return float(20 * np.log10(max(strength, 1e-9)))
