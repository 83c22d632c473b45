"""Whether segments can be spoken by the engines here, as they are."""

from __future__ import annotations

from collections.abc import Sequence

from shared.domain.errors import Fault, InvalidInput
from shared.domain.plan import Segment
from shared.ports.speech import Caps
from shared.services.engines import SpeechEngines
from shared.services.plan_options import fits

SPOKEN = frozenset({"text", "voice"})  # the fields that this is about


def caps_of(engines: SpeechEngines) -> list[Caps]:
    """What every engine here takes in one request."""
    return [description.caps for _, description in engines.available()]


def check_segments(
    engines: SpeechEngines, owner: str, segments: Sequence[Segment], pointer: str = "/segments/{}/text"
) -> None:
    """Voices exist for this owner, and what is spoken fits every engine's caps; `pointer` leads to the text of the segment of a number.

    Raises InvalidInput with every fault, EngineUnavailable.
    """
    caps = caps_of(engines)
    faults = [fault for n, segment in enumerate(segments) for fault in _faults(segment, caps, pointer.format(n))]
    if faults:
        raise InvalidInput(f"{len(faults)} segment(s) cannot be spoken as they are.", faults=faults)
    for voice in sorted({segment.voice for segment in segments if segment.voice}):
        engines.find(voice, owner)


def _faults(segment: Segment, caps: Sequence[Caps], pointer: str) -> list[Fault]:
    if "\0" in segment.text:
        return [Fault(pointer=pointer, code="unspeakable", detail="the text holds a NUL", fix="Take it out.")]
    if fits(segment.text, caps):
        return []
    return [
        Fault(
            pointer=pointer,
            code="beyond-caps",
            detail="the text is longer than an engine here takes in one request",
            found=f"{len(segment.text)} characters",
            fix="Split the segment.",
        )
    ]
