"""How fast each speech vendor's queue goes, by the settings: a rate and a concurrency of its own."""

from __future__ import annotations

from collections.abc import Mapping

from shared.domain.speech_settings import SpeechSettings
from shared.ports.tasks import QueueKind, QueuePolicy

DEADLINE_S = 150.0  # of one text: a vendor's own timeout, and what is done to the sound


def speech_lanes(settings: SpeechSettings) -> Mapping[QueueKind, QueuePolicy]:
    """Policies of the vendors' queues. A vendor is down for minutes: its texts wait longer than others before they fail."""
    rates = {
        QueueKind.SPEECH_GOOGLE: (settings.google_concurrency, settings.google_per_second),
        QueueKind.SPEECH_AZURE: (settings.azure_concurrency, settings.azure_per_second),
        QueueKind.SPEECH_ZYPHRA: (settings.zyphra_concurrency, settings.zyphra_per_second),
        QueueKind.SPEECH_OPENAI: (settings.openai_concurrency, settings.openai_per_second),
    }
    return {
        kind: QueuePolicy(
            settings.vendor_attempts, max_concurrent=at_once, max_per_second=a_second, deadline_s=DEADLINE_S
        )
        for kind, (at_once, a_second) in rates.items()
    }
