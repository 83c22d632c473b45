"""No vendor's exception leaves its adapter: every class and every status there is becomes one of the studio's errors."""

from __future__ import annotations

import inspect
from string import Formatter
from types import SimpleNamespace
from typing import Any

import pytest
import requests.exceptions
import urllib3.exceptions
from botocore import exceptions as botocore
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as media

from shared.adapters.storage import gcs_errors, s3_errors
from shared.domain.errors import (
    EngineUnavailable,
    Misconfigured,
    NotFound,
    PreconditionFailed,
    ReelprintError,
    StorageFailed,
    StorageFull,
    TooLarge,
    Unavailable,
)

SECRET = "AKIA-SECRET"  # noqa: S105 - what must not come out again
STATUSES = [*range(300, 310), *range(400, 432), 451, 499, *range(500, 512)]
EXPECTED = {
    401: Misconfigured,
    403: Misconfigured,
    404: NotFound,
    412: PreconditionFailed,
    413: TooLarge,
    429: Unavailable,
    501: EngineUnavailable,
    503: Unavailable,
    507: StorageFull,
}


def classes_of(module: Any, base: type[BaseException]) -> list[type[BaseException]]:
    found = [value for value in vars(module).values() if inspect.isclass(value) and issubclass(value, base)]
    return sorted(set(found), key=lambda cls: cls.__name__)


GOOGLE: Any = api  # it types itself in part


def told(translated: Any, error: BaseException) -> ReelprintError:
    with pytest.raises(ReelprintError) as told, translated("storing a/b"):
        raise error
    assert told.value.__cause__ is error
    assert "storing a/b" in told.value.detail and SECRET not in told.value.detail
    return told.value


def botocore_error(cls: Any) -> BaseException:
    """One of a class, with everything its message is made of."""
    fields = {name for _, name, _, _ in Formatter().parse(str(getattr(cls, "fmt", ""))) if name}
    if issubclass(cls, botocore.WaiterError):
        fields |= {"name", "reason", "last_response"}
    error: BaseException = cls(**dict.fromkeys(fields, SECRET))
    return error


@pytest.mark.parametrize("cls", classes_of(botocore, botocore.BotoCoreError), ids=lambda cls: str(cls.__name__))
def test_every_exception_of_botocore(cls: type[BaseException]) -> None:
    assert isinstance(told(s3_errors.translated, botocore_error(cls)), StorageFailed | Misconfigured)


def test_botocore_has_the_exceptions_that_are_looked_for() -> None:
    assert len(classes_of(botocore, botocore.BotoCoreError)) > 60
    for name in ("NoCredentialsError", "ProfileNotFound", "NoRegionError", "PartialCredentialsError"):
        assert isinstance(told(s3_errors.translated, botocore_error(getattr(botocore, name))), Misconfigured)
    for name in ("EndpointConnectionError", "ReadTimeoutError", "ConnectTimeoutError", "IncompleteReadError"):
        assert type(told(s3_errors.translated, botocore_error(getattr(botocore, name)))) is StorageFailed


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_s3(status: int) -> None:
    response = {"Error": {"Code": str(status), "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = told(s3_errors.translated, botocore.ClientError(response, "HeadObject"))
    assert type(error) is EXPECTED.get(status, StorageFailed)


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("NoSuchBucket", 404, Misconfigured),
        ("NoSuchKey", 404, NotFound),
        ("NoSuchUpload", 404, NotFound),
        ("PreconditionFailed", 412, PreconditionFailed),
        ("NotImplemented", 501, EngineUnavailable),
        ("XMinioStorageFull", 507, StorageFull),
        ("QuotaExceeded", 403, StorageFull),
        ("SlowDown", 503, Unavailable),
        ("EntityTooLarge", 400, TooLarge),
        ("SignatureDoesNotMatch", 403, Misconfigured),
        ("BadDigest", 400, StorageFailed),
        ("", 0, StorageFailed),
    ],
)
def test_codes_of_s3_go_before_the_status(code: str, status: int, expected: type[ReelprintError]) -> None:
    response = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert type(told(s3_errors.translated, botocore.ClientError(response, "PutObject"))) is expected


def test_an_answer_of_s3_that_says_nothing_is_translated_too() -> None:
    assert type(told(s3_errors.translated, botocore.ClientError({}, "PutObject"))) is StorageFailed


@pytest.mark.parametrize("cls", classes_of(api, api.GoogleAPICallError), ids=lambda cls: str(cls.__name__))
def test_every_exception_of_googles_api(cls: type[BaseException]) -> None:
    error = told(gcs_errors.translated, cls(SECRET))
    assert type(error) is EXPECTED.get(int(getattr(cls, "code", None) or 0), StorageFailed)


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_of_cloud_storage(status: int) -> None:
    expected = {**EXPECTED, 410: NotFound}.get(status, StorageFailed)
    assert type(told(gcs_errors.translated, GOOGLE.from_http_status(status, SECRET))) is expected
    answer = SimpleNamespace(status_code=status, text=SECRET)
    assert type(told(gcs_errors.translated, media.InvalidResponse(answer, SECRET))) is expected


def test_a_missing_bucket_is_no_missing_object() -> None:
    assert type(told(gcs_errors.translated, GOOGLE.NotFound("The specified bucket does not exist."))) is Misconfigured
    assert type(told(gcs_errors.translated, GOOGLE.NotFound("No such object: a/b"))) is NotFound


@pytest.mark.parametrize("cls", classes_of(auth, auth.GoogleAuthError), ids=lambda cls: str(cls.__name__))
def test_every_exception_of_googles_credentials(cls: type[BaseException]) -> None:
    assert isinstance(told(gcs_errors.translated, cls(SECRET)), StorageFailed | Misconfigured)
    assert isinstance(told(gcs_errors.translated, auth.DefaultCredentialsError(SECRET)), Misconfigured)  # type: ignore[no-untyped-call]
    assert isinstance(told(gcs_errors.translated, auth.TransportError(SECRET)), StorageFailed)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    "cls", classes_of(requests.exceptions, requests.exceptions.RequestException), ids=lambda cls: str(cls.__name__)
)
def test_every_exception_of_requests(cls: type[BaseException]) -> None:
    if cls is requests.exceptions.JSONDecodeError:
        assert type(told(gcs_errors.translated, cls(SECRET, "doc", 0))) is StorageFailed
    else:
        assert type(told(gcs_errors.translated, cls(SECRET))) is StorageFailed


def test_other_failures_of_googles_libraries() -> None:
    cause = ValueError(SECRET)
    for error in (
        GOOGLE.RetryError(SECRET, cause),
        media.DataCorruption(None, SECRET),
        media.InvalidPathError(SECRET),
        urllib3.exceptions.ProtocolError(SECRET),
        urllib3.exceptions.ReadTimeoutError(None, "url", SECRET),  # type: ignore[arg-type]
    ):
        assert isinstance(told(gcs_errors.translated, error), StorageFailed | Misconfigured)


@pytest.mark.parametrize(
    "error", [ConnectionResetError("theirs"), ValueError("ours"), OSError(28, "a disk"), KeyError()]
)
def test_what_is_no_vendors_passes(error: Exception) -> None:
    for translated in (s3_errors.translated, gcs_errors.translated):
        with pytest.raises(type(error)), translated("storing a/b"):
            raise error
