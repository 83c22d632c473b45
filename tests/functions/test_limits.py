"""At the edges of size: a book in one chapter, and a disk with no room left."""

from __future__ import annotations

from pathlib import Path

from shared.ports.documents import MAX_DOCUMENT_BYTES
from tests.support.studio import new_chapter, running_studio, served_studio

SENTENCES = [
    "The rain had not stopped since the morning, and the road to the mill was under water.",
    "“We shall have to wait,” said Anna.",
    "Nobody had an answer to that!",
    "He went on counting the sacks, slowly, as if the number could change while he was looking at them.",
]


def test_a_chapter_of_150_000_words_is_planned_stored_and_read(tmp_path: Path) -> None:
    text = ""
    for number in range(11_600):
        text += SENTENCES[number % 4] + (f" It was day {number}.\n\n" if number % 5 == 4 else " ")
    assert len(text.split()) > 150_000 and len(text) > 750_000
    with running_studio(tmp_path) as (_, client):
        project, chapter = new_chapter(client, text)
        desk = f"/projects/{project}/planning/chapters/{chapter}"
        answer = client.post(f"{desk}/generate", json={})
        assert answer.status_code == 200, answer.text[:500]
        assert len(answer.content) > 2 * MAX_DOCUMENT_BYTES  # so that the limit would have been met
        segments = client.get(f"{desk}/plan").json()["segments"]
        assert "".join(segment["original_text"] for segment in segments) == text
        edited = client.patch(f"{desk}/segments/{segments[500]['segment_id']}", json={"text": "Changed."})
        assert edited.json()["segments"][500]["text"] == "Changed."
        assert edited.json()["segments"][500]["original_text"] == segments[500]["original_text"]


def test_a_full_disk_is_a_problem_that_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    """A limit on the size of a file is what a full disk looks like to a write: ENOSPC and EFBIG are handled alike."""
    with served_studio(tmp_path, RLIMIT_FSIZE=512 * 1024) as (_, client):
        project = client.post("/projects", json={"title": "T"}).json()["id"]
        big = {"title": "T", "text": "Too much for this disk. " * 60_000}
        answer = client.post(f"/projects/{project}/chapters", json=big)
        assert answer.status_code == 507, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "space" in answer.json()["title"].lower()
        assert answer.headers["Retry-After"]
        assert client.get(f"/projects/{project}/chapters").json()["items"] == []
        small = client.post(f"/projects/{project}/chapters", json={"title": "T", "text": "This fits."})
        assert small.status_code == 201, small.text
    assert not [
        path for path in (tmp_path / "storage").rglob("*") if path.is_file() and path.stat().st_size > 400 * 1024
    ]
