"""A blueprint, rendered: kept on record, handed to the assembly job, and looked at until its files are there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.domain.blueprint import Blueprint
from shared.domain.errors import Fault, NotFound, ReelprintError, RenderFailed, every_error
from shared.domain.job import Job, JobFile
from shared.domain.project import Stored
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.jobs import Execution, ExecutionStatus
from shared.ports.jobs import Jobs as Executions
from shared.ports.storage import Storage
from shared.services.records import Records

JOB = "assemble"
INLINE_BYTES = 24 * 1024  # a variable holds 32,768 bytes on Cloud Run; the rest of it is left for growth
# Exit codes of the assembly job (jobs/assemble/main.py) that another try would only repeat: bad blueprint, missing or
# corrupt asset, cancelled.
FINAL_EXIT_CODES = frozenset({2, 3, 4, 7})
MAX_LOST = 3  # how often an execution that vanished is started anew


class BlueprintRecord(Stored):
    """A blueprint on record; the document itself lies in the media bucket at `key`."""

    kind: str
    key: str
    sha256: str
    frames: int
    output_uri: str
    caption_languages: list[str] = []
    has_poster: bool = False
    has_sprite: bool = False
    sources: list[str] = []  # URIs it plays, artifacts left out: what must not be deleted under it


@dataclass(frozen=True)
class Rendering:
    """How far one video is. `execution` is "" where it was there before anything ran."""

    percentage: int
    is_done: bool = False
    execution: str = ""
    error: ReelprintError | None = None
    files: list[JobFile] = field(default_factory=list)
    report: dict[str, Any] = field(default_factory=dict)


class RenderBlueprint:
    def __init__(self, documents: Documents, clock: Clock, media: Storage, executions: Executions) -> None:
        self._documents = documents
        self._clock = clock
        self._media = media
        self._executions = executions
        self._records = Records(documents, clock, "blueprints", BlueprintRecord, "blueprint")

    def keep(self, owner: str, blueprint: Blueprint, key: str, sha256: str) -> str:
        """Put a stored blueprint on record; its id derives from its hash (the job's id is in it), so that twice is once."""
        now = self._clock.now()
        record = BlueprintRecord(
            id=f"bpr_{sha256[:24]}",
            owner=owner,
            created_at=now,
            updated_at=now,
            kind=blueprint.kind.value,
            key=key,
            sha256=sha256,
            frames=blueprint.duration,
            output_uri=blueprint.output.uri,
            caption_languages=sorted(blueprint.captions.languages),
            has_poster=blueprint.output.poster is not None,
            has_sprite=blueprint.output.sprite is not None,
            sources=sorted({a.uri for a in blueprint.assets.values() if not a.uri.startswith("media://artifacts/")}),
        )
        self._documents.put("blueprints", record.id, record.model_dump(mode="json"))
        return record.id

    def get(self, owner: str, blueprint_id: str) -> BlueprintRecord:
        return self._records.get(owner, blueprint_id)

    def document(self, record: BlueprintRecord) -> bytes:
        return self._media.get(record.key)

    def look(self, job: Job, language: str) -> Rendering:
        """Start the render, or say how far it is."""
        record = self._records.get(job.owner, job.blueprints[language])
        name = job.executions.get(language, "")
        execution = self._executions.get(name) if name else None
        if self._is_published(record) and (execution is None or execution.status is not ExecutionStatus.RUNNING):
            return Rendering(100, True, name, files=_files(record, language), report=self._report(record, bool(name)))
        if execution is None or execution.status is ExecutionStatus.LOST:
            return self._start(record, job, language, name, execution)
        if execution.status is ExecutionStatus.RUNNING:
            return Rendering(self._percentage(name), execution=name)
        return Rendering(0, execution=name, error=self._error(execution))

    def execution_name(self, job: Job, place: int, lost: int) -> str:
        """By the film's place and not by its language: tags that differ in case alone are two films."""
        return f"{job.id}-a{job.attempt}-film{place}-{lost}"

    def stop(self, names: Iterable[str]) -> None:
        """Stop executions; those that have ended are none the worse for it."""
        for name in names:
            self._executions.cancel(name)

    def _start(
        self, record: BlueprintRecord, job: Job, language: str, name: str, execution: Execution | None
    ) -> Rendering:
        """Run the job. A lost execution is followed by another, under the next name, a few times."""
        lost = int(name.rpartition("-")[2]) + 1 if execution else 0
        if lost > MAX_LOST:
            detail = (
                f"The render vanished {lost} times without a word; look at the machine's memory. Then retry the job."
            )
            return Rendering(0, execution=name, error=RenderFailed(detail))
        fresh = self.execution_name(job, list(job.blueprints).index(language), lost)
        env = {**self._blueprint_variables(record), "RENDER_ID": fresh}
        self._executions.run(JOB, fresh, env)
        return Rendering(0, execution=fresh)

    def _blueprint_variables(self, record: BlueprintRecord) -> dict[str, str]:
        document = self.document(record)
        if len(document) <= INLINE_BYTES:
            return {"BLUEPRINT_JSON": document.decode()}
        return {"BLUEPRINT_URI": f"media://{record.key}", "BLUEPRINT_SHA256": record.sha256}

    def _is_published(self, record: BlueprintRecord) -> bool:
        return self._media.stat(_key(record.output_uri)) is not None

    def _percentage(self, name: str) -> int:
        document = self._documents.get("renders", name)
        return int(document.data.get("percentage", 0)) if document else 0

    def _report(self, record: BlueprintRecord, was_run: bool) -> dict[str, Any]:
        """What the renderer made and reused; where nothing ran for this job, all of it was reused."""
        try:
            found: dict[str, Any] = json.loads(self._media.get(f"{_stem(record)}.report.json"))
        except NotFound:
            return {}
        if not was_run:
            found["cpu_seconds"] = 0.0
            for counts in (found["shots"], found["audio_blocks"]):
                counts["reused"] += counts["made"]
                counts["made"] = 0
        return found

    def _error(self, execution: Execution) -> ReelprintError:
        """What the renderer left on its record, as the error it was; else what the execution says."""
        document = self._documents.get("renders", execution.name)
        raw = document.data.get("error") if document else None
        if execution.status is ExecutionStatus.SUCCEEDED:
            return RenderFailed("The renderer ended well, and its film is not in storage. Retry the job.")
        if not raw:
            return RenderFailed(f"The renderer ended with exit code {execution.exit_code}: {execution.message[:300]}")
        kind = next((kind for kind in every_error() if kind.type == raw["type"]), RenderFailed)
        return kind(raw["detail"], faults=[Fault.model_validate(fault) for fault in raw.get("errors", [])])


def _key(uri: str) -> str:
    return uri.partition("://")[2]


def _stem(record: BlueprintRecord) -> str:
    return _key(record.output_uri).removesuffix(".mp4")


def _files(record: BlueprintRecord, language: str) -> list[JobFile]:
    """Every file of a finished video, by the name the API gives it."""
    stem = _stem(record)
    found = [JobFile(name=f"{language}.mp4", key=_key(record.output_uri), content_type="video/mp4")]
    for code in record.caption_languages:
        for suffix, kind in (("vtt", "text/vtt"), ("srt", "application/x-subrip")):
            found.append(
                JobFile(name=f"{language}.captions.{code}.{suffix}", key=f"{stem}.{code}.{suffix}", content_type=kind)
            )
    if record.has_poster:
        found.append(JobFile(name=f"{language}.poster.jpg", key=f"{stem}.poster.jpg", content_type="image/jpeg"))
    if record.has_sprite:
        found.append(JobFile(name=f"{language}.sprite.jpg", key=f"{stem}.sprite.jpg", content_type="image/jpeg"))
        found.append(JobFile(name=f"{language}.sprite.vtt", key=f"{stem}.sprite.vtt", content_type="text/vtt"))
    found.append(JobFile(name=f"{language}.blueprint.json", key=record.key, content_type="application/json"))
    found.append(JobFile(name=f"{language}.report.json", key=f"{stem}.report.json", content_type="application/json"))
    return found
