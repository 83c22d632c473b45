"""The main job over HTTP: every door, the real queue, real voices, real translation, the real renderer."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from functions.dev_server import Server
from tests.support.studio import TEXT, ended, new_chapter, running_studio

pytestmark = pytest.mark.media
SMALL = {"frame": {"width": 320, "height": 180}, "profile": "preview"}
Studio = tuple[Server, httpx.Client]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def story(studio: Studio) -> tuple[str, str]:
    return new_chapter(studio[1])


@pytest.fixture(scope="module")
def narrated(studio: Studio, story: tuple[str, str]) -> dict[str, Any]:
    """A chapter narrated in both languages, with captions in both."""
    return ended(studio[1], ask(studio[1], story, translate_to=["es"], narrate=["en", "es"])["id"])


def ask(client: httpx.Client, story: tuple[str, str], status: int = 201, **wish: Any) -> dict[str, Any]:
    given = {"project_id": story[0], "chapter_id": story[1], **SMALL, **wish}
    answer = client.post("/jobs", json={"type": "narration", "input": given})
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def bring(client: httpx.Client, job: dict[str, Any], name: str, folder: Path) -> Path:
    answer = client.get(f"/jobs/{job['id']}/files/{name}")
    assert answer.status_code == 200, answer.text
    target = folder / name
    target.write_bytes(answer.content)
    return target


def probe(path: Path) -> list[dict[str, Any]]:
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-of", "json", str(path)],
        capture_output=True,
        check=True,
    )
    streams: list[dict[str, Any]] = json.loads(said.stdout)["streams"]
    return streams


def test_it_ends_completed_with_every_step_and_its_counts(narrated: dict[str, Any]) -> None:
    assert narrated["status"] == "completed"
    assert narrated["percentage"] == 100
    assert [step["name"] for step in narrated["steps"]] == [
        "plan",
        "voice",
        "translate",
        "voice_translation",
        "compose",
        "render",
    ]
    assert all(step["status"] == "completed" and step["done"] == step["total"] > 0 for step in narrated["steps"])


@pytest.mark.parametrize("language", ["en", "es"])
def test_each_film_is_what_its_blueprint_plans(
    studio: Studio, narrated: dict[str, Any], tmp_path: Path, language: str
) -> None:
    film = bring(studio[1], narrated, f"{language}.mp4", tmp_path)
    report = narrated["result"]["reports"][language]
    video, audio, *captions = [s for s in probe(film) if s["codec_type"] in ("video", "audio", "subtitle")]
    assert int(video["nb_read_packets"]) == report["frames"]
    assert (video["width"], video["height"]) == (320, 180)
    decoded = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(film), "-map", "0:a", "-f", "s16le", "-"], capture_output=True, check=True
    )
    assert len(decoded.stdout) // 2 // int(audio["channels"]) == report["samples"]
    spoken_first = ["eng", "spa"] if language == "en" else ["spa", "eng"]
    assert [stream["tags"]["language"] for stream in captions] == spoken_first


def test_captions_say_the_text_in_both_languages(studio: Studio, narrated: dict[str, Any], tmp_path: Path) -> None:
    english = bring(studio[1], narrated, "en.captions.en.vtt", tmp_path).read_text("utf-8")
    spanish = bring(studio[1], narrated, "en.captions.es.srt", tmp_path).read_text("utf-8")
    assert english.startswith("WEBVTT")
    said = " ".join(line for line in english.splitlines()[1:] if line and "-->" not in line and not line.isdigit())
    assert said.split() == TEXT.split()
    assert "dos veces" in spanish
    assert "-->" in spanish


def test_the_plan_is_an_exact_partition_with_speakers(studio: Studio, story: tuple[str, str], narrated: object) -> None:
    plan = studio[1].get(f"/projects/{story[0]}/planning/chapters/{story[1]}/plan").json()
    assert "".join(segment["original_text"] for segment in plan["segments"]) == TEXT
    assert {segment["speaker"] for segment in plan["segments"]} == {"Mara", "Tobias", "narrator"}


def test_after_one_edit_only_that_segment_is_made_anew(studio: Studio, narrated: object, tmp_path: Path) -> None:
    client = studio[1]
    mine = new_chapter(client, TEXT + "\n" + "\n\n".join(f"The lamp burned through night {word}." for word in NIGHTS))
    first = ended(client, ask(client, mine, translate_to=["es"], narrate=["en", "es"])["id"])
    assert first["status"] == "completed", first["error"]
    desk = f"/projects/{mine[0]}/planning/chapters/{mine[1]}"
    segment = client.get(f"{desk}/plan").json()["segments"][4]
    answer = client.patch(f"{desk}/segments/{segment['segment_id']}", json={"text": "Far out, a bell rang once."})
    assert answer.status_code == 200, answer.text
    second = ended(client, ask(client, mine, translate_to=["es"], narrate=["en", "es"])["id"])
    for name in ("voice", "translate", "voice_translation"):
        step = next(step for step in second["steps"] if step["name"] == name)
        assert step["total"] - step["reused"] == 1, step
    for report in second["result"]["reports"].values():
        assert report["shots"]["made"] == 0
        assert report["audio_blocks"]["reused"] >= 1
    assert "bell rang once" in bring(client, second, "en.captions.en.vtt", tmp_path).read_text()


def test_the_same_wish_again_makes_nothing(studio: Studio, story: tuple[str, str], narrated: dict[str, Any]) -> None:
    again = ended(studio[1], ask(studio[1], story, translate_to=["es"], narrate=["en", "es"])["id"])
    assert again["result"]["files"][0]["key"] == narrated["result"]["files"][0]["key"]
    assert all(
        step["reused"] == step["total"] for step in again["steps"] if step["name"] in ("voice", "translate", "render")
    )


def test_a_cover_and_burned_captions_and_music(studio: Studio, story: tuple[str, str], tmp_path: Path) -> None:
    client = studio[1]
    picture = io.BytesIO()
    Image.new("RGB", (300, 400), (200, 30, 30)).save(picture, "PNG")
    cover = upload(client, "background", picture.getvalue())
    song = tmp_path / "song.ogg"
    tone = ["-f", "lavfi", "-i", "sine=330:duration=4", "-c:a", "libvorbis", "-y", str(song)]
    subprocess.run(["ffmpeg", "-v", "error", *tone], check=True)
    music = upload(client, "song", song.read_bytes())
    wish = {"cover_asset_id": cover["id"], "music_asset_id": music["id"], "captions": "burned"}
    job = ended(client, ask(client, story, **wish)["id"])
    assert job["status"] == "completed", job["error"]
    film = bring(client, job, "en.mp4", tmp_path)
    assert next(s for s in probe(film) if s["codec_type"] == "audio")["channels"] == 2
    poster = Image.open(bring(client, job, "en.poster.jpg", tmp_path)).convert("RGB")
    red, green, blue = poster.getpixel((160, 20))  # type: ignore[misc]  # a pixel of an RGB picture is three numbers
    assert abs(red - 200) < 6 and abs(green - 30) < 6 and abs(blue - 30) < 6  # a JPEG's matrix is not a film's


def upload(client: httpx.Client, kind: str, data: bytes) -> dict[str, Any]:
    answer = client.post("/assets", data={"type": kind}, files={"file": ("name", data)})
    assert answer.status_code == 201, answer.text
    return settled(client, answer.json()["id"])


def settled(client: httpx.Client, asset_id: str) -> dict[str, Any]:
    for _ in range(300):
        asset: dict[str, Any] = client.get(f"/assets/{asset_id}").json()
        if asset["status"] in ("ready", "failed"):
            return asset
        time.sleep(0.05)
    raise AssertionError(f"the asset is still {asset['status']}")


NIGHTS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
