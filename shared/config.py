"""Settings: read from the environment once, frozen, every problem reported together. No other module reads it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from shared.domain.access_key import parse_access_keys
from shared.domain.errors import Misconfigured
from shared.domain.faults import faults_of
from shared.domain.language_settings import LANGUAGE_SECRETS, LanguageSettings
from shared.domain.speech_settings import SPEECH_SECRETS, SpeechSettings

PREFIX = "REELPRINT_"
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# A renderer signs nobody in, writes no letters and speaks nothing.
_NOT_FOR_JOBS = {
    "access_keys",
    "smtp_password",
    *SPEECH_SECRETS,
    *LANGUAGE_SECRETS,
    "google_speech_login",
    "openai_speech_url",
}
_ORIGIN = r"^(https?://[A-Za-z0-9.:\[\]-]{1,255})?$"
_SDK_NAMES = {  # what the SDKs look for their credentials by
    "filesystem": (),
    "gcs": ("GOOGLE_", "GCLOUD_", "CLOUDSDK_", "GCE_METADATA_"),
    "s3": ("AWS_",),
}


class Settings(SpeechSettings, LanguageSettings):
    """Each field is the environment variable REELPRINT_{FIELD}. Defaults run everything on a laptop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backend: Literal["embedded"] = "embedded"
    accounts: Literal["open", "required"] = "required"  # open: one user and no login, for a laptop of one's own
    data_dir: Path = Path(".reelprint")  # everything the embedded backend keeps
    host: Literal["127.0.0.1", "localhost", "::1"] = "127.0.0.1"  # the local server is for this machine alone
    port: Annotated[int, Field(ge=0, le=65535)] = 8080  # 0: any free one
    media_bucket: str = "media"  # artifacts and finished productions
    uploads_bucket: str = "uploads"  # what people bring; its finalize events start the ingest
    storage: Literal["filesystem", "gcs", "s3"] = "filesystem"  # credentials of the others: by their SDK's own chain
    s3_endpoint: Annotated[str, Field(pattern=_ORIGIN)] = ""  # MinIO's or another's; "": AWS
    s3_region: Annotated[str, Field(pattern=r"^([a-z0-9-]{1,40})?$")] = ""  # "": by the SDK's own chain
    gcs_endpoint: Annotated[str, Field(pattern=_ORIGIN)] = ""  # an emulator's; "": Cloud Storage
    gcs_signer: str = ""  # the service account that signs URLs by IAM; "": that of the credentials
    workers: Annotated[int, Field(ge=0, le=64)] = 0  # shots made side by side in one task; 0: one a processor
    speech_concurrency: Annotated[int, Field(ge=1, le=256)] = 2
    translation_concurrency: Annotated[int, Field(ge=1, le=256)] = 2
    task_attempts: Annotated[int, Field(ge=1, le=20)] = 5
    max_open_jobs: Annotated[int, Field(ge=1, le=100_000)] = 1000  # of one user, pending or running
    webhook_attempts: Annotated[int, Field(ge=1, le=20)] = 10
    webhook_allow_private: bool = False  # webhooks to this machine and its network, by plain http: never on a server
    max_chapter_bytes: Annotated[int, Field(ge=1, le=64 * 1024 * 1024)] = 4 * 1024 * 1024
    max_upload_bytes: Annotated[int, Field(ge=1, le=32 * 1024 * 1024)] = 20 * 1024 * 1024  # through the API itself
    quota_bytes: Annotated[int, Field(ge=1)] = 10 * 1024**3  # of one user's uploads together, announced ones among them
    quota_assets: Annotated[int, Field(ge=1)] = 2000  # of one user
    access_keys: SecretStr = SecretStr("")  # kid:secret,...; the first signs, all verify; "": made once under data_dir
    session_hours: Annotated[int, Field(ge=1, le=24 * 7)] = 12  # from sign-in to the next one
    remembered_days: Annotated[int, Field(ge=1, le=365)] = 30  # the same, for who asked to be remembered
    password_memory_kib: Annotated[int, Field(ge=19_456, le=1_048_576)] = (
        19_456  # argon2id's m, t and p: the floor that
    )
    password_rounds: Annotated[int, Field(ge=2, le=20)] = 2  # OWASP names; grown later, hashes grow as people sign in
    password_lanes: Annotated[int, Field(ge=1, le=16)] = 1
    password_concurrency: Annotated[int, Field(ge=1, le=64)] = 2  # hashes made at once, each in its own memory
    address_attempts: Annotated[int, Field(ge=1, le=100_000)] = 60  # of one kind from one address in ten minutes
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0  # ours, in front; each adds one X-Forwarded-For entry
    cors_origins: Annotated[str, Field(pattern=r"^(https?://[^\s,/]+(,https?://[^\s,/]+)*)?$")] = (
        ""  # whose pages may call the API from a browser, parted by commas; "": none
    )
    web_url: Annotated[str, Field(pattern=r"^(https?://[^\s#?]+)?$")] = (
        ""  # where people's pages are; letters link there
    )
    mail_from: Annotated[str, Field(pattern=r"^[^\s<>@]+@[^\s<>@]+$")] = "reelprint@localhost"
    smtp_host: str = ""  # "": letters are written to data_dir/outbox
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"  # none: to this machine only
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    ffmpeg: str = "ffmpeg"
    ffprobe: str = "ffprobe"
    flite: str = "flite"
    espeak: str = "espeak-ng"
    apertium_dir: Path = Path("/usr/share/apertium")

    @field_validator("access_keys")
    @classmethod
    def _access_keys_are_strong(cls, keys: SecretStr) -> SecretStr:
        parse_access_keys(keys.get_secret_value())
        return keys

    @field_validator("smtp_security")
    @classmethod
    def _mail_is_encrypted(cls, security: str, info: ValidationInfo) -> str:
        if security == "none" and info.data.get("smtp_host", "") not in ("", *_THIS_MACHINE):
            raise ValueError("letters leave this machine encrypted only: set starttls or tls")
        return security


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


