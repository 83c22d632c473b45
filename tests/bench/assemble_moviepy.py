"""One edit put together by moviepy 2, in its own environment: `python assemble_moviepy.py EDIT.json OUTPUT.mp4`.

Written as its documentation shows, and gently: one reader for each source, pictures fitted once and not at each frame.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 1280, 720
NUDGE_S = 1e-5
FONT_SIZE, OUTLINE, MARGIN = 27, 3, 43  # pixels: what our captions measure in a frame of this height


def main() -> None:
    edit = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    film = joined(edit)
    frames = sum(piece["frames"] - edit["overlap"] for piece in edit["pieces"]) + edit["overlap"]
    # Its times are sums of binary fractions: without a nudge, a seam may show the clip before it for a frame more, and
    # the last frame be lost.
    film = film.time_transform(lambda t: t + NUDGE_S).with_duration((frames + 0.1) / edit["rate"])
    film.write_videofile(
        sys.argv[2],
        fps=edit["rate"],
        codec="libx264",
        audio=False,
        threads=1,
        preset="veryfast",
        ffmpeg_params=edit["codec"],
        logger=None,
    )


def joined(edit: dict[str, Any]) -> Any:
    import moviepy  # type: ignore[import-not-found,unused-ignore]  # lives in .venv-bench alone

    pieces = pieces_of(edit)
    if edit["overlap"]:
        seconds = edit["overlap"] / edit["rate"]
        first, *others = pieces
        faded = [piece.with_effects([moviepy.vfx.CrossFadeIn(seconds)]) for piece in others]
        film = moviepy.concatenate_videoclips([first, *faded], method="compose", padding=-seconds)
    else:
        film = moviepy.concatenate_videoclips(pieces)
    if not edit["captions"]:
        return film
    return moviepy.CompositeVideoClip([film, *(caption(cue, edit) for cue in edit["captions"])])


def pieces_of(edit: dict[str, Any]) -> list[Any]:
    import moviepy

    rate = edit["rate"]
    if edit["holds_pictures"]:
        return [fitted(edit["files"][p["source"]]).with_duration(p["frames"] / rate) for p in edit["pieces"]]
    sources = {name: moviepy.VideoFileClip(path, audio=False) for name, path in edit["files"].items()}
    return [
        sources[p["source"]].subclipped(p["first"] / rate, (p["first"] + p["frames"]) / rate) for p in edit["pieces"]
    ]


def fitted(path: str) -> Any:
    """A picture that fills the frame, cropped to it."""
    import moviepy

    picture = moviepy.ImageClip(path)
    picture = picture.resized(max(WIDTH / picture.w, HEIGHT / picture.h))
    return picture.cropped(x_center=picture.w / 2, y_center=picture.h / 2, width=WIDTH, height=HEIGHT)


def caption(cue: dict[str, Any], edit: dict[str, Any]) -> Any:
    import moviepy

    text = moviepy.TextClip(
        font=edit["font"],
        text=cue["text"],
        font_size=FONT_SIZE,
        color="white",
        stroke_color="black",
        stroke_width=OUTLINE,
        text_align="center",
    )
    text = text.with_start(cue["start"] / edit["rate"]).with_duration(cue["frames"] / edit["rate"])
    return text.with_position(("center", HEIGHT - MARGIN - text.h))


if __name__ == "__main__":
    main()
