"""Relations in names: "his wife" is the Mrs. of his surname, "her father" the Mr. of hers."""

from __future__ import annotations

from typing import Final

from shared.domain.casting.name_words import FEMALE, MALE, MARRIED
from shared.domain.casting.names import Name
from shared.domain.casting.roster import NOBODY, Roster

_HUSBANDS = frozenset({"mr", "sr", "don", "sir", "herr", "signor", "monsieur"})
TITLES_OF_KIN: Final = {
    **dict.fromkeys(("mother", "wife", "mamma", "mama", "lady", "madre", "esposa", "mujer"), MARRIED),
    **dict.fromkeys(("father", "husband", "papa", "padre", "marido", "esposo"), _HUSBANDS),
}
OWNERS: Final = {"his": MALE, "her": FEMALE}


def kin_of(roster: Roster, noun: str, owner: int) -> int:
    """Who is the `noun` ("wife") of member `owner`, by title and surname; NOBODY where not exactly one is."""
    titles = TITLES_OF_KIN.get(noun)
    if owner == NOBODY or not titles:
        return NOBODY
    surnames = {name.surname or (name.single if name.title else "") for name in roster.members[owner].names} - {""}
    found = {
        who
        for surname in surnames
        for title in ("mrs", "mr")
        if title in titles
        for who in roster.near(Name(title, single=surname))
        if who != owner and any(name.title in titles for name in roster.members[who].names)
    }
    return found.pop() if len(found) == 1 else NOBODY
