"""`make package`: each function's folder runs by itself and carries no other door."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from functions.doors import ENTRY_POINTS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages") / "functions"
    stale = folder / "stale" / "main.py"
    stale.parent.mkdir(parents=True)
    stale.touch()
    subprocess.run([sys.executable, ".ci/package.py", str(folder)], cwd=ROOT, capture_output=True, check=True)
    return folder


def test_there_is_one_folder_for_each_entry_point(packages: Path) -> None:
    assert {path.name for path in packages.iterdir()} == set(ENTRY_POINTS)
    for name in ENTRY_POINTS:
        assert (packages / name / "main.py").read_text() == f"from functions.{name} import {name} as {name}\n"
        assert (packages / name / "requirements.txt").read_text() == (ROOT / "requirements/functions.txt").read_text()


@pytest.mark.parametrize("name", sorted(ENTRY_POINTS.keys() - {"worker"}))
def test_a_function_carries_its_own_door_only(packages: Path, name: str) -> None:
    carried = {path.stem for path in (packages / name / "functions").glob("*.py")}
    assert carried & {*ENTRY_POINTS, "dev_server", "doors", "main"} == {name}


def test_the_worker_carries_every_door_to_describe_them(packages: Path) -> None:
    carried = {path.stem for path in (packages / "worker" / "functions").glob("*.py")}
    assert {*ENTRY_POINTS, "doors"} <= carried
    assert "dev_server" not in carried


@pytest.mark.parametrize("name", ["on_speech_task", "worker"])
def test_the_framework_serves_the_folder_by_itself(packages: Path, tmp_path: Path, name: str) -> None:
    # A process that sees nothing but the folder and the installed requirements asks for a path that no door has.
    program = f"""
import os, pathlib, sys, functions_framework
os.environ["REELPRINT_DATA_DIR"] = {str(tmp_path)!r}
client = functions_framework.create_app({name!r}, "main.py").test_client()
answer = client.get("/api/v1/nowhere")
homes = {{str(pathlib.Path(sys.modules[name].__file__).parent) for name in ("functions", "shared")}}
print(answer.status_code, answer.mimetype, homes == {{str(pathlib.Path(name).resolve()) for name in ("functions", "shared")}})
"""
    command = [sys.executable, "-c", program]
    run = subprocess.run(command, cwd=packages / name, capture_output=True, text=True, check=False)
    assert run.stdout.split("\n")[-2:] == ["404 application/problem+json True", ""], run.stdout + run.stderr
