"""Voices for a project's cast, out of the catalogue: what users chose stays, the rest is cast by who says how much where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.domain.blueprint.model import LanguageCode
from shared.domain.cast import Cast, CastCharacter, CastVoice, Member
from shared.domain.casting_voices import OfferedVoice, Person, cast_voices
from shared.domain.errors import EngineUnavailable, Fault, InvalidInput
from shared.domain.plan import NARRATOR
from shared.services.check_cast import check_voices
from shared.services.engines import SpeechEngines, speaks
from shared.services.keep_cast import KeepCast
from shared.services.keep_projects import Projects

_CHILDREN, _SENIORS = ("child", "kid", "boy", "girl"), ("senior", "old", "elder", "aged")

Provider = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class VoiceCasting(BaseModel):
    """`language` is the project's own where none is named, `narrator` a voice for the narrator.

    `providers` are whose voices to choose from, in their order; where none is named, all that cost nothing. With `keep` false
    voices that were cast before are cast anew; those that somebody chose stay in any case.
    """

    model_config = ConfigDict(extra="forbid")

    language: LanguageCode | None = None
    narrator: CastVoice | None = None
    providers: Annotated[list[Provider], Field(min_length=1, max_length=16)] | None = None
    keep: bool = True


class CastOfVoices(BaseModel):
    """The whole cast, voiced in `language`. `shared` are voices that several have, for want of more that suit."""

    language: str
    characters: list[CastCharacter]
    shared: list[str]


class CastVoices:
    def __init__(self, projects: Projects, speech: SpeechEngines, keep_cast: KeepCast) -> None:
        self._projects = projects
        self._speech = speech
        self._keep_cast = keep_cast

    def assign(
        self, owner: str, project_id: str, wish: VoiceCasting, if_revision: int | None = None
    ) -> tuple[CastOfVoices, int]:
        """Give everybody who says anything a voice of the language.

        Raises NotFound, InvalidInput for a provider or voice that is not there, EngineUnavailable, PreconditionFailed.
        """
        project = self._projects.get(owner, project_id)
        language = wish.language or project.language
        counts = self._keep_cast.counts(self._keep_cast.record(owner, project_id).record)
        if wish.narrator:
            check_voices(self._speech, owner, {language: {NARRATOR: wish.narrator}})
        default = "" if wish.narrator else self._default(language, wish)
        offered = self._offered(language, wish.providers)

        def work(cast: Cast) -> Cast:
            return _voiced(cast, counts, language, wish, default, offered)

        cast = self._keep_cast.put(owner, project_id, work, if_revision)
        given = [one.voices[language] for one in cast.members if language in one.voices]
        twice = sorted({voice for voice in given if given.count(voice) > 1})
        answer = CastOfVoices(language=language, characters=self._keep_cast.characters(owner, project_id), shared=twice)
        return answer, self._keep_cast.revision(owner, project_id)

    def _default(self, language: str, wish: VoiceCasting) -> str:
        """The narrator's voice where nobody chose one: the language's own, or the first of the providers that are named."""
        if wish.providers is None:
            return self._speech.default(language).id
        return self._offered(language, wish.providers)[0].id

    def _offered(self, language: str, providers: Sequence[str] | None) -> list[OfferedVoice]:
        """What there is to choose from, the language's very variety first within a provider. Raises EngineUnavailable."""
        engines = {engine.name: engine for _, engine in self._speech.available()}
        chosen = providers or [name for name, engine in engines.items() if not engine.paid]
        self._require_known(chosen)
        voices = [voice for name in chosen if name in engines for voice in engines[name].voices]
        spoken = [voice for voice in voices if speaks(voice, language)]
        if not spoken:
            raise EngineUnavailable(
                f"None of {', '.join(chosen) or 'the engines'} speaks {language!r} here; see GET /api/v1/voices."
            )
        order = {name: place for place, name in enumerate(chosen)}
        spoken.sort(key=lambda voice: (order[voice.engine], voice.language.lower() != language.lower()))
        return [OfferedVoice(voice.id, _gender(voice.gender), _age(voice.age)) for voice in spoken]

    def _require_known(self, providers: Sequence[str]) -> None:
        known = [status.name for status in self._speech.status()]
        missing = [name for name in providers if name not in known]
        if missing:
            fix = f"Choose of {', '.join(known)}."
            fault = Fault(
                pointer="/providers", code="unknown-provider", detail="no such engine", found=missing[0], fix=fix
            )
            raise InvalidInput(f"The provider {missing[0]!r} is not there. {fix}", faults=[fault])


def _voiced(
    cast: Cast,
    counts: Mapping[str, Mapping[str, int]],
    language: str,
    wish: VoiceCasting,
    default: str,
    offered: Sequence[OfferedVoice],
) -> Cast:
    """The cast with a voice of the language for everybody who says anything."""
    kept = {one.id: one.voices[language] for one in cast.members if _stays(one, language, wish.keep)}
    narrator = wish.narrator or kept.pop(NARRATOR, "") or default
    kept.pop(NARRATOR, None)
    people = [_person(one, counts.get(one.id, {})) for one in cast.members if _speaks(one, counts) or one.id in kept]
    voices = {NARRATOR: narrator, **cast_voices(people, offered, narrator, kept)}
    return cast.with_members([_with_voice(one, language, voices, wish) for one in cast.members])


def _with_voice(one: Member, language: str, voices: Mapping[str, str], wish: VoiceCasting) -> Member:
    if one.id not in voices:
        return one
    chosen = {*one.set_voices, language} if one.is_narrator and wish.narrator else one.set_voices
    return one.model_copy(update={"voices": {**one.voices, language: voices[one.id]}, "set_voices": sorted(chosen)})


def _stays(one: Member, language: str, keep: bool) -> bool:
    return language in one.voices and (keep or language in one.set_voices)


def _speaks(one: Member, counts: Mapping[str, Mapping[str, int]]) -> bool:
    return not one.is_narrator and bool(counts.get(one.id))


def _person(one: Member, known: Mapping[str, int]) -> Person:
    return Person(one.id, one.name, one.gender, one.age, known)


def _gender(said: str) -> str:
    return said if said in ("female", "male") else ""


def _age(said: str) -> str:
    """A provider's word for an age as one of ours."""
    word = said.lower()
    if any(part in word for part in _CHILDREN):
        return "child"
    return "senior" if any(part in word for part in _SENIORS) else "adult" if word else ""
