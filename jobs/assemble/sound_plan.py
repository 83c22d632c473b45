"""The sound, planned: blocks of whole AAC frames that can be encoded alone and joined without a seam.

A block starts where a narration item starts on the grid of AAC frames, and which of these starts are taken depends on
what is said there, not on how many came before: after an edit the later blocks begin where they began, and keep their
addresses. Where nothing is said for long, blocks are cut by the clock.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from jobs.assemble import house
from shared.domain.artifact import ArtifactKey, Kind, artifact_key, digest_of
from shared.domain.blueprint.model import Blueprint, Clip, Output, Track, TrackKind

MIN_SECONDS, CLOCK_SECONDS, MAX_SECONDS = 8, 20, 40
LOOK_AHEAD = 1  # AAC frames after the block that its last packet overlaps with


@dataclass(frozen=True)
class Ramp:
    """One stretch in which a track is lowered, in samples from the window's start; it may begin before the window."""

    start: int
    end: int
    attack: int
    release: int
    amount_db: float


@dataclass(frozen=True)
class Sound:
    """One piece of one item inside a block's window. All positions in output samples.

    `offset` is where it sounds in the window, `source` where it is read in the asset; fades are counted over the whole
    item, `played` being how much of the item lies before this piece and `whole` the item's own length.
    """

    asset: str
    identity: str
    offset: int
    source: int
    length: int
    gain_db: float
    fade_in: int
    fade_out: int
    played: int
    whole: int
    ducks: tuple[Ramp, ...]


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

    def key(self, gain_db: int, limit_dbtp: float | None) -> ArtifactKey:
        """Address of the encoded block at one master gain, with or without a limiter."""
        return artifact_key(Kind.AUDIO_BLOCK, ".aac", self.inputs | {"gain_db": gain_db, "limit_dbtp": limit_dbtp})


def plan_blocks(
    blueprint: Blueprint, identities: Mapping[str, str], audio_frames: int, encoder: str
) -> list[AudioBlock]:
    """All blocks of a production; none when it has no sound."""
    tracks = [track for track in blueprint.tracks if track.kind is TrackKind.AUDIO and track.items]
    if not tracks or audio_frames == 0:
        return []
    ducks = {track.id: _ramps(track, tracks, blueprint.output) for track in tracks}
    cuts = [*_cuts(tracks, identities, audio_frames, blueprint.output.sample_rate), audio_frames]
    return [
        _block(blueprint.output, tracks, identities, ducks, start, end, end == audio_frames, encoder)
        for start, end in pairwise(cuts)
    ]


def _block(
    output: Output,
    tracks: Sequence[Track],
    identities: Mapping[str, str],
    ducks: Mapping[str, Sequence[Ramp]],
    start: int,
    end: int,
    is_last: bool,
    encoder: str,
) -> AudioBlock:
    preroll = min(start, house.AAC_PREROLL)
    begin = (start - preroll) * house.AAC_FRAME
    window = (end + (0 if is_last else LOOK_AHEAD)) * house.AAC_FRAME - begin
    sounds = tuple(
        sound
        for track in tracks
        for item in track.items
        if isinstance(item, Clip)
        for sound in _piece(track, item, identities[item.asset], begin, window, ducks[track.id])
    )
    inputs = {
        "encoder": encoder,
        "options": house.audio_options(output),
        "preroll": preroll,
        "frames": end - start,
        "is_last": is_last,
        "sounds": [_sound_inputs(sound) for sound in sounds],
    }
    return AudioBlock(start, end, is_last, preroll, window, sounds, inputs)


def _sound_inputs(sound: Sound) -> dict[str, Any]:
    """All that shapes the sound but the name its asset happens to have in this blueprint."""
    named = {name: value for name, value in vars(sound).items() if name not in ("asset", "ducks")}
    if not (sound.fade_in or sound.fade_out):
        named.pop("played")  # where in its item a piece lies matters to fades alone
        named.pop("whole")
    return named | {"ducks": [vars(ramp) for ramp in sound.ducks]}


def _piece(track: Track, item: Clip, identity: str, begin: int, window: int, ducks: Sequence[Ramp]) -> Iterator[Sound]:
    first, last = max(item.timeline_start, begin), min(item.timeline_start + item.span, begin + window)
    if first < last:
        played = first - item.timeline_start
        yield Sound(
            asset=item.asset,
            identity=identity,
            offset=first - begin,
            source=item.source_range.start + played,
            length=last - first,
            gain_db=item.gain_db + track.gain_db,
            fade_in=item.fade_in,
            fade_out=item.fade_out,
            played=played,
            whole=item.span,
            ducks=tuple(_ramps_within(ducks, begin, begin + window)),
        )


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
