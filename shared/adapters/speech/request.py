"""What engines check before they speak, and how the offline ones answer."""

from __future__ import annotations

import json
from collections.abc import Mapping

from shared.domain.errors import BadOutput, InvalidInput
from shared.domain.waveform import Waveform, read_wav, write_wav
from shared.ports.speech import Caps, SpeechEngine, Voice

OFFLINE_CAPS = Caps(max_characters=5_000)  # at the slowest rate this is 12 minutes, 32 MB of sound held in memory
SLOWEST, FASTEST = 0.5, 2.0


def check_text(text: str, engine: SpeechEngine) -> None:
    """Raise InvalidInput for a text that says nothing, exceeds the caps, or holds what no engine can be sent."""
    longest = engine.caps.max_characters
    if longest is not None and len(text) > longest:
        raise InvalidInput(
            f"{engine.name} speaks at most {longest} characters a request, found {len(text)}; split the text"
        )
    if not any(char.isalnum() for char in text):
        raise InvalidInput(
            f"expected a text with at least one letter or digit, found {len(text)} characters without any"
        )
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise InvalidInput("the text holds a NUL or half of a surrogate pair, which no engine can read; remove it")


def check_voice(voice: Voice, engine: SpeechEngine) -> None:
    """Raise InvalidInput unless `voice` is one that `engine` declares; so a voice never becomes another option."""
    if all(voice.id != known.id for known in engine.voices):
        shown = ", ".join(known.id for known in engine.voices[:8])
        raise InvalidInput(
            f"{engine.name} has no voice {voice.id!r} here; it has {len(engine.voices)}, among them {shown}"
        )


def rate_of(settings: Mapping[str, str], engine: SpeechEngine) -> float:
    """The speaking rate as a factor, 1.0 where none is set. Raises InvalidInput for settings that are not understood."""
    unknown = sorted(set(settings) - set(engine.settings))
    if unknown:
        raise InvalidInput(
            f"{engine.name} understands the settings {', '.join(engine.settings)}; found {', '.join(unknown)}"
        )
    try:
        rate = float(settings.get("rate", "1"))
    except ValueError as exc:
        raise InvalidInput(f"expected a rate from {SLOWEST} to {FASTEST}, found {settings['rate'][:20]!r}") from exc
    if not SLOWEST <= rate <= FASTEST:
        raise InvalidInput(f"expected a rate from {SLOWEST} to {FASTEST}, found {settings['rate'][:20]!r}")
    return rate


def ipa_of(settings: Mapping[str, str]) -> dict[str, str]:
    """The setting `ipa`: phrases as they stand in the text, and their sounds. Raises InvalidInput."""
    try:
        found = json.loads(settings.get("ipa", "{}"))
    except ValueError as exc:
        raise InvalidInput("expected the setting ipa to be a JSON object of phrases and their sounds") from exc
    if not isinstance(found, dict) or not all(phrase and isinstance(ipa, str) for phrase, ipa in found.items()):
        raise InvalidInput("expected the setting ipa to be a JSON object of phrases and their sounds")
    return found


def check_bytes(sent: str, engine: SpeechEngine) -> bytes:
    """What is really sent, as UTF-8. Raises InvalidInput where that, markup and all, is beyond the engine's bytes."""
    data, most = sent.encode(), engine.caps.max_bytes
    if most is not None and len(data) > most:
        raise InvalidInput(
            f"{engine.name} takes at most {most} bytes a request, markup among them, found {len(data)}; split the text"
        )
    return data


def clean_wav(output: bytes, program: str) -> bytes:
    """The engine's sound under a correct header. Raises BadOutput when there is none."""
    try:
        waveform: Waveform = read_wav(output)
    except BadOutput as exc:
        raise BadOutput(f"{program} answered with something else than speech: {exc.detail}") from exc
    if not waveform.samples:
        raise BadOutput(f"{program} answered with a WAV that holds no sound")
    return write_wav(waveform)
