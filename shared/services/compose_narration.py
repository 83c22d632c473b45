"""A narrated chapter as a blueprint: picture, narration in slots, music under it, captions timed to the voice. Pure.

Every narration slot begins on the grid of AAC frames, so that after an edit the slots behind it sound the same relative to
their own beginning, and the renderer finds their blocks and pictures already made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.asset import Asset
from shared.domain.cue_times import time_pages
from shared.domain.cues import caption_pages
from shared.domain.job import NarrationInput
from shared.domain.plan import Delimiter, Segment
from shared.services.voice_segment import HOUSE_LEVEL, Spoken

FRAME_RATE, SAMPLE_RATE, AAC_FRAME = 30, 48_000, 1024
LEAD_IN, TAIL = SAMPLE_RATE * 3 // 2, SAMPLE_RATE * 2
# Silence after a segment that has none of its own, in samples, by what ended it: a paragraph breathes, a forced cut must
# not be heard, nor one that somebody made inside a sentence.
PAUSE = {
    Delimiter.PARAGRAPH: SAMPLE_RATE * 65 // 100,
    Delimiter.NEWLINE: SAMPLE_RATE * 45 // 100,
    Delimiter.SPEAKER: SAMPLE_RATE * 40 // 100,
    Delimiter.SENTENCE: SAMPLE_RATE * 35 // 100,
    Delimiter.CAP: SAMPLE_RATE * 5 // 100,
    Delimiter.SPLIT: SAMPLE_RATE * 5 // 100,
    Delimiter.END: 0,
}
# Loudness by BS.1770 reads a single channel 3 LU under the same sound on two; both targets sound alike on speakers.
LOUDNESS = {1: -19.0, 2: -16.0}
SNAP, SHORTEST_CUE = (
    SAMPLE_RATE * 6 // 10,
    SAMPLE_RATE,
)  # a cue moves at most .6 s to meet a pause, and stays 1 s if it can
HIGHEST_PEAK, MOST_GAIN_DB = -1.0, 12.0
MUSIC_GAIN_DB, DUCK_DB = -14.0, 10.0


@dataclass(frozen=True)
class Line:
    """One segment as it will be heard and read: its sound, and its text by caption language."""

    segment: Segment
    spoken: Spoken
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Narration:
    """All that one narrated video is made of. `language` is the one spoken."""

    task_id: str
    title: str
    author: str
    project_title: str
    language: str
    lines: Sequence[Line]
    cover: Asset | None
    music: Asset | None
    wish: NarrationInput


def compose_narration(narration: Narration, uri: str) -> dict[str, Any]:
    """The blueprint, version 1.0, as plain data. Raises ValueError when there is nothing to say."""
    if not narration.lines:
        raise ValueError("a narration has at least one spoken line")
    starts, end = _slots(narration.lines)
    tail = max(TAIL, _pause(narration.lines[-1].segment))
    frames = -(-(end + tail) * FRAME_RATE // SAMPLE_RATE)
    channels = 2 if narration.music else 1
    captions: dict[str, Any] = {
        "mode": narration.wish.captions.value,
        "languages": _captions(narration, starts, frames),
    }
    if captions["mode"] in ("burned", "both"):
        captions["burn_language"] = narration.language
    return {
        "schema_version": "1.0",
        "kind": "narration",
        "task_id": narration.task_id,
        "metadata": {"title": narration.title, "author": narration.author, "language": narration.language},
        "output": {
            "profile": narration.wish.profile.value,
            "width": narration.wish.frame.width,
            "height": narration.wish.frame.height,
            "frame_rate": {"num": FRAME_RATE, "den": 1},
            "sample_rate": SAMPLE_RATE,
            "channels": channels,
            "loudness": {"integrated_lufs": LOUDNESS[channels], "true_peak_dbtp": -1.5},
            "uri": uri,
            "poster": {"frame": 0},
        },
        "assets": _assets(narration),
        "tracks": [_picture(narration, frames), _voice(narration.lines, starts), *_music(narration.music, frames)],
        "captions": captions,
        "markers": _markers(narration, starts),
    }


def _slots(lines: Sequence[Line]) -> tuple[list[int], int]:
    """Where each line starts, in output samples on the AAC grid, and where the last one ends."""
    starts: list[int] = []
    position = LEAD_IN
    end = position
    for line in lines:
        start = -(-position // AAC_FRAME) * AAC_FRAME
        starts.append(start)
        end = start + _length(line.spoken)
        position = end + _pause(line.segment)
    return starts, end


def _pause(segment: Segment) -> int:
    """The silence after a segment in output samples: its own, else the house's."""
    return PAUSE[segment.delimiter] if segment.pause_ms is None else segment.pause_ms * SAMPLE_RATE // 1000


def heard(segments: Sequence[Segment]) -> list[Segment]:
    """The segments that are spoken. A pause set on one without words, a scene break say, is added to the one before."""
    found: list[Segment] = []
    for segment in segments:
        if segment.is_spoken:
            found.append(segment)
        elif found and segment.pause_ms and not segment.skipped:
            longer = _pause(found[-1]) * 1000 // SAMPLE_RATE + segment.pause_ms
            found[-1] = found[-1].model_copy(update={"pause_ms": longer})
    return found


