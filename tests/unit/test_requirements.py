"""requirements/: what is asked for (*.in) is what is pinned (*.txt), the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "requirements"
SETS = ("functions", "assemble", "dev", "bench")
PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[0-9][\w.+!]*)(?: ; [^#]+)?")


def lines_of(file: str) -> list[str]:
    """The file's lines without comments."""
    lines = (line.split("#", 1)[0].strip() for line in (FOLDER / file).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins_of(name: str) -> dict[str, str]:
    """Version by package."""
    found = [PIN.fullmatch(line) for line in lines_of(f"{name}.txt")]
    return {normalised(pin["name"]): pin["version"] for pin in found if pin}


def names_of(file: str) -> set[str]:
    """What an .in file asks for, with what it takes over from others."""
    names: set[str] = set()
    for line in lines_of(file):
        include, _, other = line.partition(" ")
        names |= names_of(other.strip()) if include == "-r" else {normalised(re.split(r"[\[<>=!~; ]", line)[0])}
    return names


@pytest.mark.parametrize("name", SETS)
def test_every_line_is_pinned(name: str) -> None:
    assert [line for line in lines_of(f"{name}.txt") if not PIN.fullmatch(line)] == []
    assert pins_of(name)


@pytest.mark.parametrize("name", SETS)
def test_everything_asked_for_is_pinned(name: str) -> None:
    assert names_of(f"{name}.in")
    assert names_of(f"{name}.in") - pins_of(name).keys() == set(), "run `make lock`"


@pytest.mark.parametrize("name", ["functions", "assemble"])
def test_what_is_tested_is_what_is_deployed(name: str) -> None:
    tested = pins_of("dev")
    assert {package: tested.get(package) for package in pins_of(name)} == pins_of(name), "run `make lock`"


def test_every_set_of_requirements_is_looked_at() -> None:
    assert {path.stem for path in FOLDER.glob("*.in")} == set(SETS)
    assert {path.stem for path in FOLDER.glob("*.txt")} == {*SETS, "system"}
