"""Executions as processes: what happens when the server, the supervisor or a task is killed, and what is left."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from shared.adapters.clock import SystemClock
from shared.adapters.jobs.subprocess import SubprocessJobs
from shared.domain.errors import InvalidInput, StorageFailed
from shared.ports.jobs import Execution, ExecutionStatus
from tests.support.task_door import eventually

# A task with a child of its own, both telling their process ids; neither ends by itself.
FAMILY = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"])
draft = os.environ["OUT"] + ".new"
with open(draft, "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.replace(draft, os.environ["OUT"])
time.sleep(60)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FAMILY
ORDERLY = (
    """
import json, signal, sys
def stop(*_):
    print(json.dumps({"message": "stopped in order"}), flush=True)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
"""
    + FAMILY
)
SCRIPTS = {
    "family": FAMILY,
    "stubborn": STUBBORN,
    "orderly": ORDERLY,
    "leave": FAMILY.replace("time.sleep(60)\n", ""),
    "killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "quick": "",
    "descriptors": "import os\ntry: os.fstat(3)\nexcept OSError: pass\nelse: raise SystemExit(1)",
    "count": "import os; open(os.environ['OUT'], 'a').write('x')",
}
START = """
import json, sys
from pathlib import Path
from shared.adapters.clock import SystemClock
from shared.adapters.jobs.subprocess import SubprocessJobs
root, commands, job, env = json.loads(sys.argv[1])
SubprocessJobs(Path(root), commands, SystemClock(), {}).run(job, "run-1", env)
print("started", flush=True)
sys.stdin.read()
"""
Build = Callable[..., SubprocessJobs]


def commands() -> Mapping[str, list[str]]:
    return {job: [sys.executable, "-I", "-S", "-c", script] for job, script in SCRIPTS.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "executions"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"OUT": str(tmp_path / "family")}


@pytest.fixture
def jobs(root: Path) -> Iterator[SubprocessJobs]:
    built = build(root)
    yield built
    for folder in root.glob("[!.]*"):
        built.cancel(folder.name)


def build(root: Path, **options: float) -> SubprocessJobs:
    return SubprocessJobs(root, commands(), SystemClock(), {}, kill_after_s=0.2, **options)  # type: ignore[arg-type]


def state(jobs: SubprocessJobs, name: str = "run-1") -> Execution:
    execution = jobs.get(name)
    assert execution is not None
    return execution


def ended(jobs: SubprocessJobs, name: str = "run-1") -> Execution:
    eventually(lambda: state(jobs, name).status is not ExecutionStatus.RUNNING)
    return state(jobs, name)


def family(env: Mapping[str, str]) -> list[int]:
    """The process ids of the task and its child, once both run."""
    path = Path(env["OUT"])
    eventually(path.exists)
    return [int(pid) for pid in path.read_text().split()]


def gone(pids: list[int]) -> bool:
    """Whether none of them runs; one that nobody has reaped yet does not count as running."""

    def runs(pid: int) -> bool:
        with suppress(psutil.NoSuchProcess):
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        return False

    return not any(runs(pid) for pid in pids)


def supervisor_pid(root: Path) -> int:
    pid = json.loads((root / "run-1" / "state.json").read_text())["pid"]
    assert isinstance(pid, int)
    return pid


def test_a_supervisor_that_is_killed_takes_its_tasks_along_and_the_execution_is_lost(
    jobs: SubprocessJobs, root: Path, env: dict[str, str]
) -> None:
    jobs.run("family", "run-1", env)
    pids = family(env)
    assert state(jobs).status is ExecutionStatus.RUNNING
    os.kill(supervisor_pid(root), signal.SIGKILL)
    lost = ended(jobs)
    assert lost.status is ExecutionStatus.LOST
    assert "Run it anew" in lost.message
    eventually(lambda: gone(pids))
    assert jobs.run("family", "run-1", env) == lost
    jobs.cancel("run-1")
    assert state(jobs).status is ExecutionStatus.LOST


def test_killing_the_supervisor_s_whole_session_leaves_no_orphans(
    jobs: SubprocessJobs, root: Path, env: dict[str, str]
) -> None:
    jobs.run("family", "run-1", env)
    pids = family(env)
    os.killpg(supervisor_pid(root), signal.SIGKILL)
    eventually(lambda: gone(pids))
    assert ended(jobs).status is ExecutionStatus.LOST


def test_an_execution_outlives_the_server_and_is_cancelled_from_another(root: Path, env: dict[str, str]) -> None:
    arguments = json.dumps([str(root), commands(), "family", env])
    server = subprocess.Popen(
        [sys.executable, "-c", START, arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    with server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"started\n"
        pids = family(env)
        os.killpg(server.pid, signal.SIGKILL)
    other = build(root)
    assert state(other).status is ExecutionStatus.RUNNING
    assert not gone(pids)
    other.cancel("run-1")
    assert ended(other).status is ExecutionStatus.CANCELLED
    eventually(lambda: gone(pids))


def test_a_supervisor_told_to_stop_by_nobody_s_cancel_leaves_the_execution_lost(
    jobs: SubprocessJobs, root: Path, env: dict[str, str]
) -> None:
    """As when the machine shuts down: the work may be run anew."""
    jobs.run("family", "run-1", env)
    pids = family(env)
    os.kill(supervisor_pid(root), signal.SIGTERM)
    assert ended(jobs).status is ExecutionStatus.LOST
    eventually(lambda: gone(pids))


def test_a_task_that_does_not_hear_sigterm_is_killed(jobs: SubprocessJobs, env: dict[str, str]) -> None:
    jobs.run("stubborn", "run-1", env)
    pids = family(env)
    jobs.cancel("run-1")
    assert ended(jobs).status is ExecutionStatus.CANCELLED
    eventually(lambda: gone(pids))


def test_a_task_may_stop_in_order_and_is_not_started_again(jobs: SubprocessJobs, env: dict[str, str]) -> None:
    jobs.run("orderly", "run-1", env, tasks=1)
    family(env)
    jobs.cancel("run-1")
    assert ended(jobs).message == "stopped in order"


def test_tasks_not_yet_started_are_not_started_after_a_cancel(root: Path, env: dict[str, str]) -> None:
    jobs = build(root, parallel=1, retries=0)
    jobs.run("family", "run-1", env, tasks=3)
    family(env)
    jobs.cancel("run-1")
    assert (ended(jobs).status, ended(jobs).exit_code) == (ExecutionStatus.CANCELLED, None)
    assert attempts(root) == [1, 0, 0]


def test_a_task_that_runs_too_long_is_stopped_and_tried_again(root: Path, env: dict[str, str]) -> None:
    jobs = build(root, task_timeout_s=0.1, retries=1)
    jobs.run("stubborn", "run-1", env)
    timed_out = ended(jobs)
    assert (timed_out.status, timed_out.exit_code) == (ExecutionStatus.FAILED, 124)
    assert timed_out.message == "task 0 was stopped: it ran longer than 0.1 s"
    assert attempts(root) == [2]


def attempts(root: Path) -> list[int]:
    counts = json.loads((root / "run-1" / "state.json").read_text())["attempts"]
    assert isinstance(counts, list)
    return counts


def test_what_a_task_leaves_behind_is_killed(jobs: SubprocessJobs, env: dict[str, str]) -> None:
    jobs.run("leave", "run-1", env)
    assert ended(jobs).status is ExecutionStatus.SUCCEEDED
    eventually(lambda: gone(family(env)))


def test_a_task_that_a_signal_ended_has_128_and_its_number(root: Path) -> None:
    jobs = build(root, retries=0)
    jobs.run("killed", "run-1", {})
    assert ended(jobs).exit_code == 128 + signal.SIGKILL


def test_a_command_that_cannot_be_started_is_named(root: Path) -> None:
    jobs = SubprocessJobs(root, {"ghost": ["no-such-program"]}, SystemClock(), {}, retries=0)
    jobs.run("ghost", "run-1", {})
    failed = ended(jobs)
    assert (failed.status, failed.exit_code) == (ExecutionStatus.FAILED, 127)
    assert failed.message == "no-such-program could not be started: No such file or directory"


def test_a_task_starts_with_the_signals_of_a_fresh_process(root: Path) -> None:
    """Python ignores SIGPIPE; a task that inherited that would write to a closed pipe for ever."""
    jobs = SubprocessJobs(root, {"pipe": ["sh", "-c", "kill -PIPE $$"]}, SystemClock(), {}, retries=0)
    jobs.run("pipe", "run-1", {})
    assert ended(jobs).exit_code == 128 + signal.SIGPIPE


def test_a_task_cannot_carry_the_lock_away(root: Path) -> None:
    """Else a daemon it leaves behind would keep the execution running for ever."""
    jobs = build(root, retries=0)
    jobs.run("descriptors", "run-1", {})
    assert ended(jobs).status is ExecutionStatus.SUCCEEDED


def test_only_this_user_may_read_what_was_passed(jobs: SubprocessJobs, root: Path) -> None:
    jobs.run("quick", "run-1", {"API_KEY": "secret"})
    ended(jobs)
    assert stat.S_IMODE((root / "run-1").stat().st_mode) == 0o700
    for file in (root / "run-1").iterdir():
        private = file.name in {"spec.json", "lock"} or file.suffix == ".log"
        assert not private or stat.S_IMODE(file.stat().st_mode) == 0o600
    holders = [file.name for file in (root / "run-1").iterdir() if b"secret" in file.read_bytes()]
    assert holders == ["spec.json"]


def test_two_processes_with_one_name_start_it_once(jobs: SubprocessJobs, root: Path, env: dict[str, str]) -> None:
    arguments = json.dumps([str(root), commands(), "count", env])
    servers = [
        subprocess.Popen([sys.executable, "-c", START, arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for server in servers:
        with server:
            assert server.stdout is not None
            assert server.stdout.readline() == b"started\n"
    assert ended(jobs).status is ExecutionStatus.SUCCEEDED
    assert Path(env["OUT"]).read_text() == "x"
    assert [folder.name for folder in root.iterdir() if not folder.name.startswith(".")] == ["run-1"]


def test_ended_supervisors_of_this_process_are_reaped(jobs: SubprocessJobs, root: Path) -> None:
    jobs.run("quick", "run-1", {})
    pid = supervisor_pid_once_written(root)
    ended(jobs)

    def reaped() -> bool:
        jobs.get("run-1")
        return not psutil.pid_exists(pid)

    eventually(reaped)


def supervisor_pid_once_written(root: Path) -> int:
    eventually((root / "run-1" / "state.json").exists)
    return supervisor_pid(root)


def test_a_damaged_record_is_named(jobs: SubprocessJobs, root: Path) -> None:
    jobs.run("quick", "run-1", {})
    ended(jobs)
    (root / "run-1" / "state.json").write_text("{")
    with pytest.raises(StorageFailed, match=r"state\.json is not readable"):
        jobs.get("run-1")
    (root / "run-1" / "state.json").unlink()


def test_a_root_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageFailed, match="Not a directory"):
        build(tmp_path / "file" / "executions").run("quick", "run-1", {})


@pytest.mark.parametrize("env", [{"A": "x\0y"}, {"A=B": "x"}, {"": "x"}])
def test_what_cannot_be_a_variable_is_refused(jobs: SubprocessJobs, env: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match="environment variable"):
        jobs.run("quick", "run-1", env)


def test_an_execution_has_at_least_one_task(jobs: SubprocessJobs) -> None:
    with pytest.raises(InvalidInput, match="at least one task"):
        jobs.run("quick", "run-1", {}, tasks=0)
