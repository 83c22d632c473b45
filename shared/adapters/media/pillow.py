"""Pictures by Pillow: measured first, decoded in full under limits, written anew without metadata."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from shared.domain.asset import Crop
from shared.domain.asset_type import MAX_PIXELS
from shared.domain.errors import CorruptAsset, TooLarge
from shared.ports.media import Picture

if TYPE_CHECKING:
    from PIL import Image

MAX_SIDE = 3840
THUMBNAIL = 320  # pixels of the longer side
GOOD_PORTRAIT = 512  # pixels of the crop's side, below which a presenter looks soft
_LOOK = 96  # pixels of the longer side that detail is looked for in
_EYES = 0.38  # of a portrait's height: where faces tend to be


class PillowMedia:
    def normalise_picture(self, data: bytes) -> Picture:
        from PIL import Image, ImageOps

        try:
            # Pillow only warns of a picture that claims very many pixels; here that ends it.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
                _require_few_pixels(image)
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a large JPEG is decoded at the size it is kept at
                image.thumbnail((MAX_SIDE, MAX_SIDE))
                plain = _on_black(ImageOps.exif_transpose(image))
        except TooLarge:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as exc:
            raise TooLarge(f"The picture claims far more than {MAX_PIXELS:,} pixels. Scale it down.") from exc
        except Exception as exc:  # Pillow's decoders fail in many ways on broken files: OSError, struct.error ...
            raise CorruptAsset(
                f"The picture does not decode ({exc.__class__.__name__}). Save it anew as PNG or JPEG and upload that."
            ) from exc
        return _picture(plain, "PNG", compress_level=4)

    def thumbnail(self, picture: Picture) -> Picture:
        image = _opened(picture)
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        return _picture(image, "JPEG", quality=80)

    def portrait_crop(self, picture: Picture) -> Crop:
        """A heuristic that knows no faces: the square with the most detail, weighted towards the upper middle."""
        side = min(picture.width, picture.height)
        x = y = 0
        if picture.width > side:
            x = _best_start(_weights(_opened(picture), across=True), picture.width, side)
        else:
            y = _best_start(_weights(_opened(picture), across=False), picture.height, side)
        advice = [] if side >= GOOD_PORTRAIT else [f"The crop has {side} pixels a side; {GOOD_PORTRAIT} look sharp."]
        if max(picture.width, picture.height) > 2 * side:
            advice.append("The picture is much longer than wide: check that the face is inside the crop.")
        return Crop(x=x, y=y, side=side, advice=advice)


def _require_few_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise TooLarge(f"The picture has {image.width}x{image.height} pixels; at most {MAX_PIXELS:,} are taken.")


def _weights(image: Image.Image, *, across: bool) -> list[float]:
    """How much detail each column (or row) of a small copy has, the middle (or eyes' height) counted more."""
    from PIL import Image, ImageFilter

    image.thumbnail((_LOOK, _LOOK))
    edges = image.convert("L").filter(ImageFilter.FIND_EDGES)
    edges = edges.crop((1, 1, edges.width - 1, edges.height - 1))  # the filter leaves the rim as it was
    width, height = edges.size
    line = edges.resize((width, 1) if across else (1, height), Image.Resampling.BOX)
    values = list(line.tobytes())
    best = 0.5 if across else _EYES
    return [value * (1.5 - abs((n + 0.5) / len(values) - best)) for n, value in enumerate(values)]


def _best_start(weights: list[float], length: int, side: int) -> int:
    """Where a window of `side` pixels of `length` holds the most; in the middle where all is alike."""
    window = max(1, round(len(weights) * side / length))
    places = range(len(weights) - window + 1)
    middle = (len(weights) - window) / 2
    best = max(places, key=lambda n: (sum(weights[n : n + window]), -abs(n - middle)))
    return min(length - side, round(best * length / len(weights)))


def _opened(picture: Picture) -> Image.Image:
    from PIL import Image

    with Image.open(io.BytesIO(picture.data)) as image:
        image.load()
        return image


def _picture(image: Image.Image, kind: str, **options: int) -> Picture:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return Picture(out.getvalue(), f"image/{kind.lower()}", image.width, image.height)


def _on_black(image: Image.Image) -> Image.Image:
    """An opaque RGB copy; what was transparent becomes black, as the frame round it is."""
    from PIL import Image

    if image.mode in ("RGB", "L") and "transparency" not in image.info:
        plain = Image.new("RGB", image.size)  # a new one: `convert` would keep what the file said of itself
        plain.paste(image.convert("RGB"))
        return plain
    clear = image.convert("RGBA")
    ground = Image.new("RGB", clear.size)
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground
