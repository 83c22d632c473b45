"""A stored upload, announced: its finalize event put on the queue, as a bucket's trigger would send it."""

from __future__ import annotations

import hashlib

from shared.ports.storage import ObjectInfo
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.object_event import finalized_event

EVENT_DOOR = "/on_object_finalized"


class AnnounceObject:
    def __init__(self, tasks: Tasks) -> None:
        self._tasks = tasks

    def __call__(self, info: ObjectInfo) -> None:
        """Queue the event of one generation; announced twice, it is one task."""
        headers, payload = finalized_event(info)
        headers = {
            name: value for name, value in headers.items() if name.startswith("ce-")
        }  # the queue sends JSON anyway
        fact = f"{info.bucket}/{info.key}#{info.generation}"
        name = f"finalized-{hashlib.sha256(fact.encode()).hexdigest()[:48]}"
        self._tasks.enqueue([Task(QueueKind.EVENT, name, EVENT_DOOR, payload, headers=headers)])
