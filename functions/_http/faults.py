"""What pydantic finds in a request, as faults that keep its secrets."""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from shared.domain.errors import Fault
from shared.domain.faults import faults_of

_SECRET = re.compile("password|secret|token|api_?key", re.IGNORECASE)


def request_faults(error: ValidationError, document: Any, prefix: str = "") -> list[Fault]:
    """Every finding in `document`, pointers led by `prefix`; what a secret field held is not shown."""
    found = faults_of(error, document, prefix=prefix)
    return [fault.model_copy(update={"found": ""}) if _SECRET.search(fault.pointer) else fault for fault in found]
