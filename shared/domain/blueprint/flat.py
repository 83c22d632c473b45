"""Blueprint 0.9, the flat choreography form, and its way to 1.0.

`task_id`, `song.audio_path`, `moves_used[].{move_id, video_path, start, end}` in seconds of the song, `video_output.path`.
Paths are keys of the media bucket or whole URIs. Seconds become the nearest frame at 30 a second. Where one move then ends
within a frame of the next one's start, it ends exactly there: neither a black flash nor an overlap is left over from
rounding. A longer gap is black, a longer overlap is refused. The song plays from its beginning to the last move's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from shared.domain.blueprint.limits import MAX_ITEMS, MAX_SECONDS
from shared.domain.blueprint.model import URI_PATTERN, Identifier, Side
from shared.domain.blueprint.raw import Raw, at, fault, is_unsafe, objects
from shared.domain.errors import Fault, InvalidInput
from shared.domain.faults import combined, faults_of

FRAMES_PER_SECOND = 30
SAMPLES_PER_SECOND = 48_000
VIDEO_TYPES = {"mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "webm": "video/webm"}
SONG_TYPES = {
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    **VIDEO_TYPES,  # a video's sound
}


def _uri(path: str) -> str:
    uri = path if "://" in path else f"media://{path}"
    if not re.fullmatch(URI_PATTERN, uri) or is_unsafe(uri):
        raise PydanticCustomError(
            "unsafe_path",
            "a path is a key of the media bucket or a media, uploads, gs or s3 URI: relative, without spaces, and no part "
            "of it is empty, `.` or `..`",
        )
    return uri


def _clip(path: str) -> str:
    return _typed(_uri(path), VIDEO_TYPES)


def _song(path: str) -> str:
    return _typed(_uri(path), SONG_TYPES)


def _typed(uri: str, known: dict[str, str]) -> str:
    if _suffix(uri) not in known:
        message = "the kind of media is told by the file's suffix, which is one of {known}"
        raise PydanticCustomError("unknown_media", message, {"known": ", ".join(known)})
    return uri


def _suffix(uri: str) -> str:
    return PurePosixPath(uri).suffix.lower().removeprefix(".")


class _Loose(BaseModel):
    # 0.9 writers put all sorts of notes beside these fields; the fields themselves are JSON strings and numbers
    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS)]


class Song(_Loose):
    audio_path: Annotated[str, AfterValidator(_song)]


class MoveUsed(_Loose):
    """One stretch of the timeline, in seconds of the song; the clip is played from its own beginning."""

    move_id: Annotated[str, Field(min_length=1, max_length=200)]
    video_path: Annotated[str, AfterValidator(_clip)]
    start: Seconds
    end: Seconds


class VideoOutput(_Loose):
    path: Annotated[str, AfterValidator(_uri)]
    width: Side = 1280
    height: Side = 720


class Flat(_Loose):
    """Blueprint 0.9."""

    task_id: Identifier
    song: Song
    moves_used: Annotated[list[MoveUsed], Field(min_length=1, max_length=MAX_ITEMS - 1)]
    video_output: VideoOutput


def upgrade_flat(raw: Raw) -> Raw:
    """A 0.9 document as 1.0. Raises InvalidInput with every fault, each pointing into the 0.9 document."""
    meaning = list(_misplaced(raw))
    try:
        flat = Flat.model_validate(raw)
    except ValidationError as exc:
        raise _refused(combined(faults_of(exc, raw), meaning, raw)) from exc
    if meaning:
        raise _refused(combined([], meaning, raw))
    return _document(flat)


def _refused(faults: list[Fault]) -> InvalidInput:
    return InvalidInput(f"The 0.9 blueprint has {len(faults)} fault(s); each is listed.", faults=faults)


def _misplaced(raw: Raw) -> Iterator[Fault]:
    """Moves that end before they begin, or begin while another is on. What has a wrong shape is stepped over."""
    ahead: tuple[int, int, int] | None = None  # the move that reaches furthest so far: start and end frame, index
    for start, end, n in sorted((*times, n) for n, move in objects(raw, "moves_used") if (times := _times(move))):
        if end <= start:
            detail = f"a move lasts at least one frame, 1/{FRAMES_PER_SECOND} s"
            yield fault(("moves_used", n, "end"), "too-short", detail, at(raw, "moves_used", n, "end"), "End it later.")
            continue
        if ahead and start < ahead[1] and not _is_rounding(ahead, start):
            detail = f"/moves_used/{ahead[2]} lasts until {at(raw, 'moves_used', ahead[2], 'end')} s"
            fix = "Start this move where that one ends, or end that one earlier."
            yield fault(("moves_used", n, "start"), "overlap", detail, at(raw, "moves_used", n, "start"), fix)
        if ahead is None or end >= ahead[1]:
            ahead = (start, end, n)


def _is_rounding(ahead: tuple[int, int, int], start: int) -> bool:
    """Whether an overlap is but one frame, and the move ahead keeps a frame when it is cut by it."""
    return start == ahead[1] - 1 and start > ahead[0]


def _times(move: Raw) -> tuple[int, int] | None:
    """First frame and the frame after the last, or None where the seconds are none."""
    seconds = [move.get("start"), move.get("end")]
    if any(isinstance(s, bool) or not isinstance(s, int | float) or not 0 <= s <= MAX_SECONDS for s in seconds):
        return None
    return _frame(seconds[0]), _frame(seconds[1])


def _frame(seconds: Any) -> int:
    """The nearest frame; halves go up. By Fraction, so that 0.1 * 30 is 3 on every machine."""
    return int(Fraction(str(seconds)) * FRAMES_PER_SECOND + Fraction(1, 2))


def _document(flat: Flat) -> Raw:
    moves = sorted(flat.moves_used, key=lambda move: (move.start, move.end))
    clips = {uri: f"clip-{n}" for n, uri in enumerate(dict.fromkeys(move.video_path for move in moves), 1)}
    assets = {name: {"uri": uri, "media_type": VIDEO_TYPES[_suffix(uri)]} for uri, name in clips.items()}
    song = flat.song.audio_path
    output = flat.video_output
    items = _items(moves, clips)
    return {
        "schema_version": "1.0",
        "kind": "choreography",
        "task_id": flat.task_id,
        "metadata": {"upgraded_from": "0.9"},
        "output": {
            "width": output.width,
            "height": output.height,
            "frame_rate": {"num": FRAMES_PER_SECOND, "den": 1},
            "sample_rate": SAMPLES_PER_SECOND,
            "uri": output.path,
        },
        "assets": {**assets, "song": {"uri": song, "media_type": SONG_TYPES[_suffix(song)]}},
        "tracks": [
            {"id": "video", "kind": "video", "items": items},
            {"id": "song-track", "kind": "audio", "role": "music", "items": [_song_item(items[-1])]},
        ],
        "markers": [
            {"kind": "move", "start": item["timeline_start"], "label": move.move_id}
            for move, item in zip(moves, items, strict=True)
        ],
    }


def _items(moves: Sequence[MoveUsed], clips: Mapping[str, str]) -> list[Raw]:
    starts = [_frame(move.start) for move in moves]
    ends = [_frame(move.end) for move in moves]
    for n, start in enumerate(starts[1:]):
        if abs(ends[n] - start) <= 1:
            ends[n] = start
    return [
        {
            "type": "clip",
            "id": f"move-{n}",
            "asset": clips[move.video_path],
            "source_range": {"start": 0, "duration": end - start},
            "timeline_start": start,
        }
        for n, (move, start, end) in enumerate(zip(moves, starts, ends, strict=True), 1)
    ]


def _song_item(last: Raw) -> Raw:
    """The song from its beginning, for as long as there is a picture."""
    frames = last["timeline_start"] + last["source_range"]["duration"]
    return {
        "type": "clip",
        "id": "song-1",
        "asset": "song",
        "source_range": {"start": 0, "duration": frames * SAMPLES_PER_SECOND // FRAMES_PER_SECOND},
        "timeline_start": 0,
    }
