"""The demo's film, heard back: its narration says the story, all of it, and a missing sentence would be noticed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.run import story_of_the_demo, wish_for
from functions.dev_server import Server
from tests.support.hearing import hear, missing_runs, word_error_rate, words_of
from tests.support.studio import ended, new_chapter, running_studio

pytestmark = pytest.mark.media
BOUND = 0.05


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, httpx.Client]]:
    with running_studio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def chapter(studio: tuple[Server, httpx.Client]) -> tuple[str, str]:
    return new_chapter(studio[1], story_of_the_demo().raw.decode())


def film(client: httpx.Client, chapter: tuple[str, str], folder: Path) -> Path:
    """The story's English film, with the demo's own cast."""
    wish: dict[str, Any] = wish_for(story_of_the_demo(), *chapter, to="")
    wish |= {"frame": {"width": 320, "height": 180}, "profile": "preview"}
    job = ended(client, client.post("/jobs", json={"type": "narration", "input": wish}).json()["id"])
    assert job["status"] == "completed", job["error"]
    target = folder / f"{job['id']}.mp4"
    target.write_bytes(client.get(f"/jobs/{job['id']}/files/en.mp4").content)
    return target


def test_the_film_says_the_story_and_a_dropped_sentence_is_noticed(
    studio: tuple[Server, httpx.Client], chapter: tuple[str, str], tmp_path: Path
) -> None:
    client, words = studio[1], words_of(story_of_the_demo().raw.decode())
    heard = hear(film(client, chapter, tmp_path), words)
    assert word_error_rate(words, heard) < BOUND
    assert missing_runs(words, heard) == []

    desk = f"/projects/{chapter[0]}/planning/chapters/{chapter[1]}"
    segments = client.get(f"{desk}/plan").json()["segments"]
    dropped = max(segments, key=lambda segment: len(segment["text"]))
    assert client.patch(f"{desk}/segments/{dropped['segment_id']}", json={"skipped": True}).status_code == 200
    shorter = hear(film(client, chapter, tmp_path), words)
    assert word_error_rate(words, shorter) >= len(words_of(dropped["text"])) / len(words) * 0.8
    assert any(" ".join(run) in " ".join(words_of(dropped["text"])) for run in missing_runs(words, shorter))
