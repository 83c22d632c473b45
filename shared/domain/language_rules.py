"""What a language's rules know: abbreviations, sentence openers, verbs of speech, pronouns, articles.

Plain word lists in lower case, without the closing full stop. A language that is not listed gets `UNIVERSAL`, whose lists
are empty: punctuation, letter case, initials and quotation marks still work there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from shared.domain.language_words import WORDS


@dataclass(frozen=True)
class LanguageRules:
    """`titles` never end a sentence ("Mr."); `numbered` do not before a number ("No. 5"); `abbreviations` end one only
    before a word of `openers` ("5 p.m. He left"). `verbs` introduce speech in either order ("Mara said", "said Mara");
    `faint_verbs` also mean other things ("Mara returned") and count only where punctuation shows it.
    """

    code: str
    titles: frozenset[str] = frozenset()
    numbered: frozenset[str] = frozenset()
    abbreviations: frozenset[str] = frozenset()
    openers: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    faint_verbs: frozenset[str] = frozenset()
    pronouns: frozenset[str] = frozenset()
    self_pronouns: frozenset[str] = frozenset()  # the first person: the narrator speaks
    articles: frozenset[str] = frozenset()  # open a description ("the captain")
    honorifics: frozenset[str] = frozenset()  # lower-case words a name may begin with ("don Eugenio")
    particles: frozenset[str] = frozenset()  # stand inside a name ("Ludwig van Beethoven")
    joiners: frozenset[str] = frozenset()  # end a description ("the man / with the basket")
    fillers: frozenset[str] = frozenset()  # stand between subject and verb ("Mara then said", "le dijo")
    adverb_endings: frozenset[str] = frozenset()  # "quietly", "tranquilamente"
    masculine: frozenset[str] = frozenset()  # pronouns for a man, in every case ("he", "him")
    feminine: frozenset[str] = frozenset()
    masculine_determiners: frozenset[str] = frozenset()  # "el", "un"
    feminine_determiners: frozenset[str] = frozenset()
    common_determiners: frozenset[str] = frozenset()  # open a description of anybody ("the", "his", "su")
    ordinals: bool = False  # "3." is an ordinal ("am 3. Oktober")

    @cached_property
    def determiners(self) -> frozenset[str]:
        return self.masculine_determiners | self.feminine_determiners | self.common_determiners

    def gender_of(self, pronoun: str) -> str:
        """ "male", "female", or "" where a pronoun (in lower case) tells neither."""
        return "male" if pronoun in self.masculine else "female" if pronoun in self.feminine else ""

    def is_verb(self, word: str) -> bool:
        return word in self.verbs or word in self.faint_verbs

    def is_filler(self, word: str) -> bool:
        return word in self.fillers or (len(word) > 4 and word.endswith(tuple(self.adverb_endings)))


UNIVERSAL = LanguageRules("und")


def rules_for(language: str) -> LanguageRules:
    """The rules of a BCP 47 tag; only its first part counts ("es-MX" is "es"). Unknown languages get UNIVERSAL."""
    return _RULES.get(language.replace("_", "-").split("-")[0].lower(), UNIVERSAL)


_RULES = {
    code: LanguageRules(
        code=code, ordinals=code == "de", **{name: frozenset(words.split()) for name, words in lists.items()}
    )
    for code, lists in WORDS.items()
}
