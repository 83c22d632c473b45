"""Audio blocks, mixed and measured: every sound of a window at its place and level, in one ffmpeg."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble.pictures.graph import arguments, made_input
from jobs.assemble.running.child import Children
from jobs.assemble.sound.retime import Retimer
from jobs.assemble.sound.sound_pieces import STEP, Fade, Ramp, Sound
from jobs.assemble.sound.sound_plan import AudioBlock
from jobs.assemble.sound.sound_source import Fetch, SoundSources
from shared.domain.blueprint.model import Blueprint
from shared.domain.errors import CorruptAsset, RenderFailed
from shared.services.artifact_store import ArtifactStore


@dataclass(frozen=True)
class Measured:
    """What a stretch of sound measures: momentary loudness every 100 ms (LUFS), and its peak (0-1 is full scale).

    The peak is that of the samples for a mix before the master gain, the true peak (BS.1770) for what was encoded.
    """

    momentary: tuple[float, ...]
    peak: float

    def to_json(self) -> bytes:
        return json.dumps({"momentary": self.momentary, "peak": self.peak}).encode()

    @staticmethod
    def from_json(data: bytes) -> Measured:
        raw = json.loads(data)
        return Measured(tuple(raw["momentary"]), raw["peak"])


class SoundMaker:
    """Mixes blocks of one blueprint. `fetch` gives an asset's local file by its name in the blueprint."""

    def __init__(
        self, blueprint: Blueprint, fetch: Fetch, children: Children, artifacts: ArtifactStore, scratch: Path
    ) -> None:
        self._blueprint = blueprint
        self._output = blueprint.output
        self._children = children
        self._sources = SoundSources(blueprint.assets, self._output, fetch, children)
        self._retimer = Retimer(self._sources, self._output, children, artifacts, scratch)

    def mix(self, block: AudioBlock, target: Path) -> Measured:
        """Mix a block's window into `target` (raw 32-bit float) and measure it on the way.

        Raises CorruptAsset for a source that is not sound, RenderFailed where the mix is not exactly as planned.
        """
        try:
            metered = metered_by(self._graph(block), "sample")
            out = metered.output(str(target), format="f32le", acodec="pcm_f32le", ac=self._output.channels)
            measured = read_meter(self._children.run(arguments(out)), "sample")
        except RenderFailed as exc:
            raise self._blame(block, exc) from exc
        self._check_length(target, block)
        return measured

    def _graph(self, block: AudioBlock) -> Any:
        shape = self._sources.shape
        silence = made_input(f"anullsrc=r={shape['sample_rates']}:cl={shape['channel_layouts']}")
        ground = silence.filter("atrim", end_sample=block.window).filter("aformat", **shape)
        voices = [self._voice(number, sound) for number, sound in enumerate(block.sounds)]
        if not voices:
            return ground
        mixed = ffmpeg.filter([ground, *voices], "amix", inputs=len(voices) + 1, duration="first", normalize=0)
        return mixed.filter("aformat", **shape)

    def _voice(self, number: int, sound: Sound) -> Any:
        if sound.retiming:
            stream = self._retimer.cut(sound, sound.retiming, number)
        else:
            stream = self._sources.cut(sound.asset, sound.source, sound.length, number)
        stream = _faded(stream, sound.fades)
        if sound.offset:
            stream = stream.filter("adelay", f"{sound.offset}S", all=1)
        if sound.gain_db:
            stream = stream.filter("volume", f"{sound.gain_db}dB")
        if sound.ducks:
            lowered = f"pow(10,-({_deepest(sound.ducks, self._output.sample_rate)})/20)"
            stream = stream.filter("asetnsamples", STEP, p=0).filter("volume", lowered, eval="frame")
        return stream

    def _blame(self, block: AudioBlock, exc: RenderFailed) -> RenderFailed | CorruptAsset:
        """The first source that does not decode by itself either; the failure as it is when all of them do."""
        for name in dict.fromkeys(sound.asset for sound in block.sounds):
            try:
                self._children.run(arguments(self._sources.whole(name).output("-", format="null")))
            except RenderFailed as own:
                shown = f"The asset {name!r} ({self._blueprint.assets[name].uri})"
                if "matches no streams" in own.detail:
                    return CorruptAsset(f"{shown} holds no sound. Leave it out of the audio tracks, or name another.")
                return CorruptAsset(f"{shown} could not be used: {own.detail} Upload it again.")
        return exc

    def _check_length(self, target: Path, block: AudioBlock) -> None:
        samples = target.stat().st_size // (4 * self._output.channels)
        if samples != block.window:
            raise RenderFailed(f"An audio block was mixed to {samples} samples, {block.window} were planned.")


def metered_by(stream: Any, peak: str) -> Any:
    """The stream, with ffmpeg's EBU R 128 meter writing to standard output; `peak` is "sample" or "true"."""
    return stream.filter("ebur128", metadata=1, peak=peak).filter("ametadata", "print", file="pipe:1", direct=1)


def read_meter(said: bytes, peak: str) -> Measured:
    """What the meter wrote. Its loudness is logarithmic, its peaks are linear and those of all so far."""
    values: dict[str, list[float]] = {}
    for line in said.decode().splitlines():
        key, _, value = line.partition("=")
        if key.startswith("lavfi.r128."):
            values.setdefault(key.removeprefix("lavfi.r128."), []).append(float(value))
    peaks = [value for channel in (0, 1) for value in values.get(f"{peak}_peaks_ch{channel}", [])]
    momentary = tuple(round(v, 2) if math.isfinite(v) else -120.0 for v in values.get("M", []))
    return Measured(momentary, round(max(peaks, default=0.0), 6))


def _faded(stream: Any, fades: Sequence[Fade]) -> Any:
    """The fades, sample by sample. They are counted by the stream's times, which start late enough for the earliest."""
    if not fades:
        return stream
    early = max(0, *(-fade.first for fade in fades))
    stream = stream.filter("asetpts", f"(N+{early})/SR/TB")
    for fade in fades:
        kind = "in" if fade.rises else "out"
        place = {"start_sample": fade.first + early, "nb_samples": fade.length}
        stream = stream.filter("afade", type=kind, **place, curve=fade.curve)
    return stream.filter("asetpts", "N/SR/TB")


def _deepest(ramps: Sequence[Ramp], rate: int) -> str:
    """How many decibels the ramps take off, the deepest of them at each moment; linear in decibels."""
    shapes = [
        f"{ramp.amount_db}*clip(min((t*{rate}-({ramp.start - ramp.attack}))/{ramp.attack},"
        f"({ramp.end + ramp.release}-t*{rate})/{ramp.release}),0,1)"
        for ramp in ramps
    ]
    deepest = shapes[0]
    for shape in shapes[1:]:
        deepest = f"max({deepest},{shape})"
    return deepest
