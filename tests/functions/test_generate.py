"""Speech by way of the doors: at once, as a job, previewed, estimated, paid for, and nobody else's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.domain.user import Role
from shared.domain.waveform import read_wav
from tests.support.accounts import fresh_user
from tests.support.jobs import quiet_app, served
from tests.support.speech_vendors import Vendors, speech_vendors, vendor_settings
from tests.support.studio import ended, new_chapter, running_studio

VOICE = "google/en-US-Neural2-C"
TEXT = "Nobody had lit the lamp, and still it burned."
pytestmark = pytest.mark.media


@pytest.fixture(scope="module")
def vendors() -> Iterator[Vendors]:
    with speech_vendors() as made:
        yield made


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, vendors: Vendors) -> Iterator[httpx.Client]:
    with running_studio(tmp_path_factory.mktemp("studio"), **vendor_settings(vendors)) as (_, made):
        yield made


def speak(client: httpx.Client, text: str = TEXT, **more: Any) -> httpx.Response:
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    return client.post("/generate/text-to-speech", json={"text": text, **more}, headers=headers)


def test_a_short_text_is_spoken_at_once(client: httpx.Client) -> None:
    answer = speak(client, voice="flite/slt")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert made["job_id"] is None and made["speech"]["price"] == "0.00"
    sound = client.get(made["href"].removeprefix("/api/v1"))
    assert sound.headers["Content-Type"] == "audio/wav"
    assert len(read_wav(sound.content).samples) == made["speech"]["samples"]
    known = client.get(f"/generate/text-to-speech/{made['speech']['id']}").json()
    assert known == made["speech"]


def test_a_long_text_becomes_a_job(client: httpx.Client) -> None:
    made = speak(client, " ".join([TEXT] * 10), voice="flite/slt").json()
    assert made["speech"] is None and made["href"] == f"/api/v1/jobs/{made['job_id']}"
    assert ended(client, made["job_id"])["status"] == "completed"


def test_the_same_key_speaks_and_pays_once(client: httpx.Client, vendors: Vendors) -> None:
    before = len(vendors.spoken)
    first = speak(client, "Once and for all.", voice=VOICE, key="one-and-the-same-key")
    second = speak(client, "Once and for all.", voice=VOICE, key="one-and-the-same-key")
    assert first.json() == second.json()
    assert first.json()["speech"]["price"] == "0.000272"
    assert len(vendors.spoken) == before + 1


def test_what_goes_wrong_is_a_problem_of_its_own(client: httpx.Client, vendors: Vendors) -> None:
    vendors.refuse(429, Retry_After="9")
    busy = speak(client, "The vendor is busy now.", voice=VOICE)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "9")
    assert busy.json()["type"] == "urn:reelprint:problem:engine-busy"
    vendors.refuse(401)
    wrong = speak(client, "The vendor knows no such key.", voice=VOICE)
    assert (wrong.status_code, wrong.json()["retryable"]) == (422, False)
    vendors.refuse(401)
    other = speak(client, "The vendor knows no such key.", voice=VOICE, fallback="flite/slt").json()["speech"]
    assert (other["voice"], other["substituted"]["instead_of"]) == ("flite/slt", VOICE)


def test_voices_are_filtered_and_come_in_pages(client: httpx.Client) -> None:
    ids = [voice["id"] for voice in client.get("/voices", params={"provider": "google"}).json()["items"]]
    assert VOICE in ids and all(name.startswith("google/") for name in ids)
    female = client.get("/voices", params={"language": "en", "gender": "female", "page_size": 3}).json()
    assert len(female["items"]) == 3 and female["next_page_token"]
    more = client.get(
        "/voices",
        params={"language": "en", "gender": "female", "page_size": 3, "page_token": female["next_page_token"]},
    ).json()
    assert not {v["id"] for v in female["items"]} & {v["id"] for v in more["items"]}
    jenny = client.get("/voices", params={"engine": "azure"}).json()["items"][0]
    assert jenny["styles"] == ["cheerful", "sad"]


def test_a_preview_is_made_once(client: httpx.Client, vendors: Vendors) -> None:
    before = len(vendors.spoken)
    first, second = (client.post("/voices/google/es-ES-Wavenet-B/preview") for _ in range(2))
    assert first.status_code == 200 and first.content == second.content
    assert read_wav(first.content).samples
    assert vendors.spoken[before:] == ["Así sueno cuando leo tu historia."]
    assert client.post("/voices/google/nobody/preview").status_code == 404


def test_the_status_tells_what_each_engine_is(client: httpx.Client) -> None:
    status = client.get("/generate/tts/status").json()
    engines = {engine["name"]: engine for engine in status["speech"]}
    google, flite = engines["google"], engines["flite"]
    assert google["is_configured"] and google["is_paid"] and google["word_timings"] and google["ssml"]
    assert google["caps"]["max_bytes"] == 5_000 and google["price_per_million"] == "16"
    assert not engines["azure"]["word_timings"] and engines["zyphra"]["cloning"]
    assert (flite["is_remote"], flite["price_per_million"]) == (False, None)
    assert google["breaker"]["state"] == "closed" and google["waiting"] == 0


def test_what_is_not_configured_is_listed_as_that(tmp_path: Path) -> None:
    with running_studio(tmp_path) as (_, client):
        engines = {engine["name"]: engine for engine in client.get("/generate/tts/status").json()["speech"]}
        assert not engines["zyphra"]["is_configured"] and "REELPRINT_ZYPHRA_KEY" in engines["zyphra"]["reason"]
        assert all(voice["engine"] in ("flite", "espeak") for voice in client.get("/voices").json()["items"])
        assert speak(client, voice=VOICE).json()["type"] == "urn:reelprint:problem:engine-unavailable"


def test_a_chapter_is_estimated_without_planning_it(client: httpx.Client) -> None:
    project, chapter = new_chapter(client)
    path = f"/projects/{project}/planning/chapters/{chapter}"
    body: dict[str, Any] = {"voices": {"en": {"narrator": VOICE}}}
    estimate = client.post(f"{path}/estimate", json=body).json()
    assert estimate["texts"] > 2 and float(estimate["price"]) > 0 and estimate["minutes"] > 0
    assert client.get(f"{path}/plan").status_code == 404
    free = client.post(f"{path}/estimate", json={}).json()
    assert free["price"] == "0.00"
    assert client.post("/generate/text-to-speech/estimate", json={"text": TEXT, "voice": VOICE}).json()["texts"] == 1


def test_a_chapter_is_narrated_by_a_vendor_and_the_ledger_says_what_it_cost(
    client: httpx.Client, vendors: Vendors
) -> None:
    project, chapter = new_chapter(client, "A new chapter of its own.\n\nIt has two lines.")
    spent = float(client.get("/users/me/spending").json()["spent"])
    wish = {"project_id": project, "chapter_id": chapter, "voices": {"en": {"narrator": VOICE}}}
    job = client.post("/jobs", json={"type": "narration", "input": {**wish, "frame": {"width": 160, "height": 160}}})
    assert job.status_code == 201, job.text
    assert ended(client, job.json()["id"])["status"] == "completed"
    after = client.get("/users/me/spending").json()
    assert float(after["spent"]) - spent == pytest.approx(42 * 16 / 1e6)
    assert after["held"] == "0.00"
    charges = client.get("/users/me/spending/charges").json()["items"]
    assert {charge["engine"] for charge in charges if charge["job_id"] == job.json()["id"]} == {"google"}


def test_a_job_is_paused_and_resumed_by_a_patch(client: httpx.Client) -> None:
    job = speak(client, " ".join([TEXT] * 11), voice="flite/rms").json()["job_id"]
    ended(client, job)
    assert client.patch(f"/jobs/{job}", json={"paused": True}).status_code == 409
    assert client.get(f"/jobs/{job}/progress").json()["paused_at"] is None


def test_the_cap_is_a_problem_of_its_own_and_an_admins_to_change(tmp_path: Path, vendors: Vendors) -> None:
    given = vendor_settings(vendors, spending_cap="0.0005")
    with running_studio(tmp_path, **given) as (_, client):
        before = len(vendors.spoken)
        refused = speak(client, "This costs more than there is to spend.", voice=VOICE)
        assert (refused.status_code, refused.json()["type"]) == (403, "urn:reelprint:problem:spending-cap-reached")
        job = {
            "type": "text_to_speech",
            "input": {"text": "The same as a job, and that is no cheaper.", "voice": VOICE},
        }
        assert client.post("/jobs", json=job).status_code == 403
        assert len(vendors.spoken) == before and client.get("/jobs").json()["items"] == []


def test_an_admin_says_what_a_user_may_spend(tmp_path: Path, vendors: Vendors) -> None:
    given = {**vendor_settings(vendors, spending_cap="0"), "accounts": "required"}
    with running_studio(tmp_path, **given) as (server, client):
        anna, admin = fresh_user(server.app), fresh_user(server.app, role=Role.ADMIN)
        asked = {"text": "Now it may be said.", "voice": VOICE}
        path = f"/users/{anna.uid}/spending-cap"
        assert client.post("/generate/text-to-speech", json=asked, headers=anna.headers).status_code == 403
        assert client.put(path, json={"cap": "1"}, headers=anna.headers).status_code == 403
        assert client.put("/users/nobody/spending-cap", json={"cap": "1"}, headers=admin.headers).status_code == 404
        assert client.put(path, json={"cap": "-1"}, headers=admin.headers).status_code == 422
        assert client.put(path, json={"cap": "1"}, headers=admin.headers).json()["cap"] == "1.00"
        assert client.post("/generate/text-to-speech", json=asked, headers=anna.headers).status_code == 201
        seen = client.get(f"/users/{anna.uid}/spending", headers=admin.headers).json()
        assert seen == client.get("/users/me/spending", headers=anna.headers).json()
        assert seen["spent"] == "0.000304"
        assert client.put(path, json={"cap": None}, headers=admin.headers).json()["cap"] == "0.00"


def test_nobody_hears_or_reads_what_was_said_for_another(tmp_path: Path) -> None:
    from functions.generate import door

    with quiet_app(tmp_path) as app, served(app):
        from shared.domain.new_job import TextToSpeechInput

        made = app.speak_now.speak("anna", TextToSpeechInput(text=TEXT, voice="flite/slt")).speech
        assert made
        from werkzeug.test import EnvironBuilder
        from werkzeug.wrappers import Request

        from functions.studio import studio

        for path in ("", "/audio"):
            for user, status in (("anna", 200), ("bert", 404)):
                url = f"/api/v1/generate/text-to-speech/{made.id}{path}"
                request = Request(EnvironBuilder(url, headers=[("X-Test-User", user)]).get_environ())
                answer = door.serve(request, studio)
                assert answer.status_code == status
                answer.close()
