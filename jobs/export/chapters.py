"""Chapters, encoded: each as its formats need it, once. What exists of an earlier export, or of a run that was cut off, is used.

The sound is put together only where something is to be made of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.assemble.sound.sound_encode import adts_packets
from jobs.export import acx, master
from jobs.export.mix import Mix, mix, sound_digest
from jobs.export.tools import EXACT, Tools, flat, retry
from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.errors import RenderFailed
from shared.domain.export import ExportFormat
from shared.domain.export_script import BookScript, ChapterScript
from shared.domain.export_timeline import RATE, Timeline
from shared.ports.storage import ObjectInfo, Storage
from shared.services.artifact_store import ArtifactStore
from shared.services.export_work import measured

AAC, MP3, WAV, ACX = "aac", "mp3", "wav", "acx"


@dataclass(frozen=True)
class Encoded:
    """One chapter in one encoding: where it lies, its SHA-256 and size in bytes, what is known of it."""

    key: ArtifactKey
    sha256: str
    size: int
    facts: dict[str, Any]
    is_made: bool


def encodings_of(book: BookScript) -> list[str]:
    """What each chapter is encoded as."""
    needs = {
        AAC: (ExportFormat.M4B, ExportFormat.EPUB),
        MP3: (ExportFormat.MP3,),
        WAV: (ExportFormat.WAV,),
        ACX: (ExportFormat.ACX,),
    }
    return [name for name, formats in needs.items() if book.wants(*formats)]


class ChapterEncoder:
    def __init__(self, book: BookScript, media: Storage, artifacts: ArtifactStore, tools: Tools) -> None:
        self._book = book
        self._media = media
        self._artifacts = artifacts
        self._tools = tools

    def encode(self, script: ChapterScript, times: Timeline) -> dict[str, Encoded]:
        """Every encoding the book needs of a chapter. Raises what mixing, encoding and storage raise."""
        digest = sound_digest(script, times, self._tools.resampler)
        keys = {name: self._key(name, digest) for name in encodings_of(self._book)}
        found = {name: retry(self._artifacts.find, key) for name, key in keys.items()}
        missing = [name for name, info in found.items() if info is None]
        done = {name: _encoded(keys[name], info, False) for name, info in found.items() if info}
        if missing:
            mixed = mix(script, times, self._media, self._tools)
            try:
                for name in missing:
                    self._tools.check()
                    done[name] = self._make(name, keys[name], mixed, times)
            finally:
                mixed.path.unlink(missing_ok=True)
        return {name: done[name] for name in keys}

    def _key(self, name: str, digest: str) -> ArtifactKey:
        inputs: dict[str, Any] = {"sound": digest, "as": name, "maker": master.MAKER}
        if name == ACX:
            inputs |= {"rms_tenths": round(acx.TARGET_RMS * 10), "limit_tenths": round(acx.LIMIT_DB * 10)}
        else:
            inputs |= {"lufs_tenths": round(master.TARGET_LUFS * 10), "tp_tenths": round(master.CEILING_DBTP * 10)}
        inputs |= {AAC: {"kbps": self._book.aac_kbps}, MP3: {"kbps": self._book.mp3_kbps}}.get(name, {})
        suffix = {AAC: ".aac", MP3: ".mp3", ACX: ".mp3", WAV: ".wav"}[name]
        return artifact_key(Kind.CHAPTER, suffix, inputs)

    def _make(self, name: str, key: ArtifactKey, mixed: Mix, times: Timeline) -> Encoded:
        with self._scratch(key) as target:
            facts = self._encode(name, mixed, times, target)
            sha256, _ = measured(target)
            told = {"sha256": sha256, "facts": json.dumps(facts, separators=(",", ":"))}
            info = retry(self._artifacts.save_file, key, target, told)
        return _encoded(key, info, True)

    def _encode(self, name: str, mixed: Mix, times: Timeline, target: Path) -> dict[str, Any]:
        if name == ACX:
            return acx.master_acx(
                mixed, lambda filters, path: self._mp3(mixed, filters, acx.KBPS, path), target, self._tools
            )

        def encode(filters: str) -> list[str]:
            if name == AAC:
                self._aac(mixed, filters, times.frames, target)
            elif name == MP3:
                self._mp3(mixed, filters, self._book.mp3_kbps, target)
            else:
                self._run(mixed, filters, ["-c:a", "pcm_s16le", "-rf64", "auto", "-f", "wav"], target)
            return master.written(target, name)

        return dict(master.master(mixed, encode, self._tools).facts())

    def _aac(self, mixed: Mix, filters: str, frames: int, target: Path) -> None:
        """AAC-LC by ffmpeg's fast coder (docs/decisions/0005), in packets: one of run-up, then one a frame."""
        options = ["-c:a", "aac", "-aac_coder", "fast", "-b:a", f"{self._book.aac_kbps}k", "-f", "adts"]
        self._run(mixed, filters, options, target)
        packets = adts_packets(target.read_bytes())
        if len(packets) < frames + 1:
            raise RenderFailed(f"A chapter came out with {len(packets)} AAC packets, {frames + 1} were planned.")
        target.write_bytes(b"".join(packets[: frames + 1]))

    def _mp3(self, mixed: Mix, filters: str, kbps: int, target: Path) -> None:
        """MP3 at a constant rate, without tags: those go before it when it is published."""
        options = ["-c:a", "libmp3lame", "-b:a", f"{kbps}k", "-id3v2_version", "0", "-write_id3v1", "0", "-f", "mp3"]
        self._run(mixed, filters, options, target)

    def _run(self, mixed: Mix, filters: str, options: list[str], target: Path) -> None:
        shape = flat([filters, "aformat=channel_layouts=mono"])
        self._tools.run(
            *master.source(mixed), "-af", shape, "-ar", str(RATE), "-ac", "1", "-threads", "1", *EXACT, *options, target
        )

    @contextmanager
    def _scratch(self, key: ArtifactKey) -> Iterator[Path]:
        target = self._tools.scratch / f"{key.digest}{key.suffix}"
        try:
            yield target
        finally:
            target.unlink(missing_ok=True)


def _encoded(key: ArtifactKey, info: ObjectInfo, is_made: bool) -> Encoded:
    about = info.metadata
    return Encoded(key, about["sha256"], info.size, json.loads(about["facts"]), is_made)
