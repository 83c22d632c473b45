"""Audio blocks, made: mixed, measured, and encoded to AAC frames that join without a seam."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble import house
from jobs.assemble.child import Children
from jobs.assemble.graph import arguments, open_source
from jobs.assemble.sound_plan import AudioBlock, Ramp, Sound
from shared.domain.blueprint.model import Blueprint
from shared.domain.errors import CorruptAsset, RenderFailed

Fetch = Callable[[str], Path]


@dataclass(frozen=True)
class Measured:
    """What a block sounds like before the master gain: momentary loudness every 100 ms (LUFS), sample peak (0-1)."""

    momentary: tuple[float, ...]
    peak: float

    def to_json(self) -> bytes:
        return json.dumps({"momentary": self.momentary, "peak": self.peak}).encode()

    @staticmethod
    def from_json(data: bytes) -> Measured:
        raw = json.loads(data)
        return Measured(tuple(raw["momentary"]), raw["peak"])


class SoundMaker:
    def __init__(self, blueprint: Blueprint, fetch: Fetch, children: Children) -> None:
        self._blueprint = blueprint
        self._output = blueprint.output
        self._fetch = fetch
        self._children = children

    def mix(self, block: AudioBlock, target: Path) -> Measured:
        """Mix a block's window into `target` (raw 32-bit float) and measure it on the way."""
        mixed = self._graph(block)
        metered = mixed.filter("ebur128", metadata=1, peak="sample")
        keys = ("lavfi.r128.M", "lavfi.r128.sample_peaks_ch0", "lavfi.r128.sample_peaks_ch1")
        metered = metered.filter("ametadata", "print", file="pipe:1", direct=1)
        out = metered.output(str(target), format="f32le", acodec="pcm_f32le", ac=self._output.channels)
        try:
            said = self._children.run(arguments(out)).decode()
        except RenderFailed as exc:
            raise self._blame(block, exc) from exc
        values = {
            key: [float(line.split("=")[1]) for line in said.splitlines() if line.startswith(key + "=")] for key in keys
        }
        peaks = [value for key in keys[1:] for value in values[key]]  # linear, unlike the loudness
        momentary = tuple(round(v, 2) if math.isfinite(v) else -120.0 for v in values[keys[0]])
        self._check_length(target, block)
        return Measured(momentary, round(max(peaks, default=0.0), 6))

    def encode(self, block: AudioBlock, mixed: Path, gain_db: int, limit_dbtp: float | None, target: Path) -> None:
        """Encode a mixed window to exactly the block's AAC packets (ADTS)."""
        rate, channels = self._output.sample_rate, self._output.channels
        stream = ffmpeg.input(str(mixed), format="f32le", ar=rate, ac=channels)
        if gain_db:
            stream = stream.filter("volume", f"{gain_db}dB")
        if limit_dbtp is not None:
            limit = 10 ** (limit_dbtp / 20)
            stream = stream.filter("alimiter", limit=f"{limit:.5f}", attack=5, release=50, level=0, latency=1)
        whole = target.with_suffix(".whole.aac")
        try:
            self._children.run(arguments(stream.output(str(whole), **house.audio_options(self._output))))
            packets = adts_packets(whole.read_bytes())
        finally:
            whole.unlink(missing_ok=True)
        kept = packets[block.preroll : block.preroll + block.packets]
        if len(kept) != block.packets:
            raise RenderFailed(f"An audio block came out with {len(kept)} AAC packets, {block.packets} were planned.")
        target.write_bytes(b"".join(kept))

    def _graph(self, block: AudioBlock) -> Any:
        output = self._output
        layout = "mono" if output.channels == 1 else "stereo"
        shape = {"sample_fmts": "flt", "sample_rates": output.sample_rate, "channel_layouts": layout}
        silence = ffmpeg.input(f"anullsrc=r={output.sample_rate}:cl={layout}", format="lavfi")
        ground = silence.filter("atrim", end_sample=block.window).filter("aformat", **shape)
        voices = [self._voice(number, sound, shape) for number, sound in enumerate(block.sounds)]
        if not voices:
            return ground
        mixed = ffmpeg.filter([ground, *voices], "amix", inputs=len(voices) + 1, duration="first", normalize=0)
        return mixed.filter("aformat", **shape)

    def _voice(self, number: int, sound: Sound, shape: dict[str, Any]) -> Any:
        asset = self._blueprint.assets[sound.asset]
        rate = self._output.sample_rate
        stream = open_source(self._fetch(sound.asset), asset.media_type, number).audio
        stream = stream.filter("aresample", rate).filter("aformat", **shape)
        stream = stream.filter("atrim", start_sample=sound.source, end_sample=sound.source + sound.length)
        stream = stream.filter("asetpts", "N/SR/TB")
        if sound.offset:
            stream = stream.filter("adelay", f"{sound.offset}S", all=1)
        if sound.gain_db:
            stream = stream.filter("volume", f"{sound.gain_db}dB")
        if sound.ducks or sound.fade_in or sound.fade_out:
            # Short frames, so that the envelope moves in steps of 5 ms, each far below what can be heard.
            stream = stream.filter("asetnsamples", 240, p=0).filter("volume", _envelope(sound, rate), eval="frame")
        return stream

    def _blame(self, block: AudioBlock, exc: RenderFailed) -> RenderFailed | CorruptAsset:
        """The first source that does not decode by itself either; the failure as it is when all of them do."""
        for name in dict.fromkeys(sound.asset for sound in block.sounds):
            asset = self._blueprint.assets[name]
            alone = open_source(self._fetch(name), asset.media_type).audio.output("-", format="null")
            try:
                self._children.run(arguments(alone))
            except RenderFailed as own:
                return CorruptAsset(
                    f"The asset {name!r} ({asset.uri}) could not be used: {own.detail} Upload it again."
                )
        return exc

    def _check_length(self, target: Path, block: AudioBlock) -> None:
        samples = target.stat().st_size // (4 * self._output.channels)
        if samples != block.window:
            raise RenderFailed(f"An audio block was mixed to {samples} samples, {block.window} were planned.")


