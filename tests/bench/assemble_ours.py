"""Our contender: an edit as a blueprint, rendered by the job as it is deployed, in a studio of its own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, pairwise
from pathlib import Path

from tests.bench.assemble_edits import RATE, Edit
from tests.bench.assemble_material import FRAME, MUSIC_SECONDS, SOUND_RATE, Material
from tests.bench.assemble_measure import Cost, Start, measure
from tests.support.assembly import Raw, Studio, clip, production, sound_track

AAC_FRAME = 1024  # samples; narration begins on this grid, as the composer puts it
PAUSE = SOUND_RATE * 4 // 10
DUCKING = {"trigger_track": "narration", "amount_db": 12.0, "attack_ms": 120, "release_ms": 600}


class Ours:
    """One data folder. A second render in it finds the artifacts of the first."""

    def __init__(self, folder: Path, material: Material) -> None:
        self._studio = Studio(folder)
        self._material = material
        self._stored: dict[str, Raw] = {}
        self._films = count(1)

    def render(self, edit: Edit, cpus: Sequence[int], *, sound: bool = False) -> tuple[Cost, Path]:
        """Render an edit by one task on each of `cpus`; what it cost, and the film."""
        key = f"films/film-{next(self._films)}.mp4"
        document = self.blueprint(edit, f"media://{key}", sound=sound)
        variables = self._studio.stored_blueprint(document) | {"REELPRINT_WORKERS": "1"}
        variables["CLOUD_RUN_TASK_COUNT"] = str(len(cpus))
        starts = [self._starter(variables | {"CLOUD_RUN_TASK_INDEX": str(n)}) for n in range(len(cpus))]
        return measure(starts, self._studio.scratch, cpus), self._studio.fetch(key, Path(key).name)

    def _starter(self, variables: dict[str, str]) -> Start:
        return lambda prefix: self._studio.start(None, prefix, **variables)

    def blueprint(self, edit: Edit, uri: str, *, sound: bool) -> Raw:
        """An edit as the studio's own document, its sources stored and bound by sha256."""
        tracks = [self._narration(edit), self._music(edit)] if sound else []
        items = [self._item(n, edit) for n in range(len(edit.pieces))]
        document = production(items, None, *tracks, output=FRAME | {"uri": uri}, captions=_captions(edit))
        document["tracks"][0]["transitions"] = [
            {"from": one["id"], "to": other["id"], "type": "dissolve", "duration": edit.overlap}
            for one, other in (pairwise(items) if edit.overlap else ())
        ]
        names = dict.fromkeys(item["asset"] for track in document["tracks"] for item in track["items"])
        return document | {"assets": {name: self._asset(name) for name in names}}

    def _item(self, number: int, edit: Edit) -> Raw:
        piece, start, name = edit.pieces[number], edit.starts[number], f"piece-{number}"
        if not edit.holds_pictures:
            return clip(name, piece.source, start, piece.first, piece.frames)
        return {
            "type": "still",
            "id": name,
            "asset": piece.source,
            "timeline_start": start,
            "duration": piece.frames,
        }

    def _narration(self, edit: Edit) -> Raw:
        """Lines one after another with short pauses, to the film's end."""
        voices, end = list(self._material.voices.items()), edit.frames * SOUND_RATE // RATE
        items: list[Raw] = []
        position = SOUND_RATE
        while True:
            name, (_, samples) = voices[len(items) * 7 % len(voices)]
            if position + samples > end:
                return sound_track("narration", "narration", items)
            items.append(clip(f"line-{len(items)}", name, position, 0, samples))
            position = -(-(position + samples + PAUSE) // AAC_FRAME) * AAC_FRAME

    def _music(self, edit: Edit) -> Raw:
        """Music under all of it, lowered while somebody speaks."""
        end, whole = edit.frames * SOUND_RATE // RATE, MUSIC_SECONDS * SOUND_RATE
        starts = range(0, end, whole)
        items = [clip(f"music-{n}", "music", start, 0, min(whole, end - start)) for n, start in enumerate(starts)]
        return sound_track("music", "music", items, gain_db=-6.0, ducking=DUCKING)

    def _asset(self, name: str) -> Raw:
        if name not in self._stored:
            self._stored[name] = self._studio.put(*self._source(name))
        return self._stored[name]

    def _source(self, name: str) -> tuple[Path, str]:
        if name == "music":
            return self._material.music, "audio/wav"
        if name in self._material.voices:
            return self._material.voices[name][0], "audio/wav"
        path = self._material.file(name)
        return path, "image/jpeg" if path.suffix == ".jpg" else "video/mp4"


def _captions(edit: Edit) -> Raw:
    if not edit.captions:
        return {"mode": "none"}
    cues = [{"start": c.start, "duration": c.frames, "text": c.text} for c in edit.captions]
    return {"mode": "burned", "burn_language": "en", "languages": {"en": cues}}
