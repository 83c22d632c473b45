"""The media port: pictures decoded in full; what is kept is re-encoded, upright, small, and without what else they carried.

Another adapter joins by one line in MEDIA.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from shared.adapters.media.pillow import PillowMedia
from shared.domain.errors import CorruptAsset, TooLarge
from shared.ports.media import Media

MEDIA: dict[str, Callable[[], Media]] = {"pillow": PillowMedia}


@pytest.fixture(params=MEDIA)
def media(request: pytest.FixtureRequest) -> Media:
    return MEDIA[request.param]()


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_that_claims(width: int, height: int) -> bytes:
    """A few bytes with the header of an enormous picture."""
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(bytes(100))
    chunks = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in (body, pixels))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def test_a_picture_is_turned_upright_and_loses_its_metadata(media: Media) -> None:
    exif = Image.Exif()
    exif[274] = 6  # orientation: a quarter turn
    exif[315] = "somebody's name"
    given = encoded(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif, icc_profile=b"a profile of somebody's")
    picture = media.normalise_picture(given)
    assert (picture.width, picture.height, picture.media_type) == (20, 40, "image/png")
    assert b"somebody" not in picture.data and not Image.open(io.BytesIO(picture.data)).info


def test_what_hides_behind_a_picture_is_left_behind(media: Media) -> None:
    polyglot = encoded(Image.new("RGB", (8, 8))) + b"<?php system($_GET['c']); ?><script>alert(1)</script>"
    assert b"php" not in media.normalise_picture(polyglot).data


def test_what_is_transparent_becomes_black(media: Media) -> None:
    picture = media.normalise_picture(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0))))
    assert Image.open(io.BytesIO(picture.data)).getpixel((4, 4)) == (0, 0, 0)


def test_a_large_picture_is_kept_small_and_a_huge_one_refused(media: Media) -> None:
    picture = media.normalise_picture(encoded(Image.new("L", (5000, 100))))
    assert (picture.width, picture.height) == (3840, 77)
    with pytest.raises(TooLarge, match="pixels"):
        media.normalise_picture(encoded(Image.new("1", (6000, 6000))))


@pytest.mark.parametrize("side", [6000, 10_000, 60_000])  # beyond our limit, Pillow's warning, Pillow's error
def test_a_bomb_is_refused_by_what_it_claims(media: Media, side: int) -> None:
    with pytest.raises(TooLarge, match="pixels"):
        media.normalise_picture(png_that_claims(side, side))


@pytest.mark.parametrize("cut", [10, 60, 200])
def test_a_broken_picture_is_corrupt(media: Media, cut: int) -> None:
    whole = encoded(Image.effect_noise((64, 64), 50))
    with pytest.raises(CorruptAsset, match="does not decode"):
        media.normalise_picture(whole[:cut])


@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", encoded(Image.new("L", (4, 4)), "GIF")])
def test_other_formats_are_not_opened(media: Media, data: bytes) -> None:
    with pytest.raises(CorruptAsset, match="does not decode"):
        media.normalise_picture(data)


def test_a_thumbnail_is_a_small_jpeg(media: Media) -> None:
    small = media.thumbnail(media.normalise_picture(encoded(Image.new("RGB", (1000, 500), "blue"))))
    assert (small.width, small.height, small.media_type) == (320, 160, "image/jpeg")
    assert small.data[:2] == b"\xff\xd8"


@pytest.mark.parametrize(("size", "place"), [((1200, 600), (800, 200)), ((600, 1200), (200, 300))])
def test_a_portrait_is_cut_to_where_the_detail_is(media: Media, size: tuple[int, int], place: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "grey")
    drawing = ImageDraw.Draw(image)
    for n in range(0, 200, 10):
        drawing.ellipse(
            (place[0] + n / 2, place[1] + n / 2, place[0] + 200 - n / 2, place[1] + 200 - n / 2), outline="white"
        )
    crop = media.portrait_crop(media.normalise_picture(encoded(image)))
    assert (crop.side, crop.method) == (600, "detail")
    assert crop.x <= place[0] and place[0] + 200 <= crop.x + 600 <= size[0]
    assert crop.y <= place[1] and place[1] + 200 <= crop.y + 600 <= size[1]
    assert crop.advice == []


def test_a_plain_portrait_is_cut_in_its_middle_with_advice(media: Media) -> None:
    crop = media.portrait_crop(media.normalise_picture(encoded(Image.new("RGB", (900, 300), "grey"))))
    assert abs(crop.x - 300) < 10 and (crop.y, crop.side) == (0, 300)
    assert len(crop.advice) == 2
