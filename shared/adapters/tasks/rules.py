"""What a task must be before any queue accepts it: the limits of Cloud Tasks, checked the same on every backend."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from shared.domain.errors import Fault, InvalidInput, TooLarge
from shared.ports.tasks import Task

MAX_TASK_BYTES = 1_000_000  # body and headers together; Cloud Tasks says 1 MB
_NAME = re.compile(r"[A-Za-z0-9_-]{1,500}")
_PATH = re.compile(r"/(?!/)[\x21-\x7e]*")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_OURS = ("authorization", "connection", "content-length", "content-type", "host", "transfer-encoding")


def encode_body(task: Task) -> bytes:
    """Check `task` and return its payload as JSON bytes. Raises InvalidInput, naming all that is wrong, or TooLarge."""
    faults = [*_name_faults(task), *_header_faults(task)]
    body = b""
    try:
        body = json.dumps(task.payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as exc:
        faults.append(Fault(pointer="/payload", code="not-json", detail=f"The payload is not JSON: {exc}."))
    if faults:
        raise InvalidInput(f"The task cannot be queued: {faults[0].detail}", faults=faults)
    size = len(body) + sum(len(name) + len(value) for name, value in task.headers.items())
    if size > MAX_TASK_BYTES:
        fix = "Store the data and send its address."
        raise TooLarge(f"A task may carry {MAX_TASK_BYTES} bytes with its headers; {task.name} has {size}. {fix}")
    return body


def _name_faults(task: Task) -> Iterator[Fault]:
    if not _NAME.fullmatch(task.name):
        detail = "A task name is 1-500 letters, digits, '-' or '_'."
        yield Fault(pointer="/name", code="bad-task-name", detail=detail, found=repr(task.name[:60]))
    if not _PATH.fullmatch(task.path):
        detail = "A task's path starts with one '/' and is printable ASCII without spaces."
        yield Fault(pointer="/path", code="bad-path", detail=detail, found=repr(task.path[:60]))
    if task.not_before is not None and task.not_before.tzinfo is None:
        yield Fault(pointer="/not_before", code="no-time-zone", detail="not_before needs a time zone; use UTC.")


def _header_faults(task: Task) -> Iterator[Fault]:
    for name, value in task.headers.items():
        if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
            detail = "A header is an HTTP token and a printable ASCII value."
            yield Fault(pointer="/headers", code="bad-header", detail=detail, found=repr(name[:60]))
        elif name.lower() in _OURS or name.lower().startswith("x-cloudtasks-"):
            detail = f"The header {name} is set by the queue itself; leave it out."
            yield Fault(pointer="/headers", code="reserved-header", detail=detail, found=name)
