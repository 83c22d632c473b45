"""Shots, made: a few at a time by one small ffmpeg, the result read back and counted before it may be kept."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble import house
from jobs.assemble.files.annexb import START, ReadStream, read_stream
from jobs.assemble.pictures.graph import arguments, open_source
from jobs.assemble.pictures.shot_graph import Fetch, ShotGraph
from jobs.assemble.pictures.shots import Shot, ShotKind
from jobs.assemble.running.child import Children
from shared.domain.blueprint.model import Blueprint, Gap, Generator
from shared.domain.errors import CorruptAsset, RenderFailed

# The format is known: what ffmpeg reads ahead to find out about it, it would decode twice.
_READ = [
    "-skip_loop_filter",
    "all",
    "-skip_idct",
    "all",
    "-threads",
    "1",
    "-probesize",
    "32",
    "-f",
    "h264",
    "-i",
    "pipe:0",
]
_DECODE = [*_READ, "-fps_mode", "passthrough", "-f", "null", "-progress", "pipe:1", "-"]


class PictureMaker:
    """Makes shots of one blueprint. `fetch` gives an asset's local file by its name in the blueprint."""

    def __init__(self, blueprint: Blueprint, fetch: Fetch, children: Children, scratch: Path) -> None:
        self._blueprint = blueprint
        self._output = blueprint.output
        self._fetch = fetch
        self._children = children
        self._scratch = scratch
        self._sizes: dict[str, tuple[int, int]] = {}
        self.house_clips: frozenset[str] = (
            frozenset()
        )  # assets whose frames need no fitting, and are entered at a keyframe
        self._rest: tuple[bytes, ...] = ()
        self._lock = threading.Lock()

    def make(self, shots: Sequence[tuple[Shot, Path]]) -> None:
        """Encode each shot into its file (Annex B), all of them by one run of ffmpeg, with an encoder each.

        Raises CorruptAsset or RenderFailed when one is not exactly as planned.
        """
        try:
            self._take(shots)
        except RenderFailed as exc:
            if len(shots) == 1:
                raise self._blame(shots[0][0], exc) from exc
            for each in shots:  # one of them went wrong: alone, it says which
                self.make([each])

    def _take(self, shots: Sequence[tuple[Shot, Path]]) -> None:
        graph = self._graph(shots[0][1])
        try:
            outputs = [graph.build(shot).output(str(target), **self._options(shot)) for shot, target in shots]
            self._children.run(graph.shortened(arguments(ffmpeg.merge_outputs(*outputs))))
        finally:
            for script in graph.scripts:
                script.unlink(missing_ok=True)
        for shot, target in shots:
            if shot.kind is ShotKind.STILL:
                self._hold(shot, target)
        self._verify(shots)

    def _options(self, shot: Shot) -> dict[str, Any]:
        if shot.kind is ShotKind.STILL:
            return house.video_options(self._output, still=True) | {"vframes": 1}
        return house.video_options(self._output, keyframe_at=shot.frames - 1 if shot.hands_over else None)

    def _hold(self, shot: Shot, target: Path) -> None:
        """Make a picture's one GOP of its keyframe: the frames after it say nothing but that all is as it was.

        Such frames do not depend on the picture, so those of a black one serve all: a tenth of the time that it takes to
        encode them anew, and no picture that sharpens from frame to frame and falls back at the next keyframe.
        """
        stream = _read(shot, target)
        units = [*stream.parameters, *stream.frames, *self._unchanged()]
        target.write_bytes(b"".join(START + unit for unit in units))

    def _unchanged(self) -> tuple[bytes, ...]:
        """The frames of a still's GOP after its first, shown to play: they say the same behind any keyframe."""
        with self._lock:
            if not self._rest:
                target, gop = self._scratch / "unchanged.h264", house.still_gop(self._output)
                black = self._graph(target).ground("#000000", gop)
                options = house.video_options(self._output, still=True)
                self._children.run(arguments(black.output(str(target), **options)))
                black = read_stream(target.read_bytes())
                target.unlink()
                self._require_decoded([black], f"A still's {gop} frames")
                self._rest = black.frames[1:]
            return self._rest

    def parameter_sets(self) -> tuple[bytes, bytes]:
        """The house format's (SPS, PPS) for this output, from one encoded frame: what a copied clip must match."""
        target = self._scratch / "parameters.h264"
        options = house.video_options(self._output)
        self._children.run(arguments(self._graph(target).ground("#000000", 1).output(str(target), **options)))
        return read_stream(target.read_bytes()).parameters

    def _graph(self, target: Path) -> ShotGraph:
        return ShotGraph(self._blueprint, self._fetch, self._size, target, self.house_clips)

    def _size(self, asset: str) -> tuple[int, int]:
        """(width, height) of an asset's first picture as it is shown, turned upright; measured, once."""
        with self._lock:
            if asset not in self._sizes:
                source = open_source(self._fetch(asset), self._blueprint.assets[asset].media_type)
                found = source.video.filter("scale", "iw*sar", "ih").output("-", format="framemd5", vframes=1)
                said = self._children.run(arguments(found)).decode()
                size = re.search(r"#dimensions 0: (\d+)x(\d+)", said)
                if size is None:
                    raise CorruptAsset(f"The asset {asset!r} ({self._blueprint.assets[asset].uri}) holds no picture.")
                self._sizes[asset] = (int(size[1]), int(size[2]))
            return self._sizes[asset]

    def _verify(self, shots: Sequence[tuple[Shot, Path]]) -> None:
        """Decode the shots once, in a row, and count: what is kept is known to play.

        The bit stream is read to its end; pictures are not computed from it, which saves a sixth of the time. Of a still
        only the keyframe is its own, and the first frame behind it shows that the others fit.
        """
        new: list[ReadStream] = []
        for shot, target in shots:
            frames = house.still_gop(self._output) if shot.kind is ShotKind.STILL else shot.frames
            stream = _read(shot, target)
            _require(len(stream.frames) == frames, shot, f"{len(stream.frames)} frames encoded, {frames} planned")
            _require(not shot.hands_over or frames - 1 in stream.keyframes, shot, "no keyframe at its end")
            own = stream.frames[:2] if shot.kind is ShotKind.STILL else stream.frames
            new.append(ReadStream(stream.parameters, own))
        self._require_decoded(new, f"The shot at frame {shots[0][0].start}")

    def _require_decoded(self, streams: Sequence[ReadStream], what: str) -> None:
        encoded = sum(len(stream.frames) for stream in streams)
        decoded = _last_frame_count(self._children.run(_DECODE, feed=lambda pipe: _pour(pipe, streams)))
        if decoded != encoded:
            raise RenderFailed(
                f"{what}, and what was made with it, is not as planned: {encoded} encoded, {decoded} decoded."
            )

    def _blame(self, shot: Shot, exc: RenderFailed) -> RenderFailed | CorruptAsset:
        """A shot with a source fails by its source far more often than by the encoder: say which."""
        items = [stretch.item for scene in (shot.scene, *shot.layers) for stretch in scene.stretches]
        names = dict.fromkeys(item.asset for item in items if not isinstance(item, Gap | Generator))
        if not names:
            return exc
        shown = " or ".join(f"{name!r} ({self._blueprint.assets[name].uri})" for name in names)
        return CorruptAsset(f"The asset {shown} could not be used: {exc.detail} Upload it again.")


def _read(shot: Shot, target: Path) -> ReadStream:
    try:
        return read_stream(target.read_bytes())
    except ValueError as exc:
        raise RenderFailed(f"The shot at frame {shot.start} came out wrong: {exc}.") from exc


def _require(is_so: bool, shot: Shot, otherwise: str) -> None:
    if not is_so:
        raise RenderFailed(f"The shot at frame {shot.start} is not as planned: {otherwise}.")


def _pour(pipe: int, streams: Sequence[ReadStream]) -> None:
    for stream in streams:
        rest = memoryview(b"".join(START + unit for unit in (*stream.parameters, *stream.frames)))
        while rest:
            rest = rest[os.write(pipe, rest) :]


def _last_frame_count(progress: bytes) -> int:
    counts = [line[6:] for line in progress.decode().splitlines() if line.startswith("frame=")]
    return int(counts[-1]) if counts else 0
