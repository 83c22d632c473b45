"""From a blueprint to the work it asks for: shots and audio blocks, each with its address. Pure: nothing is read or run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from jobs.assemble import house
from jobs.assemble.pictures.shots import Letters, Shot, Source, not_lettered, plan_shots
from jobs.assemble.sound import sound_plan
from jobs.assemble.sound.sound_plan import AudioBlock
from shared.domain.blueprint.model import Asset, Blueprint, Clip, TrackKind
from shared.domain.errors import Fault, InvalidInput


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


def plan_render(
    blueprint: Blueprint, sources: Mapping[str, Source], encoder: str, letters: Letters = not_lettered
) -> RenderPlan:
    """Lay out shots and blocks. `sources` has an entry per asset; `encoder` names ffmpeg and its version.

    `letters` tells what the look of captions and cards depends on beside their words.

    Raises InvalidInput, listing each place, for clips that play more than there is.
    """
    _refuse_ranges_beyond(blueprint, sources)
    frames = blueprint.duration
    samples = Fraction(frames * blueprint.output.sample_rate) / blueprint.output.frame_rate.fraction
    audio_frames = -int(-samples // house.AAC_FRAME)
    identities = {name: source.identity for name, source in sources.items()}
    blocks = sound_plan.plan_blocks(blueprint, identities, audio_frames, encoder)
    return RenderPlan(
        tuple(plan_shots(blueprint, sources, encoder, letters)), tuple(blocks), frames, audio_frames if blocks else 0
    )


def _refuse_ranges_beyond(blueprint: Blueprint, sources: Mapping[str, Source]) -> None:
    """Raise InvalidInput where a clip plays more than its source is known to hold, listing each."""
    faults = [
        Fault(
            pointer=f"/tracks/{t}/items/{i}/source_range",
            code="beyond-source",
            detail=f"the range ends at {_end(item)}, the asset at {sources[item.asset].frames}",
            found=f"{item.source_range.start}+{item.source_range.duration}",
            fix="Shorten the range.",
        )
        for t, track in enumerate(blueprint.tracks)
        for i, item in enumerate(track.items if track.kind is not TrackKind.AUDIO else ())
        if isinstance(item, Clip) and sources[item.asset].keyframes is not None
        if _end(item) > sources[item.asset].frames
    ]
    if faults:
        raise InvalidInput(f"{len(faults)} clip(s) play more than there is.", faults=faults)


def _end(clip: Clip) -> int:
    return clip.source_range.start + clip.source_range.duration


def moving_assets(blueprint: Blueprint) -> dict[str, Asset]:
    """Assets that some item of the video track plays: those worth a look for the house format."""
    names = {
        item.asset
        for track in blueprint.tracks
        if track.kind is TrackKind.VIDEO
        for item in track.items
        if isinstance(item, Clip)
    }
    return {name: blueprint.assets[name] for name in sorted(names)}
