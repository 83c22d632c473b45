"""What a user spends on paid providers in a month (UTC): spent, held for what is under way, and what may still be spent.

Amounts are millionths of the currency on record and decimal texts in answers.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from shared.domain.job import Moment
from shared.domain.price import as_amount


class Ledger(BaseModel):
    """One user's month: what was spent, and what is held back for work that was let in and is not settled."""

    owner: str
    month: str  # "2026-11"
    spent: int = 0
    held: int = 0
    characters: int = 0
    by_engine: dict[str, int] = {}


class ReservationState(StrEnum):
    OPEN = "open"
    CLOSING = "closing"  # its charges are being added up; later ones go to the ledger by themselves
    CLOSED = "closed"


class Reservation(BaseModel):
    """What is held back for one piece of work: an attempt of a job, or one call of a door (`job_id` "")."""

    owner: str
    month: str
    job_id: str
    micros: int
    state: ReservationState = ReservationState.OPEN
    created_at: datetime


class Charge(BaseModel):
    """One text, spoken by a paid provider: written once, however often its task is delivered."""

    owner: str
    reservation: str
    job_id: str
    engine: str
    characters: int
    micros: int
    late: bool = False  # its reservation was closing: it was added to the ledger by itself
    at: Moment


class ChargeView(BaseModel):
    """One charge as its owner sees it."""

    job_id: str
    engine: str
    characters: int
    amount: str
    at: datetime


class SpendingView(BaseModel):
    """A user's month: `cap` is the most that may be spent in it, `left` what of it is neither spent nor held."""

    month: str
    currency: str
    cap: str
    spent: str
    held: str
    left: str
    characters: int
    by_engine: dict[str, str]


def view_of(ledger: Ledger, cap: int, currency: str) -> SpendingView:
    return SpendingView(
        month=ledger.month,
        currency=currency,
        cap=as_amount(cap),
        spent=as_amount(ledger.spent),
        held=as_amount(ledger.held),
        left=as_amount(max(0, cap - ledger.spent - ledger.held)),
        characters=ledger.characters,
        by_engine={name: as_amount(micros) for name, micros in sorted(ledger.by_engine.items())},
    )
