"""Opaque page cursors: a position, sealed to the query it belongs to.

The seal is a checksum and no secret: it tells a cursor of another query, or a damaged one, from the right one. It need
not keep anybody out, since a position only says where to go on within what the query itself allows.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from shared.domain.artifact import canonical_json, digest_of
from shared.domain.errors import InvalidInput

_SEAL_CHARACTERS = 16


def seal(scope: Any, position: Any) -> str:
    """A URL-safe cursor for `position` within `scope`; both are plain JSON values, `scope` names the whole query."""
    body = base64.urlsafe_b64encode(canonical_json(position)).decode().rstrip("=")
    return _checksum(scope, body) + body


def unseal(scope: Any, cursor: str) -> Any:
    """The position that `seal` was given. Raises InvalidInput for a cursor of another scope or a damaged one."""
    body = cursor[_SEAL_CHARACTERS:]
    if not body or cursor[:_SEAL_CHARACTERS] != _checksum(scope, body):
        raise _foreign()
    try:
        return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (binascii.Error, ValueError) as exc:
        raise _foreign() from exc


def _checksum(scope: Any, body: str) -> str:
    return digest_of({"scope": scope, "body": body})[:_SEAL_CHARACTERS]


def _foreign() -> InvalidInput:
    return InvalidInput(
        "The page cursor does not belong to this query, or was changed on the way; start again without a cursor."
    )
