"""What a job is asked for: one shape for each type, told apart by `type`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from shared.domain.blueprint.model import LanguageCode
from shared.domain.glossary import Phrase
from shared.domain.job import JobDescription, JobTitle, JobType, Metadata, NarrationInput, Priority, VoiceName
from shared.domain.webhook import NewWebhook

Kind = TypeVar("Kind")
Input = TypeVar("Input", bound=BaseModel)
MAX_SEGMENTS = 500
MAX_GIVEN_TERMS = 200
MAX_CHARACTERS = 20_000  # of all segments together; what is longer is a chapter, and narrated
Text = Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS, pattern=r"\w")]
AssetId = Annotated[str, Field(min_length=1, max_length=128)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _require_one_way(text: str | None, segments: Sequence[Any] | None, texts: Sequence[str]) -> None:
    if (text is None) == (segments is None):
        raise ValueError("give either text or segments")
    size = sum(len(each) for each in texts)
    if size > MAX_CHARACTERS:
        raise ValueError(f"the segments have at most {MAX_CHARACTERS} characters together; these have {size}")


class SpeechSegment(_Input):
    """One text and, where it is not the job's own, its voice."""

    text: Text
    voice: VoiceName | None = None


class TextToSpeechInput(_Input):
    """Text to be spoken. `voice` is the language's own where none is named; `rate` is a factor of its usual pace.

    `word_times` asks when each word is heard, of engines that can tell. `fallback` speaks where a voice's provider cannot,
    which the job tells under `substituted`.
    """

    text: Text | None = None
    segments: Annotated[list[SpeechSegment], Field(min_length=1, max_length=MAX_SEGMENTS)] | None = None
    language: LanguageCode = "en"
    voice: VoiceName | None = None
    rate: Annotated[float, Field(ge=0.5, le=2.0)] = 1.0
    word_times: bool = False
    fallback: VoiceName | None = None

    @model_validator(mode="after")
    def _one_way(self) -> TextToSpeechInput:
        _require_one_way(self.text, self.segments, [line.text for line in self.lines])
        return self

    @property
    def lines(self) -> list[SpeechSegment]:
        return self.segments or [SpeechSegment(text=self.text or "")]


class GivenTerm(_Input):
    """What a term of the source is called in the target language."""

    source: Phrase
    target: Phrase
    case_sensitive: bool = False


class TranslationInput(_Input):
    """Text to be translated. Segments are one text in pieces: engines that look at context see those beside each.

    `glossary` says what terms are called in the target language; a project's own serves its narrations.
    """

    text: Text | None = None
    segments: Annotated[list[Text], Field(min_length=1, max_length=MAX_SEGMENTS)] | None = None
    source_language: LanguageCode
    target_language: LanguageCode
    glossary: Annotated[list[GivenTerm], Field(max_length=MAX_GIVEN_TERMS)] = []

    @model_validator(mode="after")
    def _one_way(self) -> TranslationInput:
        _require_one_way(self.text, self.segments, self.texts)
        return self

    @property
    def texts(self) -> list[str]:
        return self.segments or [self.text or ""]


class VideoGenerationInput(_Input):
    """A stored blueprint to be rendered, as `blueprint_id` names it on the job that composed it."""

    blueprint_id: AssetId


class FullPipelineInput(NarrationInput):
    """A narration from chapter to captioned film, in the chapter's language and at least one more."""

    translate_to: Annotated[list[LanguageCode], Field(min_length=1, max_length=16)]


class VoiceCloneInput(_Input):
    """A voice sample, of at least a few seconds of one person, that a voice is to be made of."""

    voice_sample_asset_id: AssetId
    name: Annotated[str, Field(min_length=1, max_length=80)] = "My voice"
    language: LanguageCode = "en"


class ChoreographyInput(_Input):
    """A song and, in plain words, the dance that is wanted to it."""

    song_asset_id: AssetId
    wish: Annotated[str, Field(max_length=2000)] = ""


class LiveSessionInput(_Input):
    """A meeting that is to be heard, transcribed and translated while it lasts."""

    meeting_url: Annotated[str, Field(pattern=r"^https://[!-~]+$", max_length=2048)]
    source_language: LanguageCode | None = None  # None: told by what is heard first
    target_languages: Annotated[list[LanguageCode], Field(min_length=1, max_length=8)]
    speaker_name: Annotated[str, Field(min_length=1, max_length=80)] = "Captions"


class _NewJob(BaseModel, Generic[Kind, Input]):
    """`webhook` is told when the job has ended; without one, the webhook of your settings, if there is any."""

    model_config = ConfigDict(extra="forbid")

    priority: Priority = Priority.NORMAL
    title: JobTitle = ""
    description: JobDescription = ""
    metadata: Metadata = {}
    webhook: NewWebhook | None = None
    type: Kind
    input: Input


class NewNarration(_NewJob[Literal[JobType.NARRATION], NarrationInput]):
    """A chapter as narrated, captioned film, in one language or several."""


class NewTextToSpeech(_NewJob[Literal[JobType.TEXT_TO_SPEECH], TextToSpeechInput]):
    """Text as sound: one WAV for each segment, and a list of what they are."""


class NewTranslation(_NewJob[Literal[JobType.TRANSLATION], TranslationInput]):
    """Text in another language."""


class NewVideoGeneration(_NewJob[Literal[JobType.VIDEO_GENERATION], VideoGenerationInput]):
    """A stored blueprint as film."""


class NewFullPipeline(_NewJob[Literal[JobType.FULL_PIPELINE], FullPipelineInput]):
    """A narration with translation: every step from the chapter's text to the film."""


class NewVoiceClone(_NewJob[Literal[JobType.VOICE_CLONE], VoiceCloneInput]):
    """A voice made of a sample. No engine here can do that yet: it answers 422 engine-unavailable."""


class NewChoreography(_NewJob[Literal[JobType.CHOREOGRAPHY], ChoreographyInput]):
    """A dance to a song. No engine here can do that yet: it answers 422 engine-unavailable."""


class NewLiveSession(_NewJob[Literal[JobType.LIVE_SESSION], LiveSessionInput]):
    """Live captions of a meeting. No engine here can do that yet: it answers 422 engine-unavailable."""


WITHOUT_ENGINE = {
    JobType.VOICE_CLONE: "Choose one of GET /api/v1/voices and ask for text_to_speech.",
    JobType.CHOREOGRAPHY: "Compose a blueprint of your own and check it by POST /api/v1/blueprints/check.",
    JobType.LIVE_SESSION: "Ask for a translation of what was said afterwards.",
}
"""What to do instead of a job that nothing here can work off."""


class NewJob(
    RootModel[
        Annotated[
            NewNarration
            | NewTextToSpeech
            | NewTranslation
            | NewVideoGeneration
            | NewFullPipeline
            | NewVoiceClone
            | NewChoreography
            | NewLiveSession,
            Field(discriminator="type"),
        ]
    ]
):
    """A wish for work; `type` says of which kind, and `input` what kind by kind."""
