"""Request headers of Cloud Storage's XML API: read strictly, or refused with its own codes."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.domain.errors import Fault, MalformedRequest

_CONTENT_RANGE = re.compile(r"bytes (?:(\d{1,18})-(\d{1,18})|\*)/(?:(\d{1,18})|\*)", re.ASCII)
_LENGTHS = re.compile(r"(\d{1,18}),(\d{1,18})", re.ASCII)
_GENERATION = re.compile(r"\d{1,19}", re.ASCII)
_META = "x-goog-meta-"
_HASH_BYTES = {"crc32c": 4, "md5": 16}


@dataclass(frozen=True)
class UploadTerms:
    """What an upload says of itself and asks for. `hashes` holds base64 by `crc32c` and `md5`."""

    content_type: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    length_range: tuple[int, int] | None = None
    if_generation: int | None = None
    hashes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """`length` bytes from `first` on; `length` 0 and `first` None only ask. `size` is None where it is not told yet."""

    first: int | None
    length: int
    size: int | None


def upload_terms(headers: Mapping[str, str]) -> UploadTerms:
    """Header names in lower case. Raises MalformedRequest."""
    return UploadTerms(
        headers.get("content-type") or "application/octet-stream",
        {name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)},
        _lengths(headers.get("x-goog-content-length-range")),
        if_generation(headers),
        _hashes(headers),
    )


def if_generation(headers: Mapping[str, str]) -> int | None:
    asked = headers.get("x-goog-if-generation-match")
    if asked is None:
        return None
    if not _GENERATION.fullmatch(asked):
        raise bad("invalid-argument", "x-goog-if-generation-match is a generation, or 0 for none.")
    return int(asked)


def piece_of(headers: Mapping[str, str], body_length: int) -> Piece:
    """Where the body belongs in a resumable upload. Raises MalformedRequest."""
    asked = headers.get("content-range")
    if asked is None:
        return Piece(0, body_length, body_length)
    found = _CONTENT_RANGE.fullmatch(asked)
    if found is None:
        raise bad("invalid-argument", "Content-Range is bytes FIRST-LAST/SIZE, or bytes */SIZE to ask; SIZE may be *.")
    first, last, size = (None if part is None else int(part) for part in found.groups())
    length = 0 if first is None or last is None else last + 1 - first
    if length != body_length or (first is not None and length < 1):
        raise bad("invalid-argument", f"Content-Range speaks of {length} bytes, and the body has {body_length}.")
    return Piece(first, length, size)


def bad(code: str, detail: str) -> MalformedRequest:
    return MalformedRequest(detail, faults=[Fault(pointer="/header", code=code, detail=detail)])


def _lengths(asked: str | None) -> tuple[int, int] | None:
    if asked is None:
        return None
    found = _LENGTHS.fullmatch(asked)
    if found is None or int(found[1]) > int(found[2]):
        raise bad("invalid-argument", "x-goog-content-length-range is LEAST,MOST in bytes.")
    return int(found[1]), int(found[2])


def _hashes(headers: Mapping[str, str]) -> dict[str, str]:
    """x-goog-hash, which may come as one line or several, and Content-MD5."""
    parts = [part.strip().partition("=") for part in headers.get("x-goog-hash", "").split(",") if part.strip()]
    parts += [("md5", "=", headers["content-md5"])] if "content-md5" in headers else []
    for name, _, value in parts:
        if name not in _HASH_BYTES or not _is_base64_of(value, _HASH_BYTES[name]):
            raise bad("invalid-digest", "x-goog-hash is crc32c=... or md5=..., each in base64.")
    found = {name: value for name, _, value in parts}
    if any(found[name] != value for name, _, value in parts):
        raise bad("invalid-digest", "The request names two hashes of one kind.")
    return found


def _is_base64_of(text: str, length: int) -> bool:
    try:
        return len(b64decode(text, validate=True)) == length
    except (binascii.Error, ValueError):
        return False
