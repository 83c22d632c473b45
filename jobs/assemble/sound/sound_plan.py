"""The sound, planned: blocks of whole AAC frames that can be encoded alone and joined without a seam.

A block starts where a narration item starts on the grid of AAC frames, and which of these starts are taken depends on
what is said there, not on how many came before: after an edit the later blocks begin where they began, and keep their
addresses. Where nothing is said for long, blocks are cut by the clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Any

from jobs.assemble import house
from jobs.assemble.sound.sound_pieces import Ramp, Retiming, Sound, Window, piece, retiming_of
from shared.domain.artifact import ArtifactKey, Kind, artifact_key, digest_of
from shared.domain.blueprint.model import Blueprint, Clip, Output, Track, TrackKind

MIN_SECONDS, CLOCK_SECONDS, MAX_SECONDS = 8, 20, 40
LOOK_AHEAD = 1  # AAC frames after the block that its last packet overlaps with


@dataclass(frozen=True)
class AudioBlock:
    """AAC frames [start, end) of the result, made from `window` samples that begin `preroll` frames before it."""

    start: int
    end: int
    is_last: bool
    preroll: int
    window: int
    sounds: tuple[Sound, ...]
    inputs: dict[str, Any]

    @property
    def packets(self) -> int:
        """The encoder is one frame late: the last block also carries the packet that completes the last frame."""
        return self.end - self.start + (1 if self.is_last else 0)

    @property
    def loudness_key(self) -> ArtifactKey:
        return artifact_key(Kind.LOUDNESS, ".json", self.inputs)

    def key(self, gain_db: int, limit_dbtp: float | None, *, is_true_peak: bool = False) -> ArtifactKey:
        """Address of the encoded block at one master gain, with or without a limiter."""
        return artifact_key(Kind.AUDIO_BLOCK, ".aac", self._finished(gain_db, limit_dbtp, is_true_peak))

    def heard_key(self, gain_db: int, limit_dbtp: float | None) -> ArtifactKey:
        """Address of what the encoded block measures when it is decoded again."""
        return artifact_key(Kind.LOUDNESS, ".json", self._finished(gain_db, limit_dbtp, True) | {"heard": True})

    def _finished(self, gain_db: int, limit_dbtp: float | None, is_true_peak: bool) -> dict[str, Any]:
        """Without a limit it does not matter of which kind it would have been."""
        kind = {"true_peak": True} if is_true_peak and limit_dbtp is not None else {}
        return self.inputs | {"gain_db": gain_db, "limit_dbtp": limit_dbtp, **kind}


def plan_blocks(
    blueprint: Blueprint, identities: Mapping[str, str], audio_frames: int, encoder: str
) -> list[AudioBlock]:
    """All blocks of a production; none when it has no sound."""
    tracks = [track for track in blueprint.tracks if track.kind is TrackKind.AUDIO and track.items]
    if not tracks or audio_frames == 0:
        return []
    planner = _BlockPlanner(blueprint.output, tracks, identities, encoder)
    cuts = [*_cuts(tracks, identities, audio_frames, blueprint.output.sample_rate), audio_frames]
    return [planner.block(start, end, end == audio_frames) for start, end in pairwise(cuts)]


class _BlockPlanner:
    def __init__(self, output: Output, tracks: Sequence[Track], identities: Mapping[str, str], encoder: str) -> None:
        self._output = output
        self._encoder = encoder
        self._rows = [_Row(track, tracks, identities, output, encoder) for track in tracks]

    def block(self, start: int, end: int, is_last: bool) -> AudioBlock:
        preroll = min(start, house.AAC_PREROLL)
        begin = (start - preroll) * house.AAC_FRAME
        window = Window(begin, (end + (0 if is_last else LOOK_AHEAD)) * house.AAC_FRAME)
        sounds = tuple(sound for row in self._rows for sound in row.heard(window))
        inputs = {
            "encoder": self._encoder,
            "options": house.audio_options(self._output),
            "preroll": preroll,
            "frames": end - start,
            "is_last": is_last,
            "sounds": [sound.inputs for sound in sounds],
        }
        return AudioBlock(start, end, is_last, preroll, window.end - begin, sounds, inputs)


class _Row:
    """One track, ready to be looked at through any window."""

    def __init__(
        self, track: Track, tracks: Sequence[Track], identities: Mapping[str, str], output: Output, encoder: str
    ) -> None:
        self._track = track
        self._ramps = _ramps(track, tracks, output)
        self._played: list[tuple[Clip, str, Retiming | None]] = [
            (item, identities[item.asset], retiming_of(item, identities[item.asset], output, encoder))
            for item in track.items
            if isinstance(item, Clip)
        ]
        self._starts = [item.timeline_start for item, _, _ in self._played]
        self._ends = list(accumulate((item.timeline_start + item.span for item, _, _ in self._played), max))

    def heard(self, window: Window) -> Iterator[Sound]:
        ducks = tuple(_ramps_within(self._ramps, window.begin, window.end))
        first, last = bisect_right(self._ends, window.begin), bisect_left(self._starts, window.end)
        for item, identity, retiming in self._played[first:last]:
            if sound := piece(self._track, item, identity, retiming, window):
                yield replace(sound, ducks=ducks)


def _ramps(track: Track, tracks: Sequence[Track], output: Output) -> list[Ramp]:
    """When this track is lowered: over each stretch in which the trigger sounds, near ones joined into one."""
    ducking = track.ducking
    if ducking is None:
        return []
    attack = ducking.attack_ms * output.sample_rate // 1000
    release = ducking.release_ms * output.sample_rate // 1000
    trigger = next((other for other in tracks if other.id == ducking.trigger_track), None)
    found: list[Ramp] = []
    for item in trigger.items if trigger else []:
        if not isinstance(item, Clip):
            continue
        start, end = item.timeline_start, item.timeline_start + item.span
        if found and start - found[-1].end <= attack + release:
            start = found.pop().start
        found.append(Ramp(start, end, attack, release, ducking.amount_db))
    return found


def _ramps_within(ramps: Sequence[Ramp], begin: int, end: int) -> Iterator[Ramp]:
    for ramp in ramps:
        if ramp.start - ramp.attack < end and ramp.end + ramp.release > begin:
            # A ramp that reaches far over an edge is cut there: how far it goes on elsewhere changes nothing here.
            start = max(ramp.start - begin, -ramp.attack)
            stop = min(ramp.end - begin, end - begin + ramp.release)
            yield Ramp(start, stop, ramp.attack, ramp.release, ramp.amount_db)


def _cuts(tracks: Sequence[Track], identities: Mapping[str, str], audio_frames: int, rate: int) -> list[int]:
    """First AAC frames of the blocks."""
    least, clock, most = (int(Fraction(rate * s, house.AAC_FRAME)) for s in (MIN_SECONDS, CLOCK_SECONDS, MAX_SECONDS))
    marks = [(frame, mark) for frame, mark in _marks(tracks, identities) if least <= frame < audio_frames]
    cuts = [0]
    for frame in [*_lowest(marks, least), audio_frames]:
        cuts += _between(cuts[-1], frame, marks, least, clock, most)
        cuts.append(frame)
    return cuts[:-1]


def _lowest(marks: Sequence[tuple[int, str]], reach: int) -> list[int]:
    """Frames whose mark is the lowest of all nearer than `reach`: what lies farther off has no say in it."""
    frames = [frame for frame, _ in marks]
    ranked = [(mark, frame) for frame, mark in marks]
    return [
        frame
        for mark, frame in ranked
        if (mark, frame) == min(ranked[bisect_right(frames, frame - reach) : bisect_left(frames, frame + reach)])
    ]


def _between(start: int, end: int, marks: Sequence[tuple[int, str]], least: int, clock: int, most: int) -> list[int]:
    """More cuts where two lie too far apart: at the lowest mark between them, or by the clock where there is none."""
    if end - start <= most:
        return []
    inner = [(mark, frame) for frame, mark in marks if start + least <= frame <= end - least]
    if not inner:
        return list(range(start + clock, end - (most - clock), clock))
    middle = min(inner)[1]
    return [
        *_between(start, middle, marks, least, clock, most),
        middle,
        *_between(middle, end, marks, least, clock, most),
    ]


def _marks(tracks: Sequence[Track], identities: Mapping[str, str]) -> list[tuple[int, str]]:
    """Narration starts that lie on the grid, in order: (AAC frame, a hash of what is said there)."""
    return sorted(
        (item.timeline_start // house.AAC_FRAME, digest_of(identities[item.asset]))
        for track in tracks
        for item in (track.items if track.role == "narration" else ())
        if isinstance(item, Clip) and item.timeline_start % house.AAC_FRAME == 0
    )
