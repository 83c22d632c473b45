"""What a handler gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import RootModel

Revision = int | str


class JsonObject(RootModel[dict[str, Any]]):
    """An object whose shape is its own affair: a schema, a description, a document of another kind."""


@dataclass(frozen=True)
class Answer:
    """`body` is a model or plain JSON data, bytes or an iterator of bytes (of the route's or this `media_type`), a
    File, or None for none. `status` where it is not the route's.

    `revision` becomes the ETag, so it must never name two different contents of one URL.
    """

    body: object = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    revision: Revision | None = None
    media_type: str | None = None
