"""The assembly job stands on requirements/assemble.txt alone: a whole render loads nothing else that is installed.

`make test-assemble-slim` runs this folder where nothing else is installed; here the proof holds in any environment.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import wave
from importlib.metadata import files
from pathlib import Path

from tests.support.assembly import CHECKOUT, Raw, Studio, production, sound_track

# Runs the job, then names every installed module that came with it: late imports count, the interpreter's own do not.
PROGRAM = """
import json, sys, sysconfig
before = set(sys.modules)
from jobs.assemble.main import main
code = main()
homes = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))
came = {name: getattr(sys.modules[name], "__file__", None) or "" for name in set(sys.modules) - before}
print(json.dumps({name: file for name, file in came.items() if file.startswith(homes)}))
sys.exit(code)
"""


def narration(studio: Studio) -> Raw:
    """Two seconds of title card, a voice with music ducked under it, captions soft and burned, loudness and poster."""
    card = {"kind": "title_card", "title": "Slim", "subtitle": "and whole"}
    cue = {"start": 6, "duration": 48, "text": "Slim and whole."}
    ducking = {"ducking": {"trigger_track": "voice"}}
    return production(
        [{"type": "generator", "id": "card", "timeline_start": 0, "duration": 60, "generator": card}],
        {"voice": tone(studio, "voice", 9000), "music": tone(studio, "music", 2000)},
        sound_track("voice", "narration", [sounding("voice")]),
        sound_track("music", "music", [sounding("music")], **ducking),
        output={"poster": {"frame": 0}, "loudness": {"integrated_lufs": -19.0, "true_peak_dbtp": -1.5}},
        captions={"mode": "both", "burn_language": "en", "languages": {"en": [cue]}},
    )


def tone(studio: Studio, name: str, level: int) -> Raw:
    """Two seconds of a square wave, stored as a source."""
    path = studio.root / f"{name}.wav"
    cycle = b"".join(value.to_bytes(2, "little", signed=True) for value in [level] * 100 + [-level] * 100)
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        out.writeframes(cycle * 480)
    return studio.put(path, "audio/wav")


def sounding(asset: str) -> Raw:
    whole = {"start": 0, "duration": 96_000}
    return {"type": "clip", "id": f"{asset}-1", "asset": asset, "timeline_start": 0, "source_range": whole}


def files_of_requirements() -> set[str]:
    """Every file that requirements/assemble.txt installs."""
    lines = (CHECKOUT / "requirements/assemble.txt").read_text(encoding="utf-8").splitlines()
    names = [pin[1] for line in lines if (pin := re.match(r"([\w.-]+)==", line))]
    return {str(file.locate()) for name in names for file in files(name) or []}


def test_a_whole_render_loads_nothing_but_its_own_requirements(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    environment = studio.environment(narration(studio))
    command = [sys.executable, "-c", PROGRAM]
    run = subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "films/film.mp4" in studio.keys("films/")

    loaded: dict[str, str] = json.loads(run.stdout)
    own = files_of_requirements()
    assert {"pydantic", "ffmpeg", "google_crc32c"} <= loaded.keys()
    assert {name for name, file in loaded.items() if file not in own} == set()
