"""Money for paid providers: held before anything is queued, charged by what was spoken, given back where it was not.

A user's month is one document, written when work is let in and when it is settled: a segment that is spoken writes a
charge of its own, so that a job of a thousand segments does not write one document a thousand times. Charges are made once,
under a name; whoever settles adds them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from shared.domain.errors import AlreadyExists, SpendingCapReached
from shared.domain.job import Job, JobStatus
from shared.domain.price import Prices, as_amount
from shared.domain.spending import (
    Charge,
    ChargeView,
    Ledger,
    Reservation,
    ReservationState,
    SpendingView,
    view_of,
)
from shared.ports.clock import Clock
from shared.ports.documents import Document, Documents, Order, Reader, Transaction, Where

LEDGERS, RESERVATIONS, CHARGES, CAPS = "spending", "reservations", "charges", "spending_caps"
FORGOTTEN_AFTER = timedelta(minutes=15)  # a hold without a job is a call's, and no call lasts as long
JUST_MADE = timedelta(minutes=1)  # a retry holds before its job is on record as begun again
_ENDED = {status.value for status in JobStatus if status.is_final}


class Spending:
    """`default_cap` in millionths, of one user and month, where no admin set another."""

    def __init__(self, documents: Documents, clock: Clock, prices: Prices, default_cap: int) -> None:
        self._documents = documents
        self._clock = clock
        self.prices = prices
        self._default_cap = default_cap

    def cap(self, owner: str) -> int:
        return self._cap(self._documents, owner)

    def set_cap(self, owner: str, micros: int | None) -> None:
        """Another cap for one user; None: the setting's again. In force with the next wish."""
        if micros is None:
            self._documents.delete(CAPS, owner)
        else:
            self._documents.put(CAPS, owner, {"owner": owner, "micros": micros})

    def view(self, owner: str) -> SpendingView:
        """This month."""
        ledger = self._ledger(self._documents, owner, self._month())
        return view_of(ledger, self.cap(owner), self.prices.currency)

    def charges(self, owner: str, limit: int, cursor: str | None) -> tuple[list[ChargeView], str | None]:
        """What was charged, the newest first."""
        order = [Order("at", descending=True)]
        page = self._documents.query(CHARGES, [Where("owner", "==", owner)], order, limit=limit, cursor=cursor)
        found = [Charge.model_validate(document.data) for document in page.items]
        items = [ChargeView(**each.model_dump(), amount=as_amount(each.micros)) for each in found]
        return items, page.cursor

    def hold(self, owner: str, name: str, job_id: str, micros: int) -> None:
        """Hold at least so much for the work of this name. Raises SpendingCapReached, with nothing held more.

        Two at once cannot both pass: ledger and hold are written together, over what was read.
        """
        if not self._hold(owner, name, job_id, micros):
            self._settle_what_ended(owner)
            if not self._hold(owner, name, job_id, micros):
                raise self._reached(owner, micros)

    def more(self, name: str, micros: int) -> None:
        """Hold so much on top, for another attempt. Raises SpendingCapReached."""
        found = self._documents.get(RESERVATIONS, name)
        if found is not None and micros:
            held = Reservation.model_validate(found.data)
            self.hold(held.owner, name, held.job_id, held.micros + micros)

    def charge(self, name: str, unit: str, engine: str, characters: int, micros: int) -> None:
        """Note what one unit cost; the same unit again changes nothing. Where nothing is held nothing is charged."""

        def work(transaction: Transaction) -> None:
            found = transaction.get(RESERVATIONS, name)
            if found is None:
                return
            held = Reservation.model_validate(found.data)
            late = held.state is not ReservationState.OPEN
            ledger = self._ledger(transaction, held.owner, held.month) if late else None
            charge = Charge(
                owner=held.owner,
                reservation=name,
                job_id=held.job_id,
                engine=engine,
                characters=characters,
                micros=micros,
                late=late,
                at=self._clock.now(),
            )
            transaction.create(CHARGES, f"{name}-{unit}", charge.model_dump(mode="json"))
            if ledger:
                _write(transaction, _with(ledger, [charge]))

        if micros:
            with suppress(AlreadyExists):  # delivered twice
                self._documents.transaction(work)

    def charged(self, name: str) -> int:
        """What the work of this name was charged so far, in millionths."""
        return sum(charge.micros for charge in self._charges(name))

    def settle(self, name: str) -> None:
        """Spend what was charged, give back the rest of what was held. Again, or for a name nobody held, it does nothing."""
        if self._documents.get(RESERVATIONS, name) is None or not self._documents.transaction(
            lambda transaction: _closing(transaction, name)
        ):
            return
        counted = [charge for charge in self._charges(name) if not charge.late]

        def close(transaction: Transaction) -> None:
            held = _reservation(transaction.get(RESERVATIONS, name))
            if held is None or held.state is ReservationState.CLOSED:
                return
            ledger = self._ledger(transaction, held.owner, held.month)
            freed = ledger.model_copy(update={"held": ledger.held - held.micros})
            _write(transaction, _with(freed, counted))
            _put(transaction, name, held.model_copy(update={"state": ReservationState.CLOSED}))

        self._documents.transaction(close)

    def settle_job(self, job: Job) -> None:
        """Of a job that has ended: its present attempt."""
        self.settle(reservation_name(job.id, job.attempt))

    @contextmanager
    def held(self, owner: str, name: str, micros: int) -> Iterator[None]:
        """Hold for one call, settle at its end however that comes. Raises SpendingCapReached."""
        if not micros:
            yield
            return
        self.hold(owner, name, "", micros)
        try:
            yield
        finally:
            self.settle(name)

    def _hold(self, owner: str, name: str, job_id: str, micros: int) -> bool:
        month = self._month()

        def work(transaction: Transaction) -> bool:
            held = _reservation(transaction.get(RESERVATIONS, name))
            if micros <= (held.micros if held else 0):
                return True
            in_month = held.month if held else month
            ledger, cap = self._ledger(transaction, owner, in_month), self._cap(transaction, owner)
            more = micros - (held.micros if held else 0)
            if ledger.spent + ledger.held + more > cap:
                return False
            made = held or Reservation(owner=owner, month=month, job_id=job_id, micros=0, created_at=self._clock.now())
            _write(transaction, ledger.model_copy(update={"held": ledger.held + more}))
            _put(transaction, name, made.model_copy(update={"micros": micros}))
            return True

        return self._documents.transaction(work)

    def _settle_what_ended(self, owner: str) -> None:
        """What a crash left held: of jobs that ended or are gone, and of calls that nobody waits for any more."""
        for state in (ReservationState.OPEN, ReservationState.CLOSING):
            where = [Where("owner", "==", owner), Where("state", "==", state.value)]
            cursor: str | None = None
            while True:
                page = self._documents.query(RESERVATIONS, where, cursor=cursor)
                for document in page.items:
                    if self._is_over(Reservation.model_validate(document.data), document.id):
                        self.settle(document.id)
                cursor = page.cursor
                if cursor is None:
                    break

    def _is_over(self, held: Reservation, name: str) -> bool:
        age = self._clock.now() - held.created_at
        job = self._documents.get("jobs", held.job_id) if held.job_id else None
        if job is None:
            return age >= FORGOTTEN_AFTER
        is_current = name == reservation_name(held.job_id, job.data["attempt"])
        return age >= JUST_MADE and (not is_current or job.data["status"] in _ENDED)

    def _charges(self, name: str) -> list[Charge]:
        found, cursor = [], None
        while True:
            page = self._documents.query(CHARGES, [Where("reservation", "==", name)], cursor=cursor)
            found += [Charge.model_validate(document.data) for document in page.items]
            cursor = page.cursor
            if cursor is None:
                return found

    def _reached(self, owner: str, micros: int) -> SpendingCapReached:
        month, currency = self.view(owner), self.prices.currency
        return SpendingCapReached(
            f"This may cost {as_amount(micros)} {currency}; of this month's cap of {month.cap} {currency}, {month.spent} "
            f"are spent, {month.held} held for work under way and {month.left} left. Choose an offline voice, wait for the "
            "next month, or ask an admin for another cap."
        )

    def _ledger(self, reader: Reader, owner: str, month: str) -> Ledger:
        found = reader.get(LEDGERS, f"{owner}.{month}")
        return Ledger.model_validate(found.data) if found else Ledger(owner=owner, month=month)

    def _cap(self, reader: Reader, owner: str) -> int:
        found = reader.get(CAPS, owner)
        return int(found.data["micros"]) if found else self._default_cap

    def _month(self) -> str:
        return self._clock.now().strftime("%Y-%m")


