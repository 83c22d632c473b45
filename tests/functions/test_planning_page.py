"""docs/planning.md as somebody would follow it: its commands against a real server, and what it shows beside them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from shared.config import tool_environment
from tests.functions.test_api_walkthrough import ADDRESS, MARK, first_missing, steps_of
from tests.support.studio import running_studio

PAGE = Path(__file__).resolve().parents[2] / "docs/planning.md"


def test_the_page_goes_as_it_is_written(tmp_path: Path) -> None:
    page = PAGE.read_text("utf-8")
    steps = steps_of(page)
    assert len(steps) == page.count("```sh\n") >= 7
    with running_studio(tmp_path / ".reelprint") as (server, _):
        script = "".join(f"{step.commands}echo; echo '{MARK}'\n" for step in steps).replace(ADDRESS, server.url)
        done = subprocess.run(
            ["bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env=tool_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    said = done.stdout.split(MARK)
    for step, output in zip(steps, said, strict=False):
        missing = first_missing(step.shown, output.splitlines())
        assert not missing, f"{step.commands}\nshould say {missing}\nand says {output}\n{done.stderr}"
    assert (done.returncode, done.stderr, len(said)) == (0, "", len(steps) + 1)
