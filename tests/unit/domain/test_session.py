"""Refresh tokens: each good for one use, a copy gives itself away, and the record alone opens nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.domain.session import GRACE, RefreshToken, Session, Use, new_secret, new_session
from tests.support.clock import NOON

DAY = timedelta(days=1)


def fresh() -> tuple[Session, bytes]:
    return new_session("ses_1", NOON, NOON + DAY, remembered=False, client="")


def test_the_newest_is_good_and_its_successor_follows() -> None:
    session, first = fresh()
    assert session.judge(first, NOON) is Use.NEWEST
    session, second = session.rotated(first, NOON)
    assert session.judge(second, NOON) is Use.NEWEST
    assert second != first and len(second) == len(first) == 48


def test_within_the_grace_the_one_before_gets_the_same_successor() -> None:
    session, first = fresh()
    session, second = session.rotated(first, NOON)
    assert session.judge(first, NOON + GRACE) is Use.REPEATED
    assert session.successor(first) == second
    third_session, third = session.rotated(second, NOON + timedelta(seconds=1))
    assert third_session.judge(first, NOON + timedelta(seconds=2)) is Use.REPLAYED  # two back is no repeated request
    assert third_session.successor(second) == third


def test_a_spent_one_is_a_replay_however_old_and_a_made_up_one_is_not() -> None:
    session, first = fresh()
    secret = first
    for minute in range(50):
        session, secret = session.rotated(secret, NOON + timedelta(minutes=minute))
    later = NOON + timedelta(hours=2)
    assert session.judge(first, later) is Use.REPLAYED
    assert session.judge(bytes(48), later) is Use.UNKNOWN
    assert session.judge(first[:-1] + bytes([first[-1] ^ 1]), later) is Use.UNKNOWN
    assert session.judge(new_secret("00" * 32), later) is Use.UNKNOWN


def test_after_the_grace_and_with_a_clock_set_back_the_one_before_is_a_replay() -> None:
    session, first = fresh()
    session, _ = session.rotated(first, NOON)
    assert session.judge(first, NOON + GRACE + timedelta(microseconds=1)) is Use.REPLAYED
    assert session.judge(first, NOON - timedelta(seconds=1)) is Use.REPLAYED


def test_the_record_holds_no_token() -> None:
    session, first = fresh()
    session, second = session.rotated(first, NOON)
    written = session.model_dump_json()
    for secret in (first, second, first[:32], second[:32]):
        assert secret.hex() not in written
    # With all of the record, a stranger's guess at the pad gives something that is no token of this session.
    assert session.judge(session.successor(bytes(48)), NOON) is Use.UNKNOWN


def test_a_token_is_written_and_read_back() -> None:
    for first in range(256):  # whatever character the secret begins with
        token = RefreshToken("usr_1", "ses_1", bytes([first]) + new_secret("ab" * 32)[1:])
        assert RefreshToken.parse(str(token)) == token
    assert token.secret.hex() not in repr(token) and str(token).rpartition(".")[2] not in repr(token)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "a/b.c." + "A" * 64, "a.b." + "A" * 63, "a.b." + "A" * 65, "a.b." + "A" * 68,
     "a.b." + "?" * 64, "a.b." + "+" * 64, "__a__.b." + "A" * 64, "é.b." + "A" * 64, "a.b." + "A" * 64 + "\n", "a" * 600],
)  # fmt: skip
def test_what_cannot_be_one_of_ours_is_none(text: str) -> None:
    assert RefreshToken.parse(text) is None
