"""Audio blocks, encoded: to AAC frames that join without a seam, and where it was asked for, under a true peak."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble import house
from jobs.assemble.pictures.graph import arguments
from jobs.assemble.running.child import Children
from jobs.assemble.sound.maker import Measured, metered_by, read_meter
from jobs.assemble.sound.sound_plan import AudioBlock
from shared.domain.blueprint.model import Output
from shared.domain.errors import RenderFailed

OVERSAMPLING = 4  # ITU-R BS.1770-4, Annex 2: what lies between the samples shows at 192 kHz
TRIES = 6
SPARE_DB = 0.05  # beyond what a first encoding went over: the second is not coded quite alike


class SoundEncoder:
    def __init__(self, output: Output, children: Children) -> None:
        self._output = output
        self._children = children

    def encode(self, block: AudioBlock, mixed: Path, gain_db: int, limit_db: float | None, target: Path) -> None:
        """Encode a mixed window to exactly the block's AAC packets (ADTS). `limit_db` bounds the samples, not the coding."""
        stream = self._mixed(mixed, gain_db)
        self._encode(block, stream if limit_db is None else _limited(stream, limit_db), target, hear=False)

    def encode_heard(
        self, block: AudioBlock, mixed: Path, gain_db: int, ceiling_dbtp: float | None, target: Path
    ) -> Measured:
        """Encode and decode again: what the listener gets, its peak the true one (BS.1770), under the ceiling if there is one.

        The limiter works on the oversampled mix. Coding adds to some peaks and takes from others: where the result still
        goes over, it is made again with a limit that is lower by as much. Raises RenderFailed where that does not help.
        """
        if ceiling_dbtp is None:
            return self._encode(block, self._mixed(mixed, gain_db), target, hear=True)
        limit, rate = ceiling_dbtp, self._output.sample_rate
        for _ in range(TRIES):
            wide = self._mixed(mixed, gain_db).filter("aresample", rate * OVERSAMPLING)
            heard = self._encode(block, _limited(wide, limit).filter("aresample", rate), target, hear=True)
            over = decibels(heard.peak) - ceiling_dbtp
            if over <= 0:
                return heard
            limit -= over + SPARE_DB
        raise RenderFailed(
            f"An audio block stays {over:.2f} dB over its ceiling of {ceiling_dbtp} dBTP. Ask for less loudness."
        )

    def _mixed(self, mixed: Path, gain_db: int) -> Any:
        stream = ffmpeg.input(str(mixed), format="f32le", ar=self._output.sample_rate, ac=self._output.channels)
        return stream.filter("volume", f"{gain_db}dB") if gain_db else stream

    def _encode(self, block: AudioBlock, stream: Any, target: Path, *, hear: bool) -> Measured:
        whole = target.with_suffix(".whole.aac")
        try:
            self._children.run(arguments(stream.output(str(whole), **house.audio_options(self._output))))
            packets = adts_packets(whole.read_bytes())
            kept = packets[block.preroll : block.preroll + block.packets]
            if len(kept) != block.packets:
                raise RenderFailed(
                    f"An audio block came out with {len(kept)} AAC packets, {block.packets} were planned."
                )
            target.write_bytes(b"".join(kept))
            return self._hear(whole) if hear else Measured((), 0.0)
        finally:
            whole.unlink(missing_ok=True)

    def _hear(self, encoded: Path) -> Measured:
        decoded = ffmpeg.input(str(encoded), format="aac").audio
        sound = decoded.filter("atrim", start_sample=house.AAC_FRAME).filter(
            "asetpts", "N/SR/TB"
        )  # the encoder's delay
        out = metered_by(sound, "true").output("-", format="null")
        return read_meter(self._children.run(arguments(out)), "true")


def _limited(stream: Any, limit_db: float) -> Any:
    limit = f"{10 ** (limit_db / 20):.5f}"
    return stream.filter("alimiter", limit=limit, attack=5, release=50, level=0, latency=1)


def decibels(peak: float) -> float:
    """A linear peak in decibels of full scale."""
    return 20 * math.log10(peak) if peak > 0 else -math.inf


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
