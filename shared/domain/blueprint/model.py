"""The shape of blueprint 1.0.

Time is integer frames at `output.frame_rate`; on audio tracks it is integer samples at `output.sample_rate`. Field names
follow OpenTimelineIO, `fit` follows CSS `object-fit`. Unknown fields are refused.
"""

from __future__ import annotations

from enum import StrEnum
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.domain.blueprint.base import Colour, Strict
from shared.domain.blueprint.caption_style import CaptionStyle as CaptionStyle

SCHEMA_VERSION = "1.0"

Identifier = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")]
LanguageCode = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# media:// and uploads:// are the two buckets of whichever backend renders, so a blueprint moves between backends.
URI_PATTERN = r"^((media|uploads)://|(gs|s3)://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/)[^\s\x00-\x1f\x7f\\?#]{1,1024}$"
Uri = Annotated[str, StringConstraints(pattern=URI_PATTERN)]
LONGEST = 2**40  # frames or samples
Position = Annotated[int, Field(ge=0, le=LONGEST)]
Length = Annotated[int, Field(ge=1, le=LONGEST)]
Side = Annotated[int, Field(ge=16, le=4096, multiple_of=2)]  # pixels; 4:2:0 pictures have even sides
Decibel = Annotated[float, Field(ge=-96, le=24)]


class Rational(Strict):
    """An exact ratio: 30000/1001 frames a second, a speed of 3/2."""

    num: Annotated[int, Field(ge=1, le=1_000_000)]
    den: Annotated[int, Field(ge=1, le=1_000_000)] = 1

    @property
    def fraction(self) -> Fraction:
        return Fraction(self.num, self.den)


class Range(Strict):
    """A stretch of a source, in the track's own unit."""

    start: Position
    duration: Length


class Profile(StrEnum):
    """How much is spent on the picture: preview is fast and rough, high is slow and fine."""

    PREVIEW = "preview"
    STANDARD = "standard"
    HIGH = "high"


class Loudness(Strict):
    """Programme loudness by ITU-R BS.1770 and the true-peak ceiling."""

    integrated_lufs: Annotated[float, Field(ge=-40, le=-9)] = -16.0
    true_peak_dbtp: Annotated[float, Field(ge=-9, le=0)] = -1.5


class Poster(Strict):
    """One frame of the video, kept as a picture beside it."""

    frame: Position


class Sprite(Strict):
    """A contact sheet: one thumbnail every `interval` frames, `columns` to a row."""

    interval: Length
    columns: Annotated[int, Field(ge=1, le=64)] = 10


class Output(Strict):
    """What the finished file is. `uri` is where it is published, create-only; sidecars are named after it."""

    format: Literal["mp4"] = "mp4"
    profile: Profile = Profile.STANDARD
    width: Side
    height: Side
    frame_rate: Rational
    sample_rate: Literal[44100, 48000] = 48000
    channels: Literal[1, 2] = 2
    loudness: Loudness | None = None
    uri: Uri
    poster: Poster | None = None
    sprite: Sprite | None = None


class Probe(Strict):
    """Facts measured when the asset came in, so that a render need not measure again. Bound to the asset's sha256."""

    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None
    frame_rate: Rational | None = None
    frames: Annotated[int, Field(ge=1)] | None = None
    sample_rate: Annotated[int, Field(ge=1)] | None = None
    channels: Annotated[int, Field(ge=1)] | None = None
    samples: Annotated[int, Field(ge=1)] | None = None
    codec: str | None = None


class Asset(Strict):
    """One source. Its bytes are those of `sha256`, where given, else of `generation`."""

    uri: Uri
    generation: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,20}$")] | None = None
    sha256: Sha256 | None = None
    media_type: Annotated[str, StringConstraints(pattern=r"^(image|video|audio)/[a-z0-9.+-]{1,64}$")]
    probe: Probe = Probe()


class Fit(StrEnum):
    """How a picture meets a frame of another shape; the first three mean what CSS `object-fit` means.

    contain_blur is contain over a blurred cover of itself.
    """

    COVER = "cover"
    CONTAIN = "contain"
    FILL = "fill"
    CONTAIN_BLUR = "contain_blur"


