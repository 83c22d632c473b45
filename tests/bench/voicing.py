"""What the queue's way costs each voiced text beyond the engine's own time: `python -m tests.bench.voicing [TEXTS]`.

A whole studio, its doors over HTTP, its queue delivering one text at a time; the engine answers with prepared sound at once.
So the time between the first and the last answer, for each text, is all that happens round it: claimed, delivered, looked
up, measured, checked, trimmed, stored, counted, and the outcome written down. Of a short text and of one of full length.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import httpx

from shared.adapters.speech.flite import VOICES, FliteSpeech
from shared.ports.speech import Caps, SpeechEngine, Voice
from tests.support.studio import running_studio

CHARACTERS_A_SECOND = 14
PROSE = "Nobody had been up the tower since the storm, and the lamp was cold. The wind came in from the north. "
LIMIT_MS = 15.0


class Prepared:
    """An engine that has everything said already, and notes when it was asked."""

    def __init__(self, characters: int) -> None:
        self.asked: list[float] = []
        self._sound = _said(characters)

    def describe(self) -> SpeechEngine:
        return SpeechEngine("flite", "prepared", Caps(max_characters=5_000), VOICES, settings=("rate",))

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        self.asked.append(time.perf_counter())
        return self._sound


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    worst = 0.0
    for characters in (60, 400):
        texts = min(count, 19_000 // characters)
        each = sorted(_run(texts, characters) for _ in range(3))
        seconds = characters / CHARACTERS_A_SECOND
        print(f"{texts} texts of {characters} characters ({seconds:.0f} s of sound), one at a time")
        print(f"  ms a text beyond the engine, best of 3  {each[0]:>8.1f}")
        print(f"  ms a text beyond the engine, median     {each[1]:>8.1f}")
        worst = max(worst, each[1])
    if worst >= LIMIT_MS:
        raise SystemExit(f"more than {LIMIT_MS:g} ms a text")


def _run(texts: int, characters: int) -> float:
    """Milliseconds a text, from the first answer of the engine to the last."""
    engine = Prepared(characters)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_studio(Path(folder), speech_concurrency="1") as (server, client),
    ):
        server.app.speech.put("flite", engine)
        job = _ask(client, texts, characters)
        while (state := client.get(f"/jobs/{job}/progress").json()["status"]) not in ("completed", "failed"):
            time.sleep(0.2)  # looking on costs too
        if state != "completed" or len(engine.asked) != texts:
            raise SystemExit(f"the job {state} after {len(engine.asked)} of {texts} texts")
    return (engine.asked[-1] - engine.asked[0]) * 1000 / (texts - 1)


def _ask(client: httpx.Client, texts: int, characters: int) -> str:
    lines = [{"text": f"{number:04d} {'a' * (characters - 6)}."} for number in range(texts)]
    wish = {"type": "text_to_speech", "input": {"segments": lines, "voice": "flite/slt"}}
    answer = client.post("/jobs", json=wish)
    answer.raise_for_status()
    return str(answer.json()["id"])


def _said(characters: int) -> bytes:
    """What flite says of so many characters."""
    return FliteSpeech().synthesize((PROSE * (characters // len(PROSE) + 1))[:characters], VOICES[0], {})


if __name__ == "__main__":
    main()
