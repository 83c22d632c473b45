"""Shots: the timeline's pictures, cut into runs that are each made in one way, each with its address. Pure.

  copy    frames of a house-format clip, taken over as they are, to any out-frame; from a keyframe of the clip's, or from
          the frame after one that was encoded anew as a keyframe, for the copy to lean on
  still   one GOP, encoded once and repeated: whatever does not move, with at most one caption burned into it
  encode  everything else, in pieces short enough to be made side by side and held in memory

What a shot's pictures depend on goes into its address, where it lies on the timeline does not: an edit that moves it
does not make it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from jobs.assemble import house
from jobs.assemble.pictures.scene import BLACK, Scene, Span, Stretch, fades, spans
from shared.domain.artifact import ArtifactKey, Kind, artifact_key
from shared.domain.blueprint.model import Blueprint, CaptionMode, Clip, Cue, Gap, Generator, TitleCard, TrackKind

PIECE_SECONDS = 10  # of encoded pictures in one shot: what an edit in the middle of a long clip makes again


# What the look of a card's or some cues' letters depends on beside their words: how they are set, and in which fonts.
Letters = Callable[[TitleCard | Sequence[Cue]], list[str]]


def not_lettered(_: TitleCard | Sequence[Cue]) -> list[str]:
    return []


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
class Shot:
    """`start` and `frames` on the timeline; `layers` lie over the scene, from below up; cues are in the shot's own time.

    `key` is None for a copy: its bytes are the source's own. `hands_over`: its last frame is a keyframe for the copy behind
    it. `is_entered`: a copy that begins there, between its source's keyframes.
    """

    kind: ShotKind
    start: int
    frames: int
    scene: Scene
    layers: tuple[Scene, ...] = ()
    cues: tuple[Cue, ...] = ()
    key: ArtifactKey | None = None
    hands_over: bool = False
    is_entered: bool = False

    @property
    def source_start(self) -> int:
        return self.scene.stretch.source_frame

    @property
    def keyframe(self) -> int:
        """The frame of the timeline that must be a keyframe for this shot to play."""
        return self.start - 1 if self.is_entered else self.start


def plan_shots(
    blueprint: Blueprint, sources: Mapping[str, Source], encoder: str, letters: Letters = not_lettered
) -> Iterator[Shot]:
    """Every shot of a production, in time order, without a hole. `letters` tells how captions and cards are written."""
    return _ShotPlanner(blueprint, sources, encoder, letters).shots()


class _ShotPlanner:
    def __init__(self, blueprint: Blueprint, sources: Mapping[str, Source], encoder: str, letters: Letters) -> None:
        self._output = blueprint.output
        self._sources = sources
        self._encoder = encoder
        self._letters = letters
        self._style = blueprint.captions.style.model_dump(mode="json")
        self._cues = _burned_cues(blueprint)
        self._picture = next(track for track in blueprint.tracks if track.kind is TrackKind.VIDEO)
        self._overlays = [spans(track) for track in blueprint.tracks if track.kind is TrackKind.OVERLAY]
        self._piece = max(1, round(self._output.frame_rate.fraction * PIECE_SECONDS))

    def shots(self) -> Iterator[Shot]:
        for span in spans(self._picture):
            edges = [edge for row in self._overlays for over in row for edge in (over.start, over.end)]
            for start, end in _parts(span.start, span.end, edges):
                yield from self._cut(start, end, span)

    def _cut(self, start: int, end: int, span: Span) -> Iterator[Shot]:
        """A stretch of time with the same tracks showing throughout, parted where motion begins or ends."""
        scene = span.scene.later(start - span.start)
        layers = tuple(
            over.scene.later(start - over.start)
            for row in self._overlays
            for over in row
            if over.start <= start < over.end
        )
        seen = [scene] if isinstance(scene.stretch.item, Clip) else [scene, *layers]
        edges = [start + rest for each in seen for rest in each.rests()]
        for begin, stop in _parts(start, end, edges):
            later = tuple(layer.later(begin - start) for layer in layers)
            yield from self._shots_of(begin, stop - begin, scene.later(begin - start), later)

    def _shots_of(self, start: int, frames: int, scene: Scene, layers: tuple[Scene, ...]) -> Iterator[Shot]:
        if not any(each.moves(frames) for each in (scene, *layers)):
            for begin, length, cue in _stretches(start, frames, self._cues_in(start, frames)):
                cues = [cue] if cue else []
                later = tuple(layer.later(begin - start) for layer in layers)
                yield self._shot(ShotKind.STILL, begin, length, scene.later(begin - start), later, cues)
        elif not layers and self._keyframes(scene, frames) is not None:
            yield from self._copies(start, frames, scene)
        else:
            yield from self._encodes(start, start + frames, start, scene, layers)

    def _keyframes(self, scene: Scene, frames: int) -> frozenset[int] | None:
        """Where the scene could be entered by copying; None where it is not a clip's own frames that are shown."""
        item = scene.stretch.item
        if (
            scene.transition
            or not isinstance(item, Clip)
            or item.speed.fraction != 1
            or item.ken_burns
            or item.transform
        ):
            return None
        return None if fades(item, scene.stretch.offset, frames) else self._sources[item.asset].keyframes

    def _copies(self, start: int, frames: int, scene: Scene) -> Iterator[Shot]:
        """Copied wherever no cue lies, and what is between encoded, as is a run too short to be worth its seams."""
        keyframes, first = self._keyframes(scene, frames) or frozenset(), scene.stretch.source_frame
        cues = self._cues_in(start, frames)
        worth = house.keyframe_interval(self._output) // 2 if cues else 1
        done = start
        for begin, length, cue in _stretches(start, frames, cues):
            lead = 0 if first + begin - start in keyframes else 1
            if cue is None and length - lead >= worth and keyframes:
                yield from self._encodes(done, begin + lead, start, scene, (), hands_over=lead == 1)
                copied = scene.later(begin + lead - start)
                yield Shot(ShotKind.COPY, begin + lead, length - lead, copied, is_entered=lead == 1)
                done = begin + length
        yield from self._encodes(done, start + frames, start, scene, ())

    def _encodes(
        self, begin: int, end: int, start: int, scene: Scene, layers: tuple[Scene, ...], *, hands_over: bool = False
    ) -> Iterator[Shot]:
        """Encoded shots of [begin, end) of a scene that starts at `start`, parted on a grid that lies on the source.

        `hands_over`: the last of them does.
        """
        anchor = (
            start - scene.stretch.source_frame if isinstance(scene.stretch.item, Clip) else start - scene.stretch.offset
        )
        grid = [] if scene.transition else range(begin + (anchor - begin) % self._piece, end, self._piece)
        for first, stop in _parts(begin, end, [edge for edge in grid if edge - begin > self._piece // 4]):
            later = tuple(layer.later(first - start) for layer in layers)
            cues = self._cues_in(first, stop - first)
            is_last = hands_over and stop == end
            yield self._shot(
                ShotKind.ENCODE, first, stop - first, scene.later(first - start), later, cues, hands_over=is_last
            )

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
        start: int,
        frames: int,
        scene: Scene,
        layers: tuple[Scene, ...],
        cues: Sequence[Cue],
        *,
        hands_over: bool = False,
    ) -> Shot:
        own = tuple(Cue(start=cue.start - start, duration=cue.duration, text=cue.text) for cue in cues)
        inputs: dict[str, Any] = {
            "encoder": self._encoder,
            "options": house.video_options(self._output, still=kind is ShotKind.STILL),
            "size": [self._output.width, self._output.height],
            "rate": [self._output.frame_rate.num, self._output.frame_rate.den],
            "scenes": [self._scene_inputs(each, frames) for each in (scene, *layers)],
        }
        if kind is ShotKind.STILL:
            inputs["caption"] = own[0].text if own else None
        else:
            inputs["frames"] = frames
            inputs["captions"] = [[cue.start, cue.duration, cue.text] for cue in own]
            inputs["hands_over"] = hands_over
        if own:
            inputs |= {"style": self._style, "letters": self._letters(own)}
        return Shot(kind, start, frames, scene, layers, own, artifact_key(Kind.SHOT, ".h264", inputs), hands_over)

    def _scene_inputs(self, scene: Scene, frames: int) -> dict[str, Any]:
        if scene.transition is None or scene.into is None:
            return self._stretch_inputs(scene.stretch, frames)
        join = scene.transition
        first, second = (self._stretch_inputs(each, join.duration) for each in scene.stretches)
        return {"from": first, "into": second, "how": [join.type.value, join.colour, join.duration], "at": scene.passed}

    def _stretch_inputs(self, stretch: Stretch, frames: int) -> dict[str, Any]:
        item = stretch.item
        if isinstance(item, Gap):
            return BLACK.model_dump(mode="json")
        found: dict[str, Any] = {"fit": item.fit.value}
        if isinstance(item, Generator):
            found |= item.generator.model_dump(mode="json")
            if isinstance(item.generator, TitleCard):
                found["letters"] = self._letters(item.generator)
        else:
            found["source"] = self._sources[item.asset].identity
        if isinstance(item, Clip):
            found["source_start"] = stretch.source_frame
            if item.speed.fraction != 1:
                found["speed"] = [item.speed.num, item.speed.den, stretch.offset * item.speed.num % item.speed.den]
        if item.ken_burns:
            found |= {"ken_burns": item.ken_burns.model_dump(mode="json"), "offset": stretch.offset, "span": item.span}
        if item.transform:
            found["transform"] = item.transform.model_dump(mode="json")
            if item.transform.keyframes:
                found["offset"] = min(stretch.offset, item.transform.keyframes[-1].frame)
        found["fades"] = fades(item, stretch.offset, frames)
        return found


def _parts(start: int, end: int, edges: Sequence[int]) -> Iterator[tuple[int, int]]:
    """[start, end) parted at the edges that lie inside it."""
    return pairwise(sorted({start, *(edge for edge in edges if start < edge < end), end}))


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
