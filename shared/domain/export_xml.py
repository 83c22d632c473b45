"""XML that is well formed whatever it is made of: the one place where text becomes markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.sax.saxutils import escape, quoteattr

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_BLANK = re.compile("[\x0b\x0c\x1c-\x1f\x85]")
# What XML 1.0 (section 2.2) has no way to write, and the non-characters, which checkers refuse.
_ILLEGAL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


def xml_text(text: str) -> str:
    """Text between tags. Characters that XML cannot hold are left out; old blanks among them become spaces."""
    return escape(legal(text))


def legal(text: str) -> str:
    return _ILLEGAL.sub("", _BLANK.sub(" ", text))


def tag(name: str, content: str = "", /, **attributes: str | None) -> str:
    """An element around `content`, which is markup already. An attribute's `_` is written `-`, `__` as `:`, and a leading or
    closing one not at all; one that is None is left out.
    """
    given = {_spelt(key): value for key, value in attributes.items() if value is not None}
    return _element(name, content, given)


def _element(name: str, content: str, attributes: Mapping[str, str]) -> str:
    opened = name + "".join(f" {key}={quoteattr(legal(value))}" for key, value in attributes.items())
    return f"<{opened}>{content}</{name}>" if content else f"<{opened}/>"


def _spelt(name: str) -> str:
    return name.strip("_").replace("__", ":").replace("_", "-")


def direction(language: str) -> str | None:
    """`dir` of a text in this language (BCP 47): "rtl", or None for the usual."""
    return "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else None
