"""A sentence made ready for Apertium, and put right again after it.

What is no word is taken out and leaves a numbered superblank (`[3]`), which Apertium carries through: quotation marks,
dashes, line breaks, addresses, and all that its stream format or its marks for unknown words use for themselves. Headings
in capitals go in as lower case, for the dictionaries tell the two apart, and an open end gets a full stop for the tagger.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from shared.domain.errors import BadOutput

_NUMBERED_PARTS = (
    "chapter",
    "part",
    "book",
    "volume",
    "act",
    "scene",
    "capítulo",
    "parte",
    "libro",
    "acto",
    "escena",
    "tomo",
)
_TAKEN_OUT = re.compile(
    r"https?://\S+|[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"  # addresses
    r"|[^\S ]\s*| \s+"  # any white space but a single space
    r"|…+|\.{2,}|[—–―]+|-{2,}"
    r"|[\"“”„«»‹›]|(?<!\w)['‘’‚]|['‘’](?!\w)"
    r"|[\[\]{}^$/\\@<>*#~+|_`]|[\x00-\x1f\x7f\ufffe\uffff\ud800-\udfff]"
    r"|(?i:" + "|".join(f"(?<={word} )" for word in _NUMBERED_PARTS) + r")[IVXLC]+\b"  # "I" would be a pronoun
)
_BLANK = re.compile(r"\[(\d+)\]")
_MARK = re.compile(r"[*@#]")
_UNKNOWN = re.compile(r"[*@#](?=\w)")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ENDS = re.compile(r"[.!?:;](?:[\"')]|\[\d+\])*$")
_INNER_APOSTROPHE = re.compile(r"(?<=\w)’(?=\w)")


_SHOUTED = re.compile(r"[^\W\d_]{4}|[^\W\d_]{2}[^\w]*[!?]")  # not "US": its lower case is another word
_NO_STOP = re.compile(r"\b([Nn]o)\.(?!\s*\d)")  # would be the abbreviation of "number"
_AFTER_STOP = re.compile(r"(?<=[.!?])((?:\[\d+\])* (?:\[\d+\])*)([^\W\d_])")


@dataclass(frozen=True)
class Prepared:
    """`stream` is what Apertium is sent. `taken` are the pieces behind the superblanks, with the spaces round each."""

    stream: str
    taken: tuple[tuple[bool, str, bool], ...]
    words: int
    is_heading: bool
    starts_upper: bool | None  # None: does not start with a letter that has cases
    resumes_lower: bool  # after a stop inside the sentence, as in: "Why?" he asked
    full_stop_added: bool
    curly: bool


@dataclass(frozen=True)
class Restored:
    text: str
    unknown: int  # words that Apertium marked


def prepare(sentence: str) -> Prepared:
    """`sentence` has no white space at its ends."""
    text = unicodedata.normalize("NFC", sentence)
    curly = _INNER_APOSTROPHE.search(text) is not None
    text = _INNER_APOSTROPHE.sub("'", text)
    heading = text.isupper() and _SHOUTED.search(text) is not None
    taken: list[tuple[bool, str, bool]] = []

    def take(found: re.Match[str]) -> str:
        before, after = text[: found.start()][-1:], text[found.end() : found.end() + 1]
        taken.append((before == " ", found[0], after == " "))
        return f"[{len(taken) - 1}]"

    stream = _NO_STOP.sub(r"\1 .", _TAKEN_OUT.sub(take, text))
    added = not _ENDS.search(stream)
    cased = [char for char in text if char.isalnum()][:1]
    return Prepared(
        stream=(stream.lower() if heading else stream) + ("." if added else ""),
        taken=tuple(taken),
        words=len(_WORD.findall(stream)),
        is_heading=heading,
        starts_upper=cased[0].isupper() if cased and cased[0].upper() != cased[0].lower() else None,
        resumes_lower=all(letter.islower() for _, letter in _AFTER_STOP.findall(stream)),
        full_stop_added=added,
        curly=curly,
    )


def restore(answer: str, prepared: Prepared) -> Restored:
    """What Apertium answered, as text. Raises BadOutput when it lost or doubled what was to be carried through."""
    carried = sorted(int(number) for number in _BLANK.findall(answer))
    if carried != list(range(len(prepared.taken))):
        raise BadOutput(f"Apertium was to carry {len(prepared.taken)} marks through a sentence and gave {len(carried)}")
    unknown = len(_UNKNOWN.findall(answer))
    text = re.sub(r"\\(.)", r"\1", _MARK.sub("", answer))
    if prepared.full_stop_added:
        text = text.rstrip().removesuffix(".")
    text = _respaced(text, prepared)
    if prepared.curly:
        text = re.sub(r"(?<=\w)'(?=\w|\s|$)", "’", text)
    text = _recased(text, prepared)
    return Restored(_BLANK.sub(lambda blank: prepared.taken[int(blank[1])][1], text), unknown)


def _respaced(text: str, prepared: Prepared) -> str:
    """Spaces beside a superblank as the source has them, single ones elsewhere: words that were dropped leave theirs."""

    def respace(blank: re.Match[str]) -> str:
        before, _, after = prepared.taken[int(blank[1])]
        return " " * before + f"[{blank[1]}]" + " " * after

    text = re.sub(r" +", " ", re.sub(rf" *{_BLANK.pattern} *", respace, text))
    return re.sub(r" (?=[,.;:!?)])|(?<=[(¿¡]) ", "", text).strip()


def _recased(text: str, prepared: Prepared) -> str:
    """The case of the source: capitals for a heading, and its first letter's for the first letter."""
    if prepared.is_heading:
        return text.upper()
    if prepared.resumes_lower:
        text = _AFTER_STOP.sub(lambda found: found[1] + found[2].lower(), text)
    first = re.search(r"[^\W\d_]", text)
    if first is None or prepared.starts_upper is None:
        return text
    letter = first[0].upper() if prepared.starts_upper else first[0].lower()
    return text[: first.start()] + letter + text[first.end() :]