class View(Strict):
    """A rectangle of the picture by its centre and width, each as a share 0-1 of it; of the output's shape.

    With fit cover and fill, one that would leave the picture is moved inside, and narrowed if too high; with contain and
    contain_blur it looks past the edge. With fill the picture is first stretched to the output's shape.
    """

    x: Annotated[float, Field(ge=0, le=1)] = 0.5
    y: Annotated[float, Field(ge=0, le=1)] = 0.5
    width: Annotated[float, Field(gt=0, le=1)] = 1.0


class KenBurns(Strict):
    """A slow, even move over a picture: the item's first frame shows `start`, its last one `end`."""

    start: View
    end: View


class Keyframe(Strict):
    """A transform's values at one frame, counted from the item's start; each linear between the keyframes that have it."""

    frame: Position
    x: float | None = None
    y: float | None = None
    scale: Annotated[float, Field(gt=0, le=16)] | None = None
    opacity: Annotated[float, Field(ge=0, le=1)] | None = None


class Transform(Strict):
    """Where an overlay lies: `x`, `y` its centre as a share of the frame, `scale` against its fitted size.

    Each value holds until the first keyframe that has its own. Outside the frame nothing is seen.
    """

    x: float = 0.5
    y: float = 0.5
    scale: Annotated[float, Field(gt=0, le=16)] = 1.0
    opacity: Annotated[float, Field(ge=0, le=1)] = 1.0
    keyframes: list[Keyframe] = []


class _Item(Strict):
    id: Identifier
    timeline_start: Position


class Gap(_Item):
    """Nothing: black on a video track, silence on an audio track."""

    type: Literal["gap"]
    duration: Length

    @property
    def span(self) -> int:
        return self.duration


class _Visible(_Item):
    fit: Fit = Fit.COVER
    ken_burns: KenBurns | None = None
    transform: Transform | None = None
    fade_in: Position = 0
    fade_out: Position = 0


class Still(_Visible):
    """One picture, held."""

    type: Literal["still"]
    asset: Identifier
    duration: Length

    @property
    def span(self) -> int:
        return self.duration


class TitleCard(Strict):
    """A card with a title over a soft two-colour ground."""

    kind: Literal["title_card"]
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    subtitle: Annotated[str, StringConstraints(max_length=200)] = ""
    footer: Annotated[str, StringConstraints(max_length=200)] = ""
    top: Colour = "#16243f"
    bottom: Colour = "#0a0f1e"
    ink: Colour = "#f4efe4"
    accent: Colour = "#d8a657"


class SolidColour(Strict):
    kind: Literal["colour"]
    colour: Colour


class Generator(_Visible):
    """A picture made from parameters instead of a source."""

    type: Literal["generator"]
    generator: Annotated[TitleCard | SolidColour, Field(discriminator="kind")]
    duration: Length

    @property
    def span(self) -> int:
        return self.duration


class Clip(_Visible):
    """A stretch of a source that moves or sounds. Played at `speed`, it lasts source_range.duration / speed.

    On a track of pictures only its pictures are played, frame n being source frame start + floor(n * speed); its sound
    is an item of an audio track, and `gain_db` is that item's. Sound keeps its pitch, at 1/16 to 16 times its speed.
    """

    type: Literal["clip"]
    asset: Identifier
    source_range: Range
    speed: Rational = Rational(num=1)
    gain_db: Decibel = 0.0

    @property
    def span(self) -> int:
        return max(1, int(Fraction(self.source_range.duration) / self.speed.fraction))


Item = Annotated[Clip | Gap | Still | Generator, Field(discriminator="type")]


