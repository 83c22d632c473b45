"""A render, acted out: what is missing is made, what is there is used, the whole is joined, checked and published."""

from __future__ import annotations

import contextlib
import json
import resource
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from jobs.assemble import gate, house
from jobs.assemble.assets import Assets, retry
from jobs.assemble.files import mux
from jobs.assemble.lettering import captions
from jobs.assemble.lettering.lettering import Lettering
from jobs.assemble.pictures import sheets
from jobs.assemble.pictures.maker import PictureMaker
from jobs.assemble.pictures.shot_streams import ShotStreams
from jobs.assemble.pictures.shots import Shot, ShotKind, Source
from jobs.assemble.pictures.takes import in_takes
from jobs.assemble.plan import RenderPlan, moving_assets, plan_render
from jobs.assemble.running.child import Children
from jobs.assemble.running.progress import Phase, Progress
from jobs.assemble.sound.maker import SoundMaker
from jobs.assemble.sound.sound_encode import SoundEncoder
from jobs.assemble.sound.soundtrack import Soundtrack
from shared.domain.blueprint.model import Blueprint
from shared.domain.errors import PreconditionFailed
from shared.ports.storage import Storage
from shared.services.artifact_store import ArtifactStore

T = TypeVar("T")
SHOTS, MIX, ENCODE, JOIN, PUBLISH = (5, 60), (60, 75), (75, 85), (85, 95), 95  # per cent of the whole


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
    limited_blocks: int = 0
    loudness_lufs: float | None = None  # what came out, by the encoded blocks
    true_peak_dbtp: float | None = None  # of the encoded blocks that come near the ceiling; None where none does
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
            "limited_blocks": self.limited_blocks,
            "loudness_lufs": self.loudness_lufs,
            "true_peak_dbtp": self.true_peak_dbtp,
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
        self._streams = ShotStreams(self._assets, self._artifacts)
        self._soundtrack = self._sound_department(blueprint)
        self._report = Report(uri=blueprint.output.uri)
        self._parameters: tuple[bytes, bytes] | None = None

    def run(self) -> dict[str, Any]:
        """Make what is missing and publish. Returns the report; raises the tree of shared.domain.errors."""
        storage, key = self._assets.locate(self._blueprint.output.uri)  # a bad address must not cost a render first
        lettering = Lettering(self._blueprint)
        self._children.equip(lettering.prepare(self._scratch / "fonts"))
        sources = self._sources()
        self._pictures.house_clips = frozenset(name for name, source in sources.items() if source.keyframes is not None)
        plan = plan_render(self._blueprint, sources, self._encoder, lettering.address)
        self._report.frames, self._report.samples = plan.frames, plan.samples
        self._make_shots(plan)
        sound = self._make_sound(plan)
        if retry(storage.stat, key):  # nothing of what is published changes, its sidecars included
            self._progress.log("INFO", "published already")
            return self._report.as_dict()
        joining = Phase(self._progress, JOIN, plan.frames, "joining", "frames")
        with self._children.watched(lambda frames: joining.reach("all", frames)):
            joined = mux.join(self._blueprint, self._streams.read(plan.shots), sound, self._scratch, self._children)
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
        takes = in_takes(list(wanted.values()), self._workers * self._share[1])
        lengths = [sum(self._frames_encoded(shot) for shot in take) for take in takes]
        phase = Phase(self._progress, SHOTS, sum(lengths), "making shots", "frames")

        def ensure(number: int) -> int:
            most = lengths[number]
            with self._children.watched(lambda frames: phase.reach(number, min(frames, most))):
                made = self._ensure_take(takes[number])
            phase.reach(number, most)
            return made

        made = sum(self._each(ensure, range(len(takes))))
        self._report.shots = Counts(made, len(wanted) - made)

    def _frames_encoded(self, shot: Shot) -> int:
        return house.still_gop(self._blueprint.output) if shot.kind is ShotKind.STILL else shot.frames

    def _ensure_take(self, take: Sequence[Shot]) -> int:
        """Make and keep those of a take's shots that are not there; how many were made."""
        missing = [(shot, shot.key) for shot in take if shot.key and not retry(self._artifacts.find, shot.key)]
        files = [self._scratch / f"{key.digest}.h264" for _, key in missing]
        try:
            if missing:
                self._pictures.make([(shot, file) for (shot, _), file in zip(missing, files, strict=True)])
            for (_, key), file in zip(missing, files, strict=True):
                retry(self._artifacts.save_file, key, file)
        finally:
            for file in files:
                file.unlink(missing_ok=True)
        return len(missing)

    # Sound

    def _sound_department(self, blueprint: Blueprint) -> Soundtrack:
        maker = SoundMaker(blueprint, self._assets.fetch, self._children, self._artifacts, self._scratch)
        encoder = SoundEncoder(blueprint.output, self._children)
        mixing = partial(self._each, told=(MIX, "mixing sound"))
        encoding = partial(self._each, told=(ENCODE, "encoding sound"))
        ways = (mixing, encoding)
        return Soundtrack(blueprint.output, maker, encoder, self._artifacts, self._progress, self._scratch, ways)

    def _make_sound(self, plan: RenderPlan) -> Path | None:
        """All audio blocks encoded at one master gain, joined; None for a silent production."""
        if not plan.blocks:
            return None
        sound = self._soundtrack.make(plan.blocks)
        self._report.audio_blocks = Counts.of(sound.made)
        self._report.limited_blocks = sound.limited
        self._report.loudness_lufs, self._report.true_peak_dbtp = sound.loudness_lufs, sound.true_peak_dbtp
        self._report.gain_db = sound.gain_db
        return sound.path

    # The end

    def _publish(self, storage: Storage, key: str, joined: Path) -> None:
        """Sidecars first, the video last and create-only: where the video is, everything is."""
        self._progress.step(PUBLISH, "publishing")
        stem = key.removesuffix(".mp4")
        rate = self._blueprint.output.frame_rate.fraction
        for language, cues in self._blueprint.captions.languages.items():
            for suffix, write, kind in (
                ("vtt", captions.web_vtt, "text/vtt"),
                ("srt", captions.sub_rip, "application/x-subrip"),
            ):
                self._put(storage, f"{stem}.{language}.{suffix}", write(cues, rate, language).encode(), kind)
        self._publish_pictures(storage, stem, joined)
        report = json.dumps(self._report.as_dict()).encode()
        with contextlib.suppress(PreconditionFailed):  # who came first tells how it was made
            retry(storage.put, f"{stem}.report.json", report, content_type="application/json", if_generation=0)
        try:
            retry(storage.put_file, key, joined, content_type="video/mp4", if_generation=0)
        except PreconditionFailed:
            self._progress.log("INFO", "another task published the same video first")

    def _publish_pictures(self, storage: Storage, stem: str, joined: Path) -> None:
        output = self._blueprint.output
        if output.poster:
            poster = sheets.poster(joined, output, output.poster.frame, self._scratch, self._children)
            self._put(storage, f"{stem}.poster.jpg", poster, "image/jpeg")
        if output.sprite:
            sheet = sheets.sprite_sheet(joined, output, output.sprite, self._scratch, self._children)
            index = sheets.sprite_index(f"{stem}.sprite.jpg", output, output.sprite, self._report.frames)
            self._put(storage, f"{stem}.sprite.jpg", sheet, "image/jpeg")
            self._put(storage, f"{stem}.sprite.vtt", index.encode(), "text/vtt")

    def _put(self, storage: Storage, key: str, data: bytes, content_type: str) -> None:
        retry(storage.put, key, data, content_type=content_type)

    def _each(
        self, work: Callable[[Any], T], items: Sequence[Any], told: tuple[tuple[int, int], str] | None = None
    ) -> list[T]:
        """Do `work` for every item, several at once; results in the items' order. Own share first, then what others left.

        That is taken from its far end, so that a task which is done meets the others where they will come to last.
        `told` is the stretch of the percentage that the items fill, and what they are doing.
        """
        index, count = self._share
        phase = Phase(self._progress, told[0], len(items), told[1], "blocks") if told else None

        def do(n: int) -> T:
            result = work(items[n])
            if phase:
                phase.reach(n, 1)
            return result

        own = range(index, len(items), count)
        order = [*own, *(n for n in reversed(range(len(items))) if n not in own)]
        with ThreadPoolExecutor(self._workers) as pool:
            futures = {n: pool.submit(do, n) for n in order}
            try:
                return [futures[n].result() for n in range(len(items))]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


def encoder_version(children: Children) -> str:
    """ffmpeg's own name for itself: part of the address of all that it makes."""
    first = children.run(["-version"]).decode("utf-8", "replace").splitlines()[0]
    return f"{first.split(' Copyright')[0]}; house {house.x264_params(0)}"
