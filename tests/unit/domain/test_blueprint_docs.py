"""The published schema and the reference page are those of the code."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from shared.domain.blueprint.reference import DIALECT, json_schema, reference_page, write_docs

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("name", ["blueprint.md", "blueprint.schema.json"])
def test_the_docs_are_what_the_code_makes(name: str, tmp_path: Path) -> None:
    write_docs(tmp_path)
    assert (DOCS / name).read_text("utf-8") == (tmp_path / name).read_text("utf-8"), (
        f"docs/{name} is stale: run `make docs` and commit what it writes."
    )


def test_the_schema_is_one_of_its_dialect() -> None:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    assert (schema["$schema"], schema["$id"]) == (DIALECT, "urn:reelprint:blueprint:1.0")


def test_the_page_tells_every_object_field_and_choice() -> None:
    page, schema = reference_page(), json_schema()
    for name, body in schema["$defs"].items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert section, name
        for field in body.get("properties", {}):
            assert f"| `{field}` | " in section, f"{name}.{field}"
        for value in body.get("enum", ()):
            assert f"`{value}`" in section, f"{name}: {value}"


def test_every_row_of_the_page_has_four_cells() -> None:
    rows = [line for line in reference_page().splitlines() if line.startswith("| ")]
    assert rows and all(line.replace("\\|", "").count("|") == 5 for line in rows)


@pytest.mark.parametrize(
    "row",
    [
        '| `schema_version` | `"1.0"` | **required** |  |',
        "| `frame_rate` | [Rational](#rational) | **required** |  |",
        "| `sample_rate` | `44100` or `48000` | `48000` |  |",
        "| `items` | list of [Clip](#clip) or [Gap](#gap) or [Still](#still) or [Generator](#generator) | `[]` |  |",
        "| `languages` | map to list of [Cue](#cue) | `{}` |  |",
        "| `metadata` | map to string | `{}` |  |",
        "| `width` | integer | **required** | ≥ 16, ≤ 4096, multiple of 2 |",
        "| `ducking` | [Ducking](#ducking) or null | `null` |  |",
        "| `title` | string | **required** | at least 1 characters, at most 200 characters |",
    ],
)
def test_the_page_reads_as_a_reference(row: str) -> None:
    assert row in reference_page().splitlines()
