"""Every failure the studio knows, and what it means to a client and to a retry.

    ReelprintError                 500 internal              something of ours is broken
    |- Misconfigured               500 misconfigured         settings are wrong; errors[] lists all of them
    |- InvalidInput                422 invalid-input         the request is readable and wrong; errors[] lists all of it
    |- MalformedRequest            400 malformed-request     the request cannot be read at all
    |- NotAuthenticated            401 not-authenticated     no or bad credentials
    |- Forbidden                   403 forbidden             known, but not allowed
    |  `- SpendingCapReached       403 spending-cap-reached  it would cost more than may still be spent
    |- NotFound                    404 not-found             no such thing, or not yours
    |- MethodNotAllowed            405 method-not-allowed    the path exists, the verb does not
    |- Conflict                    409 conflict              the state does not allow it
    |  |- AlreadyExists            409 already-exists        create-only met something there
    |  |- RevisionConflict         409 revision-conflict     somebody else wrote first           (retryable)
    |  `- StillRunning             409 still-running         the same request is at work already (retryable)
    |- PreconditionFailed          412 precondition-failed   If-Match named another version
    |- TooLarge                    413 too-large             a documented limit is exceeded
    |- UnsupportedMedia            415 unsupported-media     bytes that are not what they must be
    |- TooManyRequests             429 too-many-requests     a documented rate or number is used up (retryable)
    |- EngineUnavailable           422 engine-unavailable    that engine is not built, installed or configured here
    |- Cancelled                   409 cancelled             the work was told to stop
    |- BadOutput                   502 bad-output            an engine answered with something unusable
    |- EngineFailed                502 engine-failed         an engine broke while working           (retryable)
    |- RenderFailed                500 render-failed         the renderer's own exact gate said no
    |- CorruptAsset                422 corrupt-asset         an asset does not decode
    |- MissingAsset                404 missing-asset         a blueprint names what storage does not hold
    |- StorageFailed               503 storage-failed        storage did not do as told              (retryable)
    |  `- StorageFull              507 storage-full          no space left                           (retryable)
    `- Unavailable                 503 unavailable           not now; later                          (retryable)
       `- EngineBusy               503 engine-busy           an engine asks to wait, or is down      (retryable)

An adapter translates its vendor's errors into these at the edge (`raise ... from exc`). A message finishes the job:
what was looked for, what was found, what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

MAX_RECORDED_FAULTS = 100  # on a job's record; the answer to a request lists all


class Fault(BaseModel):
    """One thing wrong in a document or request.

    `pointer` is an RFC 6901 JSON Pointer into what was sent ("" is the whole), `code` a stable kebab-case word,
    `found` a short rendering of the offending value, `fix` what to do about it.
    """

    model_config = ConfigDict(frozen=True)

    pointer: str
    code: str
    detail: str
    found: str = ""
    fix: str = ""


class ReelprintError(Exception):
    """Base of all of the studio's own errors. `detail` is a sentence for a person; `faults` all that is wrong, at once."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)

    def as_record(self) -> dict[str, Any]:
        """The error as stored on a job record and logged: type, title, detail, and every fault."""
        return {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "retryable": self.retryable,
            "errors": [fault.model_dump() for fault in self.faults[:MAX_RECORDED_FAULTS]],
        }


class Misconfigured(ReelprintError):
    type, title = "misconfigured", "Misconfigured"


class InvalidInput(ReelprintError):
    status, type, title = 422, "invalid-input", "Invalid input"


class MalformedRequest(ReelprintError):
    status, type, title = 400, "malformed-request", "Malformed request"


class NotAuthenticated(ReelprintError):
    status, type, title = 401, "not-authenticated", "Not authenticated"


class Forbidden(ReelprintError):
    status, type, title = 403, "forbidden", "Forbidden"


class SpendingCapReached(Forbidden):
    type, title = "spending-cap-reached", "Spending cap reached"


class NotFound(ReelprintError):
    status, type, title = 404, "not-found", "Not found"


class MethodNotAllowed(ReelprintError):
    status, type, title = 405, "method-not-allowed", "Method not allowed"


class Conflict(ReelprintError):
    status, type, title = 409, "conflict", "Conflict"


class AlreadyExists(Conflict):
    type, title = "already-exists", "Already exists"


class RevisionConflict(Conflict):
    type, title, retryable = "revision-conflict", "Changed by somebody else", True


class StillRunning(Conflict):
    type, title, retryable = "still-running", "Still running", True


class PreconditionFailed(ReelprintError):
    status, type, title = 412, "precondition-failed", "Precondition failed"


class TooLarge(ReelprintError):
    status, type, title = 413, "too-large", "Too large"


class UnsupportedMedia(ReelprintError):
    status, type, title = 415, "unsupported-media", "Unsupported media"


class TooManyRequests(ReelprintError):
    """`retry_after_s`: seconds until it is worth asking again, where that is known."""

    status, type, title, retryable = 429, "too-many-requests", "Too many requests", True

    def __init__(self, detail: str, *, faults: Sequence[Fault] = (), retry_after_s: int | None = None) -> None:
        super().__init__(detail, faults=faults)
        self.retry_after_s = retry_after_s


class EngineUnavailable(ReelprintError):
    status, type, title = 422, "engine-unavailable", "Engine unavailable"


class Cancelled(ReelprintError):
    status, type, title = 409, "cancelled", "Cancelled"


class BadOutput(ReelprintError):
    status, type, title = 502, "bad-output", "Unusable output of an engine"


class EngineFailed(ReelprintError):
    status, type, title, retryable = 502, "engine-failed", "An engine failed", True


class RenderFailed(ReelprintError):
    status, type, title = 500, "render-failed", "Render failed"


class CorruptAsset(ReelprintError):
    status, type, title = 422, "corrupt-asset", "Corrupt asset"


class MissingAsset(ReelprintError):
    status, type, title = 404, "missing-asset", "Missing asset"


class StorageFailed(ReelprintError):
    status, type, title, retryable = 503, "storage-failed", "Storage failed", True


class StorageFull(StorageFailed):
    status, type, title = 507, "storage-full", "No space left"


class Unavailable(ReelprintError):
    status, type, title, retryable = 503, "unavailable", "Temporarily unavailable", True


class EngineBusy(Unavailable):
    """`retry_after_s`: seconds until it is worth asking again, where that is known."""

    type, title = "engine-busy", "An engine is busy or down"

    def __init__(self, detail: str, *, faults: Sequence[Fault] = (), retry_after_s: int | None = None) -> None:
        super().__init__(detail, faults=faults)
        self.retry_after_s = retry_after_s


def every_error() -> list[type[ReelprintError]]:
    """All error classes of the tree, parents before children."""
    found: list[type[ReelprintError]] = [ReelprintError]
    for parent in found:
        found.extend(parent.__subclasses__())
    return found
