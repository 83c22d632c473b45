"""The sprite sheet's measure: how large a thumbnail is, and how many fit on the one sheet that players fetch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from shared.domain.blueprint.raw import Raw, fault, mapping, video_end, whole
from shared.domain.errors import Fault

THUMBNAIL = 160  # pixels of its longer side
MAX_SHEET_SIDE = 16_384  # pixels; browsers and graphics processors refuse larger pictures
MAX_SHEET_PIXELS = 2**24  # decoded, a page holds four bytes for each; what phones show at full size


def thumbnail_size(width: int, height: int) -> tuple[int, int]:
    """(width, height) of a video's thumbnail in pixels: its shape, even sides, and never larger than the video."""
    scale = min(Fraction(1), Fraction(THUMBNAIL, max(width, height)))
    return _even(width * scale), _even(height * scale)


def most_thumbnails(width: int, height: int, columns: int) -> int:
    """How many thumbnails of a video of this size fit on a sheet, `columns` to a row."""
    wide, high = thumbnail_size(width, height)
    rows = min(MAX_SHEET_SIDE // high, MAX_SHEET_PIXELS // (columns * wide * high))
    return columns * rows


def _even(length: Fraction) -> int:
    return max(2, 2 * round(length / 2))


def _sprite(raw: Raw) -> Iterator[Fault]:
    """The thumbnails fit on one sheet."""
    end, interval = video_end(raw), whole(raw, "output", "sprite", "interval")
    width, height = whole(raw, "output", "width"), whole(raw, "output", "height")
    columns = whole({"columns": 10} | mapping(raw, "output", "sprite"), "columns")
    if not (end and interval and width and height and columns):
        return
    most, count = most_thumbnails(width, height, columns), -(-end // interval)
    if count > most:
        detail = f"a sheet of {columns} columns holds {most} thumbnails, and one every {interval} frames makes {count}"
        fix = f"Take an interval of {-(-end // most)} frames at least."
        yield fault(("output", "sprite", "interval"), "too-many", detail, interval, fix)


SPRITE_CHECKS: tuple[Callable[[Raw], Iterator[Fault]], ...] = (_sprite,)
