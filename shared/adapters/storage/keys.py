"""What every storage backend accepts as a bucket, a key and an object's attributes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from shared.domain.errors import InvalidInput

MAX_KEY_BYTES = 1024
MAX_METADATA_BYTES = 8192  # of all names and values together, as Cloud Storage counts
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_REFUSED = re.compile(r"[\x00-\x1f\x7f\\]")
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,255}")


def check_bucket(bucket: str) -> None:
    if not _BUCKET.fullmatch(bucket):
        raise InvalidInput(
            f"A bucket is named by 3-63 lower-case letters, digits, '-', '_' and '.'; found {_excerpt(bucket)}."
        )


def check_key(key: str) -> None:
    """Raise InvalidInput unless `key` is 1-1024 bytes of UTF-8, relative, without empty, `.` or `..` parts.

    Keys compare exactly: neither case nor Unicode normal form is touched.
    """
    _check_text("A key", key)
    if any(part in ("", ".", "..") for part in key.split("/")):
        raise InvalidInput(f"A key is parts joined by '/', none of them empty, '.' or '..'; found {_excerpt(key)}.")


def check_prefix(prefix: str) -> None:
    """Raise InvalidInput unless `prefix` could begin a key; it need not end at a '/', and "" is the whole bucket."""
    _check_text("A prefix", prefix)


def check_limit(limit: int) -> None:
    if limit < 1:
        raise InvalidInput(f"A page holds one object at least; a limit of {limit} was asked for.")


def check_attributes(content_type: str, metadata: Mapping[str, str]) -> None:
    """Raise InvalidInput for what could not travel in a header: these come back to clients as headers."""
    if not _CONTENT_TYPE.fullmatch(content_type):
        raise InvalidInput(f"A content type is 1-255 printable ASCII characters; found {_excerpt(content_type)}.")
    size = 0
    for name, value in metadata.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidInput("Object metadata maps text to text; turn other values into text first.")
        if not name or _utf8_size(name) < 0 or _utf8_size(value) < 0 or _REFUSED.search(name):
            raise InvalidInput(f"Object metadata must be valid text under a plain name; found {_excerpt(name)}.")
        size += _utf8_size(name) + _utf8_size(value)
    if size > MAX_METADATA_BYTES:
        raise InvalidInput(f"Object metadata may have {MAX_METADATA_BYTES} bytes together; found {size}.")


def _check_text(kind: str, text: str) -> None:
    if not 0 <= _utf8_size(text) <= MAX_KEY_BYTES or _REFUSED.search(text):
        raise InvalidInput(
            f"{kind} is at most {MAX_KEY_BYTES} bytes of UTF-8 without backslashes and control characters; "
            f"found {_excerpt(text)}."
        )


def _utf8_size(text: str) -> int:
    """Bytes of UTF-8, or -1 when a lone surrogate keeps it from being any."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return -1


def _excerpt(text: str) -> str:
    return ascii(text[:40])
