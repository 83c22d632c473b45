"""Webhooks: a signed message to an address of the user's, when a job has ended. Signed as Standard Webhooks 1.0 lays down.

https://www.standardwebhooks.com: the key is what `whsec_` is followed by, out of base64; what is signed is
`{webhook-id}.{webhook-timestamp}.{body}`; the header is `v1,` and the HMAC-SHA256 in base64.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, StringConstraints

from shared.domain.project import Stored

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
MIN_KEY_BYTES, MAX_KEY_BYTES = 24, 64
ATTEMPTS_KEPT = 20  # on a job's record


def _is_strong(secret: SecretStr) -> SecretStr:
    try:
        size = len(signing_key(secret.get_secret_value()))
    except ValueError:
        size = 0
    if not MIN_KEY_BYTES <= size <= MAX_KEY_BYTES:
        raise ValueError(f"a secret is {SECRET_PREFIX} and {MIN_KEY_BYTES} to {MAX_KEY_BYTES} random bytes in base64")
    return secret


WebhookUrl = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_is_strong)]


class NewWebhook(BaseModel):
    """Where to tell that a job has ended. With a `secret` the message is signed; it is kept and never shown."""

    model_config = ConfigDict(extra="forbid")

    url: WebhookUrl
    secret: WebhookSecret | None = None


class Webhook(Stored):
    """A webhook on record, a user's own or one job's, with its secret ("" where messages go out unsigned)."""

    url: str
    secret: str = ""


class WebhookState(StrEnum):
    WAITING = "waiting"  # for the job to end
    PENDING = "pending"  # the job has ended, the message is on its way
    DELIVERED = "delivered"
    FAILED = "failed"  # given up


class DeliveryAttempt(BaseModel):
    """One try. `status` is the receiver's HTTP status, 0 where nothing answered; `error` says what was wrong."""

    at: datetime
    status: int
    error: str = ""


class WebhookStatus(BaseModel):
    """What became of a job's webhook."""

    url: str
    is_signed: bool
    state: WebhookState = WebhookState.WAITING
    attempts: list[DeliveryAttempt] = []


class WebhookTask(BaseModel):
    """A task on the webhook queue: tell that this attempt of a job has ended."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["webhook"] = "webhook"
    owner: str
    job_id: str
    attempt: int

    @property
    def name(self) -> str:
        return f"webhook-{self.job_id}-a{self.attempt}"

    @property
    def message_id(self) -> str:
        """The same for every delivery of one message, so that its receiver can tell a repetition."""
        return f"msg_{self.job_id}_a{self.attempt}"


def signing_key(secret: str) -> bytes:
    """The key's bytes. Raises ValueError for what is no `whsec_` and base64."""
    if not secret.startswith(SECRET_PREFIX):
        raise ValueError(f"a secret begins with {SECRET_PREFIX}")
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error as exc:
        raise ValueError("a secret is base64 after its beginning") from exc


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` header. `timestamp` is whole seconds since 1970, as in `webhook-timestamp`."""
    signed = b".".join([message_id.encode(), str(timestamp).encode(), body])
    return "v1," + base64.b64encode(hmac.digest(signing_key(secret), signed, "sha256")).decode()
