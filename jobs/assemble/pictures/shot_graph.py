"""One shot as one ffmpeg graph: scenes drawn one above the other, captions over all."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

from jobs.assemble.lettering import captions
from jobs.assemble.pictures.graph import fade_picture, fit_into, join_pictures, made_input, open_source
from jobs.assemble.pictures.layers import fit_layer, lay_over
from jobs.assemble.pictures.moves import hold, picture_through_view
from jobs.assemble.pictures.scene import BLACK, Scene, Stretch, Visible, fades
from jobs.assemble.pictures.shots import Shot, ShotKind
from shared.domain.blueprint.model import Blueprint, Clip, Gap, Generator, SolidColour, Still, TitleCard

Fetch = Callable[[str], Path]
Size = Callable[[str], tuple[int, int]]
_OPAQUE = ("video/mp4", "video/webm")  # what their codecs here decode to has no transparency
_LONGEST_ARGUMENT = 100_000
SEEK_FROM_S, SEEK_EARLY_S = 3.0, 1.0  # a source is entered this long before what is shown, past any reordered frames


class ShotGraph:
    """Builds the graph of one shot. `fetch` gives an asset's local file, `size` its picture's (width, height) in pixels.

    `house_clips` are the assets known to be in this production's house format: their frames are drawn as they are.
    `scripts` are the files that the graph reads beside the assets; whoever runs it removes them.
    """

    def __init__(
        self,
        blueprint: Blueprint,
        fetch: Fetch,
        size: Size,
        stem: Path,
        house_clips: frozenset[str] = frozenset(),
    ) -> None:
        self._blueprint = blueprint
        self._output = blueprint.output
        self._fetch = fetch
        self._size = size
        self._stem = stem
        self._house_clips = house_clips
        self._numbers = count()
        self.scripts: list[Path] = []

    def build(self, shot: Shot) -> Any:
        """The shot's pictures: a still's one, or every frame."""
        is_still = shot.kind is ShotKind.STILL
        frames = 1 if is_still else shot.frames
        picture = self._base(shot.scene, frames)
        for layer in shot.layers:
            picture = self._over(picture, layer, frames)
        if shot.cues:
            cues = [shot.cues[0].model_copy(update={"start": 0, "duration": 10**6})] if is_still else shot.cues
            language = self._blueprint.captions.burn_language or ""
            script = captions.burned(cues, self._blueprint.captions.style, self._output, language)
            picture = self._draw(picture, script)
        return picture

    def ground(self, colour: str, frames: int) -> Any:
        """Frames of one colour."""
        return hold(self._plain(colour), frames, self._output)

    def shortened(self, arguments: list[str]) -> list[str]:
        """The arguments with a long graph in a file instead: Linux takes at most 128 KiB in one."""
        place = arguments.index("-filter_complex") + 1
        if len(arguments[place]) < _LONGEST_ARGUMENT:
            return arguments
        path = self._stem.with_suffix(".graph")
        path.write_text(arguments[place], "utf-8")
        self.scripts.append(path)
        return [*arguments[: place - 1], "-filter_complex_script", str(path), *arguments[place + 1 :]]

    # One track's picture

    def _base(self, scene: Scene, frames: int) -> Any:
        join = scene.transition
        if join is None or scene.into is None:
            return self._whole(scene.stretch, frames)
        first, second = (self._whole(stretch, join.duration) for stretch in scene.stretches)
        return self._cut(join_pictures(first, second, join, self._output), scene.passed, frames)

    def _over(self, ground: Any, scene: Scene, frames: int) -> Any:
        """One overlay track's scene above what lies under it; in a transition, ground and all pass over."""
        join = scene.transition
        if join is None or scene.into is None:
            return self._laid(ground, scene.stretch, frames)
        after = join.duration - scene.passed - frames
        held = ground.filter("tpad", start=scene.passed, start_mode="clone", stop=after, stop_mode="clone")
        grounds = held.filter_multi_output("split")
        first, second = (self._laid(grounds[n], each, join.duration) for n, each in enumerate(scene.stretches))
        return self._cut(join_pictures(first, second, join, self._output), scene.passed, frames)

    def _whole(self, stretch: Stretch, frames: int) -> Any:
        """An item that fills the frame."""
        item = stretch.item
        if isinstance(item, Gap):
            return self.ground(BLACK.colour, frames)
        if item.transform:
            return self._laid(self.ground(BLACK.colour, frames), stretch, frames)
        picture = self._fitted(item, stretch, frames)
        for fade in fades(item, stretch.offset, frames):
            picture = fade_picture(picture, *fade)
        return picture

    def _laid(self, ground: Any, stretch: Stretch, frames: int) -> Any:
        item = stretch.item
        if isinstance(item, Gap):
            return ground
        is_held = not isinstance(item, Clip) and not item.ken_burns
        laid = lay_over(
            ground,
            self._layer(item, stretch, frames),
            self._output,
            transform=item.transform,
            fade_in=item.fade_in,
            fade_out=item.fade_out,
            offset=stretch.offset,
            span=item.span,
            frames=frames,
            still=is_held,
        )
        return laid.filter("trim", end_frame=frames)  # overlay goes on where the layer outlasts the ground

    def _layer(self, item: Visible, stretch: Stretch, frames: int) -> Any:
        """An item's pictures with their transparency: one, where it is held, else `frames`."""
        if item.ken_burns:
            return self._viewed(item, stretch, frames)
        if isinstance(item, Generator):
            return self._made(item)
        if isinstance(item, Still):
            return fit_layer(self._source(item.asset).filter("trim", end_frame=1), self._output, item.fit)
        is_opaque = self._blueprint.assets[item.asset].media_type in _OPAQUE
        return fit_layer(self._played(item, stretch, frames), self._output, item.fit, opaque=is_opaque)

    def _fitted(self, item: Visible, stretch: Stretch, frames: int) -> Any:
        """An item's pictures, brought to the frame by its fit or seen through its moving view."""
        if item.ken_burns:
            return self._viewed(item, stretch, frames)
        if isinstance(item, Clip):
            played = self._played(item, stretch, frames)
            return played if item.asset in self._house_clips else fit_into(played, self._output, item.fit)
        if isinstance(item, Generator):
            return hold(self._made(item), frames, self._output)
        return hold(
            fit_into(self._source(item.asset).filter("trim", end_frame=1), self._output, item.fit), frames, self._output
        )

    def _viewed(self, item: Visible, stretch: Stretch, frames: int) -> Any:
        if item.ken_burns is None:
            raise TypeError("no view was asked for")
        if isinstance(item, Clip):
            picture, still = self._played(item, stretch, frames), None
        else:
            picture = self._made(item) if isinstance(item, Generator) else self._source(item.asset)
            picture, still = picture.filter("trim", end_frame=1), frames
        size = (self._output.width, self._output.height) if isinstance(item, Generator) else self._size(item.asset)
        return picture_through_view(
            picture,
            size,
            self._output,
            item.ken_burns,
            item.fit,
            offset=stretch.offset,
            span=item.span,
            still=still,
        )

    # Sources

    def _source(self, asset: str, seek: float = 0) -> Any:
        """A source's pictures, with square pixels."""
        media_type = self._blueprint.assets[asset].media_type
        source = open_source(self._fetch(asset), media_type, next(self._numbers), seek)
        return source.video.filter("scale", "iw*sar", "ih").filter("setsar", 1)

    def _played(self, clip: Clip, stretch: Stretch, frames: int) -> Any:
        """A clip's own frames from the stretch's start on, counted at the output's rate whatever the source's is."""
        rate, speed = self._output.frame_rate, clip.speed.fraction
        first = stretch.source_frame
        last = clip.source_range.start + int((stretch.offset + frames - 1) * speed)
        source = self._source(clip.asset, self._entry(clip.asset, first))
        # Frames are numbered from the source's own beginning, wherever it is entered: one numbering for all shots of it.
        steady = source.filter("fps", f"{rate.num}/{rate.den}", start_time=0)
        cut = steady.filter("trim", start_frame=first, end_frame=last + 1).filter("setpts", "PTS-STARTPTS")
        return self._paced(cut, clip, stretch.offset, frames) if speed != 1 else cut

    def _entry(self, asset: str, frame: int) -> float:
        """The second at which a source is entered to show a frame; its keyframe before that is where decoding begins."""
        rate = self._output.frame_rate.fraction
        if asset in self._house_clips:  # no frame comes out of its turn
            return float((frame + Fraction(1, 4)) / rate) if frame else 0
        begins = float(frame / rate)
        return begins - SEEK_EARLY_S if begins > SEEK_FROM_S else 0

    def _paced(self, stream: Any, clip: Clip, offset: int, frames: int) -> Any:
        """Frame n of the item shows source frame floor(n * speed).

        Times are counted in steps of one output frame over the speed's numerator, in which every source frame's time is
        whole: frame k falls due at k / speed and is shown from the first output frame at or after that. One more copy of
        the last frame ends its time; a source that is too short comes out too short and is found out.
        """
        speed, rate = clip.speed, self._output.frame_rate
        ahead = offset * speed.num % speed.den  # of the first frame's time, in the steps
        timed = stream.filter("tpad", stop=1, stop_mode="clone").filter("settb", f"{rate.den}/{rate.num * speed.num}")
        timed = timed.filter("setpts", f"N*{speed.den}-{ahead}")
        shown = timed.filter("fps", f"{rate.num}/{rate.den}", start_time=0, round="up")
        return shown.filter("trim", end_frame=frames).filter("setpts", "PTS-STARTPTS")

    # Pictures made here

    def _made(self, item: Generator) -> Any:
        card = item.generator
        return self._plain(card.colour) if isinstance(card, SolidColour) else self._card(card)

    def _plain(self, colour: str) -> Any:
        rate = self._output.frame_rate
        size = f"{self._output.width}x{self._output.height}"
        source = f"color=c=0x{colour[1:]}:s={size}:r={rate.num}/{rate.den}"
        return self._to_yuv(made_input(source, next(self._numbers)))

    def _card(self, card: TitleCard) -> Any:
        rows = {
            plane: _from_to(card.top[n : n + 2], card.bottom[n : n + 2]) for n, plane in ((1, "r"), (3, "g"), (5, "b"))
        }
        plain = made_input(f"color=s={self._output.width}x{self._output.height}:r=25", next(self._numbers))
        # Computed for one frame only: the expression is evaluated for every pixel.
        ground = plain.filter("trim", end_frame=1).filter("format", "gbrp").filter("geq", **rows)
        language = self._blueprint.metadata.get("language", "")
        return self._draw(self._to_yuv(ground), captions.title_card(card, self._output, language))

    def _draw(self, stream: Any, script: str) -> Any:
        path = self._stem.with_suffix(f".{next(self._numbers)}.ass")
        path.write_text(script, "utf-8")
        self.scripts.append(path)
        return stream.filter("ass", filename=str(path))

    def _cut(self, stream: Any, start: int, frames: int) -> Any:
        return stream.filter("trim", start_frame=start, end_frame=start + frames).filter("setpts", "PTS-STARTPTS")

    def _to_yuv(self, stream: Any) -> Any:
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd+full_chroma_int")
        return stream.filter("format", "yuv420p").filter("setsar", 1)


def _from_to(top: str, bottom: str) -> str:
    """One colour plane, from two hex digits above to two below, darker towards the sides, as ffmpeg evaluates it."""
    first, last = int(top, 16), int(bottom, 16)
    return f"({first}+({last - first})*Y/H)*(1-0.35*pow(2*X/W-1,2))"
