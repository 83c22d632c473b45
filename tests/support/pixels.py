"""Graphs of pictures, run, and their pixels read back; pictures with one soft dot, and where it is found again."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg as graphs
import numpy as np
from numpy.typing import NDArray

from jobs.assemble.pictures.graph import arguments
from shared.domain.blueprint.model import Output, Rational
from tests.support.media import Pictures, ffmpeg

GREY = 40  # around a dot


@dataclass(frozen=True)
class Film:
    """Decoded yuv420p frames: luma (count, height, width), chroma (count, 2, height / 2, width / 2)."""

    luma: Pictures
    chroma: Pictures
    peak_mb: int

    def __len__(self) -> int:
        return len(self.luma)

    def same(self, other: Film) -> bool:
        return np.array_equal(self.luma, other.luma) and np.array_equal(self.chroma, other.chroma)


def frame_of(width: int, height: int, num: int = 30, den: int = 1) -> Output:
    return Output(width=width, height=height, frame_rate=Rational(num=num, den=den), uri="media://films/film.mp4")


def shown(stream: Any, output: Output, folder: Path) -> Film:
    """What a graph makes, frame by frame as it comes, without the encoder. Fails with what ffmpeg said."""
    target = stream.output("-", format="rawvideo", fps_mode="passthrough", enc_time_base="-1")
    made, said = folder / "shown.yuv", folder / "shown.txt"
    argv = ["ffmpeg", "-v", "error", "-nostdin", *_scripted(arguments(target), folder)]
    with made.open("wb") as out, said.open("wb") as errors:
        child = subprocess.Popen(argv, stdout=out, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, said.read_text()
    whole = np.fromfile(made, np.uint8)
    pixels = output.width * output.height
    assert len(whole) % (pixels * 3 // 2) == 0
    frames = whole.reshape(-1, pixels * 3 // 2)
    luma = frames[:, :pixels].reshape(-1, output.height, output.width)
    chroma = frames[:, pixels:].reshape(-1, 2, output.height // 2, output.width // 2)
    return Film(luma, chroma, usage.ru_maxrss // 1024)


def _scripted(argv: list[str], folder: Path) -> list[str]:
    """The graph from a file: one argument may hold no more than 128 kB."""
    at = argv.index("-filter_complex")
    script = folder / "graph.txt"
    script.write_text(argv[at + 1])
    return [*argv[:at], "-filter_complex_script", str(script), *argv[at + 2 :]]


def picture(path: Path, pixels: NDArray[Any]) -> Any:
    """A PNG of (height, width) grey, (..., 3) RGB or (..., 4) RGBA pixels, as the input of a graph."""
    kind = {2: "gray"}.get(pixels.ndim) or {3: "rgb24", 4: "rgba"}[pixels.shape[2]]
    size = f"{pixels.shape[1]}x{pixels.shape[0]}"
    raw = np.ascontiguousarray(pixels, np.uint8).tobytes()
    ffmpeg("-f", "rawvideo", "-pix_fmt", kind, "-s", size, "-i", "-", path, feed=raw)
    return graphs.input(str(path))


def dot(width: int, height: int, x: float, y: float, radius: float) -> NDArray[np.float64]:
    """A soft dot, 0 to 1, its middle at (x, y) from the picture's corner."""
    rows, columns = np.mgrid[0:height, 0:width]
    return np.asarray(np.exp(-((columns + 0.5 - x) ** 2 + (rows + 0.5 - y) ** 2) / radius**2))


def place_of_dot(luma: Pictures, x: float, y: float, reach: float) -> tuple[float, float]:
    """The middle of what is bright within `reach` of (x, y)."""
    height, width = luma.shape
    rows, columns = np.mgrid[0:height, 0:width]
    near = (abs(columns + 0.5 - x) < reach) & (abs(rows + 0.5 - y) < reach)
    weight = np.where(near, np.clip(luma.astype(float) - GREY - 15, 0, None), 0)
    total = weight.sum()
    return float((weight * (columns + 0.5)).sum() / total), float((weight * (rows + 0.5)).sum() / total)


def moving_ground(output: Output, frames: int, kind: str = "testsrc2") -> Any:
    """Colourful frames, each unlike the one before."""
    rate = output.frame_rate
    made = f"{kind}=s={output.width}x{output.height}:r={rate.num}/{rate.den}"
    return graphs.input(made, format="lavfi").filter("format", "yuv420p").filter("trim", end_frame=frames)


def plain_ground(output: Output, frames: int, colour: str) -> Any:
    rate = output.frame_rate
    made = f"color={colour}:s={output.width}x{output.height}:r={rate.num}/{rate.den}"
    ground = graphs.input(made, format="lavfi").filter("scale", out_color_matrix="bt709", out_range="tv")
    return ground.filter("format", "yuv420p").filter("trim", end_frame=frames)
