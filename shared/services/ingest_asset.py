"""An upload that storage announced: looked at here when that is short, and by a job of its own when it is long.

Pictures and texts are decoded within a second or two by what every function carries, so a job would cost more than the
work. Sound and films need ffmpeg and minutes: they are run by `jobs/ingest`, and looked after until they have ended.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from shared.domain.asset import Asset, IngestTask
from shared.domain.errors import NotFound, PreconditionFailed, ReelprintError
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.jobs import ExecutionStatus
from shared.ports.jobs import Jobs as Executions
from shared.ports.media import Media
from shared.ports.storage import Storage
from shared.ports.tasks import QueueKind, Task, Tasks
from shared.services.asset_work import AssetWork
from shared.services.confirm_upload import differences
from shared.services.ingest_document import ingest_document
from shared.services.ingest_picture import PICTURES, ingest_picture
from shared.services.records import Records

ID_PREFIX = "ast_"  # of every asset
JOB = "ingest"
TASK_DOOR = "/on_ingest_task"
MAX_LOST = 3  # how often an execution that vanished is started anew
FIRST_LOOK_S, LAST_LOOK_S, SLOWER = 1.0, 30.0, 1.5


class IngestAsset:
    def __init__(
        self,
        documents: Documents,
        clock: Clock,
        uploads: Storage,
        media_bucket: Storage,
        media: Media,
        tasks: Tasks,
        executions: Executions,
    ) -> None:
        self._documents = documents
        self._clock = clock
        self._uploads = uploads
        self._media_bucket = media_bucket
        self._media = media
        self._tasks = tasks
        self._executions = executions
        self._records = Records(documents, clock, "assets", Asset, "asset")

    def receive(self, key: str, generation: int, *, is_last_attempt: bool = False) -> None:
        """Work on one generation of the object `users/{uid}/{asset_id}`; anything else in the bucket is none of ours.

        Delivered twice, late or out of order, it changes nothing. Raises retryable errors until the last attempt: then
        the asset has failed.
        """
        parts = key.split("/")
        if len(parts) != 3 or parts[0] != "users" or not parts[2].startswith(ID_PREFIX):
            return
        try:
            asset = self._records.get(parts[1], parts[2])
        except NotFound:
            with suppress(PreconditionFailed):  # its asset was deleted while it was on its way: nobody will name it
                self._uploads.delete(key, if_generation=generation)
            return
        info = self._uploads.stat(key)
        if asset.status.is_final or info is None or info.generation != generation or differences(asset, info):
            return  # older, gone, or not what was announced: whoever confirms it is told so
        self._attempt(IngestTask(owner=asset.owner, asset_id=asset.id, generation=str(generation)), is_last_attempt)

    def look(self, task: IngestTask, *, is_last_attempt: bool = False) -> None:
        """See how the job is doing, and come again later while it runs."""
        execution = self._executions.get(_name(task))
        work = self._work(task)
        asset = work.current()  # read after the execution: what ended well had its result on record before
        if asset is None:
            return
        if execution is None or execution.status is ExecutionStatus.LOST:
            self._again(task, work, is_last_attempt)
        elif execution.status is ExecutionStatus.RUNNING:
            self._come_again(task)
        else:
            ended = f"The ingest ended as {execution.status} with exit code {execution.exit_code}. Upload it again."
            work.fail(asset.reason or ended)

    def _again(self, task: IngestTask, work: AssetWork, is_last_attempt: bool) -> None:
        if task.lost >= MAX_LOST:
            work.fail(f"The ingest was lost {MAX_LOST + 1} times: its machine went away under it. Upload it again.")
            return
        self._attempt(task.model_copy(update={"lost": task.lost + 1, "look": 0}), is_last_attempt)

    def _attempt(self, task: IngestTask, is_last_attempt: bool) -> None:
        work = self._work(task)
        asset = work.current()
        if asset is None:
            return
        try:
            self._ingest(asset, work, task)
        except ReelprintError as exc:
            if exc.retryable and not is_last_attempt:
                raise
            work.fail(exc.detail)

    def _ingest(self, asset: Asset, work: AssetWork, task: IngestTask) -> None:
        if asset.type.is_long_work:
            self._start(work, task)
        elif work.begin("looking at it") is None:
            return
        elif asset.type in PICTURES:
            work.ready(ingest_picture(asset, self._uploads, self._media, work))
        else:
            work.ready(ingest_document(asset, self._uploads, work))

    def _start(self, work: AssetWork, task: IngestTask) -> None:
        name = _name(task)
        if work.begin("waiting for its turn", name) is None:
            return
        given = {"INGEST_OWNER": task.owner, "INGEST_ASSET_ID": task.asset_id, "INGEST_GENERATION": task.generation}
        self._executions.run(JOB, name, given)
        self._come_again(task)

    def _come_again(self, task: IngestTask) -> None:
        following = task.model_copy(update={"look": task.look + 1})
        wait = min(LAST_LOOK_S, FIRST_LOOK_S * SLOWER ** min(task.look, 20))
        self._tasks.enqueue(
            [
                Task(
                    QueueKind.EVENT,
                    f"{_name(task)}-look{following.look}",
                    TASK_DOOR,
                    following.model_dump(mode="json"),
                    not_before=self._clock.now() + timedelta(seconds=wait),
                )
            ]
        )

    def _work(self, task: IngestTask) -> AssetWork:
        return AssetWork(self._documents, self._clock, self._media_bucket, task.owner, task.asset_id, task.generation)


def _name(task: IngestTask) -> str:
    return f"{task.asset_id}-g{task.generation}-{task.lost}"
