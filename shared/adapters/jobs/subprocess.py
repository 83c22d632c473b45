"""Jobs as processes of this machine: a folder and a detached supervisor for each execution.

root/NAME/spec.json     what to run; mode 0600, for variables may hold secrets
root/NAME/lock          held (flock) from before the folder appears until no process of the execution is left
root/NAME/state.json    written by the supervisor: status, exit code, message, attempts per task
root/NAME/cancel        somebody asked to stop it
root/NAME/task-I.attempt-A.{stdout,stderr}.log
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from shared.adapters.jobs import supervisor
from shared.adapters.jobs.folder import is_held, moved, read_json, translated, write_durably
from shared.domain.errors import EngineUnavailable, InvalidInput, TooLarge, Unavailable
from shared.ports.clock import Clock
from shared.ports.jobs import MAX_ENV_VALUE_BYTES, Execution, ExecutionStatus

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,199}")
_LOST = "The execution ended without a final state: its supervisor was killed or the machine went down. Run it anew."


@dataclass(frozen=True)
class _Spec:
    """spec.json, as the supervisor reads it."""

    name: str
    job: str
    command: Sequence[str]
    env: Mapping[str, str]
    tasks: int
    parallel: int
    slots: int
    retries: int
    task_timeout_s: float
    kill_after_s: float
    final_exit_codes: Sequence[int]
    started_at: str


class SubprocessJobs:
    """The Jobs port over child processes that outlive this one. Any thread and any process may use the same `root`."""

    def __init__(
        self,
        root: Path,
        commands: Mapping[str, Sequence[str]],
        clock: Clock,
        base_env: Mapping[str, str],
        retries: int = 3,
        task_timeout_s: float = 600,
        *,
        final_exit_codes: frozenset[int] = frozenset(),
        parallel: int | None = None,
        kill_after_s: float = 10.0,
        slots: int | None = None,
    ) -> None:
        """`commands` names the argument list of each job; tasks run in this process's working directory with
        `base_env`, the run's own variables and Cloud Run's. A failed task is tried `retries` times more, unless its
        exit code is one of `final_exit_codes`; `parallel` tasks run at once (None: one a CPU).
        `slots` executions work at once, the others wait (None: one a CPU): however many are asked for, memory is bounded."""
        self._root, self._commands, self._clock, self._base_env = root, commands, clock, base_env
        self._retries, self._task_timeout_s, self._kill_after_s = retries, task_timeout_s, kill_after_s
        self._final_exit_codes = final_exit_codes
        self._parallel = parallel or os.cpu_count() or 1
        self._slots = slots or os.cpu_count() or 1
        self._supervisors: set[int] = set()

    def run(self, job: str, name: str, env: Mapping[str, str], *, tasks: int = 1) -> Execution:
        self._check(job, name, env, tasks)
        self._reap()
        spec = self._spec(job, name, env, tasks)
        with translated(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            if not (self._root / name).exists():
                self._create(spec)
        execution = self.get(name)
        if execution is None:  # somebody else claimed the name and could not start it
            raise Unavailable(f"{name} could not be started. Try again later.")
        return execution

    def get(self, name: str) -> Execution | None:
        self._reap()
        folder = self._root / name
        if not _NAME.fullmatch(name) or not folder.exists():
            return None
        with translated(folder):
            alive = is_held(folder / "lock")  # before the state: a supervisor writes its last word, then lets go
            spec, state = read_json(folder / "spec.json"), read_json(folder / "state.json")
        status = ExecutionStatus(state.get("status", ExecutionStatus.RUNNING))
        lost = status is ExecutionStatus.LOST or (status is ExecutionStatus.RUNNING and not alive)
        finished = state.get("finished_at")
        return Execution(
            name=name,
            job=spec["job"],
            status=ExecutionStatus.LOST if lost else status,
            tasks=spec["tasks"],
            exit_code=state.get("exit_code"),
            message=_LOST if lost else state.get("message", ""),
            started_at=datetime.fromisoformat(spec["started_at"]),
            finished_at=datetime.fromisoformat(finished) if finished else None,
        )

    def cancel(self, name: str) -> None:
        execution = self.get(name)
        if execution is None or execution.status is not ExecutionStatus.RUNNING:
            return
        folder = self._root / name
        with translated(folder):
            (folder / "cancel").touch()  # a supervisor that is only starting looks for it
            pid = read_json(folder / "state.json").get("pid")
            if pid is not None and is_held(folder / "lock"):  # held: the process of that number is still the one
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)

    def _check(self, job: str, name: str, env: Mapping[str, str], tasks: int) -> None:
        if job not in self._commands:
            known = ", ".join(sorted(self._commands)) or "none"
            raise EngineUnavailable(f"There is no job {job!r} here; known jobs: {known}. Give it a command.")
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"An execution is named by 1-200 letters, digits, '-' or '_', not {name[:60]!r}.")
        if tasks < 1:
            raise InvalidInput(f"An execution has at least one task, not {tasks}.")
        for key, value in env.items():
            size = len(value.encode())
            if size > MAX_ENV_VALUE_BYTES:
                found = f"The variable {key} has {size} bytes; {MAX_ENV_VALUE_BYTES} are allowed."
                raise TooLarge(f"{found} Store the value and pass its address.")
            if "\0" in value or "\0" in key or "=" in key or not key:
                raise InvalidInput(f"{key[:60]!r} cannot be an environment variable: no NUL, no '=' in a name.")

    def _spec(self, job: str, name: str, env: Mapping[str, str], tasks: int) -> _Spec:
        return _Spec(
            name=name,
            job=job,
            command=list(self._commands[job]),
            env={**self._base_env, **env, "CLOUD_RUN_JOB": job, "CLOUD_RUN_EXECUTION": name},
            tasks=tasks,
            parallel=self._parallel,
            slots=self._slots,
            retries=self._retries,
            task_timeout_s=self._task_timeout_s,
            kill_after_s=self._kill_after_s,
            final_exit_codes=sorted(self._final_exit_codes),
            started_at=self._clock.now().isoformat(),
        )

    def _create(self, spec: _Spec) -> None:
        """Make the folder whole beside its place and move it there: of two that try, one succeeds."""
        draft, folder = Path(tempfile.mkdtemp(prefix=".new-", dir=self._root)), self._root / spec.name
        lock = os.open(draft / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            write_durably(draft / "spec.json", json.dumps(asdict(spec)).encode())
            if moved(draft, folder):
                self._start(folder, lock)
        finally:
            os.close(lock)
            shutil.rmtree(draft, ignore_errors=True)

    def _start(self, folder: Path, lock: int) -> None:
        """The supervisor inherits the lock, so nobody ever sees the folder without its holder."""
        high = fcntl.fcntl(lock, fcntl.F_DUPFD_CLOEXEC, 10)  # dup2 onto itself would leave it close-on-exec
        log = (1, str(folder / "supervisor.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, *log),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, high, supervisor.LOCK_DESCRIPTOR),
        ]
        command = [sys.executable, "-I", "-S", supervisor.__file__, str(folder.absolute())]
        try:
            self._supervisors.add(os.posix_spawn(command[0], command, dict(self._base_env), file_actions=files))
        except OSError as exc:
            shutil.rmtree(folder, ignore_errors=True)  # it never ran: the name is free again
            raise Unavailable(f"{folder.name} could not be started: {exc.strerror}. Try again later.") from exc
        finally:
            os.close(high)

    def _reap(self) -> None:
        """Take leave of ended supervisors that were our children."""
        for pid in list(self._supervisors):
            with suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0] == 0:
                    continue
            self._supervisors.discard(pid)
