"""kill -9 while a book rests half voiced: after the next start it goes on, and no line is spoken or paid twice."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.support.speech_vendors import speech_vendors, vendor_settings
from tests.support.studio import ended, served_studio

pytestmark = pytest.mark.media
LINES = [
    f"Line number {word} of the book is spoken once."
    for word in ("one", "two", "three", "four", "five", "six", "seven", "eight")
]


def until(reached: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_idle(client: httpx.Client) -> bool:
    return all(queue["active"] == 0 for queue in client.get("/worker/status").json()["items"])


def test_a_book_that_was_paused_and_killed_is_voiced_once(tmp_path: Path) -> None:
    with speech_vendors() as vendors:
        given = vendor_settings(vendors, google_concurrency="1", google_per_second="10")
        wish = {"segments": [{"text": line} for line in LINES], "voice": "google/en-US-Neural2-C"}
        with served_studio(tmp_path, given) as (server, client):
            job = client.post("/jobs", json={"type": "text_to_speech", "input": wish}).json()["id"]
            until(lambda: len(vendors.spoken) >= 3)
            assert client.patch(f"/jobs/{job}", json={"paused": True}).json()["paused_at"]
            until(lambda: is_idle(client))
            said = len(vendors.spoken)
            assert 3 <= said < len(LINES)
            server.send_signal(signal.SIGKILL)
            server.wait()
        with served_studio(tmp_path, given) as (_, client):
            until(lambda: is_idle(client))
            assert len(vendors.spoken) == said  # it rests still
            client.patch(f"/jobs/{job}", json={"paused": False})
            assert ended(client, job)["status"] == "completed"
            assert Counter(vendors.spoken) == Counter(LINES)
            spending = client.get("/users/me/spending").json()
        assert (spending["characters"], spending["held"]) == (sum(map(len, LINES)), "0.00")
