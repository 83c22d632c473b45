"""From a blueprint to the work it asks for: shots and audio blocks, each with its address. Pure: nothing is read or run.

A shot is a run of pictures made in one way:
  copy    frames of a house-format clip, taken over as they are, from a keyframe to any out-frame
  still   one GOP, encoded once and repeated: a picture, a card, a colour, with at most one caption burned into it
  encode  everything else

What a shot's pictures depend on goes into its address, where it lies on the timeline does not: an edit that moves it
does not make it again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from jobs.assemble import house, sound_plan
from jobs.assemble.not_drawn import refuse_what_is_not_drawn
from jobs.assemble.sound_plan import AudioBlock
from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.blueprint.model import (
    Asset,
    Blueprint,
    CaptionMode,
    Clip,
    Cue,
    Gap,
    Generator,
    Item,
    SolidColour,
    Track,
    TrackKind,
    Transition,
    TransitionType,
)
from shared.domain.errors import Fault, InvalidInput

BLACK = SolidColour(kind="colour", colour="#000000")


class ShotKind(StrEnum):
    COPY = "copy"
    STILL = "still"
    ENCODE = "encode"


@dataclass(frozen=True)
class Source:
    """What is known of a moving source before planning. `identity` binds its bytes; `track` only for house-format clips."""

    identity: str
    keyframes: frozenset[int] | None = None  # None: not in this production's house format
    frames: int = 0


@dataclass(frozen=True)
class Overlap:
    """The second picture of a transition, from its own frame `source_start` on, and how it takes over."""

    item: Item
    source_start: int
    transition: Transition


@dataclass(frozen=True)
class Shot:
    """`start` and `frames` on the timeline; `source_start` in output frames of the clip; cues in the shot's own time.

    `key` is None for a copy: its bytes are the source's own. `overlap` is what the shot passes over into, if anything.
    """

    kind: ShotKind
    start: int
    frames: int
    item: Item
    cues: tuple[Cue, ...]
    source_start: int
    key: ArtifactKey | None
    overlap: Overlap | None = None


@dataclass(frozen=True)
class RenderPlan:
    """All of the work. `frames` and `audio_frames` (of 1,024 samples) are what the result must hold, exactly."""

    shots: tuple[Shot, ...]
    blocks: tuple[AudioBlock, ...]
    frames: int
    audio_frames: int

    @property
    def samples(self) -> int:
        return self.audio_frames * house.AAC_FRAME


def plan_render(blueprint: Blueprint, sources: Mapping[str, Source], encoder: str) -> RenderPlan:
    """Lay out shots and blocks. `sources` has an entry per asset; `encoder` names ffmpeg and its version.

    Raises InvalidInput, listing each place, for what this renderer does not draw.
    """
    refuse_what_is_not_drawn(blueprint)
    _refuse_ranges_beyond(blueprint, sources)
    picture = next(track for track in blueprint.tracks if track.kind is TrackKind.VIDEO)
    planner = _ShotPlanner(blueprint, sources, encoder)
    frames = blueprint.duration
    samples = Fraction(frames * blueprint.output.sample_rate) / blueprint.output.frame_rate.fraction
    audio_frames = -int(-samples // house.AAC_FRAME)
    identities = {name: source.identity for name, source in sources.items()}
    blocks = sound_plan.plan_blocks(blueprint, identities, audio_frames, encoder)
    return RenderPlan(tuple(planner.shots(picture)), tuple(blocks), frames, audio_frames if blocks else 0)


class _ShotPlanner:
    def __init__(self, blueprint: Blueprint, sources: Mapping[str, Source], encoder: str) -> None:
        self._output = blueprint.output
        self._assets = blueprint.assets
        self._sources = sources
        self._encoder = encoder
        self._style = blueprint.captions.style
        self._cues = _burned_cues(blueprint)

    def shots(self, track: Track) -> list[Shot]:
        """Bodies and overlaps in time order; where nothing lies there is black."""
        joins = {(t.from_item, t.to_item): t for t in track.transitions if t.type is not TransitionType.CUT}
        found: list[Shot] = []
        position = lead = 0
        for item, after in zip_longest(track.items, track.items[1:]):
            join = joins.get((item.id, after.id)) if after else None
            tail = join.duration if join else 0
            if item.timeline_start > position:
                found += self._cut(_hole(position, item.timeline_start - position), 0, item.timeline_start - position)
            if item.span > lead + tail:
                found += self._cut(item, lead, item.span - lead - tail)
            if join and after:
                found.append(self._overlap(item, after, join))
            position, lead = item.timeline_start + item.span, tail
        return found

    def _cut(self, item: Item, offset: int, length: int) -> list[Shot]:
        """The shots of a stretch of one item: what fades is encoded, the rest as it can be."""
        found: list[Shot] = []
        for begin, end, fades in _faded(item, offset, offset + length):
            found += self._fade(item, begin, end - begin) if fades else self._steady(item, begin, end - begin)
        return found

    def _fade(self, item: Item, offset: int, length: int) -> list[Shot]:
        """A stretch in which the picture comes up from black or goes down to it."""
        cues = self._cues_in(item.timeline_start + offset, length)
        first = _source_frame(item, offset)
        return [self._shot(ShotKind.ENCODE, item, item.timeline_start + offset, length, cues, first)]

    def _steady(self, item: Item, offset: int, length: int) -> list[Shot]:
        """A still parts where its caption changes, a clip where copying can begin."""
        start = item.timeline_start + offset
        cues = self._cues_in(start, length)
        if not isinstance(item, Clip):
            return [
                self._shot(ShotKind.STILL, item, begin, frames, [cue] if cue else [], 0)
                for begin, frames, cue in _stretches(start, length, cues)
            ]
        source, first = self._sources[item.asset], item.source_range.start + offset
        if cues or source.keyframes is None:
            return [self._shot(ShotKind.ENCODE, item, start, length, cues, first)]
        head = next((n for n in range(length) if first + n in source.keyframes), length)
        shots = [self._shot(ShotKind.ENCODE, item, start, head, [], first)] if head else []
        if head < length:
            shots.append(Shot(ShotKind.COPY, start + head, length - head, item, (), first + head, None))
        return shots

    def _overlap(self, item: Item, after: Item, join: Transition) -> Shot:
        """The frames in which two items are seen; nothing but these is encoded for a transition."""
        offset = item.span - join.duration
        overlap = Overlap(after, _source_frame(after, 0), join)
        cues = self._cues_in(after.timeline_start, join.duration)
        first = _source_frame(item, offset)
        return self._shot(ShotKind.ENCODE, item, after.timeline_start, join.duration, cues, first, overlap)

    def _cues_in(self, start: int, length: int) -> list[Cue]:
        """Burned cues that touch this stretch, cut to it."""
        found = []
        for cue in self._cues:
            begin, end = max(cue.start, start), min(cue.start + cue.duration, start + length)
            if begin < end:
                found.append(Cue(start=begin, duration=end - begin, text=cue.text))
        return found

    def _shot(
        self,
        kind: ShotKind,
        item: Item,
        start: int,
        frames: int,
        cues: Sequence[Cue],
        source: int,
        overlap: Overlap | None = None,
    ) -> Shot:
        own = tuple(Cue(start=cue.start - start, duration=cue.duration, text=cue.text) for cue in cues)
        inputs = self._inputs(kind, item, frames, own, source)
        if kind is ShotKind.ENCODE and not overlap:
            inputs["fade"] = fade_of(item, start - item.timeline_start, frames)
        if overlap:
            inputs |= {"into": self._picture(overlap.item), "into_start": overlap.source_start}
            inputs["transition"] = [overlap.transition.type.value, overlap.transition.colour]
        return Shot(kind, start, frames, item, own, source, artifact_key(Kind.SHOT, ".h264", inputs), overlap)

    def _inputs(self, kind: ShotKind, item: Item, frames: int, cues: Sequence[Cue], source: int) -> dict[str, Any]:
        inputs: dict[str, Any] = {
            "encoder": self._encoder,
            "options": house.video_options(self._output, still=kind is ShotKind.STILL),
            "size": [self._output.width, self._output.height],
            "rate": [self._output.frame_rate.num, self._output.frame_rate.den],
            "picture": self._picture(item),
        }
        if kind is ShotKind.STILL:
            inputs["caption"] = cues[0].text if cues else None
        else:
            inputs |= {"source_start": source, "frames": frames}
            inputs["captions"] = [[cue.start, cue.duration, cue.text] for cue in cues]
        if cues:
            inputs["style"] = self._style.model_dump(mode="json")
        return inputs

    def _picture(self, item: Item) -> dict[str, Any]:
        if isinstance(item, Generator):
            return item.generator.model_dump(mode="json")
        if isinstance(item, Gap):
            return BLACK.model_dump(mode="json")
        return {"source": self._sources[item.asset].identity, "fit": item.fit.value}


def fade_of(item: Item, offset: int, frames: int) -> list[int] | None:
    """[direction, its first frame, its length] in the shot's own frames, 1 up from black and -1 down; None without."""
    if isinstance(item, Gap):
        return None
    if item.fade_in and offset < item.fade_in:
        return [1, -offset, item.fade_in]
    begins = item.span - item.fade_out - offset
    return [-1, begins, item.fade_out] if item.fade_out and begins < frames else None


