"""The blueprint described by itself: its JSON Schema, and the reference page made from it.

`python -m shared.domain.blueprint.reference` writes both under docs/; a test fails where they are stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from shared.domain.blueprint.model import Blueprint

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """JSON Schema 2020-12 of blueprint 1.0. What it cannot say, `check` does."""
    return {"$schema": DIALECT, "$id": "urn:reelprint:blueprint:1.0", **Blueprint.model_json_schema(by_alias=True)}


def reference_page() -> str:
    """docs/blueprint.md: every object of the document, its fields, their types and bounds."""
    schema = json_schema()
    objects = {"Blueprint": schema, **schema["$defs"]}
    parts = [_HEAD]
    parts += [part for name, body in objects.items() for part in _section(name, body)]
    return "\n".join(parts) + "\n"


_HEAD = """# Blueprint 1.0

*Made from `shared/domain/blueprint/model.py` by `make docs`; do not edit.*

A blueprint says exactly what one finished production is. Time is integer frames at `output.frame_rate`; on audio tracks
it is integer samples at `output.sample_rate`. Unknown fields are refused. Every fault of a document is reported at once,
with its JSON Pointer, what was found and what to do.

Beyond the shapes below, a document must hold together: assets, tracks and languages it names exist and are of the kind
that is played there; one track is the video and holds something; items follow each other in time and overlap only under
a transition of that very length, never three at once; ranges lie inside their sources as far as `probe` tells; fades and
keyframes lie inside their item, the poster, cues and markers inside the video. The JSON Schema is
[blueprint.schema.json](blueprint.schema.json); it accepts every document that is accepted here.

Version `0.9`, the flat choreography form (`task_id`, `song.audio_path`, `moves_used[].{move_id, video_path, start, end}`
in seconds, `video_output.{path, width, height}`), is read and upgraded. Paths are keys of the media bucket or whole URIs.
Seconds become the nearest frame at 30 a second; where a move then ends within a frame of the next one's start, it ends
exactly there. A longer gap is black, a longer overlap is refused. The song plays from its beginning to the last move's
end, and the video is 1280 x 720 where no size is given.
"""


def _section(name: str, body: dict[str, Any]) -> Iterator[str]:
    yield f"\n## {name}\n"
    if body.get("description"):
        yield " ".join(body["description"].split()) + "\n"
    if "enum" in body:
        yield "One of " + ", ".join(f"`{value}`" for value in body["enum"]) + "."
        return
    required = set(body.get("required", ()))
    yield "| field | type | default | bounds |"
    yield "| --- | --- | --- | --- |"
    for field, about in body.get("properties", {}).items():
        default = "**required**" if field in required else f"`{json.dumps(about.get('default'), ensure_ascii=False)}`"
        yield f"| `{field}` | {_type(about)} | {default} | {_bounds(about)} |"


def _type(about: dict[str, Any]) -> str:
    if "$ref" in about:
        name = about["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in about:
        return f"`{json.dumps(about['const'])}`"
    if "enum" in about:
        return " or ".join(f"`{json.dumps(value)}`" for value in about["enum"])
    for choice in ("anyOf", "oneOf"):
        if choice in about:
            return " or ".join(_type(one) for one in about[choice])
    if about.get("type") == "array":
        return f"list of {_type(about.get('items', {}))}"
    if about.get("type") == "object" and ("additionalProperties" in about or "patternProperties" in about):
        value = about.get("additionalProperties") or next(iter(about["patternProperties"].values()))
        return f"map to {_type(value)}"
    return str(about.get("type", "any"))


def _bounds(about: dict[str, Any]) -> str:
    words = {
        "minimum": "≥ {}",
        "maximum": "≤ {}",
        "exclusiveMinimum": "> {}",
        "exclusiveMaximum": "< {}",
        "multipleOf": "multiple of {}",
        "minLength": "at least {} characters",
        "maxLength": "at most {} characters",
        "minItems": "at least {} item(s)",
        "pattern": "`{}`",
    }
    options = [about, *about.get("anyOf", [])]
    found = [text.format(one[key]) for one in options for key, text in words.items() if key in one]
    return ", ".join(found).replace("|", "\\|")


def write_docs(folder: Path) -> None:
    (folder / "blueprint.md").write_text(reference_page(), "utf-8")
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    (folder / "blueprint.schema.json").write_text(schema, "utf-8")


if __name__ == "__main__":
    write_docs(Path(sys.argv[1] if len(sys.argv) > 1 else "docs"))