def reservation_name(job_id: str, attempt: int) -> str:
    return f"{job_id}-a{attempt}"


def _closing(transaction: Transaction, name: str) -> bool:
    """Let no charge in any more that would not be counted; False where all is done already."""
    held = _reservation(transaction.get(RESERVATIONS, name))
    if held is None or held.state is ReservationState.CLOSED:
        return False
    if held.state is ReservationState.OPEN:
        _put(transaction, name, held.model_copy(update={"state": ReservationState.CLOSING}))
    return True


def _reservation(document: Document | None) -> Reservation | None:
    return Reservation.model_validate(document.data) if document else None


def _with(ledger: Ledger, charges: list[Charge]) -> Ledger:
    by_engine = dict(ledger.by_engine)
    for charge in charges:
        by_engine[charge.engine] = by_engine.get(charge.engine, 0) + charge.micros
    update = {
        "spent": ledger.spent + sum(charge.micros for charge in charges),
        "characters": ledger.characters + sum(charge.characters for charge in charges),
        "by_engine": by_engine,
    }
    return ledger.model_copy(update=update)


def _write(transaction: Transaction, ledger: Ledger) -> None:
    transaction.put(LEDGERS, f"{ledger.owner}.{ledger.month}", ledger.model_dump(mode="json"))


def _put(transaction: Transaction, name: str, held: Reservation) -> None:
    transaction.put(RESERVATIONS, name, held.model_dump(mode="json"))
