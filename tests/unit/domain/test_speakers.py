"""Who speaks: explicit tags, the same paragraph, and otherwise the narrator."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.plan import NARRATOR
from shared.domain.sentences import split_sentences
from shared.domain.speakers import attribute_sentences

STEADY = settings(derandomize=True, database=None, deadline=None)  # the same examples every time


def heard(text: str, language: str = "en") -> list[tuple[str, str]]:
    """(speaker, words) of each run of one speaker, neighbours of equal speaker joined."""
    turns: list[tuple[str, str]] = []
    for span in attribute_sentences(text, language):
        words = " ".join(text[span.start : span.end].split())
        if turns and turns[-1][0] == span.speaker:
            turns[-1] = (span.speaker, f"{turns[-1][1]} {words}")
        else:
            turns.append((span.speaker, words))
    return turns


NAMED = [
    ("en", "“Stop,” said Mara.", "Mara"),
    ("en", "“Stop!” Mara whispered.", "Mara"),
    ("en", '"Stop," said Old Tom quietly.', "Old Tom"),
    ("en", "“Stop,” the captain said.", "the captain"),
    ("en", "“Stop,” said the old man with the lamp.", "the old man"),
    ("en", "“Stop,” replied Mr. J. Holmes.", "Mr. J. Holmes"),
    ("en", "“Stop,” said Lord St. Simon.", "Lord St. Simon"),
    ("en", "Mara turned and said, “Stop.”", "Mara"),
    ("en", "Then Old Tom whispered: “Stop.”", "Old Tom"),
    ("en", "The captain shouted, “Stop!”", "the captain"),
    ("en", "‘Stop,’ said Mara, ‘or don’t.’", "Mara"),
    ("en", "“Stop,” Mara softly said.", "Mara"),
    ("en", "“Stop,” returned Mara.", "Mara"),
    ("es", "—¡Alto! —gritó Mara.", "Mara"),
    ("es", "—Sí —le dijo el tío Lucas—, ya voy.", "el tío Lucas"),
    ("es", "-Hola -contestó la navarra con calma.", "la navarra"),
    ("es", "-¡No! -respondió el Corregidor lleno de miedo.", "el Corregidor"),
    ("es", "«Basta», dijo don Eugenio.", "don Eugenio"),
    ("es", "Entonces Mara dijo: «Basta».", "Mara"),
    ("fr", "« Non », s’écria Paul.", "Paul"),
    ("fr", "— Viens, dit Mara.", "Mara"),
    ("de", "»Halt!«, rief Anna.", "Anna"),
    ("de", "„Nein“, sagte der Hauptmann.", "der Hauptmann"),
    ("it", "«Basta», disse Mara.", "Mara"),
    ("pt", "— Basta! — gritou Mara.", "Mara"),
]


@pytest.mark.parametrize(("language", "text", "speaker"), NAMED)
def test_a_named_tag_names_the_speaker(language: str, text: str, speaker: str) -> None:
    assert heard(text, language) == [(speaker, text)]


NARRATED = [
    "“Stop.”",
    "“Stop,” she said.",
    "“Stop,” I said.",
    "He looked at Mara. “Stop,” he said.",
    "Silence fell. “Stop,” he said.",
    "They called it “the Box” in those days.",
    "Mara returned to the house. Nobody said a word.",
    "“Stop.” Mara returned to the house by the lower road.",
    "The sign read “Stop” and so they did.",
]


@pytest.mark.parametrize("text", NARRATED)
def test_nobody_named_is_the_narrator(text: str) -> None:
    assert heard(text) == [(NARRATOR, text)]


def test_the_same_paragraph_carries_the_speaker_to_the_next_quotation_and_not_to_the_narration() -> None:
    assert heard("“Stop,” said Mara. She sat. “Go back.” Nobody moved.\n\n“Why?”") == [
        ("Mara", "“Stop,” said Mara."),
        (NARRATOR, "She sat."),
        ("Mara", "“Go back.”"),
        (NARRATOR, "Nobody moved. “Why?”"),
    ]


def test_a_later_tag_speaks_for_the_untagged_quotation_before_it() -> None:
    assert heard("“Stop.” A door fell shut. “Go back,” said Mara.") == [
        ("Mara", "“Stop.”"),
        (NARRATOR, "A door fell shut."),
        ("Mara", "“Go back,” said Mara."),
    ]


def test_two_speakers_in_one_paragraph_keep_their_own_words() -> None:
    assert heard("“Stop,” said Mara. “Why?” asked Tom. “So.”") == [
        ("Mara", "“Stop,” said Mara."),
        ("Tom", "“Why?” asked Tom. “So.”"),
    ]


def test_a_pronoun_after_the_paragraphs_speaker_is_that_speaker() -> None:
    assert heard("“Stop,” said Mara. “Go,” she said.") == [("Mara", "“Stop,” said Mara. “Go,” she said.")]


def test_a_pronoun_before_any_name_is_nobody_named_later() -> None:
    assert heard("“Stop,” she said. “Why?” asked Tom.")[0] == (NARRATOR, "“Stop,” she said.")


def test_a_pronoun_is_the_one_known_person_the_paragraph_is_about() -> None:
    known = "“Oh,” said Mara.\n\n"
    assert heard(known + "But Mara frowned. “Stop,” she said.")[-1] == ("Mara", "“Stop,” she said.")
    assert heard(known + "Mara turned to Tom. “Stop,” she said.")[-1] == ("Mara", "“Stop,” she said.")  # Tom is a man
    assert heard("Tom looked at Mara. “Stop,” he said.")[-1] == ("Tom", "“Stop,” he said.")
    assert heard(known + "He turned to Mara. “Stop,” he said.")[-1][0] == NARRATOR


def test_a_quotation_left_open_goes_on_in_the_next_paragraph() -> None:
    assert heard("“One,” said Mara. “Two.\n\n“Three.”\n\n“Four.”") == [
        ("Mara", "“One,” said Mara. “Two. “Three.”"),
        (NARRATOR, "“Four.”"),
    ]


def test_a_raya_paragraph_gives_the_aside_to_the_narrator() -> None:
    assert heard("—Ya voy —dijo Mara—. Espera.\n\n—No sé. —Tomás se levantó—. ¿Vienes?", "es") == [
        ("Mara", "—Ya voy —dijo Mara—. Espera."),
        (NARRATOR, "—No sé. —Tomás se levantó—. ¿Vienes?"),
    ]


def test_confidence_falls_with_the_evidence() -> None:
    text = "“One,” said Mara. “Two.” Night fell.\n\nMara sat. “Three,” she said.\n\n“Four.”"
    found = {text[span.start : span.end].strip(): span.confidence for span in attribute_sentences(text)}
    assert found["“One,” said Mara."] > found["“Two.”"] > found["“Three,” she said."] > found["“Four.”"]


WORDS = st.sampled_from(
    [
        "“",
        "”",
        '"',
        "—",
        " —",
        "said Mara",
        "Mara said",
        "he said",
        "dijo Ana",
        ". ",
        ", ",
        "! ",
        "\n",
        "\n\n",
        "Tom ",
        "the captain ",
        "«",
        "»",
        "‘",
        "’",
        "x",
    ]
)


@STEADY
@given(parts=st.lists(WORDS, max_size=40), language=st.sampled_from(["en", "es", "fr", "de", "xx"]))
def test_speakers_partition_any_text_at_sentence_ends(parts: list[str], language: str) -> None:
    text = "".join(parts)
    spans = attribute_sentences(text, language)
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert {span.end for span in spans} <= {span.end for span in split_sentences(text, language)}
    assert all(span.speaker.strip() and 0 <= span.confidence <= 1 for span in spans)
