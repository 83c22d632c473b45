"""The shape of a blueprint's caption style."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.domain.blueprint.base import Colour, FontFamily, Strict


class CaptionStyle(Strict):
    """How burned captions look. Sizes are thousandths of the picture's height; what would not fit is set smaller.

    `font` draws what it has letters for, then each of `fallback_fonts`, then the Noto family of the script (Noto Sans
    Arabic, Noto Sans CJK JP ...); nothing else does, and a character that none of them has is refused.
    """

    font: FontFamily = "Noto Sans"
    fallback_fonts: Annotated[list[FontFamily], Field(max_length=8)] = []
    bold: bool = False
    italic: bool = False
    size: Annotated[int, Field(ge=10, le=200)] = 52
    colour: Colour = "#ffffff"
    outline: Colour = "#000000"
    outline_width: Annotated[int, Field(ge=0, le=20)] = 4
    background: Colour | None = None
    background_opacity: Annotated[float, Field(ge=0, le=1)] = 0.6
    margin: Annotated[int, Field(ge=0, le=400)] = 60
    position: Literal["bottom", "top", "middle"] = "bottom"
