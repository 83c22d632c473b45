"""How fast a voice speaks, learned from what it said: the bounds of all voices are wide, those of one are not."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from statistics import median

from shared.domain.errors import Fault

REMEMBERED = 64  # sounds of one voice
ENOUGH = 8  # from then on it is known
LEAST_LETTERS = 60  # of a text: shorter ones vary too much
BOUNDS = (0.6, 1.7)  # of its median, over texts of that length


class VoicePace:
    """The shares of the expected time (`speech_check.said_share`) that the last good sounds of one voice took."""

    def __init__(self) -> None:
        self._shares: deque[float] = deque(maxlen=REMEMBERED)

    def learn(self, text: str, share: float) -> None:
        if _is_long(text):
            self._shares.append(share)

    def check(self, text: str, share: float) -> Sequence[Fault]:
        """[] while too little is known, and where the voice took as long as it does."""
        if len(self._shares) < ENOUGH or not _is_long(text):
            return []
        usual = median(self._shares)
        if BOUNDS[0] * usual <= share <= BOUNDS[1] * usual:
            return []
        short = share < usual
        return [
            Fault(
                pointer="",
                code="speech-too-short" if short else "speech-too-long",
                detail="words of the text may be missing" if short else "the voice took longer than it does",
                found=f"{share / usual:.0%} of the time that this voice takes for as much text",
                fix="listen, then voice the segment again, or edit its text",
            )
        ]


def _is_long(text: str) -> bool:
    return sum(1 for char in text if char.isalnum()) >= LEAST_LETTERS
