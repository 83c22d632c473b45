"""A render, acted out: what is missing is made, what is there is used, the whole is joined, checked and published."""

from __future__ import annotations

import contextlib
import json
import resource
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from jobs.assemble import annexb, captions, gate, house, loudness, mp4, mux
from jobs.assemble.assets import Assets, retry
from jobs.assemble.child import Children
from jobs.assemble.pictures import PictureMaker
from jobs.assemble.plan import RenderPlan, Shot, ShotKind, Source, moving_assets, plan_render
from jobs.assemble.progress import Progress
from jobs.assemble.sound import Measured, SoundMaker
from jobs.assemble.sound_plan import AudioBlock
from shared.domain.artifact import ArtifactKey
from shared.domain.blueprint.model import Blueprint, Clip
from shared.domain.errors import PreconditionFailed, RenderFailed
from shared.ports.storage import Storage
from shared.services.artifact_store import ArtifactStore

T = TypeVar("T")
# JPEG knows one matrix and full range; a frame handed over as it is would show other colours.
TO_JPEG = "scale=in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc,format=yuvj420p"
MIX_BUDGET = 48 * 1024 * 1024  # scratch bytes of mixed sound kept between measuring and encoding


@dataclass
class Counts:
    """What was made and what was there already."""

    made: int = 0
    reused: int = 0

    @staticmethod
    def of(made: Sequence[bool]) -> Counts:
        return Counts(sum(made), len(made) - sum(made))


@dataclass
class Report:
    shots: Counts = field(default_factory=Counts)
    copied_shots: int = 0
    audio_blocks: Counts = field(default_factory=Counts)
    frames: int = 0
    samples: int = 0
    loudness_lufs: float | None = None
    gain_db: int = 0
    uri: str = ""

    def as_dict(self) -> dict[str, Any]:
        own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        cpu = sum(usage.ru_utime + usage.ru_stime for usage in (own, children))
        return {
            "uri": self.uri,
            "frames": self.frames,
            "samples": self.samples,
            "shots": {**vars(self.shots), "copied": self.copied_shots},
            "audio_blocks": vars(self.audio_blocks),
            "loudness_lufs": self.loudness_lufs,
            "gain_db": self.gain_db,
            "cpu_seconds": round(cpu, 2),
        }


class Renderer:
    """Renders one blueprint as task `index` of `count`. Every step can be done again, by anyone, with the same result."""

    def __init__(
        self,
        blueprint: Blueprint,
        buckets: dict[str, Storage],
        children: Children,
        progress: Progress,
        scratch: Path,
        *,
        encoder: str,
        workers: int,
        share: tuple[int, int] = (0, 1),
    ) -> None:
        self._blueprint = blueprint
        self._assets = Assets(blueprint.assets, buckets, scratch)
        self._children = children
        self._progress = progress
        self._scratch = scratch
        self._encoder = encoder
        self._workers = workers
        self._share = share
        self._artifacts = ArtifactStore(buckets["media"])
        self._pictures = PictureMaker(blueprint, self._assets.fetch, children, scratch)
        self._sounds = SoundMaker(blueprint, self._assets.fetch, children)
        self._report = Report(uri=blueprint.output.uri)
        self._parameters: tuple[bytes, bytes] | None = None
        self._mixes: dict[ArtifactKey, Path] = {}
        self._mix_lock = threading.Lock()

    def run(self) -> dict[str, Any]:
        """Make what is missing and publish. Returns the report; raises the tree of shared.domain.errors."""
        storage, key = self._assets.locate(self._blueprint.output.uri)  # a bad address must not cost a render first
        plan = plan_render(self._blueprint, self._sources(), self._encoder)
        self._report.frames, self._report.samples = plan.frames, plan.samples
        self._make_shots(plan)
        sound = self._make_sound(plan)
        if retry(storage.stat, key):  # nothing of what is published changes, its sidecars included
            self._progress.log("INFO", "published already")
            return self._report.as_dict()
        self._progress.step(90, "joining")
        joined = mux.join(self._blueprint, self._streams(plan), sound, self._scratch, self._children)
        gate.check(joined, plan, self._blueprint, self._known_parameters())
        self._publish(storage, key, joined)
        return self._report.as_dict()

    def _sources(self) -> dict[str, Source]:
        moving = moving_assets(self._blueprint)
        return {
            name: self._assets.source(name, self._blueprint.output, self._known_parameters)
            if name in moving
            else Source(self._assets.identity(name))
            for name in self._blueprint.assets
        }

    def _known_parameters(self) -> tuple[bytes, bytes]:
        if self._parameters is None:
            self._parameters = self._pictures.parameter_sets()
        return self._parameters

    # Pictures

    def _make_shots(self, plan: RenderPlan) -> None:
        wanted = {shot.key: shot for shot in plan.shots if shot.key is not None}
        self._report.copied_shots = sum(1 for shot in plan.shots if shot.kind is ShotKind.COPY)
        done = iter(range(1, len(wanted) + 1))

        def ensure(shot: Shot) -> bool:
            is_made = self._ensure_shot(shot)
            self._progress.step(5 + 55 * next(done) // len(wanted), "making shots")
            return is_made

        self._report.shots = Counts.of(self._each(ensure, list(wanted.values())))

    def _ensure_shot(self, shot: Shot) -> bool:
        """Make and keep the shot unless it is there; True when it was made."""
        key = shot.key
        if key is None or retry(self._artifacts.find, key):
            return False
        target = self._scratch / f"{key.digest}.h264"
        try:
            self._pictures.make(shot, target)
            retry(self._artifacts.save_file, key, target)
        finally:
            target.unlink(missing_ok=True)
        return True

    def _streams(self, plan: RenderPlan) -> Iterator[annexb.Stream]:
        """The pictures of every shot, in order; one shot in memory at a time."""
        last: tuple[ArtifactKey | None, annexb.Stream | None] = (None, None)
        for shot in plan.shots:
            self._children.check()
            if shot.key is None:
                yield self._copied(shot)
                continue
            if last[0] != shot.key or last[1] is None:
                key = shot.key
                last = (key, annexb.read_stream(retry(self._artifacts.read, key)))
            stream = last[1]
            assert stream is not None  # noqa: S101  # set just above; this tells mypy
            yield _held(stream, shot.frames) if shot.kind is ShotKind.STILL else stream

    def _copied(self, shot: Shot) -> annexb.Stream:
        item = shot.item
        if not isinstance(item, Clip):
            raise TypeError(f"a {item.type} cannot be copied")
        storage, key = self._assets.locate(self._blueprint.assets[item.asset].uri)
        with storage.open(key) as stream:
            track = mp4.read_track(stream)
            frames = tuple(track.read(stream, shot.source_start, shot.frames))
        return annexb.Stream((track.sps, track.pps), frames)

    # Sound

    def _make_sound(self, plan: RenderPlan) -> Path | None:
        """All audio blocks encoded at one master gain, joined; None for a silent production."""
        if not plan.blocks:
            return None
        distinct = {block.loudness_key: block for block in plan.blocks}  # two may sound alike: made once
        blocks = list(distinct.values())
        measured = dict(zip(distinct, self._each(self._measure, blocks), strict=True))
        gain, limit = self._level([measured[block.loudness_key] for block in plan.blocks])
        made = self._each(lambda block: self._ensure_block(block, gain, limit), blocks)
        self._report.audio_blocks = Counts.of(made)
        packets = (retry(self._artifacts.read, block.key(gain, limit)) for block in plan.blocks)
        return mux.concatenate(packets, self._scratch / "sound.aac")

    def _measure(self, block: AudioBlock) -> Measured:
        key = block.loudness_key
        if retry(self._artifacts.find, key):
            return Measured.from_json(retry(self._artifacts.read, key))
        mixed = self._mix_path(block)
        measured = self._sounds.mix(block, mixed)
        retry(self._artifacts.save, key, measured.to_json())
        self._keep_mix(block, mixed)
        self._progress.step(70, "mixing sound")
        return measured

    def _level(self, measured: Sequence[Measured]) -> tuple[int, float | None]:
        """(master gain in dB, ceiling in dBTP or None where nothing comes near it)."""
        target = self._blueprint.output.loudness
        programme = loudness.integrated(value for block in measured for value in block.momentary)
        gain = loudness.master_gain(programme, target.integrated_lufs) if target else 0
        ceiling = target.true_peak_dbtp if target else -0.3
        self._report.loudness_lufs = None if programme is None else round(programme + gain, 2)
        self._report.gain_db = gain
        loudest = max(block.peak for block in measured) * 10 ** (gain / 20)
        return gain, ceiling if loudest >= 10 ** (ceiling / 20) else None

    def _ensure_block(self, block: AudioBlock, gain: int, limit: float | None) -> bool:
        key = block.key(gain, limit)
        if retry(self._artifacts.find, key):
            return False
        mixed = self._mixes.pop(block.loudness_key, None)
        if mixed is None:
            mixed = self._mix_path(block)
            self._sounds.mix(block, mixed)
        target = self._scratch / f"{key.digest}.aac"
        try:
            self._sounds.encode(block, mixed, gain, limit, target)
            retry(self._artifacts.save_file, key, target)
        finally:
            target.unlink(missing_ok=True)
            mixed.unlink(missing_ok=True)
        return True

    def _mix_path(self, block: AudioBlock) -> Path:
        return self._scratch / f"{block.loudness_key.digest}.f32"

    def _keep_mix(self, block: AudioBlock, mixed: Path) -> None:
        """Keep a mix for its encoding while there is room; scratch is memory on Cloud Run."""
        with self._mix_lock:
            held = sum(path.stat().st_size for path in self._mixes.values())
            if held + mixed.stat().st_size <= MIX_BUDGET:
                self._mixes[block.loudness_key] = mixed
            else:
                mixed.unlink()

    # The end

    def _publish(self, storage: Storage, key: str, joined: Path) -> None:
        """Sidecars first, the video last and create-only: where the video is, everything is."""
        stem = key.removesuffix(".mp4")
        rate = self._blueprint.output.frame_rate.fraction
        for language, cues in self._blueprint.captions.languages.items():
            for suffix, write, kind in (
                ("vtt", captions.web_vtt, "text/vtt"),
                ("srt", captions.sub_rip, "application/x-subrip"),
            ):
                self._put(storage, f"{stem}.{language}.{suffix}", write(cues, rate).encode(), kind)
        if self._blueprint.output.poster:
            poster = self._poster(joined, self._blueprint.output.poster.frame)
            self._put(storage, f"{stem}.poster.jpg", poster, "image/jpeg")
        report = json.dumps(self._report.as_dict()).encode()
        with contextlib.suppress(PreconditionFailed):  # who came first tells how it was made
            retry(storage.put, f"{stem}.report.json", report, content_type="application/json", if_generation=0)
        try:
            retry(storage.put_file, key, joined, content_type="video/mp4", if_generation=0)
        except PreconditionFailed:
            self._progress.log("INFO", "another task published the same video first")

    def _put(self, storage: Storage, key: str, data: bytes, content_type: str) -> None:
        retry(storage.put, key, data, content_type=content_type)

    def _poster(self, joined: Path, frame: int) -> bytes:
        rate = self._blueprint.output.frame_rate.fraction
        seek = f"{max(0.0, float((frame - Fraction(1, 2)) / rate)):.6f}"
        out = self._scratch / "poster.jpg"
        self._children.run(
            [
                "-y",
                "-ss",
                seek,
                "-i",
                str(joined),
                "-frames:v",
                "1",
                "-vf",
                TO_JPEG,
                "-q:v",
                "3",
                "-f",
                "mjpeg",
                str(out),
            ]
        )
        if not out.exists() or not out.stat().st_size:
            raise RenderFailed(f"No poster could be taken at frame {frame}.")
        return out.read_bytes()

    def _each(self, work: Callable[[Any], T], items: Sequence[Any]) -> list[T]:
        """Do `work` for every item, own share first, several at once; results in the items' order."""
        index, count = self._share
        order = sorted(range(len(items)), key=lambda n: ((n - index) % count != 0, n))
        with ThreadPoolExecutor(self._workers) as pool:
            futures = {n: pool.submit(work, items[n]) for n in order}
            try:
                return [futures[n].result() for n in range(len(items))]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def _held(stream: annexb.Stream, frames: int) -> annexb.Stream:
    """One GOP, repeated to a length."""
    gop = len(stream.frames)
    whole, rest = divmod(frames, gop)
    return annexb.Stream(stream.parameters, stream.frames * whole + stream.frames[:rest])


def encoder_version(children: Children) -> str:
    """ffmpeg's own name for itself: part of the address of all that it makes."""
    first = children.run(["-version"]).decode("utf-8", "replace").splitlines()[0]
    return f"{first.split(' Copyright')[0]}; house {house.x264_params(0)}"
