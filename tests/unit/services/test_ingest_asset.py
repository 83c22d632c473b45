"""The ingest's deliveries: doubled, late, out of order, and of jobs that vanish; what is confirmed; what goes with a user."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image

from shared.adapters.clock import SystemClock
from shared.adapters.media.pillow import PillowMedia
from shared.config import read_settings
from shared.domain.asset import Asset, AssetStatus, AssetType, ConfirmUpload, IngestTask, NewUpload
from shared.domain.errors import StorageFull, TooLarge, Unavailable
from shared.ports.documents import Where
from shared.ports.jobs import Execution, ExecutionStatus
from shared.services.asset_quota import Quota
from shared.services.confirm_upload import Confirm
from shared.services.delete_user import keepers_of
from shared.services.ingest_asset import MAX_LOST, IngestAsset
from shared.wiring import App, build
from tests.support.clock import NOON, HeldClock

ME = "usr_me"


class Executions:
    """Executions that only stand on a list; `ended` says how each of them is doing."""

    def __init__(self) -> None:
        self.run_as: list[str] = []
        self.cancelled: list[str] = []
        self.status = ExecutionStatus.RUNNING
        self.failure: Exception | None = None

    def run(self, job: str, name: str, env: Mapping[str, str], *, tasks: int = 1) -> Execution:
        if self.failure:
            raise self.failure
        if name not in self.run_as:
            self.run_as.append(name)
        found = self.get(name)
        assert found
        return found

    def get(self, name: str) -> Execution | None:
        code = 5 if self.status is ExecutionStatus.FAILED else None
        return Execution(name, "ingest", self.status, 1, code, "", NOON, None) if name in self.run_as else None

    def cancel(self, name: str) -> None:
        self.cancelled.append(name)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    studio = build(read_settings({"REELPRINT_DATA_DIR": str(tmp_path)}))
    yield studio
    studio.close()


@pytest.fixture
def executions() -> Executions:
    return Executions()


@pytest.fixture
def ingest(app: App, executions: Executions) -> IngestAsset:
    return IngestAsset(app.documents, SystemClock(), app.uploads, app.media, PillowMedia(), app.tasks, executions)


def png(colour: str = "red") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 300), colour).save(out, "PNG")
    return out.getvalue()


def generation_of(app: App, asset: Asset) -> int:
    info = app.uploads.stat(asset.upload_key)
    assert info
    return info.generation


def song(app: App) -> tuple[Asset, IngestTask]:
    asset = app.assets.create(ME, AssetType.SONG, "song", b"OggS" + bytes(50))
    return asset, IngestTask(owner=ME, asset_id=asset.id, generation=str(generation_of(app, asset)))


def test_an_event_delivered_twice_changes_nothing_the_second_time(app: App, ingest: IngestAsset) -> None:
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    generation = generation_of(app, asset)
    ingest.receive(asset.upload_key, generation)
    first = app.assets.find(ME, asset.id)
    ingest.receive(asset.upload_key, generation)
    assert first.record.status is AssetStatus.READY
    assert app.assets.find(ME, asset.id) == first


def test_an_event_after_the_deletion_removes_what_came_late(app: App, ingest: IngestAsset) -> None:
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    app.assets.delete(ME, asset.id)
    late = app.uploads.put(asset.upload_key, png())
    ingest.receive(asset.upload_key, late.generation - 1)
    assert app.uploads.stat(asset.upload_key)  # an older one's event is not this one's
    ingest.receive(asset.upload_key, late.generation)
    assert app.uploads.stat(asset.upload_key) is None
    assert not app.media.list(asset.folder).items


def test_an_older_generations_event_is_passed_over(app: App, ingest: IngestAsset) -> None:
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", png("red"))
    older = generation_of(app, asset)
    newer = app.uploads.put(asset.upload_key, png("lime")).generation
    ingest.receive(asset.upload_key, older)
    assert app.assets.get(ME, asset.id).status is AssetStatus.PENDING
    ingest.receive(asset.upload_key, newer)
    assert app.assets.get(ME, asset.id).generation == str(newer)
    ingest.receive(asset.upload_key, older)
    assert app.assets.get(ME, asset.id).generation == str(newer)


def test_other_bytes_than_were_announced_wait_for_who_confirms_them(app: App, ingest: IngestAsset) -> None:
    new = NewUpload(type=AssetType.BACKGROUND, name="a", size=500, content_type="image/png")
    asset = app.offer_upload(ME, new).asset
    info = app.uploads.put(asset.upload_key, png())
    ingest.receive(asset.upload_key, info.generation)
    assert app.assets.get(ME, asset.id).status is AssetStatus.PENDING


def test_objects_that_are_no_assets_are_none_of_ours(app: App, ingest: IngestAsset) -> None:
    for key in ("notes.txt", "users/usr_me/a", "users/usr_me/ast_a/b", "other/usr_me/ast_a"):
        info = app.uploads.put(key, b"x")
        ingest.receive(key, info.generation)
        assert app.uploads.stat(key)


def test_long_work_is_run_once_and_looked_after(app: App, ingest: IngestAsset, executions: Executions) -> None:
    asset, task = song(app)
    for _ in range(2):
        ingest.receive(asset.upload_key, int(task.generation))
    assert executions.run_as == [f"{asset.id}-g{task.generation}-0"]
    assert app.assets.get(ME, asset.id).status is AssetStatus.PROCESSING
    assert app.tasks.find(f"{executions.run_as[0]}-look2")
    ingest.look(task.model_copy(update={"look": 2}))
    assert app.tasks.find(f"{executions.run_as[0]}-look3")
    executions.status = ExecutionStatus.FAILED
    ingest.look(task.model_copy(update={"look": 3}))
    failed = app.assets.get(ME, asset.id)
    assert failed.status is AssetStatus.FAILED and "exit code 5" in failed.reason
    ingest.look(task.model_copy(update={"look": 3}))
    assert app.assets.get(ME, asset.id) == failed


def test_a_job_that_vanishes_is_started_anew_so_often(app: App, ingest: IngestAsset, executions: Executions) -> None:
    asset, task = song(app)
    ingest.receive(asset.upload_key, int(task.generation))
    executions.status = ExecutionStatus.LOST
    for lost in range(MAX_LOST):
        ingest.look(task.model_copy(update={"lost": lost}))
        assert len(executions.run_as) == lost + 2
    assert app.assets.get(ME, asset.id).status is AssetStatus.PROCESSING
    ingest.look(task.model_copy(update={"lost": MAX_LOST}))
    assert "lost 4 times" in app.assets.get(ME, asset.id).reason


def test_what_may_pass_is_tried_again_until_the_last_attempt(
    app: App, ingest: IngestAsset, executions: Executions, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, task = song(app)
    executions.failure = Unavailable("no processes left; try later")
    with pytest.raises(Unavailable):
        ingest.receive(asset.upload_key, int(task.generation))
    assert app.assets.get(ME, asset.id).status is AssetStatus.PROCESSING
    ingest.receive(asset.upload_key, int(task.generation), is_last_attempt=True)
    assert app.assets.get(ME, asset.id).reason == "no processes left; try later"

    picture = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())

    def full(*_: object, **__: object) -> None:
        raise StorageFull("The disk is full. Free some space.")

    with monkeypatch.context() as patch:
        patch.setattr(app.media, "put", full)
        with pytest.raises(StorageFull):
            ingest.receive(picture.upload_key, generation_of(app, picture))
    ingest.receive(picture.upload_key, generation_of(app, picture))
    assert app.assets.get(ME, picture.id).status is AssetStatus.READY


def test_a_full_disk_leaves_no_record_of_an_upload_that_never_came(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise StorageFull("The disk is full. Free some space.")

    monkeypatch.setattr(app.uploads, "put", full)
    with pytest.raises(StorageFull):
        app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    assert app.documents.count("assets") == 0
    usage = app.documents.get("asset_usage", ME)
    assert usage and usage.data["bytes"] == usage.data["count"] == 0


def test_an_offer_that_cannot_be_signed_leaves_nothing(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise Unavailable("The storage is away; try later.")

    monkeypatch.setattr(app.uploads, "start_resumable", away)
    with pytest.raises(Unavailable):
        app.offer_upload(ME, NewUpload(type=AssetType.SONG, name="a", size=500, content_type="audio/wav"))
    usage = app.documents.get("asset_usage", ME)
    assert app.documents.count("assets") == 0 and usage and usage.data["bytes"] == 0


def test_a_lowered_quota_stops_what_is_confirmed(app: App) -> None:
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    confirm = Confirm(app.documents, SystemClock(), app.uploads, Quota(10, 10), app.announce)
    with pytest.raises(TooLarge, match="confirm again"):
        confirm(ME, asset.id, ConfirmUpload())
    assert app.assets.get(ME, asset.id).generation == ""


def test_what_never_came_is_forgotten_and_its_room_given_back(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    new = NewUpload(type=AssetType.BACKGROUND, name="a", size=500, content_type="image/png")
    left = app.offer_upload(ME, new).asset
    kept = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    app.ingest.receive(kept.upload_key, generation_of(app, kept))
    clock = HeldClock()
    clock.now = lambda: SystemClock().now() + timedelta(days=8)  # type: ignore[method-assign]  # a week and a day later
    monkeypatch.setattr(app.assets, "_clock", clock)
    app.offer_upload(ME, new)
    names = {document.id for document in app.documents.query("assets").items}
    assert left.id not in names and kept.id in names
    usage = app.documents.get("asset_usage", ME)
    assert usage and usage.data == {"owner": ME, "count": 2, "bytes": 500 + kept.size}


def test_a_deleted_assets_work_leaves_nothing(app: App, ingest: IngestAsset, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = app.assets.create(ME, AssetType.BACKGROUND, "cover", png())
    generation = generation_of(app, asset)
    put = app.media.put

    def deleted_meanwhile(*given: object, **more: object) -> object:
        done = put(*given, **more)  # type: ignore[arg-type]  # passed on as it came
        if app.documents.get("assets", asset.id):
            app.assets.delete(ME, asset.id)
        return done

    monkeypatch.setattr(app.media, "put", deleted_meanwhile)
    ingest.receive(asset.upload_key, generation)
    assert not app.media.list(f"{asset.folder}/").items


def test_all_assets_go_with_their_user(app: App, ingest: IngestAsset, executions: Executions) -> None:
    monkey, task = song(app)
    for owner in (ME, "usr_other"):
        asset = app.assets.create(owner, AssetType.BACKGROUND, "cover", png())
        ingest.receive(asset.upload_key, generation_of(app, asset))
    ingest.receive(monkey.upload_key, int(task.generation))
    app.assets._executions = executions  # what is cancelled is written down
    app.assets.stop_all(ME)
    assert executions.cancelled == executions.run_as
    for keeper in keepers_of(app.documents, app.jobs, app.uploads, app.media):
        keeper(ME)
    for collection in ("assets", "asset_usage"):
        assert app.documents.count(collection, [Where("owner", "==", ME)]) == 0
        assert app.documents.count(collection, [Where("owner", "==", "usr_other")]) == 1
    for bucket in (app.uploads, app.media):
        assert not bucket.list(f"users/{ME}/").items and bucket.list("users/usr_other/").items
