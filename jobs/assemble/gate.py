"""The exact gate: nothing is published unless every packet of it is as planned."""

from __future__ import annotations

from pathlib import Path

from jobs.assemble import house
from jobs.assemble.files import mp4, mux
from jobs.assemble.files.frame_numbers import FrameNumbers
from jobs.assemble.lettering import captions
from jobs.assemble.plan import RenderPlan
from shared.domain.blueprint.model import Blueprint, Output
from shared.domain.errors import RenderFailed


def check(path: Path, plan: RenderPlan, blueprint: Blueprint, parameters: tuple[bytes, bytes]) -> None:
    """Read the result's tables and every video packet. Raises RenderFailed, listing each difference from the plan."""
    output = blueprint.output
    with path.open("rb") as stream:
        try:
            languages = mp4.text_languages(stream)
            video, audio = mp4.read_track(stream), mp4.read_audio(stream)
            is_counted = FrameNumbers(video.sps).count_up(video.read(stream, 0, video.frames))
        except (mp4.NotHouseFormat, ValueError) as exc:
            raise RenderFailed(f"The result is not in the house format: {exc}.") from exc
    found = {
        "frames": (video.frames, plan.frames),
        "frames numbered in a row": (is_counted, True),
        "frame rate": (video.frame_rate, output.frame_rate.fraction),
        "size": ((video.width, video.height), (output.width, output.height)),
        "parameter sets": ((video.sps, video.pps), parameters),
        "keyframes missing at seams": ([s.keyframe for s in plan.shots if s.keyframe not in video.keyframes], []),
        "audio": (_sound(audio), _planned_sound(plan, output)),
        "captions": (languages, [captions.iso_639_2(code) for code in mux.soft_languages(blueprint)]),
    }
    wrong = [f"{name}: found {got}, planned {wanted}" for name, (got, wanted) in found.items() if got != wanted]
    if wrong:
        raise RenderFailed("The result is not as planned and was not published. " + "; ".join(wrong) + ".")


def _sound(audio: mp4.AudioTrack | None) -> tuple[int, ...] | None:
    return None if audio is None else (audio.packets, audio.skip, audio.sample_rate, audio.channels)


def _planned_sound(plan: RenderPlan, output: Output) -> tuple[int, ...] | None:
    """Packets: one more than the frames of sound, for the encoder's delay, which `skip` takes off again."""
    if not plan.blocks:
        return None
    return (plan.audio_frames + 1, house.AAC_FRAME, output.sample_rate, output.channels)
