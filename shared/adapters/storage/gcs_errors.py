"""The failures of Google's libraries in the studio's own words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests.exceptions
import urllib3.exceptions
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.cloud.storage import exceptions as media

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

_BY_STATUS: dict[int, type[ReelprintError]] = {
    401: Misconfigured,
    403: Misconfigured,
    404: NotFound,
    410: NotFound,
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
    Misconfigured: "Check the bucket's name, the endpoint, and the rights of the service account.",
    StorageFull: "Free some space or raise the quota, then try again.",
    TooLarge: "Cloud Storage takes no object as large as that.",
    EngineUnavailable: "This endpoint cannot do that.",
}
_UNREACHABLE = (
    api.RetryError,
    auth.TransportError,
    auth.ResponseError,
    auth.TimeoutError,
    media.DataCorruption,
    requests.exceptions.RequestException,
    urllib3.exceptions.HTTPError,
)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever Google's libraries raise into an error of the studio; `what` names what was being done."""
    try:
        yield
    except api.GoogleAPICallError as exc:
        raise of_status(int(exc.code or 0), str(exc.message), what) from exc
    except media.InvalidResponse as exc:
        raise of_status(int(exc.response.status_code), str(exc.response.text), what) from exc
    except _UNREACHABLE as exc:
        raise StorageFailed(
            f"Cloud Storage cannot be reached or broke off while {what} ({type(exc).__name__}); try again."
        ) from exc
    except (auth.GoogleAuthError, media.InvalidPathError, api.GoogleAPIError) as exc:
        retryable = getattr(exc, "retryable", False)
        kind = StorageFailed if retryable else Misconfigured
        raise kind(
            f"Google's credentials do not work while {what} ({type(exc).__name__}). "
            "Set GOOGLE_APPLICATION_CREDENTIALS, or run with a service account."
        ) from exc


def of_status(status: int, text: str, what: str) -> ReelprintError:
    """The error a status stands for; `text` only tells a missing bucket from a missing object."""
    kind = _BY_STATUS.get(status, StorageFailed)
    if kind is NotFound and "bucket does not exist" in text:
        kind = Misconfigured
    return kind(f"Cloud Storage answered {status} while {what}. {_ADVICE.get(kind, 'Try again.')}")
