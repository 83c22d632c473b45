"""Which storage a studio has: by its settings, with one vendor's SDK in memory at most, and credentials in no setting."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from jobs.assemble.wiring import build as build_job
from shared.adapters.clock import SystemClock
from shared.adapters.storage.backends import open_bucket
from shared.adapters.storage.s3 import S3Storage
from shared.config import Settings, read_settings, sdk_environment, settings_environment
from shared.domain.errors import Misconfigured
from shared.wiring import build
from tests.emulators.s3 import credentials, new_bucket
from tests.support.buckets import s3_server

ROOT = Path(__file__).resolve().parents[3]
VENDORS = ("boto3", "botocore", "s3transfer", "google.auth", "google.api_core", "google.cloud.storage", "requests")
PROGRAM = """
import json, sys
from pathlib import Path
from shared.config import Settings
from shared.wiring import build
build(Settings(data_dir=Path(sys.argv[1]), storage=sys.argv[2])).close()
print(json.dumps([name for name in %r if name in sys.modules]))
"""


@pytest.mark.parametrize(
    ("storage", "absent"),
    [("filesystem", VENDORS), ("s3", VENDORS[3:-1])],
)
def test_a_studio_loads_no_sdk_but_the_one_it_needs(tmp_path: Path, storage: str, absent: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", PROGRAM % (VENDORS,), str(tmp_path), storage]
    env = {"PATH": "/usr/bin:/bin", **credentials()}
    run = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    loaded = json.loads(run.stdout)
    assert not set(loaded) & set(absent)
    assert ("boto3" in loaded) is (storage == "s3")


@pytest.mark.parametrize(("storage", "package"), [("s3", "boto3"), ("gcs", "google.auth")])
def test_an_sdk_that_is_not_installed_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    if storage == "gcs":
        for name in [name for name in sys.modules if name.startswith("shared.adapters.storage.gcs")]:
            monkeypatch.delitem(sys.modules, name)
    settings = Settings.model_validate({"storage": storage})
    with pytest.raises(Misconfigured, match="is not installed here"):
        open_bucket(settings, tmp_path, "media", SystemClock())


def test_a_studio_on_s3_keeps_everything_there_and_queues_its_events(tmp_path: Path) -> None:
    with s3_server() as (server, client):
        new_bucket(client, "media", versions=True)
        client.create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        given = {"DATA_DIR": str(tmp_path), "STORAGE": "s3", "S3_ENDPOINT": server.origin, "S3_REGION": "eu-central-1"}
        settings = read_settings({f"REELPRINT_{name}": value for name, value in given.items()})
        assert "SECRET" not in json.dumps(settings_environment(settings))
        with closing(build(settings)) as app:
            assert isinstance(app.media, S3Storage) and isinstance(app.uploads, S3Storage) and app.objects is None
            info = app.uploads.put("users/ana/a", b"1", if_generation=0)
            app.announce(info)  # as whoever confirms an upload does: the same task
            assert [record.queue for record in app.tasks.recent()] == ["event-normal"]
            job = build_job(settings)
            assert job.buckets["uploads"].get("users/ana/a") == b"1"
            assert job.buckets["media"].bucket == "media"
        assert not (tmp_path / "storage").exists()


def test_credentials_go_to_the_job_that_needs_them_and_into_no_setting() -> None:
    environ = {
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_PROFILE": "p",
        "GOOGLE_APPLICATION_CREDENTIALS": "g",
        "HOME": "/h",
        "TOKEN": "t",
    }
    assert sdk_environment(Settings(), environ) == {}
    assert sdk_environment(Settings(storage="s3"), environ) == {"AWS_SECRET_ACCESS_KEY": "s", "AWS_PROFILE": "p"}
    assert sdk_environment(Settings(storage="gcs"), environ) == {"GOOGLE_APPLICATION_CREDENTIALS": "g"}


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "https://minio.example.test", "http://[::1]:9000", ""])
def test_an_endpoint_is_a_scheme_and_a_host(endpoint: str) -> None:
    assert read_settings({"REELPRINT_S3_ENDPOINT": endpoint}).s3_endpoint == endpoint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STORAGE", "ftp"),
        ("S3_ENDPOINT", "minio:9000"),
        ("S3_ENDPOINT", "http://user:secret@minio"),
        ("S3_ENDPOINT", "http://minio/path"),
        ("S3_REGION", "EU"),
        ("GCS_ENDPOINT", "gs://bucket"),
    ],
)
def test_a_wrong_setting_is_refused_unshown(name: str, value: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings({f"REELPRINT_{name}": value})
    assert value not in refused.value.detail
