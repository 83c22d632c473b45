"""A user's own webhook: told of every job of theirs that brings none with it."""

from __future__ import annotations

from shared.domain.errors import NotFound
from shared.domain.webhook import NewWebhook, Webhook
from shared.ports.clock import Clock
from shared.ports.documents import Documents
from shared.ports.webhooks import Webhooks
from shared.services.records import Records

COLLECTION = "webhooks"


class KeepWebhooks:
    def __init__(self, documents: Documents, clock: Clock, webhooks: Webhooks) -> None:
        self._documents = documents
        self._clock = clock
        self._webhooks = webhooks
        self._records = Records(documents, clock, COLLECTION, Webhook, "webhook of your settings")

    def get(self, owner: str) -> Webhook:
        """Raises NotFound."""
        return self._records.get(owner, owner)

    def set(self, owner: str, new: NewWebhook) -> Webhook:
        """Put another one in place, secret and all. Raises InvalidInput for an address that cannot be sent to."""
        self._webhooks.check(new.url, "/url")
        found = self.find(owner)
        webhook = self._made(owner, owner, new, self._secret(new))
        webhook = webhook.model_copy(update={"created_at": found.created_at}) if found else webhook
        self._documents.put(COLLECTION, owner, webhook.model_dump(mode="json"))
        return webhook

    def remove(self, owner: str) -> None:
        self._documents.delete(COLLECTION, owner)

    def find(self, owner: str) -> Webhook | None:
        try:
            return self.get(owner)
        except NotFound:
            return None

    def for_job(self, owner: str, job_id: str, new: NewWebhook | None) -> Webhook | None:
        """The webhook of a new job: its own, signed by the user's secret where it has none; else the user's, as it is now.

        Raises InvalidInput for an address that cannot be sent to.
        """
        own = self.find(owner)
        if new is None:
            return own.model_copy(update={"id": job_id}) if own else None
        self._webhooks.check(new.url, "/webhook/url")
        return self._made(owner, job_id, new, self._secret(new) or (own.secret if own else ""))

    def _made(self, owner: str, webhook_id: str, new: NewWebhook, secret: str) -> Webhook:
        now = self._clock.now()
        return Webhook(id=webhook_id, owner=owner, created_at=now, updated_at=now, url=new.url, secret=secret)

    def _secret(self, new: NewWebhook) -> str:
        return new.secret.get_secret_value() if new.secret else ""
