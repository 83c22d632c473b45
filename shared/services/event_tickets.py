"""Tickets to a job's events, for browsers whose EventSource sends no headers: good once, for a minute, for one job."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.domain.errors import NotAuthenticated
from shared.ports.clock import Clock
from shared.ports.documents import Documents, Transaction
from shared.services.expiring import Sweeper, is_live
from shared.services.one_time_tokens import token_id

COLLECTION = "event_tickets"
LIFETIME = timedelta(seconds=60)


@dataclass(frozen=True)
class EventTicket:
    ticket: str
    expires_at: datetime


class EventTickets:
    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._sweeper = Sweeper(documents, clock)

    def issue(self, owner: str, job_id: str, session: str) -> EventTicket:
        """A ticket of 256 random bits, of which only the hash is kept, got by that sign-in ("" where there is none)."""
        made = EventTicket(secrets.token_urlsafe(32), self._clock.now() + LIFETIME)
        data = {"owner": owner, "session": session, "job_id": job_id, "expires_at": made.expires_at.timestamp()}
        self._documents.create(COLLECTION, token_id(made.ticket), data)
        self._sweeper.sweep(COLLECTION)
        return made

    def redeem(self, ticket: str, job_id: str) -> tuple[str, str]:
        """Use a ticket up; whose it was, and which sign-in's. Raises NotAuthenticated unless it is live, unused and this job's."""

        def work(transaction: Transaction) -> tuple[str, str] | None:
            document = transaction.get(COLLECTION, token_id(ticket))
            if document is None or document.data["job_id"] != job_id:
                return None
            transaction.delete(COLLECTION, document.id)
            is_good = is_live(document, self._clock.now().timestamp())
            return (str(document.data["owner"]), str(document.data["session"])) if is_good else None

        found = self._documents.transaction(work)
        if found is None:
            raise NotAuthenticated(
                "The ticket was used, is older than a minute, or belongs to another job. "
                f"Ask for a new one by POST /api/v1/jobs/{job_id}/events/ticket."
            )
        return found
