"""All that speaking takes besides the engines: what is kept, what is paid, who is left alone, and what is said at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.domain.price import Prices
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.services.artifact_store import ArtifactStore
from shared.services.breaker import Breaker
from shared.services.engines import SpeechEngines
from shared.services.speak_unit import SpeakUnit
from shared.services.spending import Spending
from shared.services.voice_segment import VoiceSegment
from shared.services.voicing_outcomes import VoicingOutcomes


@dataclass(frozen=True)
class SpeechDesk:
    """`fallbacks` name by language who speaks where a vendor cannot and a job says nothing else."""

    engines: SpeechEngines
    breaker: Breaker
    spending: Spending
    outcomes: VoicingOutcomes
    voice_segment: VoiceSegment
    speak_unit: SpeakUnit
    fallbacks: Mapping[str, str]


def speech_desk(
    engines: SpeechEngines,
    documents: Documents,
    clock: Clock,
    artifacts: ArtifactStore,
    *,
    prices: Prices,
    cap: int,
    fallbacks: Mapping[str, str],
) -> SpeechDesk:
    """`cap` is what a user may spend in a month where no admin said otherwise, in millionths."""
    breaker, spending = Breaker(documents, clock), Spending(documents, clock, prices, cap)
    outcomes, voice_segment = VoicingOutcomes(documents), VoiceSegment(engines, artifacts, breaker)
    speak_unit = SpeakUnit(engines, voice_segment, breaker, spending, outcomes)
    return SpeechDesk(engines, breaker, spending, outcomes, voice_segment, speak_unit, fallbacks)
