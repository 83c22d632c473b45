"""Words that headings are made of, in the languages the studio knows: "Chapter", "Part", and numbers however written."""

from __future__ import annotations

import re

from shared.domain.book import LeftOut


def word_set(text: str) -> frozenset[str]:
    """Words written with blanks between."""
    return frozenset(text.split())


CHAPTER_WORDS = word_set("""chapter chap capítulo capitulo cap chapitre kapitel kap capitolo hoofdstuk глава letter carta lettre brief lettera
    scene escena scène szene scena""")
PART_WORDS = word_set("""part parte partie teil book libro livre buch livro volume volumen volumes tomo tome band act acto acte akt atto
    section sección часть книга""")
ALONE = word_set(  # a heading by themselves
    """prologue epilogue preface foreword introduction afterword conclusion interlude postscript prólogo prologo epílogo
    epilogo prefacio introducción conclusión avant-propos préface épilogue postface vorwort einleitung epilog prolog nachwort
    prefazione introduzione conclusione introdução conclusão prefácio finale"""
)
_NUMBER_WORDS = word_set("""one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
    nineteen twenty thirty forty fifty sixty first second third fourth fifth sixth seventh eighth ninth tenth last the
    uno una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince primero primera segundo segunda
    tercero tercera cuarto cuarta quinto quinta sexto sexta séptimo séptima octavo octava noveno novena décimo décima último
    un deux trois quatre cinq sept huit neuf dix onze douze premier première deuxième troisième quatrième cinquième
    eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf erste erster erstes zweite zweiter zweites dritte dritter
    drittes vierte vierter viertes fünfte fünfter primo prima terzo terza quarto quarta quinto
    due tre quattro sei sette otto nove dieci""")
_ROMAN = re.compile(r"m{0,3}(?:cm|cd|d?c{0,4})(?:xc|xl|l?x{0,4})(?:ix|iv|v?i{0,4})")
_VALUES = {"m": 1000, "d": 500, "c": 100, "l": 50, "x": 10, "v": 5, "i": 1}
_STRIP = " \t.:;,-–—_*()[]"

_TITLES = {
    LeftOut.COVER: "cover|cover page|front cover|portada|cubierta|couverture|umschlag|copertina|capa",
    LeftOut.TITLE_PAGE: "title page|titlepage|half title|half title page|halftitle|portadilla|page de titre|titelseite|"
    "frontespizio",
    LeftOut.CONTENTS: "contents|table of contents|the contents|list of chapters|índice|índice general|contenido|contenidos|"
    "tabla de contenido|tabla de contenidos|sumario|table des matières|sommaire|inhalt|inhaltsverzeichnis|indice|sommario|"
    "sumário|list of illustrations|illustrations",
    LeftOut.COPYRIGHT: "copyright|copyright page|copyright notice|colophon|imprint|uncopyright|créditos|derechos de autor|"
    "página de derechos|impressum|mentions légales|also by|also by the author|by the same author|about the publisher",
    LeftOut.LICENCE: "the full project gutenberg license|full project gutenberg license|the project gutenberg license|"
    "project gutenberg license|transcriber's note|transcriber’s note|transcriber's notes|transcriber’s notes",
    LeftOut.NOTES: "footnotes|endnotes|notes|notas|notas al pie|anmerkungen|fußnoten|note|notes de bas de page",
    LeftOut.INDEX: "index|glossary|bibliography|glosario|bibliografía|glossaire|bibliographie|glossar|literaturverzeichnis",
}
_BY_TITLE = {title: reason for reason, titles in _TITLES.items() for title in titles.split("|")}
AT_THE_END = frozenset({LeftOut.NOTES, LeftOut.INDEX})  # elsewhere such a title may be a chapter's


def reason_of_title(title: str) -> LeftOut | None:
    """Why a part with exactly this title is no prose; None for every other title."""
    return _BY_TITLE.get(" ".join(title.casefold().split()).strip(_STRIP))


def number_of(word: str) -> int | None:
    """The value of "12", "XII" or "xii."; None for other words."""
    bare = word.strip(_STRIP).lower()
    if bare.isdecimal() and len(bare) <= 4:
        return int(bare)
    if not bare or len(bare) > 15 or not _ROMAN.fullmatch(bare):
        return None
    values = [_VALUES[letter] for letter in bare]
    return sum(-v if v < after else v for v, after in zip(values, [*values[1:], 0], strict=True))


def is_number_word(word: str) -> bool:
    """Whether a word says a number: "12", "XII", "Twelve", "twenty-one"."""
    bare = word.casefold().strip(_STRIP)
    return number_of(word) is not None or (bool(bare) and all(part in _NUMBER_WORDS for part in bare.split("-")))


def is_mere_number(title: str) -> bool:
    """Whether a title says where it stands and no more: "IV", "Chapter 4", "Part the First"."""
    words = title.split()
    return 0 < len(words) <= 3 and is_number_word(words[-1]) and (len(words) == 1 or not is_number_word(words[0]))


def is_part_title(title: str) -> bool:
    """Whether a title names a part of a book ("Part One", "LIBRO II", "First Book"), not a chapter."""
    words = [word.casefold().strip(_STRIP) for word in title.split()[:3]]
    if len(words) < 2:
        return False
    first = words[0] in PART_WORDS and is_number_word(words[1])
    return first or (is_number_word(words[0]) and words[1] in PART_WORDS)
