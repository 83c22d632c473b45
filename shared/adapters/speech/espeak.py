"""espeak-ng: a hundred languages, offline, robotic and very light (25 s of speech in 0.05 s of one core, 8 MB)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.adapters.speech.program import run_program
from shared.adapters.speech.request import OFFLINE_CAPS, check_text, check_voice, clean_wav, rate_of
from shared.domain.errors import EngineUnavailable
from shared.domain.spoken import SPOKEN_FORM, spoken_form
from shared.ports.speech import SpeechEngine, Voice

ENGINE = "espeak"
WORDS_PER_MINUTE = 165  # at rate 1.0
_INSTALL = "install it with `apt-get install espeak-ng` (macOS: `brew install espeak-ng`)"
_VERSION = re.compile(r"text-to-speech:\s*(\d[\w.\-]*)")
_ROW = re.compile(r"^ *\d+ +(?P<language>\S+) +\S*/(?P<gender>[MF-]) +(?P<name>\S+) +(?P<file>\S+)", re.MULTILINE)
_GENDERS = {"M": "male", "F": "female", "-": "unknown"}
_CAST_LANGUAGES = ("en-us", "en-gb", "es", "es-419")  # the languages a cast of several voices is offered for
_VARIANTS = ("f2", "f3", "m3", "m7")
_PHONEME_INPUT = re.compile(r"\[(?=\[)")  # "[[" switches espeak-ng from words to phonemes


class EspeakSpeech:
    """The `Speech` port over the espeak-ng program. Safe to share between threads: each call is a process of its own."""

    def __init__(self, program: str = "espeak-ng", *, timeout_s: float = 60.0) -> None:
        self._program = program
        self._timeout_s = timeout_s
        self._engine: SpeechEngine | None = None

    def describe(self) -> SpeechEngine:
        """What is installed; asked of the program once. Raises EngineUnavailable."""
        if self._engine is None:
            self._engine = self._ask()
        return self._engine

    def synthesize(self, text: str, voice: Voice, settings: dict[str, str]) -> bytes:
        """Speak `text` as plain words: nothing in it is read as SSML, as phonemes or as an option."""
        engine = self.describe()
        check_text(text, engine)
        check_voice(voice, engine)
        speed = round(WORDS_PER_MINUTE * rate_of(settings, engine))
        sent = _PHONEME_INPUT.sub("[ ", spoken_form(text, voice.language))
        arguments = ("-v", voice.name, "-s", str(speed), "-b", "1", "--stdin", "--stdout")
        return clean_wav(self._run(*arguments, stdin=sent.encode()), self._program)

    def _ask(self) -> SpeechEngine:
        version = _VERSION.search(self._run("--version").decode("utf-8", "replace"))
        listing = self._run("--voices").decode("utf-8", "replace")
        variants = self._run("--voices=variant").decode("utf-8", "replace")
        voices = tuple({voice.id: voice for voice in (*_plain(listing), *_varied(listing, variants))}.values())
        if version is None or not voices:
            raise EngineUnavailable(f"{self._program!r} does not answer as espeak-ng with its voices does; {_INSTALL}")
        return SpeechEngine(ENGINE, f"{version[1]}+spoken{SPOKEN_FORM}", OFFLINE_CAPS, voices, settings=("rate",))

    def _run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        return run_program([self._program, *arguments], install=_INSTALL, timeout_s=self._timeout_s, stdin=stdin)


def _plain(listing: str) -> Iterator[Voice]:
    for row in _ROW.finditer(listing):
        yield _voice(row["language"], row["language"], _GENDERS[row["gender"]], row["name"])


def _varied(listing: str, variants: str) -> Iterator[Voice]:
    """The languages of a cast, each with the variants that are installed: "espeak/es+f3"."""
    genders = {row["file"].removeprefix("!v/"): _GENDERS[row["gender"]] for row in _ROW.finditer(variants)}
    for row in _ROW.finditer(listing):
        if row["language"] in _CAST_LANGUAGES:
            for variant in _VARIANTS:
                if variant in genders:
                    yield _voice(f"{row['language']}+{variant}", row["language"], genders[variant], row["name"])


def _voice(name: str, language: str, gender: str, title: str) -> Voice:
    variant = name.partition("+")[2]
    described = title.replace("_", " ").strip() + (f", variant {variant}" if variant else "")
    return Voice(f"{ENGINE}/{name}", ENGINE, name, _bcp47(language), gender, described)


def _bcp47(code: str) -> str:
    """espeak's lower-case code in the usual case: "en-US", "cmn-Latn-pinyin", "en-GB-x-rp"."""
    parts = code.split("-")
    private = parts.index("x") if "x" in parts else len(parts)
    shaped = {2: str.upper, 4: str.title}
    return "-".join(
        shaped.get(len(part), str.lower)(part) if 0 < index < private else part.lower()
        for index, part in enumerate(parts)
    )
