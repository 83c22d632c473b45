"""Every door of the studio, in one list: what the local server mounts and the API document describes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from werkzeug.wrappers import Request, Response

from functions import (
    assets,
    blueprints,
    jobs,
    on_job_task,
    on_object_finalized,
    on_speech_task,
    on_translation_task,
    planning,
    projects,
    voices,
    worker,
)
from functions._http.door import Door

_MODULES: tuple[ModuleType, ...] = (
    projects,
    planning,
    jobs,
    voices,
    assets,
    blueprints,
    worker,
    on_job_task,
    on_speech_task,
    on_translation_task,
    on_object_finalized,
)
DOORS: tuple[Door, ...] = tuple(module.door for module in _MODULES)
ENTRY_POINTS: dict[str, Callable[[Request], Response]] = {
    module.door.name: getattr(module, module.door.name) for module in _MODULES
}
