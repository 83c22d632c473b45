"""What the filesystem adds to the storage contract: processes, crashes, full disks, sweeping, the outbox."""

from __future__ import annotations

import io
import json
import logging
import shutil
import subprocess
import sys
import tempfile
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import psutil
import pytest

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_layout import Pointer
from shared.adapters.storage.filesystem_objects import Objects
from shared.adapters.storage.filesystem_sweep import Swept, sweep
from shared.domain.errors import InvalidInput, PreconditionFailed, StorageFailed, StorageFull
from shared.ports.storage import ObjectInfo
from tests.support.clock import HeldClock

ROOT = Path(__file__).parents[3]
BUCKET = "studio-media"
IMPORTS = """
import os, sys
from pathlib import Path
from shared.adapters.clock import SystemClock
from shared.adapters.storage.filesystem import FilesystemStorage
from shared.domain.errors import *
storage = FilesystemStorage(Path(sys.argv[1]), "studio-media", SystemClock())
"""


@pytest.fixture
def storage(tmp_path: Path) -> FilesystemStorage:
    return FilesystemStorage(tmp_path, BUCKET, HeldClock())


@pytest.fixture
def memory_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder where fsync is quick, where there is one: hundreds of writes need no real disk under them."""
    shared_memory = Path("/dev/shm")  # noqa: S108 - looked for, not relied on
    with tempfile.TemporaryDirectory(dir=shared_memory if shared_memory.is_dir() else tmp_path) as folder:
        yield Path(folder)


def child(script: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", IMPORTS + script, str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def files(storage: FilesystemStorage, room: str) -> list[Path]:
    return sorted(path for path in vars(storage._layout)[room].rglob("*") if path.is_file())


def entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("mode", ["kill", "full", "sweep"])
def test_a_write_struck_at_any_step_leaves_whole_objects(memory_folder: Path, mode: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.adapters.filesystem_faults", mode, str(memory_folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 20


COUNT = """
for _ in range(20):
    while True:
        info = storage.stat("counter")
        try:
            storage.put("counter", str(int(storage.get("counter")) + 1).encode(), if_generation=info.generation)
            break
        except PreconditionFailed:
            pass
try:
    storage.put("winner", str(os.getpid()).encode() * 50_000, if_generation=0)
    print("won", os.getpid())
except PreconditionFailed:
    print("lost")
"""


def test_preconditions_hold_across_processes(memory_folder: Path) -> None:
    storage = FilesystemStorage(memory_folder, BUCKET, HeldClock())
    storage.put("counter", b"0")
    said = [process.communicate()[0].split() for process in [child(COUNT, memory_folder) for _ in range(3)]]
    assert storage.get("counter") == b"60"
    winners = [words[1] for words in said if words[0] == "won"]
    assert len(winners) == 1 and storage.get("winner") == winners[0].encode() * 50_000


FSIZE = """
import resource
class Endless:
    def read(self, size):
        return b"x" * 10_000
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
try:
    storage.put("big", Endless())
except StorageFull as exc:
    print(type(exc).__name__, storage.stat("big"), len(storage.list().items))
try:
    storage.download("older", Path(sys.argv[1]) / "local")
except StorageFull as exc:
    print(type(exc).__name__, (Path(sys.argv[1]) / "local").exists())
storage.put("small", b"still fits")
"""


def test_a_file_too_big_for_the_system_is_storage_full(storage: FilesystemStorage, tmp_path: Path) -> None:
    storage.put("older", b"y" * 400_000)
    with child(FSIZE, tmp_path) as process:
        assert process.communicate()[0].splitlines() == ["StorageFull None 1", "StorageFull False"]
        assert process.returncode == 0
    assert storage.get("small") == b"still fits"
    assert len(files(storage, "data")) == 2 and not files(storage, "staging")
    assert [path for path in tmp_path.iterdir() if path.name != BUCKET] == []


TMPFS = """
import subprocess
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", sys.argv[1]], check=True)
storage.put("old", b"o" * 50_000)
for key in ("old", "new"):
    try:
        storage.put(key, b"n" * 500_000)
    except StorageFull as exc:
        print(type(exc).__name__)
