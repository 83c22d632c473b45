"""Whether the voices of a narration's cast are there and speak what they are cast for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.errors import Fault, InvalidInput
from shared.domain.job import NarrationInput
from shared.services.engines import SpeechEngines, primary, speaks


def check_cast(engines: SpeechEngines, owner: str, wish: NarrationInput, spoken: Sequence[str]) -> None:
    """Raises InvalidInput with every fault, and for a voice nobody has; EngineUnavailable."""
    narrated = {primary(code) for code in spoken}
    faults = []
    casts = [("voices", language, cast) for language, cast in wish.voices.items()]
    casts += [("fallback", language, {"": voice}) for language, voice in wish.fallback.items()]
    for field, language, cast in casts:
        place = f"/input/{field}/{language}"
        if language not in spoken and primary(language) not in narrated:
            detail = f"no video is narrated in it; narrated are {', '.join(spoken)}"
            faults.append(_fault(place, "language-not-narrated", detail, language))
        for speaker, voice_id in cast.items():
            voice = engines.find(voice_id, owner)[2]
            if not speaks(voice, language):
                where = f"{place}/{speaker}" if speaker else place
                faults.append(_fault(where, "wrong-language", f"the voice speaks {voice.language}", voice_id))
    if faults:
        raise InvalidInput(f"The casting has {len(faults)} fault(s); see errors.", faults=faults)


def check_voices(engines: SpeechEngines, owner: str, voices: Mapping[str, Mapping[str, str]]) -> None:
    """The voices of a project's cast, by language and speaker, are there and speak it.

    Raises InvalidInput with every fault, and for a voice nobody has; EngineUnavailable.
    """
    faults = [
        _fault(f"/voices/{language}", "wrong-language", f"it is cast for {speaker}", voice)
        for language, cast in voices.items()
        for speaker, voice in cast.items()
        if not speaks(engines.find(voice, owner)[2], language)
    ]
    if faults:
        raise InvalidInput(f"The project's cast has {len(faults)} fault(s); see errors.", faults=faults)


def _fault(pointer: str, code: str, detail: str, found: str) -> Fault:
    fix = "Choose a voice of GET /api/v1/voices that speaks it, or leave it out."
    return Fault(pointer=pointer, code=code, detail=detail, found=found, fix=fix)
