"""Sources for the assembly benchmark, made by ffmpeg: six unlike films in the house format, pictures, voices, music.

The films move, are textured and carry a little grain, and come out at 4 to 7 Mbit/s at crf 20, as camera footage of that
size does.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs.assemble import house
from shared.domain.blueprint.model import Output
from tests.bench.assemble_edits import RATE
from tests.support.assembly import output_of
from tests.support.media import ffmpeg

FRAME: dict[str, Any] = {"profile": "standard", "width": 1280, "height": 720, "channels": 2}
VOICE_RATE, SOUND_RATE = 24_000, 48_000
VOICES, MUSIC_SECONDS = 24, 60
PICTURE = (1600, 1067)  # pixels; 3:2, as cameras and picture models give them: fitted by cropping

_GRAIN = "format=yuv420p,noise=alls=3:allf=t"
_HALF, _SMALL = f"s=640x360:r={RATE}", "s=160x90:r=10"
_FILMS = {
    "pattern": f"testsrc2=s=1280x720:r={RATE},{_GRAIN}",
    "fractal": f"mandelbrot={_HALF}:maxiter=100:start_scale=1.5:end_scale=0.01:end_pts=900,scale=1280:720,gblur=2,{_GRAIN}",
    "colours": f"gradients={_HALF}:n=4:speed=0.03:seed=5,scale=1280:720,{_GRAIN}",
    "triangles": f"sierpinski={_HALF}:seed=2,scale=1280:720,gblur=1.5,{_GRAIN}",
    "life": f"life={_SMALL}:mold=10:ratio=0.2:seed=4:life_color=#C8A060:death_color=#204060:mold_color=#104030,"
    f"scale=1280:720,fps={RATE},gblur=3,{_GRAIN}",
    "rules": f"cellauto={_HALF}:rule=110:seed=3,scale=1280:720,gblur=3,hue=H=t,{_GRAIN}",
}


@dataclass(frozen=True)
class Material:
    """Files by name, and how much each holds."""

    films: dict[str, Path]
    film_frames: int
    pictures: dict[str, Path]
    voices: dict[str, tuple[Path, int]]  # and its samples at SOUND_RATE
    music: Path

    def file(self, source: str) -> Path:
        return self.films[source] if source in self.films else self.pictures[source]


def make_material(folder: Path, film_seconds: int, pictures: int) -> Material:
    frames = film_seconds * RATE
    with ThreadPoolExecutor(2) as pool:
        films = pool.map(lambda name: make_film(folder / f"{name}.mp4", _FILMS[name], frames), _FILMS)
        stills = pool.map(lambda n: make_picture(folder / f"picture-{n:02}.jpg", n), range(pictures))
        voices = pool.map(lambda n: make_voice(folder / f"voice-{n:02}.wav", n), range(VOICES))
        music = make_music(folder / "music.wav")
        return Material(
            films=dict(zip(_FILMS, films, strict=True)),
            film_frames=frames,
            pictures={path.stem: path for path in stills},
            voices={path.stem: (path, samples) for path, samples in voices},
            music=music,
        )


def frame_output() -> Output:
    """What every contender is asked for: 1280x720 at 30 frames a second."""
    return output_of(FRAME)


def codec_options(*, still: bool = False) -> list[str]:
    """The house's own encoder options as ffmpeg's flags, without a container."""
    words = {"vcodec": "c:v"}
    options = house.video_options(frame_output(), still=still)
    return [
        word
        for name, value in options.items()
        if name != "format"
        for word in (f"-{words.get(name, name)}", str(value))
    ]


def make_film(path: Path, source: str, frames: int) -> Path:
    """A film in the house format, wrapped as ingest does it: parameter sets in the header alone, exact times."""
    raw = path.with_suffix(".h264")
    colours = f"{source},scale=out_color_matrix=bt709:out_range=tv,setsar=1"
    ffmpeg("-f", "lavfi", "-i", colours, "-frames:v", str(frames), *codec_options(), raw)
    strip = f"filter_units=remove_types=6-9,setts=ts=N*{10_020 // RATE}"
    ffmpeg("-framerate", str(RATE), "-i", raw, "-c", "copy", "-bsf:v", strip, "-video_track_timescale", "10020", path)
    raw.unlink()
    return path


def make_picture(path: Path, number: int) -> Path:
    """A textured still: a part of the Mandelbrot set in colours of its own, with fixed grain, as JPEG."""
    turn, depth = number * 37 % 360, 10 ** -(number % 7 / 2)
    drawn = f"mandelbrot=s={PICTURE[0]}x{PICTURE[1]}:maxiter=120:start_scale={depth:.5f}:start_x=-0.7435:start_y=0.1314"
    ffmpeg(
        "-f", "lavfi", "-i", f"{drawn},hue=h={turn},noise=alls=8:all_seed={number}",
        "-frames:v", "1", "-q:v", "3", "-pix_fmt", "yuvj420p", path,
    )  # fmt: skip
    return path


def make_voice(path: Path, number: int) -> tuple[Path, int]:
    """A line of three to seven seconds: a buzz with overtones that swells four times a second, as syllables do."""
    samples = (3 + number % 9 / 2) * VOICE_RATE
    pitch = 95 + number * 7
    overtones = "+".join(f"sin(2*PI*{pitch * n}*t)/{n}" for n in range(1, 6))
    source = f"aevalsrc='0.12*({overtones})*(0.55+0.45*sin(2*PI*4*t))':s={VOICE_RATE}:d={samples / VOICE_RATE}"
    ffmpeg("-f", "lavfi", "-i", source, "-c:a", "pcm_s16le", path)
    return path, int(samples) * SOUND_RATE // VOICE_RATE


def make_music(path: Path) -> Path:
    """Stereo at the studio's rate: three chords of tones over soft brown noise."""
    chords = ((220, 277, 330), (196, 247, 294), (175, 220, 262))
    left, right = (
        "+".join(
            f"0.05*sin(2*PI*{tone * bend}*t)*eq(mod(floor(t/2)\\,3)\\,{n})"
            for n, chord in enumerate(chords)
            for tone in chord
        )
        for bend in (1, 1.002)
    )
    noise = f"anoisesrc=c=brown:r={SOUND_RATE}:a=0.05:seed=9:d={MUSIC_SECONDS},pan=stereo|c0=c0|c1=c0[air]"
    tones = f"aevalsrc='{left}|{right}':s={SOUND_RATE}:d={MUSIC_SECONDS}[tones]"
    graph = f"{noise};{tones};[air][tones]amix=normalize=0[mix]"
    ffmpeg("-filter_complex", graph, "-map", "[mix]", "-c:a", "pcm_s16le", path)
    return path