print(len(storage.get("old")), storage.stat("new"), sum(len(names) for _, _, names in os.walk(storage._layout.data)))
storage.put("new", b"n" * 100_000)
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs unshare to mount a small disk")
def test_a_full_disk_is_storage_full(tmp_path: Path) -> None:
    command = ["unshare", "--map-root-user", "--mount", sys.executable, "-c", IMPORTS + TMPFS, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode and not done.stdout:
        pytest.skip("no small disk can be mounted here; the other tests strike without one")
    assert (done.stdout.split("\n"), done.stderr) == (["StorageFull", "StorageFull", "50000 None 1", ""], "")


def test_a_source_that_fails_like_a_disk_is_not_taken_for_ours(storage: FilesystemStorage) -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise OSError(28, "somebody else's disk is full")

    with pytest.raises(OSError, match="somebody else's"):
        storage.put("a", cast(BinaryIO, Failing()))
    assert not files(storage, "data")


def test_large_files_do_not_pass_through_memory(storage: FilesystemStorage, tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as file:
        file.truncate(24_000_000)
    tracemalloc.start()
    try:
        storage.put_file("big", tmp_path / "big")
        storage.download("big", tmp_path / "out")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 6_000_000
    assert (tmp_path / "out").stat().st_size == 24_000_000


def test_an_overwritten_generation_takes_no_room(storage: FilesystemStorage) -> None:
    for n in range(5):
        storage.put("a", b"x" * n)
    assert len(files(storage, "data")) == 1
    storage.delete("a")
    assert not files(storage, "data")


def test_damaged_bytes_are_never_handed_out(storage: FilesystemStorage, tmp_path: Path) -> None:
    storage.put("a", b"precious bytes")
    (stored,) = files(storage, "data")
    for damaged in (b"precious bytez", b"precious", b"precious bytes and more"):
        stored.write_bytes(damaged)
        with pytest.raises(StorageFailed, match="store it again"):
            storage.get("a")
        with pytest.raises(StorageFailed, match="store it again"):
            storage.download("a", tmp_path / "local" / "out")
        assert entries(tmp_path / "local") == []
    stored.unlink()
    with pytest.raises(StorageFailed, match="missing on disk"):
        storage.get("a")
    storage.put("a", b"again")
    assert storage.get("a") == b"again"


def test_a_pointer_of_another_format_is_refused(storage: FilesystemStorage) -> None:
    storage.put("a", b"1")
    (pointer,) = files(storage, "objects")
    record = json.loads(pointer.read_text())
    for content in (json.dumps(record | {"format": 2}), "{", "[]", json.dumps(record | {"object": {}})):
        pointer.write_text(content)
        with pytest.raises(StorageFailed, match="no pointer this release can read"):
            storage.stat("a")


def test_a_generation_is_the_time_in_microseconds(storage: FilesystemStorage) -> None:
    assert storage.put("a", b"1").generation == 1715947200250000


def test_generations_grow_even_where_the_lock_file_is_damaged(storage: FilesystemStorage) -> None:
    last = storage.put("a", b"1").generation
    storage._layout.lock("a").write_bytes(b"\0" * 20)
    assert storage.put("a", b"2").generation == last + 1


@pytest.mark.parametrize("bucket", ["", "ab", "Studio", "..", "../up", "a/b", "a b", ".hidden", "x" * 64])
def test_bucket_names_are_checked(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(InvalidInput):
        FilesystemStorage(tmp_path, bucket, HeldClock())


def test_buckets_of_one_root_are_apart(tmp_path: Path) -> None:
    one, two = (FilesystemStorage(tmp_path, name, HeldClock()) for name in ("one", "two"))
    one.put("a", b"1")
    assert two.stat("a") is None and not two.list().items
    assert [info.bucket for info in one.list().items] == ["one"]


def test_foreign_files_are_not_listed(storage: FilesystemStorage) -> None:
    storage.put("a", b"1")
    (storage._layout.objects / ".DS_Store").write_bytes(b"x")
    assert [info.key for info in storage.list().items] == ["a"]


def test_a_sweep_removes_leftovers_and_nothing_else(storage: FilesystemStorage) -> None:
    storage.put("kept/a", b"kept")
    storage.put("gone/b/c", b"gone")
    storage.delete("gone/b/c")
    data, staging = storage._layout.data_file("00ab"), storage._layout.new_staging()
    for left in (data, staging):
        left.parent.mkdir(exist_ok=True)
        left.write_bytes(b"left behind")
    assert storage.sweep() == Swept(data_files=1, staging_files=1, folders=2)
    assert storage.sweep() == Swept(0, 0, 0)
    assert not data.exists() and not staging.exists()
    assert storage.get("kept/a") == b"kept"
    storage.put("gone/b/c", b"back")
    assert storage.get("gone/b/c") == b"back"


def test_a_sweep_of_an_unused_bucket_finds_nothing(storage: FilesystemStorage) -> None:
    assert storage.sweep() == Swept(0, 0, 0)


def test_a_sweep_spares_a_write_that_is_still_coming_in(storage: FilesystemStorage) -> None:
    class Sweeping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert storage.sweep().data_files == 0
            return super().read(10)

    storage.put("a", Sweeping(b"a slow upload, in small pieces"))
    assert storage.get("a") == b"a slow upload, in small pieces"


def test_a_sweep_spares_a_write_that_commits_while_it_looks(tmp_path: Path) -> None:
    """The write is under way when the sweep lists files, and committed after the sweep has read that folder's names."""
    storage = FilesystemStorage(tmp_path, BUCKET, HeldClock())
    storage.put("other", b"1")
    under_way, go_on = threading.Event(), threading.Event()

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            under_way.set()
            assert go_on.wait(20)
            return super().read(size)

    class Looking(Objects):
        def read(self, key: str) -> Pointer | None:
            go_on.set()
            writer.join(20)
            return super().read(key)

    writer = threading.Thread(target=storage.put, args=("new", Slow(b"fresh")))
    writer.start()
    assert under_way.wait(20)
    assert sweep(storage._layout, Looking(storage._layout, HeldClock())).data_files == 0
    assert not writer.is_alive() and storage.get("new") == b"fresh"


class Listener:
    """Takes finalize events, or refuses them while `broken`."""

    def __init__(self) -> None:
        self.broken = False
        self.seen: list[ObjectInfo] = []

    def __call__(self, info: ObjectInfo) -> None:
        if self.broken:
            raise StorageFull("the queue's disk is full")
        self.seen.append(info)


def test_every_committed_write_is_announced_once_it_is_there(tmp_path: Path) -> None:
    seen: list[tuple[ObjectInfo, bytes]] = []
    reader = FilesystemStorage(tmp_path, BUCKET, HeldClock())
    storage = FilesystemStorage(tmp_path, BUCKET, HeldClock(), lambda info: seen.append((info, reader.get(info.key))))
    first = storage.put("a", b"1")
    second = storage.put("a", b"2")
    storage.delete("a")
    assert seen == [(first, b"1"), (second, b"2")]
    assert not files(storage, "outbox") and storage.replay_finalize() == 0


def test_a_listener_may_write_itself(tmp_path: Path) -> None:
    def thumbnail(info: ObjectInfo) -> None:
        if not info.key.endswith(".jpg"):
            writer.put(info.key + ".jpg", b"small")

    writer = FilesystemStorage(tmp_path, BUCKET, HeldClock(), thumbnail)
    writer.put("clip", b"large")
    assert [info.key for info in writer.list().items] == ["clip", "clip.jpg"]


def test_an_event_nobody_took_waits_for_the_replay(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    listener = Listener()
    storage = FilesystemStorage(tmp_path, BUCKET, HeldClock(), listener)
    listener.broken = True
    with caplog.at_level(logging.ERROR):
        made = [storage.put(key, b"1", metadata={"k": "v"}) for key in ("b", "a", "c")]
    assert [storage.get(key) for key in "abc"] == [b"1"] * 3  # the writes are done all the same
    assert "stays in the outbox" in caplog.text
    assert storage.replay_finalize() == 0 and len(files(storage, "outbox")) == 3
    listener.broken = False
    assert FilesystemStorage(tmp_path, BUCKET, HeldClock(), listener).replay_finalize() == 3
    assert sorted(listener.seen, key=lambda info: info.key) == sorted(made, key=lambda info: info.key)
    assert not files(storage, "outbox") and storage.replay_finalize() == 0


def test_the_replay_goes_from_oldest_to_newest(tmp_path: Path) -> None:
    clock, listener = HeldClock(), Listener()
    storage = FilesystemStorage(tmp_path, BUCKET, clock, listener)
    listener.broken = True
    for key in "hgfedcba":
        storage.put(key, b"")
        clock.advance(1)
    listener.broken = False
    assert storage.replay_finalize() == 8
    assert "".join(info.key for info in listener.seen) == "hgfedcba"


def test_the_replay_drops_what_is_no_longer_so(tmp_path: Path) -> None:
    listener = Listener()
    storage = FilesystemStorage(tmp_path, BUCKET, HeldClock(), listener)
    listener.broken = True
    storage.put("over", b"1")
    newest = storage.put("over", b"2")
    storage.put("deleted", b"1")
    storage.delete("deleted")
    listener.broken = False
    assert storage.replay_finalize() == 1
    assert listener.seen == [newest]
    assert not files(storage, "outbox")


def test_a_write_that_fails_its_precondition_announces_nothing(tmp_path: Path) -> None:
    listener = Listener()
    storage = FilesystemStorage(tmp_path, BUCKET, HeldClock(), listener)
    storage.put("a", b"1")

    class Overtaking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() == 0:
                storage.put("b", b"the other was quicker")
            return super().read(size)

    with pytest.raises(PreconditionFailed):
        storage.put("b", Overtaking(b"late"), if_generation=0)
    assert [info.key for info in listener.seen] == ["a", "b"]
    assert storage.get("b") == b"the other was quicker"
    assert not files(storage, "outbox") and len(files(storage, "data")) == 2


def test_without_a_listener_nothing_is_written_down_or_dropped(tmp_path: Path) -> None:
    listener = Listener()
    heard = FilesystemStorage(tmp_path, BUCKET, HeldClock(), listener)
    listener.broken = True
    heard.put("a", b"1")
    unheard = FilesystemStorage(tmp_path, BUCKET, HeldClock())
    unheard.put("b", b"1")
    assert unheard.replay_finalize() == 0
    assert len(files(heard, "outbox")) == 1


def test_a_folder_that_cannot_be_written_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / BUCKET).write_bytes(b"a file where the bucket should be")
    with pytest.raises(StorageFailed):
        FilesystemStorage(tmp_path, BUCKET, HeldClock()).put("a", b"1")


def test_descriptors_are_given_back(storage: FilesystemStorage) -> None:
    process = psutil.Process()
    storage.put("a", b"1")
    before = process.num_fds()
    for _ in range(20):
        storage.put("a", b"2")
        storage.get("a")
        with storage.open("a"):
            pass
        storage.sweep()
    assert process.num_fds() == before
