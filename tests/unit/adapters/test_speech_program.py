"""One child process, bounded: missing, failing, killed, hung, greedy."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from shared.adapters.speech.program import MEMORY_BYTES, run_program
from shared.domain.errors import EngineFailed, EngineUnavailable
from tests.unit.adapters.programs import is_gone, script


def run(*argv: str, stdin: bytes = b"", timeout_s: float = 20.0) -> bytes:
    return run_program(argv, install="install it with care", timeout_s=timeout_s, stdin=stdin)


def test_bytes_go_in_and_come_out(tmp_path: Path) -> None:
    large = bytes(range(256)) * 2000  # more than a pipe holds
    assert run(script(tmp_path, "exec cat"), stdin=large) == large


def test_a_missing_program_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match=r"no-such-engine.*install it with care"):
        run(str(tmp_path / "no-such-engine"))


def test_a_program_that_may_not_be_run_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")
    with pytest.raises(EngineUnavailable, match="could not start"):
        run(str(tmp_path / "text"))


def test_a_failure_carries_the_last_line_of_stderr(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="exit code 3; it said: the reason") as raised:
        run(script(tmp_path, "echo first >&2; echo the reason >&2; exit 3"))
    assert "first" not in raised.value.detail


def test_a_killed_child_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="killed by SIGKILL; it said: nothing"):
        run(script(tmp_path, "kill -9 $$"))


def test_a_hung_child_and_all_it_started_are_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    hung = script(tmp_path, f"sleep 600 & echo $! > {pid}; wait")
    with pytest.raises(EngineFailed, match=r"did not finish within 1 s"):
        run(hung, timeout_s=1)
    assert is_gone(int(pid.read_text()))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a child from outside")
def test_memory_is_limited(tmp_path: Path) -> None:
    limited = script(tmp_path, "cat > /dev/null; ulimit -v")
    assert int(run(limited, stdin=b"go")) * 1024 == MEMORY_BYTES
