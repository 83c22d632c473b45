"""Sources of sound, entered near the moment that is wanted: a block does not decode an hour of music for its twenty seconds.

A source is entered at a whole second only. At every rate that is a whole number of samples, so the resampler goes on there in
the phase it would have had, and what it makes is the same to the bit (tests/jobs/test_sound_seek.py). How a source is
entered depends on what its container knows of its samples:

  seek     WAV, FLAC, MP4, QuickTime: every packet's place is exact
  copied   MP3, AAC in ADTS: no places at all. Packets are copied once into an MP4 beside the source, as large as the source
  decoded  Ogg, WebM, Matroska: places are rounded to milliseconds or guessed after a seek. Decoded once, when a second block
           asks, and kept as raw samples within DECODED_BUDGET; a source that does not fit is decoded from its start each time
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import ffmpeg

from jobs.assemble.pictures.graph import arguments, open_source
from jobs.assemble.running.child import PROTOCOLS, Children
from shared.domain.blueprint.model import Asset, Output
from shared.domain.errors import RenderFailed

Fetch = Callable[[str], Path]
EARLY_S = 2  # decoders find their step before what is wanted: MP3 may need 46 packets of its lowest rate, 1.1 s
DECODED_BUDGET = 128 * 1024**2  # bytes of scratch, which is memory on Cloud Run: 11 minutes of one channel, 5 of two
_SEEKABLE = {"audio/wav", "audio/x-wav", "audio/flac", "audio/mp4", "video/mp4", "video/quicktime"}
_COPIED = {"audio/mpeg", "audio/aac"}
# Sound lies where its times say, counted from the file's start: a film's sound may begin later than its pictures, and a
# hole in it is silence. Small unevenness is not taken for holes; where times are coarse, neither is a small late start.
_PLACED = {"async": 1, "first_pts": 0, "min_comp": 0.00001, "min_hard_comp": 0.015}
_PLACED_COARSELY = {"async": 1, "first_pts": 0, "min_comp": 0.01}


class SoundSources:
    """Opens the blueprint's assets as sound at the output's rate and channels. `fetch` gives an asset's local file."""

    def __init__(self, assets: Mapping[str, Asset], output: Output, fetch: Fetch, children: Children) -> None:
        self._assets = assets
        self._output = output
        self._fetch = fetch
        self._children = children
        self._locks = {name: threading.Lock() for name in assets}
        self._deep: Counter[str] = Counter()  # how often an asset was asked for beyond its beginning
        self._decoded = 0  # bytes, with what is being decoded now
        self._budget_lock = threading.Lock()
        self._too_long: set[str] = set()

    @property
    def shape(self) -> dict[str, Any]:
        """What every stream of sound is brought to, as `aformat` takes it."""
        layout = "mono" if self._output.channels == 1 else "stereo"
        return {"sample_fmts": "flt", "sample_rates": self._output.sample_rate, "channel_layouts": layout}

    def cut(self, name: str, start: int, length: int, number: int = 0) -> Any:
        """`length` samples of an asset from sample `start` on, fewer where it ends before; `number` as in open_source.

        Raises InvalidInput for a type that is not rendered, RenderFailed or what `fetch` raises.
        """
        second = max(0, start // self._output.sample_rate - EARLY_S)
        stream, entered = self._enter(name, second, number)
        first = start - entered * self._output.sample_rate
        return stream.filter("atrim", start_sample=first, end_sample=first + length).filter("asetpts", "N/SR/TB")

    def whole(self, name: str) -> Any:
        """All of an asset, as it is decoded from its beginning."""
        media_type = self._assets[name].media_type
        return self._placed(open_source(self._fetch(name), media_type), media_type)

    def _enter(self, name: str, second: int, number: int) -> tuple[Any, int]:
        """A stream and the whole second that it begins with: `second`, or 0."""
        path, media_type = self._fetch(name), self._assets[name].media_type
        source = open_source(path, media_type, number)
        if second == 0:
            return self._placed(source, media_type), 0
        if media_type in _SEEKABLE:
            return self._placed(_sought(source, second), media_type, second), second
        copy = self._copy(name, path) if media_type in _COPIED else None
        if copy:
            return self._placed(_sought(open_source(copy, "audio/mp4", number), second), media_type, second), second
        decoded = self._decode(name, path)
        if decoded is None:
            return self._placed(source, media_type), 0
        return self._raw(decoded, number, second), second

    def _placed(self, source: Any, media_type: str, second: int = 0) -> Any:
        """A source's sound where its times say that it lies, counted from the whole second it was entered at."""
        rule = _PLACED if media_type in _SEEKABLE | _COPIED else _PLACED_COARSELY
        stream = source.audio.filter("asetpts", f"PTS-{second}/TB") if second else source.audio
        return stream.filter("aresample", self._output.sample_rate, **rule).filter("aformat", **self.shape)

    def _copy(self, name: str, path: Path) -> Path | None:
        """The asset's packets in an MP4, which knows each one's place; None for the few codecs that MP4 does not hold."""
        target = path.with_suffix(".mp4")
        with self._locks[name]:
            if not target.exists():
                part = target.with_suffix(".part")
                source = open_source(path, self._assets[name].media_type)
                copied = source.audio.output(str(part), acodec="copy", format="mp4", strict="experimental")
                try:
                    self._children.run(arguments(copied))
                except RenderFailed:
                    part.unlink(missing_ok=True)
                    return None
                part.rename(target)
        return target

    def _decode(self, name: str, path: Path) -> Path | None:
        """The asset as raw samples; None the first time it is asked for, and where it does not fit the budget."""
        target = path.with_suffix(".f32")
        with self._locks[name]:
            self._deep[name] += 1
            if target.exists():
                return target
            if self._deep[name] == 1 or name in self._too_long:
                return None
            if not self._fits(name, target.with_suffix(".part")):
                self._too_long.add(name)
                return None
            target.with_suffix(".part").rename(target)
            return target

    def _fits(self, name: str, part: Path) -> bool:
        """Decode into `part` as long as there is room. False, and nothing left behind, when there is not enough of it."""
        second = 4 * self._output.channels * self._output.sample_rate
        with self._budget_lock:  # one at a time: what the last one took is known
            seconds = (DECODED_BUDGET - self._decoded) // second
            if seconds <= 0:
                return False
            decoded = self.whole(name).output(str(part), format="f32le", acodec="pcm_f32le", t=seconds)
            try:
                self._children.run(arguments(decoded))
                size = part.stat().st_size
            except RenderFailed:
                part.unlink(missing_ok=True)
                raise
            if size >= seconds * second:
                part.unlink()
                return False
            self._decoded += size
            return True

    def _raw(self, path: Path, number: int, second: int) -> Any:
        shape = {"format": "f32le", "ar": self._output.sample_rate, "ac": self._output.channels}
        options = {"protocol_whitelist": PROTOCOLS, "thread_queue_size": 8 + number}
        return ffmpeg.input(str(path), **shape, **options, ss=second).audio.filter("aformat", **self.shape)


def _sought(source: Any, second: int) -> Any:
    """The same input, entered at a whole second: what lies before it is cut off to the sample."""
    options = dict(source.node.kwargs)
    return ffmpeg.input(options.pop("filename"), **options, ss=second)


def open_flac(path: Path, start: int, length: int, rate: int, number: int = 0) -> Any:
    """`length` samples from `start` on of a FLAC file of the output's own rate and channels."""
    second = max(0, start // rate - EARLY_S)
    source = open_source(path, "audio/flac", number)
    first = start - second * rate
    stream = (_sought(source, second) if second else source).audio
    return stream.filter("atrim", start_sample=first, end_sample=first + length).filter("asetpts", "N/SR/TB")
