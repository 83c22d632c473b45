"""Every child within its bounds: time, processor, memory, disk, pictures; and the job within its own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from jobs.assemble.running.child import Children
from jobs.assemble.running.limits import MAX_PIXELS, Limits, bounded
from shared.config import tool_environment
from shared.domain.errors import EngineFailed, RenderFailed, StorageFull

pytestmark = pytest.mark.media

ENDLESS = ["-f", "lavfi", "-i", "testsrc=s=320x180:r=30", "-f", "null", "-"]


def limited(**limits: Any) -> Children:
    return Children(tool_environment(), limits=Limits(**limits))


def test_a_child_is_given_its_time_and_no_more() -> None:
    children = limited(seconds=0.2)
    with pytest.raises(RenderFailed, match=r"did not end within 0\.2 s"):
        children.run(["-re", *ENDLESS])
    assert not children._running


def test_a_child_is_given_its_share_of_the_processor_and_no_more() -> None:
    with pytest.raises(EngineFailed, match="1 s of processor time"):
        limited(cpu_seconds=1, seconds=60).run(ENDLESS)


def test_a_child_is_given_its_memory_and_no_more() -> None:
    """A hundred pictures of 27 MB, kept until the last. ffmpeg itself takes the refusal for the film's end and exits with 0."""
    kept = ["-f", "lavfi", "-i", "testsrc2=s=3000x3000:r=100:d=1", "-vf", "reverse", "-f", "null", "-"]
    with pytest.raises(RenderFailed, match="Cannot allocate memory"):
        limited(memory=900 * 1024**2).run(["-filter_threads", "1", *kept])


def test_a_child_is_given_its_room_on_disk_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(StorageFull):
        limited(output=100_000).run(
            [*ENDLESS[:-3], "-t", "20", "-c:v", "rawvideo", "-f", "rawvideo", str(tmp_path / "out")]
        )
    assert (tmp_path / "out").stat().st_size <= 100_000


def test_a_render_is_given_its_time_and_no_more() -> None:
    with pytest.raises(EngineFailed, match="lasted longer than 0 s") as caught:
        limited(job_seconds=0).run(["-version"])
    assert caught.value.retryable  # it goes on from the shots that are kept


def test_a_tighter_limit_from_outside_stays() -> None:
    """A child's limits are read back from the system, in a child that was started under tighter ones."""
    script = "ulimit -c 0; ulimit -f 7; ulimit -v 4000000; sleep 5 & echo $!"
    shell = subprocess.Popen(["bash", "-c", script + "; wait"], stdout=subprocess.PIPE, text=True)
    assert shell.stdout is not None
    pid = int(shell.stdout.readline())
    try:
        Limits(memory=10**10, output=10**10).impose(pid)
        limits = Path(f"/proc/{pid}/limits").read_text()
        rows = {line[:25].strip(): line[25:].split()[:2] for line in limits.splitlines()}
        assert rows["Max file size"] == ["7168", "7168"]
        assert rows["Max address space"] == ["4096000000", "4096000000"]
        assert rows["Max cpu time"] == ["3600", "3605"]
    finally:
        os.kill(pid, signal.SIGKILL)
        shell.communicate()


def test_every_input_is_told_how_large_its_pictures_may_be() -> None:
    words = list(bounded(["-y", "-f", "png_pipe", "-i", "one", "-i", "two", "-vf", "null", "out"]))
    assert [words[n - 2 : n] for n, word in enumerate(words) if word == "-i"] == [["-max_pixels", str(MAX_PIXELS)]] * 2
    assert words[0] == "-max_alloc"
