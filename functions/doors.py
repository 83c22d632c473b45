"""Every door of the studio, in one list: what the local server mounts and the API document describes."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from functions import (
    assets,
    auth,
    blueprints,
    cast,
    events,
    exports,
    generate,
    glossary,
    imports,
    jobs,
    lexicon,
    on_account_task,
    on_echo_task,
    on_export_task,
    on_ingest_task,
    on_job_task,
    on_object_finalized,
    on_speech_task,
    on_translation_task,
    on_webhook_task,
    plan_edits,
    planning,
    projects,
    spending,
    translation,
    users,
    voices,
    worker,
)
from functions._http.door import Door

_MODULES: tuple[ModuleType, ...] = (
    auth,
    users,
    projects,
    imports,
    exports,
    planning,
    plan_edits,
    cast,
    lexicon,
    glossary,
    jobs,
    events,
    voices,
    generate,
    spending,
    translation,
    assets,
    blueprints,
    worker,
    on_account_task,
    on_echo_task,
    on_job_task,
    on_speech_task,
    on_translation_task,
    on_webhook_task,
    on_object_finalized,
    on_ingest_task,
    on_export_task,
)
DOORS: tuple[Door, ...] = tuple(module.door for module in _MODULES)
ENTRY_POINTS: dict[str, Callable[..., Any]] = {  # all take a request; that of events is awaited
    module.door.name: getattr(module, module.door.name) for module in _MODULES
}
