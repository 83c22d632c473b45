"""Google Cloud Translation, basic (v2) by API key. What must be kept goes in spans that it is told not to translate."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from shared.adapters.json_http import JsonHttp
from shared.adapters.translation.pieces import by_pieces
from shared.domain.errors import BadOutput, EngineFailed, EngineUnavailable
from shared.domain.protected_text import MASK
from shared.domain.translation_check import guess_confidence
from shared.domain.translation_hints import NO_HINTS, Hints
from shared.ports.translation import Translated, TranslationEngine

SETTING = "REELPRINT_GOOGLE_TRANSLATE_KEY"
URL = "https://translation.googleapis.com"
MOST_CHARACTERS = 5_000  # of one request, as its documentation advises
_MOST_PIECES = 100  # of one request; it takes 128
# What its neural model translates, any to any: the languages with two letters, and those that need more.
_CODES = (
    "af sq am ar hy as ay az bm eu be bn bs bg ca ny co hr cs da dv nl en eo et ee tl fi fr fy gl ka de el gn gu ht ha he "
    "hi hu is ig id ga it ja jv kn kk km rw ko ku ky lo la lv ln lt lg lb mk mg ms ml mt mi mr mn my ne no or om ps fa pl "
    "pt pa qu ro ru sm sa gd sr st sn sd si sk sl so es su sw sv tg ta tt te th ti ts tr tk ak uk ur ug uz vi cy xh yi yo "
    "zu zh zh-TW ceb bho doi fil gom haw hmn ilo kri ckb mai mni-Mtei lus nso"
)
LANGUAGES = tuple(_CODES.split())
_SPAN = re.compile(r'<span translate="no">(.*?)</span>', re.DOTALL)


class GoogleTranslation:
    """The `Translation` port over POST {url}/language/translate/v2. Without a `key` it is not available."""

    def __init__(self, key: str, url: str = "", *, timeout_s: float = 30.0) -> None:
        self._key = key
        self._url = (url or URL).rstrip("/") + "/language/translate/v2"
        self._http = JsonHttp("Google Translation", SETTING, timeout_s=timeout_s)
        self._engine = TranslationEngine(
            "google", "v2-nmt-1", languages=LANGUAGES, paid=True, max_characters=MOST_CHARACTERS
        )

    def describe(self) -> TranslationEngine:
        if not self._key:
            raise EngineUnavailable(
                f"Google Translation is not set up. Set {SETTING} to an API key of a project that has it."
            )
        return self._engine

    def translate(self, text: str, source: str, target: str, hints: Hints = NO_HINTS) -> Translated:
        """Paragraph by paragraph. `hints` are not looked at: basic Translation knows neither glossary nor context."""
        if not self.describe().covers(source, target):
            known = ", ".join(LANGUAGES)
            raise EngineUnavailable(f"Google cannot translate {source} to {target}, but between any two of {known}.")
        is_marked = MASK.search(text) is not None
        translated = by_pieces(
            text,
            source,
            MOST_CHARACTERS,
            lambda pieces: self._ask_all(pieces, source, target, is_marked),
            by_line=is_marked,  # in HTML a line break is a space
        )
        return Translated(translated, source, target, guess_confidence(text, translated))

    def close(self) -> None:
        """Close kept-open connections."""
        self._http.close()

    def _ask_all(self, pieces: Sequence[str], source: str, target: str, is_marked: bool) -> list[str]:
        answers: list[str] = []
        for batch in _batches(pieces):
            answers += self._ask(batch, source, target, is_marked)
        return answers

    def _ask(self, batch: Sequence[str], source: str, target: str, is_marked: bool) -> list[str]:
        sent = [_marked_up(piece) for piece in batch] if is_marked else list(batch)
        pair = {"source": _code(source), "target": _code(target)}
        body = {"q": sent, **pair, "format": "html" if is_marked else "text"}
        found = self._http.post(self._url, {"x-goog-api-key": self._key}, body)
        try:
            answers = [str(entry["translatedText"]) for entry in found["data"]["translations"]]
        except (KeyError, TypeError) as exc:
            raise EngineFailed("Google Translation answered without translations; it is asked again.") from exc
        if len(answers) != len(batch):
            raise BadOutput(f"Google Translation was asked for {len(batch)} text(s) and answered {len(answers)}.")
        return [html.unescape(_SPAN.sub(r"\1", answer)) for answer in answers] if is_marked else answers


def _code(language: str) -> str:
    """Google's own code: a region where it makes a difference to it, else the language alone."""
    if language.lower() in ("zh-tw", "zh-hk", "zh-hant"):
        return "zh-TW"
    return language if language in LANGUAGES else language.partition("-")[0].lower()


def _marked_up(text: str) -> str:
    return MASK.sub(r'<span translate="no">\g<0></span>', html.escape(text, quote=False))


def _batches(pieces: Sequence[str]) -> list[list[str]]:
    """Pieces in order, as many together as one request carries."""
    batches: list[list[str]] = []
    size = 0
    for piece in pieces:
        if not batches or size + len(piece) > MOST_CHARACTERS or len(batches[-1]) == _MOST_PIECES:
            batches.append([])
            size = 0
        batches[-1].append(piece)
        size += len(piece)
    return batches
