"""Sources as people have them, and sources made to do harm: the first are shown to the frame, the second cost next to nothing."""

from __future__ import annotations

import struct
import sys
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.jobs.conftest import Sources, stored
from tests.support.assembly import Ended, Raw, Studio, clip, colour, production, sound_track
from tests.support.media import (
    RATE,
    Pictures,
    decode_grey,
    decode_sound,
    ffmpeg,
    ffprobe,
    level_of,
    numbered_frames,
    read_numbers,
    write_clip,
)

pytestmark = pytest.mark.media

# Sources as people have them

LENGTH, HOUSE = 150, 10  # frames of each source, and of the house clip ahead of each use of it
USES = ((3, 12), (112, 24))  # (first, frames) at the output's rate: near the start, and far beyond the first keyframes
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
Write = Callable[[Path, Pictures], Path]


def written(suffix: str, *options: str, rate: str = "30") -> tuple[str, Write]:
    return suffix, lambda path, frames: write_clip(path, frames, rate, *options)


def turned(path: Path, frames: Pictures) -> Path:
    """Lying on its side, with a display matrix (ISO/IEC 14496-12, tkhd) that turns it by a quarter clockwise."""
    write_clip(path, np.ascontiguousarray(np.rot90(frames, axes=(1, 2))), "30", *X264)
    data = bytearray(path.read_bytes())
    one, width = 0x10000, 90 << 16
    struct.pack_into(">9i", data, data.find(b"tkhd") + 44, 0, one, 0, -one, 0, 0, width, 0, 0x40000000)
    path.write_bytes(data)
    return path


def odd(path: Path, frames: Pictures) -> Path:
    return write_clip(path, numbered_frames(range(1, LENGTH + 1), 641, 359), "30", *X264, "-pix_fmt", "yuv444p")


def interlaced(path: Path, frames: Pictures) -> Path:
    fields = ["-flags", "+ildct+ilme", "-x264-params", "tff=1"]
    return write_clip(path, numbered_frames(range(1, LENGTH + 1), 320, 180), "30", *X264, *fields)


def with_sound(path: Path, frames: Pictures) -> Path:
    """Beside its pictures a tone of 997 Hz at 44,100 samples a second."""
    picture = write_clip(path.with_suffix(".silent.mp4"), frames, "30", *X264)
    tone = ["-f", "lavfi", "-i", f"sine=997:sample_rate=44100:duration={LENGTH / 30}"]
    ffmpeg("-i", picture, *tone, "-c:v", "copy", "-c:a", "aac", "-ar", "44100", path)
    return path


