"""botocore's failures in the studio's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as vendor

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

# What no second try heals: credentials, names, regions, certificates.
_OURS_TO_SET = (
    vendor.NoCredentialsError,
    vendor.PartialCredentialsError,
    vendor.CredentialRetrievalError,
    vendor.TokenRetrievalError,
    vendor.SSOError,
    vendor.ProfileNotFound,
    vendor.NoRegionError,
    vendor.InvalidRegionError,
    vendor.InvalidConfigError,
    vendor.ConfigParseError,
    vendor.ConfigNotFound,
    vendor.UnknownEndpointError,
    vendor.UnauthorizedSSOTokenError,
)
_BY_CODE: dict[str, type[ReelprintError]] = {
    "NoSuchBucket": Misconfigured,
    "NotImplemented": EngineUnavailable,
    "QuotaExceeded": StorageFull,
    "XMinioStorageFull": StorageFull,
    "XMinioAdminBucketQuotaExceeded": StorageFull,
    "SlowDown": Unavailable,
    "EntityTooLarge": TooLarge,
}
_BY_STATUS: dict[int, type[ReelprintError]] = {
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
_ADVICE = {
    NotFound: "There is no such object.",
    PreconditionFailed: "Another generation is there than the one asked for.",
    Misconfigured: "Check the bucket's name, the endpoint and the credentials.",
    EngineUnavailable: "This S3 server cannot do that; use one that can.",
    StorageFull: "Free some space or raise the quota, then try again.",
    TooLarge: "The server takes no object as large as that.",
}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever botocore raises into an error of the studio; `what` names what was being done."""
    try:
        yield
    except vendor.ClientError as exc:
        raise of_response(exc, what) from exc
    except (*_OURS_TO_SET, vendor.BotoCoreError) as exc:
        kind = Misconfigured if isinstance(exc, _OURS_TO_SET) else StorageFailed
        advice = _ADVICE.get(kind, "The S3 server cannot be reached or broke off; try again.")
        raise kind(f"S3 failed while {what} ({type(exc).__name__}). {advice}") from exc


def of_response(exc: Any, what: str) -> ReelprintError:
    """The error a response stands for, by its code first and its status second."""
    code = str(exc.response.get("Error", {}).get("Code", ""))
    status = int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, StorageFailed)
    advice = _ADVICE.get(kind, "Try again.")
    return kind(f"S3 answered {status} {code[:60]} while {what}. {advice}")
