"""Narration heard back: what a recogniser makes of a sound, and which of the text's words it never heard.

pocketsphinx listens with its packaged American English acoustic model and a language model of the text itself. That model
knows which words may follow which; what is heard is decided by the sound, so that a sentence left out is missed, not made up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.support.hearing_model import as_flite_says, write_dictionary, write_language_model
from tests.support.media import ffmpeg
from tests.support.word_errors import missing_runs, word_error_rate, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 16_000  # samples a second, as the acoustic model was trained
_SHORTEST_S, _LONGEST_S = 12, 20  # a piece: long enough to measure its level by, short enough to search fast
_FAINTEST = 100  # of 32,768, -50 dBFS: flite peaks 40 dB above it
_QUIET_MS = 200  # the stretch whose middle is cut through

__all__ = ["RATE", "hear", "missing_runs", "pieces", "word_error_rate", "words_of"]


def hear(sound: Path | bytes, words: Sequence[str]) -> list[str]:
    """What is heard in `sound`, word by word, listening for the text whose words in order are `words`.

    `sound` is any file that FFmpeg decodes, or 16-bit little-endian mono PCM at 16 kHz. Words that the packaged dictionary
    lacks are listened for as flite says them.
    """
    pcm = (
        sound
        if isinstance(sound, bytes)
        else ffmpeg("-i", sound, "-vn", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    )
    decoder = _decoder(words_of(" ".join(words)))
    return [word for piece in pieces(np.frombuffer(pcm, dtype="<i2")) for word in _recognised(decoder, piece)]


def _decoder(words: Sequence[str]) -> Any:
    import pocketsphinx

    model = Path(pocketsphinx.get_model_path("en-us"))
    with tempfile.TemporaryDirectory(prefix="hearing-") as folder:
        dictionary, language = Path(folder, "words.dict"), Path(folder, "bigrams.arpa")
        write_dictionary(model / "cmudict-en-us.dict", words, dictionary, as_flite_says)
        write_language_model(words, language)
        return pocketsphinx.Decoder(hmm=str(model / "en-us"), dict=str(dictionary), lm=str(language), loglevel="FATAL")


def _recognised(decoder: Any, piece: NDArray[np.int16]) -> list[str]:
    if np.abs(piece.astype(np.int32)).max(initial=0) < _FAINTEST:  # with nothing to hear, it would guess
        return []
    decoder.start_utt()
    decoder.process_raw(piece.tobytes(), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return found.hypstr.split() if found else []


def pieces(samples: NDArray[np.int16]) -> Iterator[NDArray[np.int16]]:
    """Cut long sound at the quietest moment between 12 and 20 s, again and again: no threshold to be wrong about."""
    start = 0
    while len(samples) - start > _LONGEST_S * RATE:
        window = samples[start + _SHORTEST_S * RATE : start + _LONGEST_S * RATE]
        cut = start + _SHORTEST_S * RATE + _quietest(window)
        yield samples[start:cut]
        start = cut
    yield samples[start:]


def _quietest(window: NDArray[np.int16]) -> int:
    """The middle of the quietest 200 ms of `window`, in samples."""
    width = RATE * _QUIET_MS // 1000
    energy = np.concatenate(([0], np.cumsum(window.astype(np.int64) ** 2)))
    return int(np.argmin(energy[width:] - energy[:-width])) + width // 2
