"""Pictures by Pillow, sound by ffmpeg: decoded in full under limits, written anew without metadata."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from shared.domain.errors import CorruptAsset, EngineUnavailable, TooLarge
from shared.ports.media import Picture, SoundFile

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 25_000_000
MAX_SIDE = 3840
MIN_SECONDS, MAX_SECONDS = 3, 3600
RATE, CHANNELS = 48_000, 2
_FORMATS = "wav,flac,ogg,mp3"


class MediaToolbox:
    def __init__(self, ffmpeg: str = "ffmpeg", timeout: float = 120) -> None:
        self._ffmpeg = ffmpeg
        self._timeout = timeout

    def normalise_picture(self, data: bytes) -> Picture:
        from PIL import Image, ImageOps

        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise TooLarge(
                        f"The picture has {image.width}x{image.height} pixels; at most {MAX_PIXELS:,} are taken."
                    )
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a large JPEG is decoded at the size it is kept at
                image.thumbnail((MAX_SIDE, MAX_SIDE))
                plain = _on_black(ImageOps.exif_transpose(image))
        except TooLarge:
            raise
        except (
            Exception
        ) as exc:  # Pillow's decoders fail in many ways on broken files: OSError, struct.error, TypeError ...
            name = exc.__class__.__name__
            raise CorruptAsset(
                f"The picture does not decode ({name}). Save it anew as PNG or JPEG and upload that."
            ) from exc
        out = io.BytesIO()
        plain.save(out, "PNG", compress_level=4)
        return Picture(out.getvalue(), "image/png", plain.width, plain.height)

    def normalise_sound(self, data: bytes) -> SoundFile:
        with TemporaryDirectory(prefix="reelprint-") as folder:
            source, target = Path(folder, "source"), Path(folder, "sound.flac")
            source.write_bytes(data)
            opened = [
                "-protocol_whitelist",
                "file,pipe",
                "-format_whitelist",
                _FORMATS,
                "-i",
                str(source),
                "-map",
                "0:a:0",
            ]
            form = ["-map_metadata", "-1", "-ar", str(RATE), "-ac", str(CHANNELS), "-sample_fmt", "s16"]
            bound = ["-t", str(MAX_SECONDS + 1), "-fflags", "+bitexact", "-flags:a", "+bitexact"]
            self._run([*opened, *form, *bound, "-f", "flac", str(target)])
            sound = target.read_bytes() if target.exists() else b""
        samples = _flac_samples(sound)
        if not samples:
            raise CorruptAsset("The file holds no sound. Upload one that plays.")
        if samples < MIN_SECONDS * RATE:
            raise CorruptAsset(f"The sound lasts less than {MIN_SECONDS} seconds; it would be repeated without end.")
        if samples > MAX_SECONDS * RATE:
            raise TooLarge(f"The sound lasts more than {MAX_SECONDS // 60} minutes. Cut it first.")
        return SoundFile(sound, "audio/flac", RATE, CHANNELS, samples)

    def _run(self, arguments: list[str]) -> None:
        try:
            done = subprocess.run(
                [self._ffmpeg, "-nostdin", "-y", "-v", "error", "-xerror", *arguments],
                capture_output=True,
                timeout=self._timeout,
                check=False,
            )
        except FileNotFoundError as exc:
            raise EngineUnavailable(
                f"The program {self._ffmpeg!r} was looked for on PATH and not found. Install ffmpeg (apt-get install ffmpeg)."
            ) from exc
        except subprocess.TimeoutExpired as exc:
            raise CorruptAsset(f"The file was not decoded within {self._timeout:.0f} s. Convert it first.") from exc
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["ffmpeg said nothing"]
            raise CorruptAsset(f"The sound does not decode: {lines[-1][:200]}. Save it anew and upload that.")


def _on_black(image: Image.Image) -> Image.Image:
    """An opaque RGB copy; what was transparent becomes black, as the frame round it is."""
    from PIL import Image

    if image.mode in ("RGB", "L") and "transparency" not in image.info:
        return image.convert("RGB")
    clear = image.convert("RGBA")
    ground = Image.new("RGB", clear.size)
    ground.paste(clear, mask=clear.getchannel("A"))
    return ground


def _flac_samples(data: bytes) -> int:
    """Total samples from the STREAMINFO block (FLAC format, section 8.2): 36 bits behind rate, channels and depth."""
    if data[:4] != b"fLaC" or len(data) < 42:
        return 0
    return int.from_bytes(data[21:26], "big") & (2**36 - 1)
