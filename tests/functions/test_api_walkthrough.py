"""docs/api.md as somebody would follow it: its commands in bash, with curl, against a real server, and what it shows beside them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from shared.config import tool_environment
from tests.functions.attacks_ground import picture
from tests.support.studio import running_studio

PAGE = Path(__file__).resolve().parents[2] / "docs/api.md"
STEP = re.compile(r"^```sh\n(.*?)^```\n(?:```text\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"  # where `make serve` is, unless told otherwise
MARK = "=== end of step"
ANYTHING = "…"


class Step(NamedTuple):
    commands: str
    shown: list[str]


def steps_of(page: str) -> list[Step]:
    return [Step(commands, shown.splitlines()) for commands, shown in STEP.findall(page)]


def first_missing(shown: list[str], lines: list[str]) -> str:
    """The first line shown that does not come, in this order; "" where all do. Other lines may come between them."""
    rest = iter(lines)
    for line in shown:
        pattern = re.compile(".*".join(map(re.escape, line.split(ANYTHING))))
        if not any(pattern.fullmatch(found) for found in rest):
            return line
    return ""


def test_what_is_shown_must_come_in_its_order() -> None:
    lines = ['{"id":"prj_1","title":"A"}', "201", "200"]
    assert first_missing(['{"id":"prj_…",…}', "201"], lines) == ""
    assert first_missing(["200", "201"], lines) == "201"
    assert first_missing(['{"id":"prj_…","title":"B"}'], lines) != ""


@pytest.mark.media
def test_the_session_of_the_page_goes_as_it_is_written(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    steps = steps_of(page)
    assert len(steps) == page.count("```sh\n") >= 12 and sum(len(step.shown) for step in steps) >= 30
    (tmp_path / "cover.png").write_bytes(picture(size=(320, 180)))
    with running_studio(tmp_path / ".reelprint", accounts="required") as (server, _):
        script = "".join(f"{step.commands}echo; echo '{MARK}'\n" for step in steps).replace(ADDRESS, server.url)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=tool_environment(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
    said = done.stdout.split(MARK)
    for step, output in zip(steps, said, strict=False):
        missing = first_missing(step.shown, output.splitlines())
        assert not missing, f"{step.commands}\nshould say {missing}\nand says {output}\n{done.stderr}"
    assert (done.returncode, done.stderr, len(said)) == (0, "", len(steps) + 1)
    assert (tmp_path / "film.mp4").read_bytes()[4:8] == b"ftyp" and (tmp_path / "first.bin").stat().st_size == 100