def _length(spoken: Spoken) -> int:
    """A sound's length in output samples, rounded up."""
    return -(-spoken.samples * SAMPLE_RATE // spoken.rate)


def _assets(narration: Narration) -> dict[str, Any]:
    found = {
        _asset_name(line.spoken): {
            "uri": line.spoken.uri,
            "sha256": line.spoken.sha256,
            "media_type": "audio/wav",
            "probe": {"sample_rate": line.spoken.rate, "samples": line.spoken.samples, "channels": 1},
        }
        for line in narration.lines
    }
    for name, asset in (("cover", narration.cover), ("music", narration.music)):
        if asset:
            found[name] = {"uri": f"media://{asset.media_key}", "sha256": asset.sha256, "media_type": asset.media_type}
    return found


def _asset_name(spoken: Spoken) -> str:
    return f"voice-{spoken.sha256[:32]}"


def _picture(narration: Narration, frames: int) -> dict[str, Any]:
    place = {"id": "picture", "timeline_start": 0, "duration": frames}
    if narration.cover:
        item = {"type": "still", "asset": "cover", "fit": "contain_blur", **place}
    else:
        card = {
            "kind": "title_card",
            "title": narration.title,
            "subtitle": narration.author,
            "footer": narration.project_title if narration.project_title != narration.title else "",
        }
        item = {"type": "generator", "generator": card, **place}
    return {"id": "video", "kind": "video", "items": [item]}


def _voice(lines: Sequence[Line], starts: Sequence[int]) -> dict[str, Any]:
    items = [
        {
            "type": "clip",
            "id": f"line-{number}",
            "asset": _asset_name(line.spoken),
            "source_range": {"start": 0, "duration": _length(line.spoken)},
            "timeline_start": start,
            **_gain(line.spoken),
        }
        for number, (line, start) in enumerate(zip(lines, starts, strict=True), 1)
    ]
    return {"id": "narration", "kind": "audio", "role": "narration", "items": items}


def _gain(spoken: Spoken) -> dict[str, float]:
    gain = matching_gain_db(spoken)
    return {"gain_db": gain} if gain else {}


def matching_gain_db(spoken: Spoken) -> float:
    """What brings a line to the level of all others, in half decibels: the same however its neighbours change.

    No louder than its highest sample allows, and no further than a voice can be from another; 0 where it is there.
    """
    wanted = min(HOUSE_LEVEL - spoken.level, HIGHEST_PEAK - spoken.peak)
    return round(max(-MOST_GAIN_DB, min(MOST_GAIN_DB, wanted)) * 2) / 2


def _music(music: Asset | None, frames: int) -> list[dict[str, Any]]:
    """The song, as often as it takes, low and lower still while somebody speaks."""
    if music is None or not music.samples or not music.sample_rate:
        return []
    whole = -(-frames * SAMPLE_RATE // FRAME_RATE)
    song = music.samples * SAMPLE_RATE // music.sample_rate
    items = []
    for number, start in enumerate(range(0, whole, song)):
        length = min(song, whole - start)
        items.append(
            {
                "type": "clip",
                "id": f"music-{number + 1}",
                "asset": "music",
                "source_range": {"start": 0, "duration": length},
                "timeline_start": start,
                "fade_in": min(SAMPLE_RATE, length) if start == 0 else 0,
                "fade_out": min(3 * SAMPLE_RATE, length) if start + length == whole else 0,
            }
        )
    ducking = {"trigger_track": "narration", "amount_db": DUCK_DB, "attack_ms": 150, "release_ms": 700}
    return [
        {"id": "music", "kind": "audio", "role": "music", "gain_db": MUSIC_GAIN_DB, "ducking": ducking, "items": items}
    ]


def _captions(narration: Narration, starts: Sequence[int], frames: int) -> dict[str, Any]:
    languages = sorted({language for line in narration.lines for language in line.texts})
    return {language: _cues(narration, language, starts, frames) for language in languages}


def _cues(narration: Narration, language: str, starts: Sequence[int], frames: int) -> list[dict[str, Any]]:
    """Cues of one language, in frames. Pauses of the voice guide the cuts, whatever language is read."""
    found: list[dict[str, Any]] = []
    for line, start in zip(narration.lines, starts, strict=True):
        scale = SAMPLE_RATE / line.spoken.rate
        pauses = [(start + round(a * scale), start + round(b * scale)) for a, b in line.spoken.pauses]
        pages = caption_pages(line.texts.get(language, ""))
        end_of_line = start + _length(line.spoken)
        for begin, end, text in time_pages(pages, start, end_of_line, pauses, tolerance=SNAP, minimum=SHORTEST_CUE):
            first = max(begin * FRAME_RATE // SAMPLE_RATE, found[-1]["start"] + found[-1]["duration"] if found else 0)
            last = min(frames, max(first + 1, end * FRAME_RATE // SAMPLE_RATE))
            found.append({"start": first, "duration": last - first, "text": text})
    return found


def _markers(narration: Narration, starts: Sequence[int]) -> list[dict[str, Any]]:
    chapter = {"kind": "chapter", "start": 0, "label": narration.title}
    segments = [
        {
            "kind": "segment",
            "start": start * FRAME_RATE // SAMPLE_RATE,
            "duration": _length(line.spoken) * FRAME_RATE // SAMPLE_RATE,
            "label": line.segment.segment_id,
        }
        for line, start in zip(narration.lines, starts, strict=True)
    ]
    return [chapter, *segments]
