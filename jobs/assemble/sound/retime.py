"""Sound at another speed, its pitch kept: one whole item at a time, stored as an artifact from which blocks are cut.

ffmpeg's atempo looks for alike waveforms as it goes along (WSOLA), so what it makes of a moment depends on where it began:
pieces of an item that were retimed block by block would not fit each other at the seams.
"""

from __future__ import annotations

import shutil
import threading
from collections import defaultdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from jobs.assemble.assets import retry
from jobs.assemble.pictures.graph import arguments
from jobs.assemble.running.child import Children
from jobs.assemble.sound.sound_pieces import RETIMED_HEADROOM, Retiming, Sound
from jobs.assemble.sound.sound_source import SoundSources, open_flac
from shared.domain.blueprint.model import Output
from shared.services.artifact_store import ArtifactStore

HALF_WINDOW = 1024  # samples that atempo leaves out at its start, at 44.1 and 48 kHz: half of 2,048


class Retimer:
    def __init__(
        self, sources: SoundSources, output: Output, children: Children, artifacts: ArtifactStore, scratch: Path
    ) -> None:
        self._sources = sources
        self._output = output
        self._children = children
        self._artifacts = artifacts
        self._scratch = scratch
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._guard = threading.Lock()

    def cut(self, sound: Sound, retiming: Retiming, number: int) -> Any:
        """The piece of a retimed item that `sound` is; the item is made, or brought, when it is first asked for."""
        path = self._whole(sound.asset, retiming)
        stream = open_flac(path, sound.source, sound.length, self._output.sample_rate, number)
        return stream.filter("aformat", **self._sources.shape).filter("volume", RETIMED_HEADROOM)

    def _whole(self, asset: str, retiming: Retiming) -> Path:
        path = self._scratch / f"{retiming.key.digest}.flac"
        with self._guard:
            lock = self._locks[retiming.key.digest]
        with lock:
            if not path.exists():
                part = path.with_suffix(".part")
                self._bring(asset, retiming, part)
                part.rename(path)
        return path

    def _bring(self, asset: str, retiming: Retiming, part: Path) -> None:
        if retry(self._artifacts.find, retiming.key):
            retry(self._download, retiming, part)
            return
        self._children.run(arguments(self._retimed(asset, retiming).output(str(part), **_FLAC)))
        retry(self._artifacts.save_file, retiming.key, part)

    def _download(self, retiming: Retiming, part: Path) -> None:
        with self._artifacts.open(retiming.key) as stored, part.open("wb") as local:
            shutil.copyfileobj(stored, local, 1 << 20)

    def _retimed(self, asset: str, retiming: Retiming) -> Any:
        """The whole item, as long as planned to the sample: what atempo leaves short is silence, what is over is cut."""
        stream = self._sources.cut(asset, retiming.start, retiming.length)
        for tempo in tempo_chain(retiming.speed):
            stream = stream.filter("adelay", f"{HALF_WINDOW}S", all=1).filter("atempo", tempo)
        stream = stream.filter("apad", whole_len=retiming.span).filter("atrim", end_sample=retiming.span)
        return stream.filter("volume", 1 / RETIMED_HEADROOM)


# 24 bits with 12 dB of room above full scale: 132 dB of signal over the noise.
_FLAC = {"format": "flac", "acodec": "flac", "sample_fmt": "s32", "flags": "+bitexact", "threads": 1}


def tempo_chain(speed: Fraction) -> list[str]:
    """Factors from 1/2 to 2 whose product is `speed`: beyond that, one atempo skips samples or refuses."""
    factors: list[Fraction] = []
    while speed > 2:
        factors.append(Fraction(2))
        speed /= 2
    while speed < Fraction(1, 2):
        factors.append(Fraction(1, 2))
        speed *= 2
    return [f"{float(factor):.12f}" for factor in [*factors, speed]]
