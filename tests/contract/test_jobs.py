"""What every Jobs adapter promises. The jobs are small programs; a new adapter adds a harness to `HARNESSES`."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.jobs.subprocess import SubprocessJobs
from shared.domain.errors import EngineUnavailable, InvalidInput, TooLarge
from shared.ports.jobs import MAX_ENV_VALUE_BYTES, Execution, ExecutionStatus, Jobs
from tests.support.task_door import eventually

REPORT = """
import json, os
names = ("JOB", "EXECUTION", "TASK_INDEX", "TASK_COUNT", "TASK_ATTEMPT")
seen = {name: os.environ["CLOUD_RUN_" + name] for name in names} | {"text": os.environ.get("TEXT")}
with open(os.path.join(os.environ["OUT"], "seen-" + seen["TASK_INDEX"]), "a") as file:
    file.write(json.dumps(seen) + "\\n")
print("a plain line")
print(json.dumps({"severity": "INFO", "message": "task " + seen["TASK_INDEX"] + " is done"}), flush=True)
"""
SCRIPTS = {
    "report": REPORT,
    "fail": REPORT + "raise SystemExit(7)",
    "fail-for-good": REPORT + "raise SystemExit(3)",
    "recover": REPORT + "raise SystemExit(0 if seen['TASK_ATTEMPT'] == '2' else 1)",
    "wait": REPORT + "import time; time.sleep(60)",
    "complain": "import sys; sys.exit('no blueprint was given')",
}
RETRIES, FINAL_EXIT_CODE = 2, 3


@dataclass(frozen=True)
class Harness:
    jobs: Jobs
    out: Path

    def run(self, job: str, name: str, tasks: int = 1, **env: str) -> Execution:
        return self.jobs.run(job, name, {"OUT": str(self.out), **env}, tasks=tasks)

    def ended(self, name: str) -> Execution:
        eventually(lambda: self.state(name).status is not ExecutionStatus.RUNNING)
        return self.state(name)

    def state(self, name: str) -> Execution:
        execution = self.jobs.get(name)
        assert execution is not None
        return execution

    def seen(self, index: int) -> list[dict[str, str]]:
        """What the attempts at one task saw, in order."""
        path = self.out / f"seen-{index}"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@contextmanager
def subprocess_jobs(folder: Path) -> Iterator[Harness]:
    commands = {job: [sys.executable, "-I", "-S", "-c", script] for job, script in SCRIPTS.items()}
    jobs = SubprocessJobs(
        folder / "executions",
        commands,
        SystemClock(),
        {"PATH": os.defpath},
        retries=RETRIES,
        final_exit_codes=frozenset({FINAL_EXIT_CODE}),
    )
    out = folder / "out"
    out.mkdir()
    yield Harness(jobs, out)
    for execution in (folder / "executions").glob("[!.]*"):
        jobs.cancel(execution.name)


HARNESSES: Mapping[str, Callable[[Path], AbstractContextManager[Harness]]] = {"subprocess": subprocess_jobs}


@pytest.fixture(params=HARNESSES)
def harness(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    with HARNESSES[request.param](tmp_path) as built:
        yield built


def test_an_execution_runs_and_succeeds(harness: Harness) -> None:
    started = harness.run("report", "report-1", TEXT="Grüß Gott\nsecond line")
    assert (started.name, started.job, started.tasks) == ("report-1", "report", 1)
    ended = harness.ended("report-1")
    assert (ended.status, ended.exit_code) == (ExecutionStatus.SUCCEEDED, 0)
    assert ended.message == "task 0 is done"
    assert ended.finished_at is not None
    assert ended.started_at.tzinfo is not None
    assert ended.finished_at >= ended.started_at
    expected = {"JOB": "report", "EXECUTION": "report-1", "TASK_INDEX": "0", "TASK_COUNT": "1", "TASK_ATTEMPT": "0"}
    assert harness.seen(0) == [expected | {"text": "Grüß Gott\nsecond line"}]


def test_each_task_knows_its_index_and_the_count(harness: Harness) -> None:
    harness.run("report", "split-1", tasks=5)
    assert harness.ended("split-1").status is ExecutionStatus.SUCCEEDED
    assert [harness.seen(index)[0]["TASK_INDEX"] for index in range(5)] == list("01234")
    assert {harness.seen(index)[0]["TASK_COUNT"] for index in range(5)} == {"5"}


def test_a_failing_task_is_tried_again_and_may_recover(harness: Harness) -> None:
    harness.run("recover", "recover-1")
    assert harness.ended("recover-1").status is ExecutionStatus.SUCCEEDED
    assert [attempt["TASK_ATTEMPT"] for attempt in harness.seen(0)] == ["0", "1", "2"]


def test_a_task_that_always_fails_fails_the_execution_with_its_exit_code(harness: Harness) -> None:
    harness.run("fail", "fail-1")
    ended = harness.ended("fail-1")
    assert (ended.status, ended.exit_code, ended.message) == (ExecutionStatus.FAILED, 7, "task 0 is done")
    assert len(harness.seen(0)) == 1 + RETRIES


def test_an_exit_code_declared_final_is_not_tried_again(harness: Harness) -> None:
    harness.run("fail-for-good", "final-1")
    ended = harness.ended("final-1")
    assert (ended.status, ended.exit_code) == (ExecutionStatus.FAILED, FINAL_EXIT_CODE)
    assert len(harness.seen(0)) == 1


def test_without_a_json_line_the_last_line_on_stderr_is_the_message(harness: Harness) -> None:
    harness.run("complain", "complain-1")
    assert harness.ended("complain-1").message == "no blueprint was given"


def test_the_same_name_again_returns_the_execution_that_is_there(harness: Harness) -> None:
    harness.run("report", "once-1")
    first = harness.ended("once-1")
    assert harness.run("report", "once-1") == first
    assert harness.run("fail", "once-1") == first
    assert len(harness.seen(0)) == 1


def test_of_many_threads_with_one_name_one_starts_it(harness: Harness) -> None:
    gate, jobs = threading.Barrier(8), []

    def run() -> None:
        gate.wait()
        jobs.append(harness.run("report", "race-1").name)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jobs == ["race-1"] * 8
    assert harness.ended("race-1").status is ExecutionStatus.SUCCEEDED
    assert len(harness.seen(0)) == 1


def test_a_running_execution_is_cancelled(harness: Harness) -> None:
    harness.run("wait", "wait-1", tasks=2)
    eventually(lambda: bool(harness.seen(0)))
    assert harness.state("wait-1").status is ExecutionStatus.RUNNING
    assert harness.state("wait-1").finished_at is None
    harness.jobs.cancel("wait-1")
    ended = harness.ended("wait-1")
    assert (ended.status, ended.exit_code) == (ExecutionStatus.CANCELLED, None)
    assert len(harness.seen(0)) == 1


def test_a_cancel_right_after_the_start_is_heard(harness: Harness) -> None:
    harness.run("wait", "early-1")
    harness.jobs.cancel("early-1")
    assert harness.ended("early-1").status is ExecutionStatus.CANCELLED


def test_cancelling_what_is_unknown_or_over_is_no_error(harness: Harness) -> None:
    harness.jobs.cancel("never-1")
    harness.run("report", "over-1")
    ended = harness.ended("over-1")
    harness.jobs.cancel("over-1")
    assert harness.state("over-1") == ended


def test_an_unknown_execution_is_none(harness: Harness) -> None:
    assert harness.jobs.get("never-1") is None
    assert harness.jobs.get("../executions") is None


def test_a_value_at_the_limit_passes_and_one_above_is_refused(harness: Harness) -> None:
    harness.run("report", "limit-1", TEXT="é" * (MAX_ENV_VALUE_BYTES // 2))
    assert harness.ended("limit-1").status is ExecutionStatus.SUCCEEDED
    assert harness.seen(0)[0]["text"] == "é" * (MAX_ENV_VALUE_BYTES // 2)
    with pytest.raises(TooLarge, match="TEXT has 32769 bytes"):
        harness.run("report", "limit-2", TEXT="é" * (MAX_ENV_VALUE_BYTES // 2) + "x")
    assert harness.jobs.get("limit-2") is None


def test_a_job_that_is_not_known_here_is_refused(harness: Harness) -> None:
    with pytest.raises(EngineUnavailable, match="report"):
        harness.run("transcode", "unknown-1")
    assert harness.jobs.get("unknown-1") is None


@pytest.mark.parametrize("name", ["", "../x", "a/b", "-a", ".a", "a b", "x" * 201])
def test_a_bad_name_is_refused(harness: Harness, name: str) -> None:
    with pytest.raises(InvalidInput, match="named by"):
        harness.run("report", name)
