"""Strike a filesystem write at every one of its steps, and look at what is left.

    python -m tests.unit.adapters.filesystem_faults (kill|full|sweep) FOLDER

One write is run again and again in forked children; in the n-th child the n-th call into the operating system is struck:
`kill` ends the process there (SIGKILL), `full` lets the call fail with ENOSPC, `sweep` sweeps and reads just before it.
Prints how many steps were struck. A process of its own, because an audit hook cannot be taken away again.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.domain.errors import StorageFull
from shared.ports.storage import ObjectInfo
from tests.support.clock import HeldClock

OLD, NEW = b"old" * 1000, b"the new one" * 1000
KEYS = ("plain", "in/a/new/folder")  # the first is there before, the second is not
STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "fcntl.flock"}
TAKES_SPACE = {"os.mkdir", "os.rename"}


class Striker:
    """Counts steps while armed, and strikes at the n-th."""

    def __init__(self, nth: int, strike: Callable[[], None], counts: Callable[[str, tuple[Any, ...]], bool]) -> None:
        self.left = nth
        self.armed = False
        self._strike, self._counts = strike, counts
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.armed and event in STEPS and self._counts(event, arguments):
            self.left -= 1
            if self.left == 0:
                self.armed = False
                self._strike()
                self.armed = True


def any_step(event: str, arguments: tuple[Any, ...]) -> bool:
    return True


def takes_space(event: str, arguments: tuple[Any, ...]) -> bool:
    creates = event == "open" and bool(arguments[2] & os.O_CREAT) and not str(arguments[0]).endswith("announced")
    return creates or event in TAKES_SPACE


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fill() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def child(mode: str, base: Path, nth: int) -> bool:
    """Write both keys; returns whether the n-th step was reached."""

    def announce(info: ObjectInfo) -> None:
        with (base / "announced").open("a") as log:
            log.write(f"{info.key} {info.generation}\n")

    def sweep() -> None:
        other = FilesystemStorage(base, "bucket", HeldClock())
        other.sweep()
        assert all(found(other, key) in (None, OLD, NEW) for key in KEYS)

    strike = {"kill": kill, "full": fill, "sweep": sweep}[mode]
    striker = Striker(nth, strike, takes_space if mode == "full" else any_step)
    storage = FilesystemStorage(base, "bucket", HeldClock(), announce)
    striker.armed = True
    for key in KEYS:
        try:
            storage.put(key, NEW)
        except StorageFull:
            assert mode == "full"
            striker.armed = False
            assert found(storage, key) in (None, OLD), "a write that failed must not be there"
            break
    striker.armed = False
    return striker.left <= 0


def found(storage: FilesystemStorage, key: str) -> bytes | None:
    return storage.get(key) if storage.stat(key) else None


def files(base: Path, room: str) -> list[Path]:
    return [path for path in (base / "bucket" / room).rglob("*") if path.is_file()]


def verify(mode: str, base: Path) -> None:
    """What must hold whatever the moment: whole objects only, an event for each that is new, no leftovers."""
    replayed: list[str] = []
    storage = FilesystemStorage(
        base, "bucket", HeldClock(), lambda info: replayed.append(f"{info.key} {info.generation}")
    )
    contents = {key: found(storage, key) for key in KEYS}
    present = [key for key, content in contents.items() if content is not None]
    assert [info.key for info in storage.list().items] == sorted(present)
    assert contents[KEYS[0]] in (OLD, NEW) and contents[KEYS[1]] in (None, NEW)
    if mode != "kill":
        assert len(files(base, "data")) == len(present), "a write that was not killed clears up by itself"
        assert not files(base, "staging") and not files(base, "outbox")
    if mode == "sweep":
        assert set(contents.values()) == {NEW}
    storage.replay_finalize()
    announced = (base / "announced").read_text().splitlines() if (base / "announced").exists() else []
    infos = [info for key in KEYS if contents[key] == NEW and (info := storage.stat(key))]
    assert {*announced, *replayed} == {f"{info.key} {info.generation}" for info in infos}
    storage.sweep()
    assert len(files(base, "data")) == len(present)
    assert not files(base, "staging") and not files(base, "outbox")
    for key in KEYS:
        storage.put(key, OLD)  # and nothing stands in the way of the next write
        assert storage.get(key) == OLD


def strike(mode: str, base: Path, nth: int) -> bool:
    """Run one child; returns whether the n-th step was reached."""
    FilesystemStorage(base, "bucket", HeldClock()).put(KEYS[0], OLD)
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if child(mode, base, nth) else 3)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status in ((3, -signal.SIGKILL) if mode == "kill" else (0, 3)), f"step {nth}: the child ended with {status}"
    verify(mode, base)
    return status != 3


if __name__ == "__main__":
    steps = 0
    while strike(sys.argv[1], Path(sys.argv[2]) / str(steps + 1), steps + 1):
        steps += 1
    print(steps)