def ticks() -> list[int]:
    """When each frame of the unsteady source begins, in 1/6000 s: gaps of 14 to 74 ms, and of half a second now and then."""
    return [180 * n + 100 * (7 * n % 4) + 2600 * (n // 25) for n in range(LENGTH)]


def unsteady(path: Path, frames: Pictures) -> Path:
    times = "settb=1/6000,setpts='180*N+100*mod(7*N,4)+2600*floor(N/25)'"
    options = ["-vf", times, "-fps_mode", "passthrough", "-video_track_timescale", "6000", *X264, "-bf", "2"]
    return write_clip(path, frames, "30", *options)


KINDS: dict[str, tuple[str, Write]] = {
    "25 frames a second": written(".mp4", *X264, "-bf", "2", "-g", "25", rate="25"),
    "variable rate": (".mp4", unsteady),
    "10 bits, 4:2:2": written(".mp4", *X264, "-pix_fmt", "yuv422p10le"),
    "ProRes": written(".mov", "-c:v", "prores_ks", "-profile:v", "2"),
    "turned by a quarter": (".mp4", turned),
    "sound at 44.1 kHz": (".mp4", with_sound),
    "silent, B-frames, open groups": written(
        ".mp4", "-c:v", "libx264", "-preset", "veryfast", "-x264-params", "open-gop=1:keyint=24:bframes=3:b-pyramid=normal"
    ),
    "odd sides": (".mp4", odd),
    "interlaced": (".mp4", interlaced),
    "HEVC": written(".mp4", "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"),
    "VP9": written(".webm", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    "MPEG-2 in Matroska": written(".mkv", "-c:v", "mpeg2video", "-bf", "2", "-q:v", "2"),
}  # fmt: skip
TYPES = {".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".mkv": "video/x-matroska"}


def begins(kind: str) -> Sequence[Fraction]:
    """When each frame of a source begins, in seconds."""
    if kind == "variable rate":
        return [Fraction(tick, 6000) for tick in ticks()]
    rate = 25 if kind == "25 frames a second" else 30
    return [Fraction(n, rate) for n in range(LENGTH)]


def expected(kind: str, first: int, frames: int) -> list[int]:
    """What is shown: at each output frame the last source frame that begins there, to the nearest output frame."""
    starts = [int(begin * 30 + Fraction(1, 2)) for begin in begins(kind)]
    return [1 + max(n for n, start in enumerate(starts) if start <= frame) for frame in range(first, first + frames)]


@dataclass(frozen=True)
class Film:
    path: Path
    numbers: list[int]
    report: Raw


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Film:
    """Every kind of source, twice, each time with a stretch of a house clip before and behind it."""
    studio = Studio(tmp_path_factory.mktemp("hostile"))
    assets = stored(studio, sources)
    frames = numbered_frames(range(1, LENGTH + 1))
    items, position = [], 0
    for n, (suffix, write) in enumerate(KINDS.values()):
        assets[f"k{n}"] = studio.put(write(studio.root / f"kind-{n}{suffix}", frames), TYPES[suffix])
        for use, (first, length) in enumerate(USES):
            items.append(clip(f"h{n}-{use}", "house", position, 15, HOUSE))
            items.append(clip(f"k{n}-{use}", f"k{n}", position + HOUSE, first, length, fit="fill"))
            position += HOUSE + length
    items.append(clip("end", "house", position, 0, HOUSE))
    loud = f"k{list(KINDS).index('sound at 44.1 kHz')}"
    sound = sound_track("music", "music", [clip("m", loud, 0, RATE // 2, 2 * RATE)])
    ended = studio.render(production(items, assets, sound))
    assert ended.code == 0, ended.log
    path = studio.fetch("films/film.mp4", "film.mp4")
    return Film(path, read_numbers(decode_grey(path)), ended.report)


def place_of(kind: str, use: int) -> int:
    before = list(KINDS).index(kind) * sum(HOUSE + length for _, length in USES)
    return before + sum(HOUSE + length for _, length in USES[:use]) + HOUSE


@pytest.mark.parametrize("use", range(len(USES)), ids=["near the start", "far in"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_of_a_foreign_source_is_the_right_one(film: Film, kind: str, use: int) -> None:
    first, length = USES[use]
    begin = place_of(kind, use)
    assert film.numbers[begin : begin + length] == expected(kind, first, length)


def test_the_house_clips_between_them_are_whole(film: Film) -> None:
    for kind in KINDS:
        for use in range(len(USES)):
            begin = place_of(kind, use) - HOUSE
            assert film.numbers[begin : begin + HOUSE] == list(range(16, 16 + HOUSE))
    assert film.numbers[-HOUSE:] == list(range(1, 1 + HOUSE))


def test_the_film_is_as_long_as_planned(film: Film) -> None:
    planned = len(KINDS) * sum(HOUSE + length for _, length in USES) + HOUSE
    assert len(film.numbers) == film.report["frames"] == planned


def test_nothing_of_the_sources_shape_gets_through(film: Film) -> None:
    names = (
        "width,height,pix_fmt,sample_aspect_ratio,field_order,color_range,color_space,color_primaries,color_transfer"
    )
    said = ffprobe(film.path, "-select_streams", "v:0", "-show_entries", f"frame={names}", "-of", "default=nw=1")
    found = {tuple(line.split("=")) for line in said.split() if "=" in line}
    assert found == {
        ("width", "160"), ("height", "90"), ("pix_fmt", "yuv420p"), ("sample_aspect_ratio", "1:1"),
        ("color_range", "tv"), ("color_space", "bt709"), ("color_primaries", "bt709"), ("color_transfer", "bt709"),
    }  # fmt: skip


def test_sound_at_another_rate_keeps_its_pitch(film: Film) -> None:
    sound = decode_sound(film.path)[RATE // 4 : 3 * RATE // 2]
    assert level_of(sound, 997) == pytest.approx(-18, abs=1.5)  # ffmpeg's sine has an amplitude of 1/8
    assert level_of(sound, 997 * 48 / 44.1) < -50


# Sources made to do harm

MOST_MB, MOST_CPU_S = 160, 15
MEASURE = """
import resource, subprocess, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[2]),) * 2)
code = subprocess.run(sys.argv[3:], check=False).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def png(width: int, height: int) -> bytes:
    """A grey PNG of zeros: a thousandth of what it decodes to."""
    packer, row = zlib.compressobj(1), bytes(1 + width)
    rows = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return claimed_png(width, height, rows)


def claimed_png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def encoded(folder: Path, name: str, *options: str | Path) -> bytes:
    """Ten moving frames, as ffmpeg writes them under that name."""
    ffmpeg("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1", *options, folder / name)
    return (folder / name).read_bytes()


def patched(data: bytes, mark: bytes, offset: int, form: str, *values: int) -> bytes:
    """The same bytes with numbers written over, `offset` bytes behind the first `mark`."""
    found = bytearray(data)
    struct.pack_into(form, found, data.index(mark) + offset, *values)
    return bytes(found)


def endless_mp4(folder: Path, common: int) -> bytes:
    """One frame, of which every table says that there are 10^9; `common` is the size they all have, or 0 for a table."""
    count = 10**9
    data = encoded(folder, f"one-{common}.mp4", "-frames:v", "1", *X264)
    data = patched(data, b"stsz", 8, ">II", common, count)
    data = patched(data, b"stts", 12, ">I", count)
    return patched(data, b"stsc", 16, ">I", count)


def nested_mp4(_: Path) -> bytes:
    """A hundred thousand boxes, each within the one before."""
    depth, body = 100_000, b""
    sizes = (8 * (depth - n) for n in range(depth))
    body = b"".join(struct.pack(">I4s", size, b"trak") for size in sizes)
    return struct.pack(">I4s4sI", 16, b"ftyp", b"isom", 0) + struct.pack(">I4s", 8 + len(body), b"moov") + body


def bomb_in_film(folder: Path) -> bytes:
    """A film whose one frame is a PNG of 144 million pixels, three times what is taken, and under ffmpeg's own limit."""
    (folder / "large.png").write_bytes(png(12_000, 12_000))
    ffmpeg("-f", "png_pipe", "-i", folder / "large.png", "-c", "copy", folder / "large.mov")
    return (folder / "large.mov").read_bytes()


def wav(folder: Path, claimed: int) -> bytes:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-fflags", "+bitexact", folder / f"{claimed}.wav")
    data = patched((folder / f"{claimed}.wav").read_bytes(), b"RIFF", 4, "<I", claimed)
    return patched(data, b"data", 4, "<I", claimed - 36)


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret\n#EXT-X-ENDLIST\n"
HARM: dict[str, tuple[Callable[[Path], bytes], str, str, str]] = {
    "a png of 900 million pixels": (lambda _: png(30_000, 30_000), "image/png", "too-large", "30000x30000"),
    "a png that claims the most": (lambda _: claimed_png(2**31 - 1, 2**31 - 1, b""), "image/png", "too-large", "21474836"),
    "a strip of a million pixels": (lambda _: png(1, 1_000_000), "image/png", "too-large", "1x1000000"),
    "a jpeg that claims 65,000 squared": (
        lambda path: patched(encoded(path, "a.jpg", "-frames:v", "1"), b"\xff\xc0", 5, ">HH", 65_000, 65_000),
        "image/jpeg", "too-large", "65000x65000",
    ),
    "a webp that claims 16,000 squared": (
        lambda path: patched(encoded(path, "a.webp", "-frames:v", "1"), b"VP8 ", 14, "<HH", 16_000, 16_000),
        "image/webp", "too-large", "16000x16000",
    ),
    "a webp that moves": (lambda path: encoded(path, "m.webp", "-c:v", "libwebp_anim"), "image/webp", "corrupt-asset", "animation"),
    "a gif": (lambda path: encoded(path, "m.gif"), "image/gif", "invalid-input", "type"),
    "a gif that says png": (lambda path: encoded(path, "m.gif"), "image/png", "corrupt-asset", "'a'"),
    "a gif that says mp4": (lambda path: encoded(path, "m.gif"), "video/mp4", "corrupt-asset", "'a'"),
    "an mp4 of a billion frames of one size": (lambda path: endless_mp4(path, 1000), "video/mp4", "corrupt-asset", "'a'"),
    "an mp4 of a billion frames": (lambda path: endless_mp4(path, 0), "video/mp4", "corrupt-asset", "'a'"),
    "boxes in boxes": (nested_mp4, "video/mp4", "corrupt-asset", "'a'"),
    "a film of one huge picture": (bomb_in_film, "video/quicktime", "corrupt-asset", "max pixel count"),
    "a wav that claims 4 GB": (lambda path: wav(path, 4_000_000_000), "audio/wav", "corrupt-asset", "gigabytes"),
    "an svg that says png": (lambda _: SVG, "image/png", "corrupt-asset", "'a'"),
    "an svg that says webp": (lambda _: SVG, "image/webp", "corrupt-asset", "'a'"),
    "a playlist that says mp3": (lambda _: PLAYLIST, "audio/mpeg", "corrupt-asset", "'a'"),
    "a playlist that says webm": (lambda _: PLAYLIST, "video/webm", "corrupt-asset", "'a'"),
}  # fmt: skip


@dataclass(frozen=True)
class Harmed:
    studio: Studio
    ended: Ended
    peak_mb: float


@pytest.fixture(scope="module")
def harmed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Harmed]:
    """Every harmful source, played; two jobs at a time, each under a limit of CPU that no honest source comes near."""

    def run(case: str) -> Harmed:
        make, media_type, *_ = HARM[case]
        studio = Studio(tmp_path_factory.mktemp("harm"))
        path = studio.root / "harmful"
        path.write_bytes(make(studio.root))
        measure = [sys.executable, "-c", MEASURE, str(studio.root / "peak"), str(MOST_CPU_S)]
        ended = studio.render(playing(media_type.partition("/")[0], studio.put(path, media_type)), measure)
        return Harmed(studio, ended, int((studio.root / "peak").read_text()) / 1024)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(HARM, pool.map(run, HARM), strict=True))


def playing(kind: str, asset: Raw) -> Raw:
    if kind == "audio":
        return production([colour("c", 0, 30)], {"a": asset}, sound_track("t", "music", [clip("m", "a", 0, 0, RATE)]))
    still = {"type": "still", "id": "s", "asset": "a", "timeline_start": 0, "duration": 10}
    return production([still if kind == "image" else clip("c", "a", 0, 0, 15)], {"a": asset})


@pytest.mark.parametrize("case", HARM)
def test_a_harmful_source_ends_in_a_clear_word_and_costs_little(harmed: dict[str, Harmed], case: str) -> None:
    _, _, kind, words = HARM[case]
    found = harmed[case]
    codes = {"too-large": 2, "invalid-input": 2, "corrupt-asset": 4}
    assert (found.ended.error["type"], found.ended.code) == (kind, codes[kind]), found.ended.log
    assert words in found.ended.error["detail"]
    assert not any(secret in str(found.ended.log) for secret in ("passwd", "127.0.0.1"))
    if kind != "invalid-input":
        assert "media://sources/harmful" in found.ended.error["detail"]
    assert found.peak_mb < MOST_MB
    assert found.studio.keys("films/") == []
    assert found.studio.leftovers() == []


def test_the_measure_of_memory_sees_what_a_job_takes(studio: Studio) -> None:
    """A picture just within the limits is shown, and takes visibly more than what is refused."""
    path = studio.root / "large.png"
    path.write_bytes(png(7_000, 7_000))
    measure = [sys.executable, "-c", MEASURE, str(studio.root / "peak"), str(MOST_CPU_S)]
    assert studio.render(playing("image", studio.put(path, "image/png")), measure).code == 0
    assert int((studio.root / "peak").read_text()) / 1024 > MOST_MB - 60


def test_a_sound_of_unknown_length_is_played_to_its_end(studio: Studio) -> None:
    """What programs write that cannot know the length, being no lie, is no harm."""
    path = studio.root / "piped.wav"
    path.write_bytes(wav(studio.root, 0xFFFF_FFFF))
    assert studio.render(playing("audio", studio.put(path, "audio/wav"))).code == 0
    sound = decode_sound(studio.fetch("films/film.mp4", "film.mp4"))
    assert level_of(sound[RATE // 4 : 3 * RATE // 4], 440) > -30
