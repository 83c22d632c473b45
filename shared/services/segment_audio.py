"""The sound of one segment, if it was voiced: looked up by its content, as a production would."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO

from shared.domain.errors import Conflict, NotFound
from shared.domain.lexicon import Lexicon
from shared.domain.plan_edits import find
from shared.services.artifact_store import ArtifactStore
from shared.services.cast_lines import CastChapterLines
from shared.services.engines import SpeechEngines
from shared.services.keep_lexicon import KeepLexicon
from shared.services.keep_plans import Plans
from shared.services.keep_projects import Projects
from shared.services.pronounce import Pronounce
from shared.services.speaker_voice import voice_of, voices_in
from shared.services.voice_segment import VoiceSegment


@dataclass(frozen=True)
class Sound:
    """A voiced segment: `source` opens its WAV of `size` bytes, `digest` names its content."""

    source: AbstractContextManager[BinaryIO]
    size: int
    digest: str


class SegmentAudio:
    def __init__(
        self,
        projects: Projects,
        plans: Plans,
        lexicon: KeepLexicon,
        pronounce: Pronounce,
        speech: SpeechEngines,
        voice_segment: VoiceSegment,
        artifacts: ArtifactStore,
        casting: CastChapterLines,
    ) -> None:
        self._casting = casting
        self._projects = projects
        self._plans = plans
        self._lexicon = lexicon
        self._pronounce = pronounce
        self._speech = speech
        self._voice_segment = voice_segment
        self._artifacts = artifacts

    def find(self, owner: str, project_id: str, chapter_id: str, segment_id: str, voice: str = "") -> Sound:
        """The segment in `voice`, else in its own, its speaker's or the narrator's of the cast, else in the language's first.

        Raises NotFound for what is not there or not voiced yet, Conflict for what is not spoken, InvalidInput for a voice
        nobody has, EngineUnavailable.
        """
        project = self._projects.get(owner, project_id)
        segments = self._plans.get(owner, project_id, chapter_id).segments
        segment = segments[find(segments, segment_id)]
        if not segment.is_spoken:
            raise Conflict(
                "This segment is not spoken: it is skipped, or holds no words. Restore it, or give it a text."
            )
        voices = voices_in(project.language, self._casting.voices(owner, project_id), {})
        chosen = voice or voice_of(segment, voices, "") or self._speech.default(project.language).id
        lexicon = Lexicon(self._lexicon.entries(owner, project_id), project.language)
        text, settings = self._pronounce(lexicon, segment.text, segment.speaker, chosen, owner)
        key = self._voice_segment.key(text, chosen, settings, owner)
        info = self._artifacts.find(key)
        if info is None:
            raise NotFound(
                f"The segment is not voiced yet as it is now in {chosen}. POST /api/v1/jobs with type narration voices the "
                "chapter; `voice` asks for another voice that did."
            )
        return Sound(self._artifacts.open(key), info.size, key.digest)
