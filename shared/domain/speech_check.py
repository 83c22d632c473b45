"""Whether a spoken segment can be what its text says: not silent, not clipped, not far too short or long.

The time looked at is the time in which something is said, without pauses, so that a text full of commas is judged like
one without. Measured over 1,223 clips (flite slt, rms, awb, kal16; espeak-ng in English, Spanish and 16 other languages;
sentences of novels and hard short cases), milliseconds for each:

    letter, alphabets        49-91 (98% of clips 54-85) where there are 20 letters and more; up to 420 in one-letter texts ("I.")
    letter, abjads, abugidas 69-148: vowels are spoken and not all counted
    Han, kana, Hangul        150-420
    digit                    180-600: 1,234,567 is ten words
    sign, as in an address   up to 350
    level of the voiced part -32 to -12 dBFS; no sample at full scale in any clip

The bounds leave a fifth to a quarter of room on both sides, plus a constant for short texts. So they tell half of a text
of 60 letters and more from the whole in 97% of the clips, and a missing word in none: that takes listening.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from shared.domain.errors import Fault
from shared.domain.waveform import SpeechMeasure

_INAUDIBLE_DBFS = -45.0
_MOST_CLIPPED = 0.001
_WIDE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]")
_SLACK_MS = (-150, 900)
_WIDE_MS = (90, 700)
_LETTER_MS = (40, 120)
_CAPITAL_MS = (40, 450)  # "BBC" and "W" are spelled out
_SHORTHAND_LETTER_MS = (40, 240)  # of scripts that leave vowels out
_DIGIT_MS = (100, 800)
_SIGN_MS = (0, 450)
_LONGEST_SILENCE_MS = (
    5_000  # the longest pause of the offline voices is below 1.5 s; models that lose the thread fall silent
)


def check_speech(measure: SpeechMeasure, text: str, rate: int, *, speed: float = 1.0) -> list[Fault]:
    """All that is wrong with the sound of `text`; [] when it may be shipped.

    `rate` is in samples a second. `speed` is the speaking rate that was asked of the engine, 1.0 being its usual one.
    """
    if measure.is_silent or measure.voiced_rms_dbfs < _INAUDIBLE_DBFS:
        return [
            Fault(
                pointer="",
                code="silent-speech",
                detail="the sound holds no audible speech",
                found=f"{measure.duration / rate:.1f} s, voiced part at {measure.voiced_rms_dbfs:.0f} dBFS",
                fix="voice the segment again, or edit its text",
            )
        ]
    return [*_clipping(measure), *_length(measure, text, rate, speed)]


def said_share(measure: SpeechMeasure, text: str, rate: int, *, speed: float = 1.0) -> float:
    """Time in which something is said, as a share of the middle of what `expected_ms` allows."""
    return 1000 * measure.speaking / rate * speed / (sum(expected_ms(text)) / 2)


def expected_ms(text: str) -> tuple[int, int]:
    """The least and the most time, in milliseconds without pauses, that saying `text` can take at the usual speed."""
    costs = [_SLACK_MS, *(_cost(char) for char in unicodedata.normalize("NFC", text))]
    return max(0, sum(least for least, _ in costs)), sum(most for _, most in costs)


def _cost(char: str) -> tuple[int, int]:
    if char.isdigit():
        return _DIGIT_MS
    if _WIDE.match(char):
        return _WIDE_MS
    if char.isupper():
        return _CAPITAL_MS
    if char.islower():
        return _LETTER_MS
    if char.isalpha():
        return _SHORTHAND_LETTER_MS
    return (0, 0) if char.isspace() else _SIGN_MS if _is_read_out(char) else (0, 0)


def _is_read_out(char: str) -> bool:
    return char in "@/\\&#%.:*_" or unicodedata.category(char)[0] in "SN"


def _clipping(measure: SpeechMeasure) -> Iterator[Fault]:
    if measure.clipped_share > _MOST_CLIPPED:
        yield Fault(
            pointer="",
            code="clipped-speech",
            detail="the sound is cut off at full scale and will crackle",
            found=f"{measure.clipped_share:.2%} of all samples at full scale, at most {_MOST_CLIPPED:.2%} expected",
            fix="voice the segment again, or with another voice",
        )


def check_silence(measure: SpeechMeasure, rate: int, *, speed: float = 1.0) -> list[Fault]:
    """Whether a voice that invents its pauses fell silent. Those of the offline engines are what the text asks for."""
    inner = (end - start for start, end in measure.pauses)
    longest = max([measure.leading_silence, measure.trailing_silence, *inner]) * 1000 / rate * speed
    if longest <= _LONGEST_SILENCE_MS:
        return []
    return [
        Fault(
            pointer="",
            code="speech-with-a-hole",
            detail="the voice falls silent for longer than any pause lasts",
            found=f"a silence of {longest / 1000:.1f} s, at most {_LONGEST_SILENCE_MS / 1000:.0f} s expected",
            fix="listen, then voice the segment again, or edit its text",
        )
    ]


def _length(measure: SpeechMeasure, text: str, rate: int, speed: float) -> Iterator[Fault]:
    least, most = expected_ms(text)
    spoken = 1000 * measure.speaking / rate * speed
    if least <= spoken <= most:
        return
    short = spoken < least
    yield Fault(
        pointer="",
        code="speech-too-short" if short else "speech-too-long",
        detail="words of the text may be missing" if short else "the sound holds more than the text can account for",
        found=f"{spoken / 1000:.1f} s of speech for {len(text)} characters, expected {least / 1000:.1f}-{most / 1000:.1f} s",
        fix="listen, then voice the segment again, or edit its text",
    )
