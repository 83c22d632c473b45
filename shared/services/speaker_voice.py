"""Which voice speaks a segment: one answer for productions, exports and previews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.domain.plan import NARRATOR, Segment
from shared.services.engines import primary

Voices = Mapping[str, Mapping[str, str]]  # by language and speaker


def voices_in(language: str, cast: Voices, given: Voices) -> dict[str, str]:
    """The voices of one language by speaker: a project's `cast`, and over it what was `given` for this once."""
    return {**_of(cast, language), **_of(given, language)}


def with_cast(languages: Sequence[str], cast: Voices, given: Voices) -> dict[str, dict[str, str]]:
    """`given` with the project's cast beneath it, for each of these languages."""
    return {code: voices for code in languages if (voices := voices_in(code, cast, given))}


def voice_of(segment: Segment, voices: Mapping[str, str], default: str, *, is_own: bool = True) -> str:
    """The segment's own voice, else its speaker's, else the narrator's, else the language's `default`.

    `is_own`: in the chapter's own language, for which alone a segment's own voice was chosen.
    """
    own = segment.voice if is_own else ""
    return own or voices.get(segment.speaker) or voices.get(NARRATOR) or default


def _of(voices: Voices, language: str) -> Mapping[str, str]:
    return voices.get(language) or voices.get(primary(language), {})
