"""Spanish raya dialogue: a scene of our own, every line labelled, and what its tags leave out."""

from __future__ import annotations

import pytest

from shared.domain.casting.attribution import attribute

SCENE = """Mara bajó al muelle antes del alba. Don Anselmo, el farero, la esperaba junto a la barca.

—Llega tarde —dijo don Anselmo.

—La marea también —respondió Mara—. ¿Está lista la barca?

—Desde anoche.

—Entonces vámonos.

El viejo no se movió. Mara lo miró con impaciencia.

—¿Qué pasa? —preguntó ella.

—Nada —contestó él—. Que hoy no sale nadie.

—¿Quién lo dice?

—Lo dice el capitán. —Don Anselmo señaló la luz verde del faro.

El capitán Robles apareció entonces en la puerta, con una lámpara en la mano.

—¡Lo digo yo! —gritó el capitán.

—Buenas noches, capitán —dijo Mara—. No le esperaba tan pronto.

—Vuelva a casa, Mara.

—No pienso volver —respondió.

—Anselmo, guarde usted la barca.

—Ya está guardada, señor —murmuró el farero.
"""
SPEAKERS = """anselmo mara mara anselmo mara mara anselmo anselmo mara anselmo capitán mara mara capitán mara capitán
anselmo"""
AT_LEAST = 15  # of 17: "—Vuelva a casa, Mara" and its like hang on one vocative


def spoken(text: str) -> list[tuple[str, str]]:
    return [(text[one.start : one.end], one.speaker) for one in attribute(text, None, "es", {})]


def test_a_scene_is_given_to_its_speakers() -> None:
    found = [speaker.lower() for _, speaker in spoken(SCENE)]
    pairs = list(zip(SPEAKERS.split(), found, strict=True))
    assert sum(wanted in speaker for wanted, speaker in pairs) >= AT_LEAST, pairs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("—Ya voy —dijo el tío Lucas—. Espera.", [("—Ya voy", "el tío Lucas"), ("Espera.", "el tío Lucas")]),
        ("—Sí —contestó la señá Frasquita.", [("—Sí", "la señá Frasquita")]),
        ("-¡No! -repuso el Corregidor-; ¡jamás!", [("-¡No!", "el Corregidor"), ("¡jamás!", "el Corregidor")]),
        ("«Basta», dijo doña Mercedes.", [("«Basta»", "doña Mercedes")]),
        ("—¡Calla! —le gritó su madre.", [("—¡Calla!", "su madre")]),
        ("Entonces Mara susurró:\n\n—Ven.", [("—Ven.", "Mara")]),
    ],
)
def test_incises_name_the_speaker(text: str, found: list[tuple[str, str]]) -> None:
    assert [(words.strip(), speaker) for words, speaker in spoken(text)] == found


def test_a_verb_without_a_subject_is_the_other_ones_turn() -> None:
    told = "—¿Vienes? —preguntó Tomás.\n\n—No —dijo Mara.\n\n—¿Por qué? —insistió.\n\n—Porque no —respondió."
    assert [speaker for _, speaker in spoken(told)] == ["Tomás", "Mara", "Tomás", "Mara"]


def test_a_pronoun_is_told_by_its_gender() -> None:
    told = "Don Luis miró a doña Ana.\n\n—Es tarde —dijo ella.\n\n—Lo sé —dijo él."
    assert [speaker for _, speaker in spoken(told)] == ["doña Ana", "Don Luis"]
