"""English in ASCII alone, for an engine that skips every other byte without a word."""

from __future__ import annotations

import re
import unicodedata

from shared.domain.errors import InvalidInput

_LETTERS = {
    "æ": "ae",
    "œ": "oe",
    "ß": "ss",
    "ø": "o",
    "ł": "l",
    "đ": "d",
    "ð": "th",
    "þ": "th",
    "ı": "i",
    "ħ": "h",
    "Æ": "Ae",
    "Œ": "Oe",
    "Ø": "O",
    "Ł": "L",
    "Đ": "D",
    "Ð": "Th",
    "Þ": "Th",
    "Ħ": "H",
}
_SIGNS = {
    "&": "and",
    "°": "degrees",
    "×": "times",
    "÷": "divided by",
    "±": "plus or minus",
    "§": "section",
    "²": "squared",
    "³": "cubed",
    "№": "number",
    "©": "copyright",
    "½": "one half",
    "¼": "one quarter",
    "¾": "three quarters",
    "⅓": "one third",
    "⅔": "two thirds",
}
_MONEY = {"€": "euros", "£": "pounds", "¥": "yen"}
_AMOUNT = re.compile(r"([€£¥])\s?(\d+(?:[.,]\d+)*)")
_MIXED_NUMBER = re.compile(r"(\d)\s?(?=[½¼¾⅓⅔])")
_SPELLED = {ord(letter): plain for letter, plain in _LETTERS.items()} | {
    ord(sign): f" {word} " for sign, word in _SIGNS.items()
}
_SHOWN = 12  # characters of somebody's text that a message may quote


def ascii_form(text: str) -> str:
    """Fold accents ("café" to "cafe") and spell out the signs that English has a word for ("20 °C", "€5", "½").

    Raises InvalidInput for letters and digits of other scripts: they would be left unspoken.
    """
    text = _AMOUNT.sub(lambda found: f"{found[2]} {_MONEY[found[1]]}", text)
    text = _MIXED_NUMBER.sub(r"\1 and ", text)
    text = text.translate(_SPELLED)
    text = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    unreadable = "".join(dict.fromkeys(char for char in text if not char.isascii() and char.isalnum()))
    if unreadable:
        raise InvalidInput(
            "this voice reads English in Latin letters only and would skip others in silence; "
            f"found {unreadable[:_SHOWN]}; write the words in Latin letters, or cast an espeak voice"
        )
    return re.sub(" +", " ", re.sub(r"[^\x00-\x7f]", " ", text)).strip()
