"""Letters drawn as the assembly job draws them, on plain ground; and measures of what is seen."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from jobs.assemble.lettering import captions
from jobs.assemble.lettering.lettering import Lettering
from jobs.assemble.running.child import Children
from shared.config import tool_environment
from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import Blueprint, Generator, TitleCard
from tests.support.assembly import Raw, colour, production
from tests.support.media import Pictures

GROUND = 0x40  # grey under the letters


class Ink(NamedTuple):
    """The rows and columns from the first to the last with something drawn, ends exclusive."""

    top: int
    bottom: int
    left: int
    right: int


def captioned(text: str, language: str = "en", frame: tuple[int, int] = (640, 360), **style: object) -> Blueprint:
    """One frame with one burned caption."""
    said = {"mode": "burned", "burn_language": language, "style": style}
    said["languages"] = {language: [{"start": 0, "duration": 1, "text": text}]}
    shape = {"width": frame[0], "height": frame[1]}
    return parse_blueprint(production([colour("c", 0, 1)], captions=said, output=shape))


def carded(card: Raw, language: str = "en", frame: tuple[int, int] = (640, 360)) -> Blueprint:
    """One frame of one title card."""
    item = {"type": "generator", "id": "c", "timeline_start": 0, "duration": 1}
    item["generator"] = {"kind": "title_card", **card}
    shape = {"width": frame[0], "height": frame[1]}
    return parse_blueprint(production([item], output=shape, metadata={"language": language}))


def script_of(blueprint: Blueprint) -> str:
    """The ASS script of the one caption or card."""
    item = blueprint.tracks[0].items[0]
    if isinstance(item, Generator) and isinstance(item.generator, TitleCard):
        return captions.title_card(item.generator, blueprint.output, blueprint.metadata["language"])
    language = blueprint.captions.burn_language or ""
    return captions.burned(blueprint.captions.languages[language], blueprint.captions.style, blueprint.output, language)


def drawn(blueprint: Blueprint, folder: Path) -> Pictures:
    """The caption or card as a grey picture, drawn by the fonts that the job lays out and no other."""
    fonts = folder / f"fonts-{sum(1 for _ in folder.iterdir())}"
    children = Children(tool_environment() | Lettering(blueprint).prepare(fonts))
    script = folder / "drawn.ass"
    script.write_text(script_of(blueprint), "utf-8")
    width, height = blueprint.output.width, blueprint.output.height
    ground = f"color=c=0x{GROUND:02x}{GROUND:02x}{GROUND:02x}:s={width}x{height}"
    grey = ["-vf", f"ass={script}", "-frames:v", "1", "-pix_fmt", "gray", "-f", "rawvideo", "-"]
    data = children.run(["-f", "lavfi", "-i", ground, *grey])
    return np.frombuffer(data, np.uint8).reshape(height, width)


def ink_of(picture: Pictures, least: int = 24) -> Ink:
    """Where anything differs from the ground, which is what the picture's corner shows."""
    rows, columns = np.nonzero(np.abs(picture.astype(int) - int(picture[0, 0])) > least)
    assert len(rows), "nothing is drawn"
    return Ink(int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1)


def cut(picture: Pictures) -> Pictures:
    """The part of the picture with ink."""
    ink = ink_of(picture)
    return picture[ink.top : ink.bottom, ink.left : ink.right]
