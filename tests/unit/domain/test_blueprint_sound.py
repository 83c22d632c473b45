"""What sound cannot do is refused when the blueprint is read: speeds at which nothing is left, transitions of pictures."""

from __future__ import annotations

from typing import Any

import pytest

from shared.domain.blueprint import parse_blueprint
from shared.domain.blueprint.model import TransitionType
from tests.unit.domain.blueprint_documents import changed, clip, codes, refused, small, transition

SPEED = "/tracks/1/items/0/speed"


def sounds(kind: str) -> Any:
    row = [clip("s", 0, 1000, "song"), clip("t", 900, 1000, "song")]
    changes = ("/tracks/1/items", row), ("/tracks/1/transitions", [transition("s", "t", 100, kind)])
    return changed(small(), *changes)


@pytest.mark.parametrize(
    "kind", [kind.value for kind in TransitionType if kind.value not in ("cut", "dissolve", "fade")]
)
def test_sounds_do_not_pass_over_as_pictures_do(kind: str) -> None:
    (fault,) = refused(sounds(kind))
    assert (fault.pointer, fault.code, fault.found) == ("/tracks/1/transitions/0/type", "wrong-track", kind)
    assert "dissolve" in fault.fix


@pytest.mark.parametrize("kind", ["dissolve", "fade"])
def test_sounds_cross_over_or_go_through_silence(kind: str) -> None:
    parse_blueprint(sounds(kind))


def test_a_misspelt_transition_of_sound_is_told_once() -> None:
    assert codes(sounds("disolve")) == {"/tracks/1/transitions/0/type": "enum"}


@pytest.mark.parametrize(
    ("num", "den", "fine"),
    [(16, 1, True), (1, 16, True), (3, 2, True), (17, 1, False), (1, 17, False), (161, 10, False)],
)
def test_sound_is_played_at_speeds_at_which_something_is_left_of_it(num: int, den: int, fine: bool) -> None:
    document = changed(small(), (SPEED, {"num": num, "den": den}))
    if fine:
        parse_blueprint(document)
    else:
        (fault,) = refused(document)
        assert (fault.pointer, fault.code, fault.found) == (SPEED, "out-of-range", f"{num}/{den}")


def test_pictures_may_be_faster_than_sound() -> None:
    parse_blueprint(changed(small(), ("/tracks/0/items/1/speed", {"num": 100})))
