"""Requests whose credentials a browser adds by itself: only pages of this very origin may cause them."""

from __future__ import annotations

from urllib.parse import urlsplit

from werkzeug.wrappers import Request

from shared.domain.errors import Forbidden


def require_same_origin(request: Request) -> None:
    """Raise Forbidden unless the browser says that a page of this origin sent it (Sec-Fetch-Site, Origin, or both)."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_ours = [site == "same-origin"] if site is not None else []
    if origin is not None:
        is_ours.append(_place(origin) == request.host.lower() != "")
    if not is_ours or not all(is_ours):
        raise Forbidden("A cookie is taken from pages of this origin only. Send the token in the body instead.")


def _place(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # brackets that do not close
        return ""
