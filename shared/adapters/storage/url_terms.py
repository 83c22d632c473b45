"""What a URL of Cloud Storage's kind can be bound to, as the headers and query parameters that say so."""

from __future__ import annotations

import re

from shared.adapters.storage.keys import check_attributes
from shared.domain.errors import InvalidInput
from shared.ports.storage import Method

UPLOADS: tuple[Method, ...] = ("PUT", "POST")
_DISPOSITION = re.compile(r"(attachment|inline)[\x20-\x7e]{0,1000}")
_CRC32C = re.compile(r"[A-Za-z0-9+/]{6}==")


def check_terms(
    method: Method,
    content_type: str | None,
    length_range: tuple[int, int] | None,
    crc32c: str | None,
    disposition: str | None,
) -> None:
    """Raise InvalidInput for terms that are malformed, or that make no sense for the method."""
    check_attributes(content_type or "text/plain", {})
    if length_range and not 0 <= length_range[0] <= length_range[1]:
        raise InvalidInput(f"A length range is least and most bytes, in this order; found {length_range}.")
    if crc32c is not None and not _CRC32C.fullmatch(crc32c):
        raise InvalidInput("A crc32c is base64 of four bytes: six characters and '=='.")
    if disposition is not None and not _DISPOSITION.fullmatch(disposition):
        raise InvalidInput("A disposition is 'attachment' or 'inline' with printable ASCII after it.")
    misplaced = {
        "length_range": length_range is not None and method not in UPLOADS,
        "crc32c": crc32c is not None and method != "PUT",
        "disposition": disposition is not None and method in UPLOADS,
    }
    if any(misplaced.values()):
        names = ", ".join(name for name, wrong in misplaced.items() if wrong)
        raise InvalidInput(f"A URL for {method} cannot be bound to {names}; leave it out.")


def goog_terms(
    method: Method,
    content_type: str | None,
    length_range: tuple[int, int] | None,
    crc32c: str | None,
    if_generation: int | None,
    disposition: str | None,
) -> tuple[dict[str, str], dict[str, str]]:
    """Headers and query parameters that hold a request to its terms. Raises InvalidInput as `check_terms` does."""
    check_terms(method, content_type, length_range, crc32c, disposition)
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    if if_generation is not None:
        headers["x-goog-if-generation-match"] = str(if_generation)
    if method not in UPLOADS:
        query["response-content-disposition"] = disposition or "attachment"
        if content_type:
            query["response-content-type"] = content_type
        return headers, query
    if content_type:
        headers["content-type"] = content_type
    if length_range:
        headers["x-goog-content-length-range"] = "{},{}".format(*length_range)
    if crc32c:
        headers["x-goog-hash"] = f"crc32c={crc32c}"
    if method == "POST":
        headers["x-goog-resumable"] = "start"
    return headers, query
