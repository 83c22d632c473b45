"""Shots, made: one small ffmpeg each, its result read back and counted before it may be kept."""

from __future__ import annotations

import re
import threading
from pathlib import Path

from jobs.assemble import house
from jobs.assemble.files.annexb import START, read_stream
from jobs.assemble.pictures.graph import arguments, open_source
from jobs.assemble.pictures.shot_graph import Fetch, ShotGraph
from jobs.assemble.pictures.shots import Shot, ShotKind
from jobs.assemble.running.child import Children
from shared.domain.blueprint.model import Blueprint, Gap, Generator
from shared.domain.errors import CorruptAsset, RenderFailed


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

    def make(self, shot: Shot, target: Path) -> None:
        """Encode `shot` into `target` (Annex B). Raises CorruptAsset or RenderFailed when it is not exactly as planned."""
        graph = self._graph(target)
        is_still = shot.kind is ShotKind.STILL
        options = house.video_options(self._output, still=is_still) | ({"vframes": 1} if is_still else {})
        try:
            self._children.run(graph.shortened(arguments(graph.build(shot).output(str(target), **options))))
        except RenderFailed as exc:
            raise self._blame(shot, exc) from exc
        finally:
            for script in graph.scripts:
                script.unlink(missing_ok=True)
        if is_still:
            self._hold(shot, target)
        self._verify(shot, target, house.still_gop(self._output) if shot.kind is ShotKind.STILL else shot.frames)

    def _hold(self, shot: Shot, target: Path) -> None:
        """Make a picture's one GOP of its keyframe: the frames after it say nothing but that all is as it was.

        Such frames do not depend on the picture, so those of a black one serve all: a tenth of the time that it takes to
        encode them anew, and no picture that sharpens from frame to frame and falls back at the next keyframe.
        """
        try:
            stream = read_stream(target.read_bytes())
        except ValueError as exc:
            raise self._blame(shot, RenderFailed(f"The shot at frame {shot.start} came out wrong: {exc}.")) from exc
        units = [*stream.parameters, *stream.frames, *self._unchanged()]
        target.write_bytes(b"".join(START + unit for unit in units))

    def _unchanged(self) -> tuple[bytes, ...]:
        """The frames of a still's GOP after its first."""
        with self._lock:
            if not self._rest:
                target, gop = self._scratch / "unchanged.h264", house.still_gop(self._output)
                black = self._graph(target).ground("#000000", gop)
                options = house.video_options(self._output, still=True)
                self._children.run(arguments(black.output(str(target), **options)))
                self._rest = read_stream(target.read_bytes()).frames[1:]
                target.unlink()
            return self._rest

    def parameter_sets(self) -> tuple[bytes, bytes]:
        """The house format's (SPS, PPS) for this output, from one encoded frame: what a copied clip must match."""
        target = self._scratch / "parameters.h264"
        options = house.video_options(self._output, still=False)
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

    def _verify(self, shot: Shot, target: Path, wanted: int) -> None:
        """Decode the shot once and count: what is kept is known to play.

        The bit stream is read to its end; pictures are not computed from it, which saves a sixth of the time.
        """
        try:
            stream = read_stream(target.read_bytes())
        except ValueError as exc:
            raise self._blame(shot, RenderFailed(f"The shot at frame {shot.start} came out wrong: {exc}.")) from exc
        cheap = ["-skip_loop_filter", "all", "-skip_idct", "all", "-threads", "1"]
        said = self._children.run(
            [
                *cheap,
                "-f",
                "h264",
                "-i",
                str(target),
                "-fps_mode",
                "passthrough",
                "-f",
                "null",
                "-progress",
                "pipe:1",
                "-",
            ]
        )
        decoded = _last_frame_count(said)
        if not len(stream.frames) == decoded == wanted:
            found = f"{len(stream.frames)} frames encoded, {decoded} decoded, {wanted} planned"
            raise self._blame(shot, RenderFailed(f"The shot at frame {shot.start} is not as planned: {found}."))

    def _blame(self, shot: Shot, exc: RenderFailed) -> RenderFailed | CorruptAsset:
        """A shot with a source fails by its source far more often than by the encoder: say which."""
        items = [stretch.item for scene in (shot.scene, *shot.layers) for stretch in scene.stretches]
        names = dict.fromkeys(item.asset for item in items if not isinstance(item, Gap | Generator))
        if not names:
            return exc
        shown = " or ".join(f"{name!r} ({self._blueprint.assets[name].uri})" for name in names)
        return CorruptAsset(f"The asset {shown} could not be used: {exc.detail} Upload it again.")


def _last_frame_count(progress: bytes) -> int:
    counts = [line[6:] for line in progress.decode().splitlines() if line.startswith("frame=")]
    return int(counts[-1]) if counts else 0
