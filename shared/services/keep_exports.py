"""Exports: asked for, listed, read, stopped, tried again and removed; and their files."""

from __future__ import annotations

from contextlib import suppress

from shared.domain.errors import Conflict, NotFound, TooManyRequests
from shared.domain.export import (
    MAX_OPEN,
    Export,
    ExportFile,
    ExportRecord,
    ExportResult,
    ExportStatus,
    ExportSummary,
    ExportTask,
    MadeFile,
    NewExport,
)
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Where
from shared.ports.storage import Storage, every_object
from shared.services.export_looks import ExportLooks
from shared.services.export_pins import ExportPins
from shared.services.export_work import COLLECTION, export_records
from shared.services.keep_projects import Projects
from shared.services.records import Found, new_id

_OPEN = (ExportStatus.PENDING, ExportStatus.RUNNING)
_TRY_AGAIN_S = 30


class Exports:
    """`looks` is what the queue asks about each while it is being made."""

    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        media: Storage,
        projects: Projects,
        pins: ExportPins,
        looks: ExportLooks,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._media = media
        self._projects = projects
        self._pins = pins
        self.looks = looks
        self._records = export_records(documents, clock)

    def create(self, owner: str, project_id: str, new: NewExport) -> Export:
        """Pin what is to be made, and queue the making of it. Raises as `ExportPins.pin` does, and TooManyRequests."""
        self._require_room(owner)
        now, export_id = self._clock.now(), new_id("exp")
        try:
            script_key, chapters = self._pins.pin(owner, project_id, export_id, new, now)
            record = ExportRecord(
                id=export_id,
                owner=owner,
                created_at=now,
                updated_at=now,
                project_id=project_id,
                formats=new.formats,
                options=new.options,
                chapters=chapters,
                script_key=script_key,
                message="waiting",
            )
            self.looks.begin(ExportTask(owner=owner, export_id=export_id))
            return self._answer(self._records.create(record))
        except BaseException:
            self._clear(f"users/{owner}/{export_id}/")
            raise

    def get(self, owner: str, project_id: str, export_id: str) -> tuple[Export, int]:
        """The export and its revision. It outlives its project, as finished films do. Raises NotFound."""
        found = self._find(owner, project_id, export_id)
        return self._answer(found.record), found.revision

    def page(
        self, owner: str, project_id: str, limit: int, cursor: str | None
    ) -> tuple[list[ExportSummary], str | None]:
        """A project's exports, newest first, and where the next page begins. Raises NotFound."""
        self._projects.get(owner, project_id)
        page = self._records.page(owner, [Where("project_id", "==", project_id)], limit=limit, cursor=cursor)
        items = [ExportSummary.model_validate(record, from_attributes=True) for record in page.items]
        return items, page.cursor

    def delete(self, owner: str, project_id: str, export_id: str) -> None:
        """Cancel an export that has not ended; remove one that has, with its files. Raises NotFound."""
        self._find(owner, project_id, export_id)
        ended: list[ExportRecord] = []

        def cancel(record: ExportRecord) -> ExportRecord | None:
            ended[:] = [record] if record.status.is_final else []
            update = {"status": ExportStatus.CANCELLED, "message": "cancelled", "finished_at": self._clock.now()}
            return None if ended else record.model_copy(update=update)

        record = self._records.update(owner, export_id, cancel)
        self.looks.stop(record.execution)
        if ended:
            self._clear(f"{record.folder}/")
            with suppress(NotFound):  # removed by another call of the same
                self._records.delete(owner, export_id)

    def retry(self, owner: str, project_id: str, export_id: str) -> Export:
        """Run an export again that failed, was cancelled, or whose job is gone, on what it pinned and made before.

        Raises Conflict for any other state.
        """
        self._find(owner, project_id, export_id)

        def again(record: ExportRecord) -> ExportRecord:
            if record.status is ExportStatus.COMPLETED or (
                not record.status.is_final and self.looks.is_running(record.execution)
            ):
                raise Conflict(f"The export is {record.status}; only one that failed or was cancelled can be retried.")
            fresh = {"status": ExportStatus.PENDING, "percentage": 0, "message": "waiting", "error": None}
            return record.model_copy(
                update={**fresh, "attempt": record.attempt + 1, "execution": "", "finished_at": None}
            )

        record = self._records.update(owner, export_id, again)
        self.looks.begin(ExportTask(owner=owner, export_id=export_id, attempt=record.attempt))
        return self._answer(record)

    def file(self, owner: str, project_id: str, export_id: str, name: str) -> MadeFile:
        """One finished file. Raises NotFound, Conflict before the export is completed."""
        record = self._find(owner, project_id, export_id).record
        if record.status is not ExportStatus.COMPLETED:
            raise Conflict(f"The export is {record.status} and has no files (yet). Follow it until it is completed.")
        for file in self._result(record).files:
            if file.name == name:
                return file
        raise NotFound("The export has no file of this name. Its `files` list what it has.")

    def stop_all(self, owner: str) -> None:
        """Stop every export of a user who is being deleted."""
        where = [Where("owner", "==", owner), Where("status", "==", ExportStatus.RUNNING.value)]
        for document in self._documents.query(COLLECTION, where, limit=1000).items:
            self.looks.stop(str(document.data.get("execution", "")))

    def _find(self, owner: str, project_id: str, export_id: str) -> Found[ExportRecord]:
        found = self._records.find(owner, export_id)
        if found.record.project_id != project_id:
            raise NotFound(
                f"The export {export_id!r} is not of the project {project_id!r}. List the project's exports."
            )
        return found

    def _require_room(self, owner: str) -> None:
        mine = Where("owner", "==", owner)
        count = sum(self._documents.count(COLLECTION, [mine, Where("status", "==", status.value)]) for status in _OPEN)
        if count >= MAX_OPEN:
            raise TooManyRequests(
                f"{count} of your exports are pending or running, and {MAX_OPEN} may be. Wait for some, or cancel some.",
                retry_after_s=_TRY_AGAIN_S,
            )

    def _answer(self, record: ExportRecord) -> Export:
        found = Export.model_validate(record, from_attributes=True)
        if record.status is not ExportStatus.COMPLETED:
            return found
        result = self._result(record)
        root = f"/api/v1/projects/{record.project_id}/exports/{record.id}/files"
        shown = set(ExportFile.model_fields)
        files = [
            ExportFile.model_validate({**file.model_dump(include=shown), "url": f"{root}/{file.name}"})
            for file in result.files
        ]
        return found.model_copy(update={"files": files, "reports": result.reports})

    def _result(self, record: ExportRecord) -> ExportResult:
        return ExportResult.model_validate_json(self._media.get(record.result_key))

    def _clear(self, prefix: str) -> None:
        for found in list(every_object(self._media, prefix)):
            self._media.delete(found.key)
