"""Shots, made: one small ffmpeg each, its result read back and counted before it may be kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from jobs.assemble import captions, house
from jobs.assemble.annexb import Stream, read_stream
from jobs.assemble.child import Children
from jobs.assemble.graph import arguments, fade_picture, fit_into, join_pictures, made_input, open_source
from jobs.assemble.plan import BLACK, Shot, ShotKind, fade_of
from shared.domain.blueprint.model import Blueprint, Clip, Gap, Generator, Item, Output, Still, TitleCard
from shared.domain.errors import CorruptAsset, RenderFailed

Fetch = Callable[[str], Path]


class PictureMaker:
    """Makes shots of one blueprint. `fetch` gives an asset's local file by its name in the blueprint."""

    def __init__(self, blueprint: Blueprint, fetch: Fetch, children: Children, scratch: Path) -> None:
        self._blueprint = blueprint
        self._output = blueprint.output
        self._fetch = fetch
        self._children = children
        self._scratch = scratch

    def make(self, shot: Shot, target: Path) -> None:
        """Encode `shot` into `target` (Annex B). Raises CorruptAsset or RenderFailed when it is not exactly as planned."""
        script = target.with_suffix(".ass")
        try:
            graph = self._still(shot, script) if shot.kind is ShotKind.STILL else self._moving(shot, script)
            options = house.video_options(self._output, still=shot.kind is ShotKind.STILL)
            self._children.run(arguments(graph.output(str(target), **options)))
        except RenderFailed as exc:
            raise self._blame(shot, exc) from exc
        finally:
            for leftover in (script, script.with_suffix(".card.ass"), script.with_suffix(".second.ass")):
                leftover.unlink(missing_ok=True)
        wanted = house.still_gop(self._output) if shot.kind is ShotKind.STILL else shot.frames
        self._verify(shot, target, wanted)

    def parameter_sets(self) -> tuple[bytes, bytes]:
        """The house format's (SPS, PPS) for this output, from one encoded frame: what a copied clip must match."""
        target = self._scratch / "parameters.h264"
        options = house.video_options(self._output, still=False)
        self._children.run(arguments(self._ground("#000000").output(str(target), **options, vframes=1)))
        return read_stream(target.read_bytes()).parameters

    def _still(self, shot: Shot, script: Path) -> Any:
        gop = house.still_gop(self._output)
        picture = self._picture(shot.item, script.with_suffix(".card.ass")).filter("trim", end_frame=1)
        if shot.cues:
            always = shot.cues[0].model_copy(update={"start": 0, "duration": 10**6})
            script.write_text(captions.burned([always], *self._style()), "utf-8")
            picture = _draw(picture, script)
        return self._hold(picture, gop)

    def _hold(self, picture: Any, frames: int) -> Any:
        """One picture, for a number of frames."""
        rate = self._output.frame_rate
        held = picture.filter("trim", end_frame=1).filter("loop", loop=frames, size=1)
        held = held.filter("setpts", f"N*{rate.den}/({rate.num}*TB)")
        return held.filter("fps", f"{rate.num}/{rate.den}").filter("trim", end_frame=frames)

    def _style(self) -> tuple[Any, Output]:
        return self._blueprint.captions.style, self._output

    def _picture(self, item: Item, script: Path, number: int = 0) -> Any:
        if isinstance(item, Still):
            source = open_source(self._fetch(item.asset), self._blueprint.assets[item.asset].media_type, number)
            return fit_into(source, self._output, item.fit)
        card = item.generator if isinstance(item, Generator) else BLACK
        if isinstance(card, TitleCard):
            return self._card(card, script, number)
        return self._ground(card.colour, number)

    def _ground(self, colour: str, number: int = 0) -> Any:
        rate = self._output.frame_rate
        size = f"{self._output.width}x{self._output.height}"
        source = f"color=c=0x{colour[1:]}:s={size}:r={rate.num}/{rate.den}"
        return self._to_yuv(made_input(source, number))

    def _card(self, card: TitleCard, script: Path, number: int) -> Any:
        rows = {
            plane: _from_to(card.top[n : n + 2], card.bottom[n : n + 2]) for n, plane in ((1, "r"), (3, "g"), (5, "b"))
        }
        plain = made_input(f"color=s={self._output.width}x{self._output.height}:r=25", number)
        # Computed for one frame only: the expression is evaluated for every pixel.
        ground = plain.filter("trim", end_frame=1).filter("format", "gbrp").filter("geq", **rows)
        script.write_text(captions.title_card(card, self._output), "utf-8")
        return _draw(self._to_yuv(ground), script)

    def _to_yuv(self, stream: Any) -> Any:
        stream = stream.filter("scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd+full_chroma_int")
        return stream.filter("format", "yuv420p").filter("setsar", 1)

    def _moving(self, shot: Shot, script: Path) -> Any:
        picture = self._stretch(shot.item, shot.source_start, shot.frames, script.with_suffix(".card.ass"))
        if shot.overlap:
            second = script.with_suffix(".second.ass")
            after = self._stretch(shot.overlap.item, shot.overlap.source_start, shot.frames, second, 1)
            picture = join_pictures(picture, after, shot.overlap.transition, self._output)
        elif fade := fade_of(shot.item, shot.start - shot.item.timeline_start, shot.frames):
            picture = fade_picture(picture, *fade)
        if shot.cues:
            script.write_text(captions.burned(shot.cues, *self._style()), "utf-8")
            picture = _draw(picture, script)
        return picture

    def _stretch(self, item: Item, start: int, frames: int, script: Path, number: int = 0) -> Any:
        """`frames` frames of any item, from its source's frame `start` on, at the output's rate and size.

        `number` tells the stretches of one graph apart.
        """
        if not isinstance(item, Clip):
            return self._hold(self._picture(item, script, number), frames)
        rate = self._output.frame_rate
        source = open_source(self._fetch(item.asset), self._blueprint.assets[item.asset].media_type, number)
        steady = source.video.filter("fps", f"{rate.num}/{rate.den}", start_time=0)
        cut = steady.filter("trim", start_frame=start, end_frame=start + frames)
        return fit_into(cut.filter("setpts", "PTS-STARTPTS"), self._output, item.fit)

    def _verify(self, shot: Shot, target: Path, wanted: int) -> Stream:
        """Decode the shot once and count: what is kept is known to play."""
        try:
            stream = read_stream(target.read_bytes())
        except ValueError as exc:
            raise self._blame(shot, RenderFailed(f"The shot at frame {shot.start} came out wrong: {exc}.")) from exc
        said = self._children.run(
            ["-f", "h264", "-i", str(target), "-fps_mode", "passthrough", "-f", "null", "-progress", "pipe:1", "-"]
        )
        decoded = _last_frame_count(said)
        if not len(stream.frames) == decoded == wanted:
            found = f"{len(stream.frames)} frames encoded, {decoded} decoded, {wanted} planned"
            raise self._blame(shot, RenderFailed(f"The shot at frame {shot.start} is not as planned: {found}."))
        return stream

    def _blame(self, shot: Shot, exc: RenderFailed) -> RenderFailed | CorruptAsset:
        """A shot with a source fails by its source far more often than by the encoder: say which."""
        items = [shot.item, *([shot.overlap.item] if shot.overlap else [])]
        names = [item.asset for item in items if not isinstance(item, Gap | Generator)]
        if not names:
            return exc
        shown = " or ".join(f"{name!r} ({self._blueprint.assets[name].uri})" for name in names)
        return CorruptAsset(f"The asset {shown} could not be used: {exc.detail} Upload it again.")


def _from_to(top: str, bottom: str) -> str:
    """One colour plane, from two hex digits above to two below, darker towards the sides, as ffmpeg evaluates it."""
    first, last = int(top, 16), int(bottom, 16)
    return f"({first}+({last - first})*Y/H)*(1-0.35*pow(2*X/W-1,2))"


def _draw(stream: Any, script: Path) -> Any:
    return stream.filter("ass", filename=str(script))


def _last_frame_count(progress: bytes) -> int:
    counts = [line[6:] for line in progress.decode().splitlines() if line.startswith("frame=")]
    return int(counts[-1]) if counts else 0
