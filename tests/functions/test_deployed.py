"""A function as the framework imports it when it is deployed: in a process of its own, its door not imported before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from functions.doors import ENTRY_POINTS
from functions.events import door as events

ROOT = Path(__file__).resolve().parents[2]
PATHS = ("/api/v1/jobs/a%0Ab", "/api/v1/jobs%0A", "/%0a", "/robots.txt", "/favicon.ico", "/api/v1/nowhere")
PROGRAM = """
import functions_framework, json, sys
name, folder, *paths = sys.argv[1:]
client = functions_framework.create_app(name, folder + "/main.py").test_client()
answers = [client.open(path, method=verb, data=b"{}") for path in paths for verb in ("GET", "POST")]
print(json.dumps([[answer.status_code, answer.content_type, answer.get_json(silent=True)] for answer in answers]))
"""


@pytest.mark.parametrize("name", ["jobs", "assets", "worker", "on_job_task"])
def test_what_the_framework_turns_away_by_itself_is_a_problem_too(tmp_path: Path, name: str) -> None:
    assert name in ENTRY_POINTS and name != events.name
    (tmp_path / "main.py").write_text(f"from functions.{name} import {name} as {name}\n")
    command = [sys.executable, "-c", PROGRAM, name, str(tmp_path), *PATHS]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    answers = json.loads(run.stdout)
    assert len(answers) == 2 * len(PATHS)
    for status, content_type, problem in answers:
        assert (status, content_type) == (404, "application/problem+json")
        assert problem["type"] == "urn:reelprint:problem:not-found" and problem["request_id"]