class IngestRequest(BaseModel):
    """What the ingest job is told: which upload, and the platform's trace."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = Field(alias="INGEST_OWNER")
    asset_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = Field(alias="INGEST_ASSET_ID")
    generation: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,18}$")] = Field(alias="INGEST_GENERATION")
    trace: str = Field("", alias="TRACE_ID")


class ExportRequest(BaseModel):
    """What the export job is told: which export, at which attempt, and the platform's trace."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    owner: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = Field(alias="EXPORT_OWNER")
    export_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$")] = Field(alias="EXPORT_ID")
    attempt: Annotated[int, Field(ge=1)] = Field(alias="EXPORT_ATTEMPT")
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


def read_ingest_request(environ: Mapping[str, str] | None = None) -> IngestRequest:
    """The ingest job's own variables. Raises Misconfigured with every wrong or missing one."""
    source = os.environ if environ is None else environ
    names = [str(field.alias) for field in IngestRequest.model_fields.values()]
    try:
        return IngestRequest.model_validate({name: source[name] for name in names if name in source})
    except ValidationError as exc:
        raise _misconfigured(exc) from exc


def read_export_request(environ: Mapping[str, str] | None = None) -> ExportRequest:
    """The export job's own variables. Raises Misconfigured with every wrong or missing one."""
    source = os.environ if environ is None else environ
    names = [str(field.alias) for field in ExportRequest.model_fields.values()]
    try:
        return ExportRequest.model_validate({name: source[name] for name in names if name in source})
    except ValidationError as exc:
        raise _misconfigured(exc) from exc


def tool_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a tool such as ffmpeg gets to see: where programs and fonts are, and nothing secret."""
    source = os.environ if environ is None else environ
    names = ("PATH", "HOME", "TMPDIR", "FONTCONFIG_PATH", "FONTCONFIG_FILE", "XDG_CACHE_HOME", "LD_LIBRARY_PATH")
    return {"LC_ALL": "C.UTF-8"} | {name: source[name] for name in names if name in source}


def sdk_environment(settings: Settings, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a job's storage SDK looks for its credentials in; nothing on the filesystem. Never part of the settings."""
    source = os.environ if environ is None else environ
    prefixes = _SDK_NAMES[settings.storage]
    return {name: value for name, value in source.items() if name.startswith(prefixes)}


def settings_environment(settings: Settings) -> dict[str, str]:
    """Settings as the variables that lead to them: what a job needs to find the same data."""
    changed = settings.model_dump(mode="json", exclude_defaults=True, exclude=_NOT_FOR_JOBS)
    return {PREFIX + name.upper(): str(value) for name, value in changed.items()}


def _misconfigured(exc: ValidationError) -> Misconfigured:
    # What was found is never shown: a mistyped name may carry a secret.
    faults = [fault.model_copy(update={"found": ""}) for fault in faults_of(exc)]
    listed = "; ".join(
        f"{fault.pointer.strip('/').upper()}: {fault.detail} (found {fault.found!r})" for fault in faults
    )
    return Misconfigured(f"{len(faults)} setting(s) are wrong: {listed}", faults=faults)
