"""Where a bucket's files lie, and what a pointer file says.

    objects/  one JSON pointer for each object, in folders as its key has them
    data/     the bytes of each generation, under names that are never used twice
    locks/    one lock file for each 64th of all keys; it also holds the last generation given out there
    outbox/   finalize events that were not handed over yet
    sessions/ resumable uploads under way: a record and the bytes so far, for each
    staging/  small files on their way to one of the above

`a` and `a/b` are both keys, so a folder's name ends in `+` and a pointer's in `.json`. A part too long for a file name
is cut, and all but its last piece end in `&`.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from shared.domain.errors import StorageFailed
from shared.ports.storage import ObjectInfo

_FORMAT = 1
_LOCKS = 64
_PIECE = 60  # code points of a key in one file name: at most 240 bytes of the 255 a file system allows
_FOLDER, _CUT, _POINTER = "+", "&", ".json"


@dataclass(frozen=True)
class Pointer:
    """What an object's pointer file says: what is known of it, and which file under data/ holds its bytes."""

    info: ObjectInfo
    data: str

    def to_json(self) -> bytes:
        record = {**asdict(self.info), "created_at": self.info.created_at.isoformat()}
        return json.dumps({"format": _FORMAT, "data": self.data, "object": record}, ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes, path: Path) -> Pointer:
        """Raises StorageFailed for what is no pointer, or one of a newer format."""
        try:
            record = json.loads(content)
            if record["format"] != _FORMAT:
                raise ValueError(f"format {record['format']}, this release reads {_FORMAT}")
            known = record["object"]
            info = ObjectInfo(**{**known, "created_at": datetime.fromisoformat(known["created_at"])})
            return cls(info, record["data"])
        except (ValueError, KeyError, TypeError) as exc:
            raise StorageFailed(f"{path} is no pointer this release can read: {exc}.") from exc


class Layout:
    """Paths of one bucket under `base`."""

    def __init__(self, base: Path) -> None:
        self.objects = base / "objects"
        self.data = base / "data"
        self.outbox = base / "outbox"
        self.sessions = base / "sessions"
        self.staging = base / "staging"
        self._locks = base / "locks"

    def pointer(self, key: str) -> Path:
        *folders, name = key.split("/")
        parts = [piece for folder in folders for piece in _pieces(folder, _FOLDER)]
        return self.objects.joinpath(*parts, *_pieces(name, _POINTER))

    def data_file(self, name: str) -> Path:
        return self.data / name[:2] / name

    def lock(self, key: str) -> Path:
        return self._locks / f"{hashlib.sha256(key.encode()).digest()[0] % _LOCKS:02}"

    def new_staging(self) -> Path:
        return self.staging / uuid.uuid4().hex

    def every_key(self, prefix: str = "") -> Iterator[str]:
        """Every key that begins with `prefix`, in no order, by file names alone."""
        folders = [(str(self.objects), "")]
        while folders:
            folder, text = folders.pop()
            for name in _names(folder):
                if name.endswith(_POINTER):
                    key = text + name.removesuffix(_POINTER)
                    if key.startswith(prefix):
                        yield key
                elif name.endswith((_FOLDER, _CUT)):
                    inside = text + name[:-1] + ("/" if name.endswith(_FOLDER) else "")
                    if inside.startswith(prefix) or prefix.startswith(inside):
                        folders.append((f"{folder}/{name}", inside))


def _pieces(part: str, ending: str) -> list[str]:
    cut = [part[i : i + _PIECE] for i in range(0, len(part), _PIECE)]
    return [piece + _CUT for piece in cut[:-1]] + [cut[-1] + ending]


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - names only, over many folders: Path objects cost more than the listing
    except FileNotFoundError:
        return []  # removed meanwhile
