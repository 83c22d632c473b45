"""Earlier versions of the document, each brought one step forward. The document outlives the code.

Version 0.9 is the flat choreography form: `task_id`, `song.audio_path`, `moves_used[].{move_id, video_path, start, end}` in
seconds, `video_output.path`. Its seconds become frames at 30 a second, each end rounded to the nearest, so that a gap or
overlap below half a frame closes.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from shared.domain.errors import Fault, InvalidInput
from shared.domain.faults import excerpt, faults_of

Raw = dict[str, Any]
FRAMES_PER_SECOND = 30
SAMPLES_PER_SECOND = 48_000


def upgrade(raw: Raw) -> Raw:
    """The document as version 1.0. Raises InvalidInput for a version this program does not know, or a bad 0.9 document."""
    seen: set[str] = set()
    while (version := _version(raw)) != "1.0":
        step = _STEPS.get(version)
        if step is None or version in seen:
            known = ", ".join([*_STEPS, "1.0"])
            fault = Fault(
                pointer="/schema_version",
                code="unknown-version",
                detail=f"this program reads versions {known}",
                found=excerpt(raw.get("schema_version")),
                fix="Write one of these versions, or update the program.",
            )
            raise InvalidInput("The blueprint is of a version that is not known here.", faults=[fault])
        seen.add(version)
        raw = step(raw)
    return raw


def _version(raw: Raw) -> str:
    if "schema_version" in raw:
        return str(raw["schema_version"])
    return "0.9" if "moves_used" in raw or "song" in raw else "missing"


class _Loose(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)  # 0.9 writers put all sorts of notes beside these fields


Seconds = Annotated[float, Field(ge=0, le=12 * 3600, allow_inf_nan=False)]


class Song(_Loose):
    audio_path: Annotated[str, Field(min_length=1)]


class MoveUsed(_Loose):
    """One stretch of the timeline, in seconds of the song; the clip is played from its own beginning."""

    move_id: Annotated[str, Field(min_length=1)]
    video_path: Annotated[str, Field(min_length=1)]
    start: Seconds
    end: Seconds

    @model_validator(mode="after")
    def _has_length(self) -> MoveUsed:
        if _frame(self.end) <= _frame(self.start):
            raise ValueError("`end` lies at least one frame after `start`")
        return self


class VideoOutput(_Loose):
    path: Annotated[str, Field(min_length=1)]
    width: int = 1280
    height: int = 720


class Flat(_Loose):
    """Blueprint 0.9."""

    task_id: Annotated[str, Field(min_length=1)]
    song: Song
    moves_used: Annotated[list[MoveUsed], Field(min_length=1)]
    video_output: VideoOutput


def _from_0_9(raw: Raw) -> Raw:
    try:
        flat = Flat.model_validate(raw)
    except ValidationError as exc:
        faults = faults_of(exc)
        raise InvalidInput(f"The 0.9 blueprint has {len(faults)} fault(s).", faults=faults) from exc
    moves = sorted(flat.moves_used, key=lambda move: (move.start, move.end))
    paths = list(dict.fromkeys(move.video_path for move in moves))
    assets = {f"clip-{n + 1}": {"uri": _uri(path), "media_type": "video/mp4"} for n, path in enumerate(paths)}
    assets["song"] = {"uri": _uri(flat.song.audio_path), "media_type": "audio/wav"}
    end = max(_frame(move.end) for move in moves)
    return {
        "schema_version": "1.0",
        "kind": "choreography",
        "task_id": flat.task_id,
        "metadata": {"upgraded_from": "0.9"},
        "output": {
            "width": flat.video_output.width,
            "height": flat.video_output.height,
            "frame_rate": {"num": FRAMES_PER_SECOND, "den": 1},
            "sample_rate": SAMPLES_PER_SECOND,
            "uri": _uri(flat.video_output.path),
        },
        "assets": assets,
        "tracks": [_video(moves, paths), _song(end)],
        "markers": [{"kind": "move", "start": _frame(move.start), "label": move.move_id[:200]} for move in moves],
    }


def _video(moves: list[MoveUsed], paths: list[str]) -> Raw:
    items = [
        {
            "type": "clip",
            "id": f"move-{n + 1}",
            "asset": f"clip-{paths.index(move.video_path) + 1}",
            "source_range": {"start": 0, "duration": _frame(move.end) - _frame(move.start)},
            "timeline_start": _frame(move.start),
        }
        for n, move in enumerate(moves)
    ]
    return {"id": "video", "kind": "video", "items": items}


def _song(end: int) -> Raw:
    samples = end * SAMPLES_PER_SECOND // FRAMES_PER_SECOND
    item = {
        "type": "clip",
        "id": "song-1",
        "asset": "song",
        "source_range": {"start": 0, "duration": samples},
        "timeline_start": 0,
    }
    return {"id": "song-track", "kind": "audio", "role": "music", "items": [item]}


def _frame(seconds: float) -> int:
    """The nearest frame; halves go up. By Fraction, so that 0.1 * 30 is 3 on every machine."""
    return int(Fraction(str(seconds)) * FRAMES_PER_SECOND + Fraction(1, 2))


def _uri(path: str) -> str:
    return path if "://" in path else "media://" + path.lstrip("/")


_STEPS: dict[str, Callable[[Raw], Raw]] = {"0.9": _from_0_9}
