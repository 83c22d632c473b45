"""The photograph or painting inside an SVG drawing, which many a cover is: the drawing itself is never opened.

Standard Ebooks' covers are made so: a JPEG written into the SVG, and the title in letters drawn as paths over it.
"""

from __future__ import annotations

import base64
import binascii
import re

_WRITTEN_IN = re.compile(rb"""href\s?=\s?["']data:(image/(?:jpeg|png|webp));base64,([A-Za-z0-9+/=\s]+)["']""")


def picture_inside(svg: bytes) -> tuple[bytes, str] | None:
    """(bytes, media type) of the largest picture written into the drawing; None where there is none."""
    found = max(_WRITTEN_IN.finditer(svg), key=lambda match: len(match[2]), default=None)
    if found is None:
        return None
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True), found[1].decode()
    except binascii.Error:
        return None
