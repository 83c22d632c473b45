"""Settings: read from the environment once, frozen, every problem reported together. No other module reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.errors import Misconfigured
from shared.domain.faults import faults_of

PREFIX = "REELPRINT_"


class Settings(BaseModel):
    """Each field is the environment variable REELPRINT_{FIELD}. Defaults run everything on a laptop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded"] = "embedded"
    data_dir: Path = Path(".reelprint")  # everything the embedded backend keeps
    host: Literal["127.0.0.1", "localhost", "::1"] = "127.0.0.1"  # the studio has one user and no login: loopback alone
    port: Annotated[int, Field(ge=0, le=65535)] = 8080  # 0: any free one
    media_bucket: str = "media"  # artifacts and finished productions
    uploads_bucket: str = "uploads"  # what people bring; its finalize events start the ingest
    workers: Annotated[int, Field(ge=0, le=64)] = 0  # shots made side by side in one task; 0: one a processor
    speech_concurrency: Annotated[int, Field(ge=1, le=256)] = 2
    translation_concurrency: Annotated[int, Field(ge=1, le=256)] = 2
    task_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    max_chapter_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 4 * 1024 * 1024
    max_upload_bytes: Annotated[int, Field(ge=1, le=32 * 1024 * 1024)] = 20 * 1024 * 1024
    ffmpeg: str = "ffmpeg"
    flite: str = "flite"
    espeak: str = "espeak-ng"
    apertium_dir: Path = Path("/usr/share/apertium")


class AssembleRequest(BaseModel):
    """What one task of the assembly job is told: the platform's own variables and the blueprint's."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    blueprint_json: str | None = Field(None, alias="BLUEPRINT_JSON")
    blueprint_uri: str | None = Field(None, alias="BLUEPRINT_URI")
    blueprint_sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = Field(None, alias="BLUEPRINT_SHA256")
    render_id: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")] = Field(None, alias="RENDER_ID")
    task_index: Annotated[int, Field(ge=0)] = Field(0, alias="CLOUD_RUN_TASK_INDEX")
    task_count: Annotated[int, Field(ge=1, le=10_000)] = Field(1, alias="CLOUD_RUN_TASK_COUNT")
    trace: str = Field("", alias="TRACE_ID")


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from REELPRINT_* variables. Raises Misconfigured with every wrong or unknown one."""
    source = os.environ if environ is None else environ
    values = {name[len(PREFIX) :].lower(): value for name, value in source.items() if name.startswith(PREFIX)}
    try:
        return Settings.model_validate(values)
    except ValidationError as exc:
        raise _misconfigured(exc) from exc


def read_assemble_request(environ: Mapping[str, str] | None = None) -> AssembleRequest:
    """The assembly job's own variables. Raises Misconfigured with every wrong one."""
    source = os.environ if environ is None else environ
    known = {
        str(field.alias): source[str(field.alias)]
        for field in AssembleRequest.model_fields.values()
        if field.alias in source
    }
    try:
        return AssembleRequest.model_validate(known)
    except ValidationError as exc:
        raise _misconfigured(exc) from exc


def tool_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a tool such as ffmpeg gets to see: where programs and fonts are, and nothing secret."""
    source = os.environ if environ is None else environ
    names = ("PATH", "HOME", "TMPDIR", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "XDG_CACHE_HOME", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C.UTF-8"} | {name: source[name] for name in names if name in source}


def settings_environment(settings: Settings) -> dict[str, str]:
    """Settings as the variables that lead to them: what a job needs to find the same data."""
    changed = settings.model_dump(mode="json", exclude_defaults=True)
    return {PREFIX + name.upper(): str(value) for name, value in changed.items()}


def _misconfigured(exc: ValidationError) -> Misconfigured:
    # What was found is never shown: a mistyped name may carry a secret.
    faults = [fault.model_copy(update={"found": ""}) for fault in faults_of(exc)]
    listed = "; ".join(
        f"{fault.pointer.strip('/').upper()}: {fault.detail} (found {fault.found!r})" for fault in faults
    )
    return Misconfigured(f"{len(faults)} setting(s) are wrong: {listed}", faults=faults)
