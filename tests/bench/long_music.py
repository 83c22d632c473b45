"""What half an hour of music under narration costs: `python -m tests.bench.long_music`.

One song as long as the production, in each kind of file that people bring; a spoken line every ten seconds, under which the
song is lowered; a picture that costs nothing. CPU is that of the job and all its children. One song decoded once, in one
go, is the measure of what reading it costs at least.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path

import numpy as np

from tests.support.assembly import Raw, Studio, clip, colour, production, sound_track
from tests.support.media import ffmpeg, tone, write_wav

MINUTES, RATE, AAC_FRAME, EVERY_S = 30, 48_000, 1024, 10
SONGS = {  # how it is encoded, and its media type
    "song.wav": (["-c:a", "copy"], "audio/wav"),
    "song.m4a": (["-c:a", "aac", "-b:a", "160k"], "audio/mp4"),
    "song.mp3": (["-b:a", "192k"], "audio/mpeg"),
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        studio = Studio(Path(folder))
        original = write_song(studio.root / "original.wav")
        lines = narration(studio)
        print(f"{MINUTES} minutes, {len(lines['items'])} lines, music at 44.1 kHz in a production at 48 kHz, stereo")
        print(f"{'song':<12}{'CPU s':>8}{'decoded once, s':>18}{'blocks':>8}")
        for name, (options, media_type) in SONGS.items():
            ffmpeg("-i", original, *options, studio.root / name)
            once = children_cpu()
            ffmpeg("-i", studio.root / name, "-ar", "48000", "-f", "null", "-")
            once = children_cpu() - once
            before = children_cpu()
            task = studio.start(document(studio.put(studio.root / name, media_type), lines, name))
            report = studio.ended(task, timeout=3600).report
            cpu, made = children_cpu() - before, report["audio_blocks"]["made"]
            print(f"{name:<12}{cpu:>8.1f}{once:>18.1f}{made:>8}")


def write_song(path: Path) -> Path:
    rate = 44_100
    minute = tone(220, 60, -14, rate) + 0.03 * np.random.default_rng(3).standard_normal(60 * rate)
    return write_wav(path, np.tile(np.stack([minute, np.roll(minute, 999)], axis=1), (MINUTES, 1)), rate)


def narration(studio: Studio) -> Raw:
    line = studio.put(write_wav(studio.root / "line.wav", tone(700, 6, -12, 16_000), 16_000), "audio/wav")
    starts = [-(-second * RATE // AAC_FRAME) * AAC_FRAME for second in range(3, 60 * MINUTES - 10, EVERY_S)]
    items = [clip(f"n{n}", "line", start, n, 6 * RATE - n) for n, start in enumerate(starts)]
    return {"asset": line, **sound_track("voices", "narration", items)}


def document(song: Raw, lines: Raw, name: str) -> Raw:
    voices = {key: value for key, value in lines.items() if key != "asset"}
    ducking = {"trigger_track": "voices", "amount_db": 12.0}
    music = sound_track("music", "music", [clip("m", "song", 0, 0, MINUTES * 60 * RATE)], ducking=ducking)
    output = {"channels": 2, "frame_rate": {"num": 10}, "uri": f"media://films/{name}.mp4"}
    ground = colour("c", 0, MINUTES * 60 * 10)
    return production([ground], {"song": song, "line": lines["asset"]}, voices, music, output=output)


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
