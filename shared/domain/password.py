"""What a password must be: long enough, and not one that guessers try first. Nothing is asked of its characters.

Lengths are counted in code points after preparation, which follows RFC 8265 (OpaqueString): every kind of space becomes
a plain one and composed characters one form, so that the same password typed on another keyboard is the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.common_passwords import is_common
from shared.domain.errors import Fault

MIN_LENGTH = 8
ADVISED_LENGTH = 15
MAX_LENGTH = 1024  # far beyond what anybody types; nothing is ever cut off
_SHORTEST_PERSONAL = 4
NewPassword = Field(
    max_length=4 * MAX_LENGTH,
    description=f"{MIN_LENGTH} characters at least, better {ADVISED_LENGTH} or more; any characters, a sentence too.",
)


class BadPassword(BaseModel):
    """Why a password will not do: a stable code, and a sentence that ends with what to do."""

    model_config = ConfigDict(frozen=True)

    code: str
    detail: str

    def fault(self, pointer: str) -> Fault:
        return Fault(pointer=pointer, code=self.code, detail=self.detail, fix="Choose another password.")


def prepare_password(password: str) -> str:
    """The password as it is hashed and compared (RFC 8265, section 4.2)."""
    spaced = "".join(" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", spaced)


def judge_password(password: str, personal: Sequence[str] = ()) -> BadPassword | None:
    """Why `password` will not do, or None. `personal` is what is known of its owner: name, e-mail address."""
    prepared = prepare_password(password)
    if len(prepared) < MIN_LENGTH:
        return _bad("password-too-short", f"A password has {MIN_LENGTH} characters at least. Take a longer one")
    if len(prepared) > MAX_LENGTH:
        return _bad("password-too-long", f"A password has {MAX_LENGTH} characters at most. Take a shorter one")
    if any(unicodedata.category(char) in ("Cc", "Cs", "Cn") for char in prepared):
        return _bad("password-unprintable", "A password holds no control characters. Leave them out")
    if _is_personal(prepared, personal):
        return _bad("password-personal", "This is little more than your own name or address. Take something else")
    if is_common(prepared):
        return _bad("password-common", "Guessers try this password early. Take something else")
    return None


def _bad(code: str, detail: str) -> BadPassword:
    return BadPassword(code=code, detail=f"{detail}; {ADVISED_LENGTH} or more are better, such as a few words.")


def _is_personal(password: str, personal: Sequence[str]) -> bool:
    """Whether a name or address, whole or before the @, makes up all of it but four characters."""
    folded = password.casefold()
    words = {word for text in personal for word in (text.casefold(), text.casefold().partition("@")[0])}
    return any(word in folded and len(folded) - len(word) <= 4 for word in words if len(word) >= _SHORTEST_PERSONAL)
