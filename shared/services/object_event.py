"""The CloudEvent a Cloud Storage bucket sends, by way of Eventarc, when an object was written.

Built here for the embedded backend, and parsed here for every backend: the door cannot tell which of them sent it.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.domain.artifact import digest_of
from shared.domain.errors import Fault, InvalidInput
from shared.ports.storage import ObjectInfo

FINALIZED = "google.cloud.storage.object.v1.finalized"
_BUCKETS = "//storage.googleapis.com/projects/_/buckets/"
_HEADERS = ("ce-id", "ce-source", "ce-specversion", "ce-type", "ce-subject")
# In a header, a CloudEvent keeps printable ASCII but for the space, the quotation mark and the percent sign.
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True)
class FinalizedObject:
    """One generation of an object that is there to be read. `size` is in bytes, `crc32c` base64 of the big-endian sum."""

    bucket: str
    key: str
    generation: int
    size: int
    content_type: str
    crc32c: str
    metadata: Mapping[str, str]


def finalized_event(info: ObjectInfo) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers and JSON body of the event, in the binary mode of CloudEvents over HTTP.

    `ce-id` derives from bucket, key and generation: the same write announced twice carries the same id.
    """
    time = info.created_at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    headers = {
        "ce-id": digest_of({"event": FINALIZED, "object": [info.bucket, info.key, info.generation]})[:32],
        "ce-source": _BUCKETS + info.bucket,
        "ce-specversion": "1.0",
        "ce-type": FINALIZED,
        "ce-subject": quote(f"objects/{info.key}", safe=_PLAIN),
        "ce-time": time,
        "content-type": "application/json",
    }
    return headers, _body(info, time)


def parse_finalized(headers: Mapping[str, str], body: bytes | Mapping[str, Any]) -> FinalizedObject:
    """The object an event speaks of. Header names may be in any case; `body` is the JSON, parsed or not.

    Raises InvalidInput, with all faults at once, for anything but a well-formed finalize event whose headers and body
    speak of the same object.
    """
    named = {name.lower(): value for name, value in headers.items()}
    try:
        data = _Data.model_validate_json(body) if isinstance(body, bytes) else _Data.model_validate(body)
    except ValidationError as exc:
        raise InvalidInput(
            "The event's body is no StorageObjectData.", faults=[*_header_faults(named, None), *_faults(exc)]
        ) from exc
    if faults := _header_faults(named, data):
        raise InvalidInput("The event's headers are not those of a finalized object.", faults=faults)
    return FinalizedObject(
        data.bucket, data.name, int(data.generation), int(data.size), data.content_type, data.crc32c, data.metadata
    )


def _body(info: ObjectInfo, time: str) -> dict[str, Any]:
    """StorageObjectData; 64-bit numbers are strings, as in all of Cloud Storage's JSON."""
    body = {
        "kind": "storage#object",
        "id": f"{info.bucket}/{info.key}/{info.generation}",
        "name": info.key,
        "bucket": info.bucket,
        "generation": str(info.generation),
        "metageneration": "1",
        "contentType": info.content_type,
        "timeCreated": time,
        "updated": time,
        "storageClass": "STANDARD",
        "timeStorageClassUpdated": time,
        "size": str(info.size),
        "crc32c": info.crc32c,
    }
    return {**body, "metadata": dict(info.metadata)} if info.metadata else body


def _four_bytes(text: str) -> str:
    if len(b64decode(text, validate=True)) != 4:
        raise ValueError("not four bytes")
    return text


def _at_most_1024_bytes(text: str) -> str:
    if len(text.encode()) > 1024:
        raise ValueError("longer than 1024 bytes")
    return text


_Int64 = Annotated[str, StringConstraints(pattern=r"\A(0|[1-9][0-9]{0,18})\z")]


class _Data(BaseModel):
    """The part of StorageObjectData that is read here; Cloud Storage sends more and may add to it."""

    model_config = ConfigDict(strict=True, extra="ignore", populate_by_name=False)

    kind: Literal["storage#object"]
    bucket: Annotated[str, StringConstraints(min_length=3, max_length=222)]
    name: Annotated[str, StringConstraints(min_length=1), AfterValidator(_at_most_1024_bytes)]
    generation: Annotated[str, StringConstraints(pattern=r"\A[1-9][0-9]{0,18}\z")]
    size: _Int64
    crc32c: Annotated[str, AfterValidator(_four_bytes)]
    content_type: str = Field(alias="contentType", default="application/octet-stream", min_length=1)
    metadata: dict[str, str] = Field(default_factory=dict)


def _header_faults(named: Mapping[str, str], data: _Data | None) -> list[Fault]:
    """`data` is None where the body could not be read, and so cannot be compared."""
    faults = [_fault(name, "missing", "The header is missing.") for name in _HEADERS if not named.get(name)]
    expected = {"ce-specversion": "1.0", "ce-type": FINALIZED}
    if data is not None:
        expected["ce-source"] = _BUCKETS + data.bucket
    for name, value in expected.items():
        if named.get(name) and named[name] != value:
            faults.append(_fault(name, "unexpected", f"Expected {value}.", named[name]))
    subject = named.get("ce-subject", "")
    # Some senders leave a plain subject as it is, so both spellings stand for the key.
    if data is not None and subject and f"objects/{data.name}" not in (subject, unquote(subject)):
        faults.append(_fault("ce-subject", "unexpected", "It names another object than the body.", subject))
    if named.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        faults.append(_fault("content-type", "unexpected", "Expected application/json.", named.get("content-type", "")))
    if not _is_time(named.get("ce-time")):
        faults.append(_fault("ce-time", "not-a-time", "Expected an RFC 3339 time.", named.get("ce-time", "")))
    return faults


def _is_time(text: str | None) -> bool:
    """Whether it is a time with a zone, or left out, as CloudEvents allow."""
    if text is None:
        return True
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _fault(header: str, code: str, detail: str, found: str = "") -> Fault:
    return Fault(pointer=f"/headers/{header}", code=code, detail=detail, found=found[:80])


def _faults(exc: ValidationError) -> list[Fault]:
    return [
        Fault(
            pointer="/body" + "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in error["loc"]),
            code=error["type"].replace("_", "-"),
            detail=error["msg"],
        )
        for error in exc.errors(include_input=False, include_url=False, include_context=False)
    ]
