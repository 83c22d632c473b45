"""Signatures as Standard Webhooks have them, and secrets that are none."""

from __future__ import annotations

import base64

import pytest
from pydantic import ValidationError

from shared.domain.webhook import NewWebhook, signature

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of the published example


def test_the_published_example() -> None:
    made = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_id_time_and_body_are_all_signed() -> None:
    made = {
        signature(SECRET, "a", 1, b"x"),
        signature(SECRET, "b", 1, b"x"),
        signature(SECRET, "a", 2, b"x"),
        signature(SECRET, "a", 1, b"y"),
    }
    assert len(made) == 4


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "hello",
        "whsec_",
        "whsec_!!!!",
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        SECRET.removeprefix("whsec_"),
    ],
)
def test_a_weak_or_broken_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        NewWebhook.model_validate({"url": "https://example.com", "secret": secret})
    assert [error["loc"] for error in refused.value.errors()] == [("secret",)]


def test_a_secret_does_not_show() -> None:
    assert SECRET not in repr(NewWebhook.model_validate({"url": "https://example.com", "secret": SECRET}))