class TransitionType(StrEnum):
    """dissolve mixes both pictures; fade goes through black, dip_to_colour through the transition's colour.

    A wipe uncovers the second picture, its edge moving the way it is named; a slide pushes the first picture out that way.
    Sounds know three: cut, dissolve (a crossfade of equal power) and fade (out, then in, through silence). An item that
    fades by itself on the side of a transition does both, picture or sound.
    """

    CUT = "cut"
    FADE = "fade"
    DISSOLVE = "dissolve"
    WIPE_LEFT = "wipe_left"
    WIPE_RIGHT = "wipe_right"
    WIPE_UP = "wipe_up"
    WIPE_DOWN = "wipe_down"
    SLIDE_LEFT = "slide_left"
    SLIDE_RIGHT = "slide_right"
    DIP_TO_COLOUR = "dip_to_colour"


class Transition(Strict):
    """An overlap of two neighbours, as the viewer sees it: `to` starts `duration` frames before `from` ends."""

    from_item: Identifier = Field(alias="from")
    to_item: Identifier = Field(alias="to")
    type: TransitionType
    duration: Length
    colour: Colour = "#000000"


class Ducking(Strict):
    """Lower this track while another sounds."""

    trigger_track: Identifier
    amount_db: Annotated[float, Field(ge=0, le=40)] = 12.0
    attack_ms: Annotated[int, Field(ge=1, le=2000)] = 120
    release_ms: Annotated[int, Field(ge=1, le=9000)] = 600


class TrackKind(StrEnum):
    VIDEO = "video"
    OVERLAY = "overlay"
    AUDIO = "audio"


class Track(Strict):
    """A row of items in time order. Where items leave a hole, there is black, nothing or silence, by kind."""

    id: Identifier
    kind: TrackKind
    role: Literal["narration", "music", "effects"] | None = None
    gain_db: Decibel = 0.0
    ducking: Ducking | None = None
    items: list[Item] = []
    transitions: list[Transition] = []


class Word(Strict):
    """One word of a cue, in frames from the production's start."""

    start: Position
    duration: Length
    text: str


class Cue(Strict):
    """One caption on screen, in frames."""

    start: Position
    duration: Length
    text: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    words: list[Word] = []


class CaptionMode(StrEnum):
    """soft: tracks a player can switch; burned: in the picture; both; none: sidecar files only."""

    SOFT = "soft"
    BURNED = "burned"
    BOTH = "both"
    NONE = "none"


class Captions(Strict):
    """Every language becomes a track and `.vtt`/`.srt` sidecars; `burn_language` is the one in the picture."""

    mode: CaptionMode = CaptionMode.SOFT
    style: CaptionStyle = CaptionStyle()
    burn_language: LanguageCode | None = None
    languages: dict[LanguageCode, list[Cue]] = {}


class MarkerKind(StrEnum):
    BEAT = "beat"
    BAR = "bar"
    MOVE = "move"
    CHAPTER = "chapter"
    SEGMENT = "segment"


class Marker(Strict):
    """A named place in time, in frames. Chapter markers become chapters of the file."""

    kind: MarkerKind
    start: Position
    duration: Position = 0
    label: Annotated[str, StringConstraints(max_length=200)] = ""


class ProductionKind(StrEnum):
    NARRATION = "narration"
    PRESENTER = "presenter"
    CHOREOGRAPHY = "choreography"
    LIVE = "live"


class Blueprint(Strict):
    """One production, whole."""

    schema_version: Literal["1.0"]
    kind: ProductionKind
    task_id: Identifier
    metadata: dict[str, str] = {}
    output: Output
    assets: dict[Identifier, Asset] = {}
    tracks: Annotated[list[Track], Field(min_length=1)]
    captions: Captions = Captions()
    markers: list[Marker] = []

    @property
    def duration(self) -> int:
        """Frames from zero to the end of the last video item; without video, to the end of the last sound, rounded up."""
        pictures = [i.timeline_start + i.span for t in self.tracks if t.kind is TrackKind.VIDEO for i in t.items]
        if pictures:
            return max(pictures)
        sounds = [i.timeline_start + i.span for t in self.tracks if t.kind is TrackKind.AUDIO for i in t.items]
        frames = Fraction(max(sounds, default=0)) * self.output.frame_rate.fraction / self.output.sample_rate
        return -int(-frames // 1)
