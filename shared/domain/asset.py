"""Assets: what people bring. Judged by its bytes, never by its name."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.asset_type import AssetType as AssetType  # part of this module's vocabulary
from shared.domain.blueprint.model import Probe, Rational
from shared.domain.project import Stored

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]
Crc32c = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{6}==$")]
HOUSE_RATE = Fraction(30)  # frames a second of normalised clips


class AssetStatus(StrEnum):
    PENDING = "pending"  # waiting for its bytes, or for the ingest
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (AssetStatus.READY, AssetStatus.FAILED)


class SizeClass(StrEnum):
    """The shapes that clips are normalised to."""

    LANDSCAPE = "landscape"
    PORTRAIT = "portrait"
    SQUARE = "square"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return {"landscape": (1280, 720), "portrait": (720, 1280), "square": (720, 720)}[self.value]


def nearest_size_class(shape: Fraction) -> SizeClass:
    """The class whose width over height is nearest to `shape`, as a ratio: 4:3, halfway to the square, is landscape."""
    if shape >= Fraction(4, 3):
        return SizeClass.LANDSCAPE
    return SizeClass.PORTRAIT if shape <= Fraction(3, 4) else SizeClass.SQUARE


class StoredFile(BaseModel):
    """One file made of the upload, in the media bucket. `size` in bytes."""

    key: str
    media_type: str
    sha256: str
    size: int


class StoredSound(StoredFile):
    """`samples` counts per channel."""

    samples: int
    sample_rate: int
    channels: int


class Crop(BaseModel):
    """The square that a portrait is best cut to, in pixels of the normalised picture, with what could be better.

    `method` "detail": where the detail lies, the upper middle preferred; no face was looked for.
    """

    x: int
    y: int
    side: int
    method: str = "detail"
    advice: list[str] = []


class VoiceLevel(BaseModel):
    """What a voice sample measures, in dBFS: speech (the 90th percentile of 50 ms windows) and noise (the 10th)."""

    speech_dbfs: float
    noise_dbfs: float
    peak_dbfs: float


class Asset(Stored):
    """`upload_key` is what came, in the uploads bucket; the other keys what it was normalised to, in the media bucket.

    `size` in bytes, as declared or sent. `generation` is the upload's, once it is known. `width`, `height` in pixels and
    `frames`, `frame_rate` for pictures; `samples` (per channel), `sample_rate`, `channels` for sound. All facts are of the
    file at `media_key`, bound by its `sha256`. `sound` is a clip's own sound, as long as its picture.
    """

    type: AssetType
    name: str
    description: str = ""
    status: AssetStatus = AssetStatus.PENDING
    reason: str = ""
    percentage: int = 0
    message: str = ""
    size: int
    content_type: str = ""
    crc32c: str = ""
    generation: str = ""
    upload_key: str
    upload_sha256: str = ""
    upload_expires_at: datetime | None = None
    execution: str = ""
    media_key: str = ""
    media_type: str = ""
    sha256: str = ""
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    frame_rate: Rational | None = None
    size_class: SizeClass | None = None
    samples: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    codec: str | None = None
    characters: int | None = None
    thumbnail: StoredFile | None = None
    sound: StoredSound | None = None
    text: StoredFile | None = None
    crop: Crop | None = None
    level: VoiceLevel | None = None

    @property
    def folder(self) -> str:
        """Where its files lie, in either bucket; a normalised file is below it."""
        return f"users/{self.owner}/{self.id}"

    @property
    def probe(self) -> Probe:
        """The facts as a blueprint's asset has them, so that nobody need measure again."""
        return Probe(
            width=self.width,
            height=self.height,
            frame_rate=self.frame_rate,
            frames=self.frames,
            sample_rate=self.sample_rate,
            channels=self.channels,
            samples=self.samples,
            codec=self.codec,
        )

    @property
    def uris(self) -> list[str]:
        """Every name a blueprint can use it by."""
        made = [self.media_key, *(file.key for file in (self.sound, self.thumbnail) if file)]
        return [f"uploads://{self.upload_key}", *(f"media://{key}" for key in made if key)]


class NewUpload(BaseModel):
    """A file to be uploaded past the API. `size` in bytes; `crc32c` base64 of the big-endian checksum, as storage has it."""

    model_config = ConfigDict(extra="forbid")

    type: AssetType
    name: Name
    size: Annotated[int, Field(ge=1, le=2**40)]
    content_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,100}$")]
    crc32c: Crc32c | None = None


class ConfirmUpload(BaseModel):
    """What the client knows of its upload; a generation, where storage told it one."""

    model_config = ConfigDict(extra="forbid")

    generation: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,18}$")] | None = None


class AssetChanges(BaseModel):
    """What may be changed of an asset; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    description: Annotated[str, StringConstraints(max_length=2000)] | None = None


class IngestTask(BaseModel):
    """A look at the ingest of one upload; `look` counts them, `lost` how often its execution vanished."""

    model_config = ConfigDict(extra="forbid")

    owner: str
    asset_id: str
    generation: str
    look: int = 1
    lost: int = 0
