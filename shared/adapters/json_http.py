"""Asking a vendor of language by JSON over HTTP: `vendor.py`'s failures, and Refused for a request it will not take.

Of a refusal only its code is told ("rate_limit_exceeded"): a vendor's sentence may quote what the user wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from shared.adapters.vendor import Vendor, encoded
from shared.domain.errors import BadOutput

MAX_ANSWER_BYTES = 8 * 2**20
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,60}")


class Refused(BadOutput):
    """The vendor will not do this, however often it is asked. `parameter` is the field it names, where it names one."""

    def __init__(self, detail: str, *, parameter: str = "") -> None:
        super().__init__(detail)
        self.parameter = parameter


class JsonHttp(Vendor):
    def __init__(self, name: str, setting: str, *, timeout_s: float) -> None:
        super().__init__(name, setting, timeout_s=timeout_s, most_bytes=MAX_ANSWER_BYTES)

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """GET JSON."""
        return self._json(self._ask("GET", url, headers or {}, b""))

    def post(self, url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> Any:
        """POST JSON, read JSON."""
        return self._json(self._ask("POST", url, {**headers, "Content-Type": "application/json"}, encoded(body)))

    def _reason(self, body: bytes, text: str) -> str:
        code, _ = _told(body)
        return f" {code}" if code else ""

    def _refused(self, told: str, body: bytes) -> Refused:
        return Refused(f"{self._name} refuses this request ({told}).", parameter=_told(body)[1])


def _told(body: bytes) -> tuple[str, str]:
    """The code and parameter of {"error": {"code" or "status" or "type", "param"}}, where they are single words."""
    try:
        error = json.loads(body)["error"]
        words = [error.get(name) for name in ("status", "code", "type")]
        parameter = error.get("param")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""
    code = next((word for word in words if isinstance(word, str) and _CODE.fullmatch(word)), "")
    return code, parameter if isinstance(parameter, str) and _CODE.fullmatch(parameter) else ""
