"""The sound of a production: blocks mixed and measured, brought to one loudness under one ceiling, encoded and joined."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.assemble.assets import retry
from jobs.assemble.files import mux
from jobs.assemble.running.progress import Progress
from jobs.assemble.sound import loudness
from jobs.assemble.sound.loudness import Master
from jobs.assemble.sound.maker import Measured, SoundMaker
from jobs.assemble.sound.sound_encode import SoundEncoder, decibels
from jobs.assemble.sound.sound_plan import AudioBlock
from shared.domain.artifact import ArtifactKey
from shared.domain.blueprint.model import Output
from shared.services.artifact_store import ArtifactStore

MIX_BUDGET = 48 * 1024 * 1024  # scratch bytes of mixed sound kept between measuring and encoding
OFF_TARGET_LU = 0.5  # how far the result may lie from its target before the log says so
Each = Callable[[Callable[[AudioBlock], Any], Sequence[AudioBlock]], list[Any]]


@dataclass(frozen=True)
class Finished:
    """One encoded block: where it is, what it measures, whether it was made now, whether it was limited.

    The peak of `heard` is the true one where `was_heard`: blocks far from the ceiling are not listened to.
    """

    key: ArtifactKey
    heard: Measured
    was_heard: bool
    is_made: bool
    is_limited: bool


@dataclass(frozen=True)
class Sounded:
    """The joined sound (ADTS) and what came out: `true_peak_dbtp` of the blocks that come near the ceiling, if any do."""

    path: Path
    made: tuple[bool, ...]
    limited: int
    loudness_lufs: float | None
    true_peak_dbtp: float | None
    gain_db: int


class Soundtrack:
    """Makes what is missing of a production's sound. `each` does one thing for many blocks, several at once, in order:
    the first while mixing, the second while encoding.
    """

    def __init__(
        self,
        output: Output,
        maker: SoundMaker,
        encoder: SoundEncoder,
        artifacts: ArtifactStore,
        progress: Progress,
        scratch: Path,
        each: tuple[Each, Each],
    ) -> None:
        self._output = output
        self._maker = maker
        self._encoder = encoder
        self._artifacts = artifacts
        self._progress = progress
        self._scratch = scratch
        self._each_mixed, self._each_encoded = each
        self._kept = 0  # bytes of mixes
        self._mix_lock = threading.Lock()

    def make(self, blocks: Sequence[AudioBlock]) -> Sounded:
        """All blocks at one master gain, joined. Raises what mixing, encoding and storage raise."""
        distinct = {block.loudness_key: block for block in blocks}  # two may sound alike: made once
        measured = dict(zip(distinct, self._each_mixed(self._measure, list(distinct.values())), strict=True))
        programme = loudness.integrated(v for block in blocks for v in measured[block.loudness_key].momentary)
        master = loudness.master(programme, self._output.loudness)
        done: list[Finished] = self._each_encoded(
            lambda block: self._finish(block, measured[block.loudness_key], master), list(distinct.values())
        )
        finished = dict(zip(distinct, done, strict=True))
        packets = (retry(self._artifacts.read, finished[block.loudness_key].key) for block in blocks)
        path = mux.concatenate(packets, self._scratch / "sound.aac")
        return self._told(path, master, done, [finished[block.loudness_key] for block in blocks])

    def _told(self, path: Path, master: Master, done: Sequence[Finished], row: Sequence[Finished]) -> Sounded:
        came_out = loudness.integrated(value for one in row for value in one.heard.momentary)
        target = self._output.loudness
        if target and came_out is not None and abs(came_out - target.integrated_lufs) > OFF_TARGET_LU:
            self._progress.log(
                "WARNING", f"the sound came out at {came_out:.1f} LUFS, {target.integrated_lufs} were asked for"
            )
        peak = max((one.heard.peak for one in row if one.was_heard), default=0.0)
        return Sounded(
            path=path,
            made=tuple(one.is_made for one in done),
            limited=sum(one.is_limited for one in row),
            loudness_lufs=None if came_out is None else round(came_out, 2),
            true_peak_dbtp=round(decibels(peak), 2) if peak else None,
            gain_db=master.gain_db,
        )

    # Mixing

    def _measure(self, block: AudioBlock) -> Measured:
        key = block.loudness_key
        if retry(self._artifacts.find, key):
            return Measured.from_json(retry(self._artifacts.read, key))
        mixed = self._mix_path(block)
        measured = self._maker.mix(block, mixed)
        retry(self._artifacts.save, key, measured.to_json())
        self._keep_if_there_is_room(mixed)
        return measured

    def _mixed(self, block: AudioBlock) -> Path:
        """The block's mix: the one kept from its measurement, or made again."""
        mixed = self._mix_path(block)
        if not mixed.exists():
            self._maker.mix(block, mixed)
        return mixed

    def _mix_path(self, block: AudioBlock) -> Path:
        return self._scratch / f"{block.loudness_key.digest}.f32"

    def _keep_if_there_is_room(self, mixed: Path) -> None:
        """Scratch is memory on Cloud Run."""
        size = mixed.stat().st_size
        with self._mix_lock:
            if self._kept + size > MIX_BUDGET:
                mixed.unlink()
            else:
                self._kept += size

    # Encoding

    def _finish(self, block: AudioBlock, measured: Measured, master: Master) -> Finished:
        try:
            return self._finished(block, measured, master)
        finally:
            self._mix_path(block).unlink(missing_ok=True)

    def _finished(self, block: AudioBlock, measured: Measured, master: Master) -> Finished:
        """Encode a block unless it is there: as it is where it stays under the ceiling, else limited."""
        peak = decibels(measured.peak) + master.gain_db
        is_over = peak >= master.ceiling_db
        if not master.is_near(peak):
            return self._plain(block, measured, master, is_over)
        if not is_over:
            passed = self._heard(block, master, None)
            if decibels(passed.heard.peak) <= master.ceiling_db:
                return passed
        return self._heard(block, master, master.ceiling_db)

    def _plain(self, block: AudioBlock, measured: Measured, master: Master, is_over: bool) -> Finished:
        gain, limit = master.gain_db, master.ceiling_db if is_over else None
        key = block.key(gain, limit)
        made = not retry(self._artifacts.find, key)
        if made:
            with self._kept_at(key) as target:
                self._encoder.encode(block, self._mixed(block), gain, limit, target)
        louder = Measured(tuple(value + gain for value in measured.momentary), measured.peak * 10 ** (gain / 20))
        return Finished(key, louder, False, made, is_over)

    def _heard(self, block: AudioBlock, master: Master, ceiling: float | None) -> Finished:
        gain = master.gain_db
        key, heard_key = block.key(gain, ceiling, is_true_peak=True), block.heard_key(gain, ceiling)
        if retry(self._artifacts.find, key) and retry(self._artifacts.find, heard_key):
            found = Measured.from_json(retry(self._artifacts.read, heard_key))
            return Finished(key, found, True, False, ceiling is not None)
        with self._kept_at(key) as target:
            heard = self._encoder.encode_heard(block, self._mixed(block), gain, ceiling, target)
        retry(self._artifacts.save, heard_key, heard.to_json())
        return Finished(key, heard, True, True, ceiling is not None)

    @contextmanager
    def _kept_at(self, key: ArtifactKey) -> Iterator[Path]:
        """A scratch file to write an artifact to, stored when that went well."""
        target = self._scratch / f"{key.digest}.aac"
        try:
            yield target
            retry(self._artifacts.save_file, key, target)
        finally:
            target.unlink(missing_ok=True)