def _envelope(sound: Sound, rate: int) -> str:
    """A gain over the window's time, as ffmpeg evaluates it: fades linear in amplitude, ducking linear in decibels."""
    factors = []
    begin = sound.offset - sound.played  # where the item would start in this window
    if sound.fade_in:
        factors.append(f"clip((t*{rate}-{begin})/{sound.fade_in},0,1)")
    if sound.fade_out:
        factors.append(f"clip(({begin + sound.whole}-t*{rate})/{sound.fade_out},0,1)")
    if sound.ducks:
        factors.append(f"pow(10,-({_deepest(sound.ducks, rate)})/20)")
    return "*".join(factors)


def _deepest(ramps: Sequence[Ramp], rate: int) -> str:
    """How many decibels the ramps take off, the deepest of them at each moment."""
    shapes = [
        f"{ramp.amount_db}*clip(min((t*{rate}-({ramp.start - ramp.attack}))/{ramp.attack},"
        f"({ramp.end + ramp.release}-t*{rate})/{ramp.release}),0,1)"
        for ramp in ramps
    ]
    deepest = shapes[0]
    for shape in shapes[1:]:
        deepest = f"max({deepest},{shape})"
    return deepest


def adts_packets(data: bytes) -> list[bytes]:
    """AAC frames of an ADTS stream (ISO/IEC 13818-7), each with its header. Raises RenderFailed on anything else."""
    packets: list[bytes] = []
    position = 0
    while position < len(data):
        header = data[position : position + 7]
        if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
            raise RenderFailed("The AAC encoder's output is not a whole number of ADTS frames.")
        size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
        packets.append(data[position : position + size])
        position += size
    return packets
