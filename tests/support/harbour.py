"""A story of two chapters and three people; in the second, one of them goes by another name."""

from __future__ import annotations

from typing import Any

import httpx

ONE = (
    "Mara Vell lit the lamp. “Who is there?” asked Mara Vell.\n\n"
    "“It is only me,” said Tobias. “The boat is late again.”\n\n"
    "“You are always late,” said Mara.\n\n"
    "Old Tom laughed. “Leave the boy alone,” said Old Tom.\n\n"
    "“I will not,” said Mara. “He knows it.”\n"
)
TWO = (
    "The morning was grey. “The boat is gone,” said Miss Vell.\n\n"
    "“Gone where?” asked Tobias.\n\n"
    "“How should I know?”\n\n"
    "“You might ask Tom,” Tobias said.\n\n"
    "Tom shook his head. “Don’t ask me,” said Tom.\n"
)


class Book:
    """The story in a studio: its project, its chapters, and what a test asks of them."""

    def __init__(self, client: httpx.Client, *texts: str) -> None:
        self.client = client
        self.id = client.post("/projects", json={"title": "The Harbour", "language": "en"}).json()["id"]
        self.path = f"/projects/{self.id}"
        self.cast = f"{self.path}/cast"
        self.chapters = [self.chapter(text) for text in texts or (ONE, TWO)]

    def chapter(self, text: str) -> str:
        made = self.client.post(f"{self.path}/chapters", json={"title": "A chapter", "text": text})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    def desk(self, number: int) -> str:
        return f"{self.path}/planning/chapters/{self.chapters[number]}"

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **headers: str) -> dict[str, Any]:
        answer = self.client.request(
            method, path, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json() if answer.content else {}
        return found

    def plan(self) -> None:
        for number in range(len(self.chapters)):
            self.ask("POST", f"{self.desk(number)}/generate", {})

    def generate(self, **choice: Any) -> dict[str, dict[str, Any]]:
        """The cast by name, found anew."""
        found = self.ask("POST", f"{self.cast}/generate", choice)
        return {one["name"]: one for one in found["characters"]}

    def people(self) -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in self.ask("GET", self.cast)["items"]}

    def segments(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"{self.desk(number)}/plan")["segments"]
        return found

    def speakers(self, number: int) -> list[str]:
        return [segment["speaker"] for segment in self.segments(number)]

    def lines(self, number: int, **query: Any) -> list[dict[str, Any]]:
        answer = self.client.get(f"{self.desk(number)}/lines", params=query)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def line(self, number: int, said: str) -> dict[str, Any]:
        return next(line for line in self.lines(number) if said in line["text"])
