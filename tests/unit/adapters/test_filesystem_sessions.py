"""Resumable sessions on disk where a crash falls between two of their steps, and what their files say."""

from __future__ import annotations

import io
import random
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.storage.filesystem import FilesystemStorage
from shared.adapters.storage.filesystem_session_files import SessionFiles
from shared.adapters.storage.filesystem_sessions import Sessions
from shared.adapters.storage.resumable import QUANTUM_BYTES as QUANTUM
from shared.domain.errors import MalformedRequest, NotFound, PreconditionFailed, StorageFull
from shared.ports.storage import ObjectInfo
from tests.support.clock import HeldClock

DATA = random.Random(1).randbytes(2 * QUANTUM + 9)


class Crash(BaseException):
    """The process ends here."""


@pytest.fixture
def seen() -> list[ObjectInfo]:
    return []


@pytest.fixture
def storage(tmp_path: Path, seen: list[ObjectInfo]) -> FilesystemStorage:
    return FilesystemStorage(tmp_path, "uploads", HeldClock(), seen.append)


def opened(storage: FilesystemStorage, **terms: Any) -> str:
    return storage.open_session("a", **{"size": len(DATA), **terms})


def append(
    storage: FilesystemStorage, upload_id: str, first: int = 0, data: bytes = DATA, size: int | None = None
) -> int:
    return storage.sessions.append(upload_id, "a", io.BytesIO(data[first:]), first, len(data) - first, size).kept


def crash_at(monkeypatch: pytest.MonkeyPatch, cls: type, name: str, call: int = 1) -> None:
    """Have the n-th call of a method end the process, as far as anybody can tell, before it does anything."""
    done, real = [0], getattr(cls, name)

    def crashing(self: Any, *given: Any, **named: Any) -> Any:
        done[0] += 1
        if done[0] == call:
            raise Crash
        return real(self, *given, **named)

    monkeypatch.setattr(cls, name, crashing)


def after_a_crash(tmp_path: Path, seen: list[ObjectInfo], monkeypatch: pytest.MonkeyPatch) -> FilesystemStorage:
    monkeypatch.undo()
    return FilesystemStorage(tmp_path, "uploads", HeldClock(), seen.append)


def test_a_crash_after_the_last_byte_and_before_the_object(
    storage: FilesystemStorage, tmp_path: Path, seen: list[ObjectInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = opened(storage, if_generation=0)
    crash_at(monkeypatch, Sessions, "_finish")
    with pytest.raises(Crash):
        append(storage, upload_id)
    assert storage.stat("a") is None
    storage = after_a_crash(tmp_path, seen, monkeypatch)
    session = storage.sessions.look(upload_id, "a")
    info = storage.stat("a")
    assert info is not None and session.done == info.generation and seen == [info]
    assert storage.get("a") == DATA


@pytest.mark.parametrize("sweeps", [False, True])
def test_a_crash_between_the_object_and_the_sessions_end(
    storage: FilesystemStorage, tmp_path: Path, seen: list[ObjectInfo], monkeypatch: pytest.MonkeyPatch, sweeps: bool
) -> None:
    """The create-only condition must not fail at our own object."""
    upload_id = opened(storage, if_generation=0)
    crash_at(monkeypatch, Sessions, "_close")
    with pytest.raises(Crash):
        append(storage, upload_id)
    info = storage.stat("a")
    assert info is not None
    storage = after_a_crash(tmp_path, seen, monkeypatch)
    if sweeps:
        assert storage.sweep().sessions == 0
    assert storage.sessions.look(upload_id, "a").done == info.generation
    assert append(storage, upload_id) == len(DATA)
    assert storage.stat("a") == info and storage.get("a") == DATA and seen == [info]


def test_a_crash_between_the_link_and_the_commit_can_be_swept(
    storage: FilesystemStorage, tmp_path: Path, seen: list[ObjectInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = opened(storage)
    storage.sessions._publish = crashed
    with pytest.raises(Crash):
        append(storage, upload_id)
    storage = after_a_crash(tmp_path, seen, monkeypatch)
    assert storage.sweep().data_files == 1  # the bytes are the session's still
    assert storage.sessions.look(upload_id, "a").done
    assert storage.get("a") == DATA and len(seen) == 1


def crashed(*_: Any) -> ObjectInfo:
    raise Crash


def test_what_lies_past_the_recorded_end_was_never_kept(
    storage: FilesystemStorage, tmp_path: Path, seen: list[ObjectInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = opened(storage)
    append(storage, upload_id, data=DATA[:QUANTUM])
    with (tmp_path / "uploads" / "sessions" / f"{upload_id}.bytes").open("ab") as file:
        file.write(b"written, and the record never was" * 50_000)
    assert storage.sessions.look(upload_id, "a").kept == QUANTUM
    assert append(storage, upload_id, QUANTUM) == len(DATA)
    assert storage.get("a") == DATA


def test_a_full_disk_keeps_what_was_safe(storage: FilesystemStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = opened(storage)
    append(storage, upload_id, data=DATA[:QUANTUM])
    with monkeypatch.context() as patch:

        def full(self: Any, *_: Any) -> None:
            raise StorageFull("no space")

        patch.setattr(SessionFiles, "save", full)
        with pytest.raises(StorageFull):
            append(storage, upload_id, QUANTUM)
    assert storage.sessions.look(upload_id, "a").kept == QUANTUM
    assert append(storage, upload_id, QUANTUM) == len(DATA) and storage.get("a") == DATA


def test_a_session_that_can_never_come_true_is_gone(storage: FilesystemStorage, tmp_path: Path) -> None:
    refused = opened(storage, if_generation=0)
    storage.put("a", b"quicker")
    with pytest.raises(PreconditionFailed):
        append(storage, refused)
    wrong = opened(storage, crc32c="AAAAAA==")
    with pytest.raises(MalformedRequest):
        append(storage, wrong)
    for upload_id in (refused, wrong):
        with pytest.raises(NotFound):
            storage.sessions.look(upload_id, "a")
    assert list((tmp_path / "uploads" / "sessions").iterdir()) == []
    assert storage.get("a") == b"quicker"
    assert len([path for path in (tmp_path / "uploads" / "data").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("upload_id", ["", "..", "../objects/a", "0" * 31, "0" * 32, "G" * 32, "0" * 32 + "\n"])
def test_an_id_leads_to_a_session_or_nowhere(storage: FilesystemStorage, upload_id: str) -> None:
    storage.put("a", b"1")
    opened(storage)
    with pytest.raises(NotFound):
        storage.sessions.look(upload_id, "a")
    with pytest.raises(NotFound):
        storage.sessions.cancel(upload_id, "a")


def test_an_id_belongs_to_its_key(storage: FilesystemStorage) -> None:
    upload_id = opened(storage)
    with pytest.raises(NotFound):
        storage.sessions.look(upload_id, "b")
    with pytest.raises(NotFound):
        storage.sessions.append(upload_id, "b", io.BytesIO(DATA), 0, len(DATA), None)
    assert storage.sessions.look(upload_id, "a").kept == 0
