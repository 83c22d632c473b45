"""The process that looks after one execution: `python -I -S supervisor.py FOLDER`, with the lock on descriptor 3.

It needs the standard library alone and starts in a few milliseconds. Three layers, each a process:

    supervisor    starts, retries, counts, writes state.json; in a session of its own, so it outlives the server
    `- guard      one per attempt, forked, in a session of its own: timeout, SIGTERM, then SIGKILL
       `- task    the command, leader of its own process group

Every guard holds the reading end of a pipe that only the supervisor could write to. When the supervisor dies, even by
SIGKILL, the pipe ends and the guard kills its task's whole group. That is plain POSIX and the same on Linux and macOS
(PR_SET_PDEATHSIG is Linux only and spares grandchildren). Guards share the lock: once it is free, no task is left.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import sys
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Any, Final

LOCK_DESCRIPTOR = 3
TIMED_OUT = 124  # the exit code of timeout(1)
NOT_STARTED = 127  # the exit code of a shell that cannot run a command
SLOT_POLL_S = 0.1
TAIL_BYTES = 65_536
MAX_MESSAGE_CHARACTERS = 2_000
SIGNALS: Final = (signal.SIGTERM, signal.SIGCHLD)


class Signals:
    """Signals as bytes in a pipe, so that one select() waits for them without ever missing one."""

    def __init__(self) -> None:
        self._reader, writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # a handler there must be; the pipe tells which one came
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

    def wait(self, seconds: float, lifeline: int | None = None) -> tuple[bytes, bool]:
        """The numbers of the signals that came, and whether the lifeline ended."""
        watched = [self._reader] if lifeline is None else [self._reader, lifeline]
        ready = select.select(watched, [], [], None if seconds == inf else max(0.0, seconds))[0]
        came = os.read(self._reader, 4096) if self._reader in ready else b""
        return came, lifeline in ready


class Supervisor:
    """Runs all tasks of one execution, `parallel` at a time, each until it succeeds or fails for good.

    A task that fails for good does not stop the others: what they finish, the next execution need not do again.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spec: dict[str, Any] = json.loads((folder / "spec.json").read_text())
        self.attempts = [0] * self.spec["tasks"]
        self.waiting = list(range(self.spec["tasks"]))
        self.guards: dict[int, int] = {}  # process id: task index
        self.succeeded = 0
        self.failed: tuple[int, str] | None = None  # exit code and message of the first task that failed for good
        self.message = ""
        self.stopped = False
        self.lifeline, self.lifeline_end = os.pipe()

    def run(self) -> None:
        signals = Signals()
        self.write_state("running")  # tells cancel() whom to signal; a cancel before that is seen in the next line
        self.stopped = self.cancelled()
        while not self.stopped and not self.take_slot():
            came, _ = signals.wait(SLOT_POLL_S)
            if signal.SIGTERM in came:
                self.stop()
        while self.start_tasks():
            came, _ = signals.wait(inf)
            if signal.SIGTERM in came:
                self.stop()
            self.collect()
        self.write_state(self.outcome())

    def take_slot(self) -> bool:
        """Whether this execution may work now: it holds one of the machine's slots, a locked file, until it has ended."""
        slots = self.folder.parent / ".slots"
        slots.mkdir(exist_ok=True)
        for number in range(self.spec["slots"]):
            slot = os.open(slots / str(number), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(slot, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(slot)
            else:
                return True  # the descriptor stays open, and with it the lock
        return False

    def start_tasks(self) -> bool:
        """Start what may start now; False once nothing runs and nothing will."""
        while self.waiting and not self.stopped and len(self.guards) < self.spec["parallel"]:
            index = self.waiting.pop(0)
            self.guards[self.fork_guard(index)] = index
            self.attempts[index] += 1
            self.write_state("running")
        return bool(self.guards)

    def fork_guard(self, index: int) -> int:
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # the guard's signals must not land in our pipe
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.close(self.lifeline_end)
                code = Guard(self.folder, self.spec, index, self.attempts[index], self.lifeline).run()
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(code)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return pid

    def collect(self) -> None:
        while self.guards:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            index = self.guards.pop(pid)
            self.message = last_message(self.folder, index, self.attempts[index] - 1) or self.message
            self.judge(index, exit_code(status))

    def judge(self, index: int, code: int) -> None:
        if code == 0:
            self.succeeded += 1
        elif self.stopped:
            return
        elif code in self.spec["final_exit_codes"] or self.attempts[index] > self.spec["retries"]:
            self.failed = self.failed or (code, self.message)
        else:
            self.waiting.append(index)

    def stop(self) -> None:
        self.stopped = True
        for pid in self.guards:
            os.kill(pid, signal.SIGTERM)

    def cancelled(self) -> bool:
        return (self.folder / "cancel").exists()

    def outcome(self) -> str:
        if self.succeeded == self.spec["tasks"]:
            return "succeeded"
        if self.stopped:  # by a cancel, or because the machine is going down
            return "cancelled" if self.cancelled() else "lost"
        return "failed"

    def write_state(self, status: str) -> None:
        code, message = self.failed or (0 if status == "succeeded" else None, self.message)
        state = {
            "status": status,
            "exit_code": code,
            "message": message,
            "pid": os.getpid(),
            "started_at": self.spec["started_at"],
            "finished_at": None if status == "running" else datetime.now(UTC).isoformat(),
            "attempts": self.attempts,
        }
        draft = self.folder / "state.json.new"
        draft.write_text(json.dumps(state))
        draft.replace(self.folder / "state.json")


class Guard:
    """One attempt at one task."""

    def __init__(self, folder: Path, spec: dict[str, Any], index: int, attempt: int, lifeline: int) -> None:
        self.folder, self.spec, self.index, self.attempt, self.lifeline = folder, spec, index, attempt, lifeline

    def run(self) -> int:
        """Run the command to its end; returns the exit code to report: its own, 128 + signal, 124 or 127."""
        os.setsid()  # what kills the supervisor's group must not silence the guard
        signals = Signals()
        try:
            pid = self.spawn()
        except OSError as exc:
            self.note(f"{self.spec['command'][0]} could not be started: {exc.strerror}")
            return NOT_STARTED
        try:
            return self.watch(pid, signals)
        finally:
            with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM where only zombies are left
                os.killpg(pid, signal.SIGKILL)  # whatever the task started and left behind

    def spawn(self) -> int:
        command = self.spec["command"]
        task = {"INDEX": self.index, "COUNT": self.spec["tasks"], "ATTEMPT": self.attempt}
        env = self.spec["env"] | {f"CLOUD_RUN_TASK_{name}": str(value) for name, value in task.items()}
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        files = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log_file(self.folder, self.index, self.attempt, "stdout")), flags, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, str(log_file(self.folder, self.index, self.attempt, "stderr")), flags, 0o600),
        ]
        # Python ignores these two signals; a task must not inherit that.
        defaults = [signal.SIGPIPE, signal.SIGXFSZ]
        return os.posix_spawnp(
            command[0], command, env, file_actions=files, setpgroup=0, setsigmask=[], setsigdef=defaults
        )

    def watch(self, pid: int, signals: Signals) -> int:
        terminate_at, kill_at, timed_out = time.monotonic() + self.spec["task_timeout_s"], inf, False
        while True:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return TIMED_OUT if timed_out else exit_code(status)
            came, orphaned = signals.wait(min(terminate_at, kill_at) - time.monotonic(), self.lifeline)
            now = time.monotonic()
            if orphaned:
                return 1  # nobody is left to read it; run() kills the group
            if now >= kill_at:
                os.killpg(pid, signal.SIGKILL)
                kill_at = inf
            elif signal.SIGTERM in came or now >= terminate_at:
                timed_out = now >= terminate_at
                terminate_at, kill_at = inf, now + self.spec["kill_after_s"]
                self.terminate(pid, timed_out)

    def terminate(self, pid: int, timed_out: bool) -> None:
        if timed_out:
            self.note(f"task {self.index} was stopped: it ran longer than {self.spec['task_timeout_s']:g} s")
        os.kill(pid, signal.SIGTERM)  # to the task alone, as Cloud Run does: it stops its own children in order

    def note(self, message: str) -> None:
        with log_file(self.folder, self.index, self.attempt, "stdout").open("a") as log:
            log.write("\n" + json.dumps({"severity": "ERROR", "message": message}) + "\n")


def log_file(folder: Path, index: int, attempt: int, stream: str) -> Path:
    return folder / f"task-{index}.attempt-{attempt}.{stream}.log"


def exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def last_message(folder: Path, index: int, attempt: int) -> str:
    """The "message" of the last JSON log line, or else the last line on stderr."""
    streams = [tail(log_file(folder, index, attempt, stream)) for stream in ("stdout", "stderr")]
    for line in (line for lines in streams for line in reversed(lines)):
        with suppress(ValueError, AttributeError):
            message = json.loads(line).get("message")
            if isinstance(message, str):
                return message[:MAX_MESSAGE_CHARACTERS]
    return streams[1][-1][:MAX_MESSAGE_CHARACTERS] if streams[1] else ""


def tail(path: Path) -> list[str]:
    """The last lines that are not blank."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    os.set_inheritable(LOCK_DESCRIPTOR, False)  # guards keep it by fork; tasks must not carry it away
    os.setsid()
    Supervisor(Path(sys.argv[1])).run()