def _faded(item: Item, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """A stretch of an item (in its own frames) parted into what fades and what does not, nothing empty."""
    fade_in, fade_out = (0, 0) if isinstance(item, Gap) else (item.fade_in, item.fade_out)
    rise, fall = min(fade_in, end), max(item.span - fade_out, start)
    for begin, stop, fades in ((start, rise, True), (max(start, rise), min(end, fall), False), (fall, end, True)):
        if begin < stop:
            yield begin, stop, fades


def _source_frame(item: Item, offset: int) -> int:
    """The frame of its source that an item shows `offset` frames in; a held picture has but one."""
    return item.source_range.start + offset if isinstance(item, Clip) else 0


def _hole(start: int, length: int) -> Gap:
    return Gap(type="gap", id=f"hole-{start}", timeline_start=start, duration=length)


def _stretches(start: int, length: int, cues: Sequence[Cue]) -> list[tuple[int, int, Cue | None]]:
    """A stretch of time parted at cue boundaries: (start, length, the cue shown or None)."""
    found: list[tuple[int, int, Cue | None]] = []
    position = start
    for cue in cues:
        if cue.start > position:
            found.append((position, cue.start - position, None))
        found.append((cue.start, cue.duration, cue))
        position = cue.start + cue.duration
    if position < start + length:
        found.append((position, start + length - position, None))
    return found


def _burned_cues(blueprint: Blueprint) -> list[Cue]:
    captions = blueprint.captions
    if captions.mode not in (CaptionMode.BURNED, CaptionMode.BOTH) or captions.burn_language is None:
        return []
    return captions.languages[captions.burn_language]


def _refuse_ranges_beyond(blueprint: Blueprint, sources: Mapping[str, Source]) -> None:
    """Raise InvalidInput where a clip plays more than its source is known to hold, listing each."""
    faults = [
        Fault(
            pointer=f"/tracks/{t}/items/{i}/source_range",
            code="beyond-source",
            detail=f"the range ends at {item.source_range.start + item.span}, the asset at {sources[item.asset].frames}",
            found=f"{item.source_range.start}+{item.source_range.duration}",
            fix="Shorten the range.",
        )
        for t, track in enumerate(blueprint.tracks)
        for i, item in enumerate(track.items if track.kind is TrackKind.VIDEO else ())
        if isinstance(item, Clip) and sources[item.asset].keyframes is not None
        if item.source_range.start + item.span > sources[item.asset].frames
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} clip(s) play more than there is.", faults=faults)


def moving_assets(blueprint: Blueprint) -> dict[str, Asset]:
    """Assets that some video item plays: those worth a look for the house format."""
    names = {
        item.asset
        for track in blueprint.tracks
        if track.kind is TrackKind.VIDEO
        for item in track.items
        if isinstance(item, Clip)
    }
    return {name: blueprint.assets[name] for name in sorted(names)}
