"""flite: English, offline, light (25 s of speech in about 0.3 s of one core, 21 MB)."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from shared.adapters.speech.program import run_program
from shared.adapters.speech.request import OFFLINE_CAPS, check_text, check_voice, clean_wav, rate_of
from shared.domain.errors import BadOutput, EngineUnavailable
from shared.domain.spoken import SPOKEN_FORM, spoken_form
from shared.domain.spoken_ascii import ascii_form
from shared.ports.speech import SpeechEngine, Voice

ENGINE = "flite"
# kal is left out: it speaks at 8 kHz. awb_time only tells the time.
VOICES = (
    Voice("flite/slt", ENGINE, "slt", "en-US", "female", "American English, clear and even; a good narrator"),
    Voice("flite/rms", ENGINE, "rms", "en-US", "male", "American English, deep and calm"),
    Voice("flite/awb", ENGINE, "awb", "en-GB", "male", "Scottish English"),
    Voice("flite/kal16", ENGINE, "kal16", "en-US", "male", "American English, an older and more mechanical sound"),
)
_INSTALL = "install it with `apt-get install flite` (macOS: `brew install flite`)"
_VERSION = re.compile(r"version:\s*flite-(\S+)")


class FliteSpeech:
    """The `Speech` port over the flite program. Safe to share between threads: each call is a process of its own."""

    def __init__(self, program: str = "flite", *, timeout_s: float = 60.0) -> None:
        self._program = program
        self._timeout_s = timeout_s
        self._engine: SpeechEngine | None = None

    def describe(self) -> SpeechEngine:
        """What is installed; asked of the program once. Raises EngineUnavailable."""
        if self._engine is None:
            self._engine = self._ask()
        return self._engine

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        """Speak English. Letters beyond Latin, which flite would skip in silence, raise InvalidInput."""
        engine = self.describe()
        check_text(text, engine)
        check_voice(voice, engine)
        stretch = 1 / rate_of(settings, engine)
        return clean_wav(self._speak(ascii_form(spoken_form(text, voice.language)), voice.name, stretch), self._program)

    def _speak(self, text: str, voice: str, stretch: float) -> bytes:
        # Files both ways: flite never ends when its stdout is a pipe, and a text in argv could pass for an option.
        with tempfile.TemporaryDirectory(prefix="flite-") as folder:
            source, sound = Path(folder, "text.txt"), Path(folder, "sound.wav")
            source.write_text(text + "\n", encoding="ascii")
            self._run("-voice", voice, "--setf", f"duration_stretch={stretch:.4f}", "-f", str(source), "-o", str(sound))
            if not sound.exists():
                raise BadOutput(f"{self._program} ended well and left no sound file")
            return sound.read_bytes()

    def _ask(self) -> SpeechEngine:
        said = (self._run("--version", well=(0, 1)) + self._run("-lv")).decode("utf-8", "replace")  # 2.2 answers with 1
        version = _VERSION.search(said)
        names = set(said.partition("Voices available:")[2].partition("\n")[0].split())
        voices = tuple(voice for voice in VOICES if voice.name in names)
        if version is None or not voices:
            raise EngineUnavailable(f"{self._program!r} does not answer as flite 2 with its voices does; {_INSTALL}")
        return SpeechEngine(ENGINE, f"{version[1]}+spoken{SPOKEN_FORM}", OFFLINE_CAPS, voices, settings=("rate",))

    def _run(self, *arguments: str, well: tuple[int, ...] = (0,)) -> bytes:
        return run_program([self._program, *arguments], install=_INSTALL, timeout_s=self._timeout_s, well=well)
