"""The page that describes the API: whole, readable without a script, and safe whatever a docstring holds."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from functions._http.docs_page import docs_page
from functions._http.openapi import openapi
from functions.doors import DOORS
from tests.support.studio import running_studio


class Seen(HTMLParser):
    """Tags, the ids they have, where links lead, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "style")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_every_operation_and_schema_is_on_it_and_every_link_leads_somewhere() -> None:
    document = openapi(DOORS)
    seen = Seen(docs_page(document).decode())
    operations = [operation for verbs in document["paths"].values() for operation in verbs.values()]
    assert {operation["operationId"] for operation in operations} <= set(seen.ids)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= set(seen.ids)
    assert len(seen.ids) == len(set(seen.ids))
    for operation in operations:
        assert operation["summary"] in seen.text
    assert {link.removeprefix("#") for link in seen.links} - {"openapi.json"} <= set(seen.ids)


def test_nothing_on_it_runs_or_comes_from_elsewhere(tmp_path: Path) -> None:
    with running_studio(tmp_path) as (_, client):
        answer = client.get("/docs")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-") and "unsafe" not in policy
    assert not Seen(answer.text).tags & {"script", "link", "img", "iframe", "object", "form", "base"}
    assert "//" not in "".join(Seen(answer.text).links)


def test_what_a_description_holds_is_text() -> None:
    hostile = "</pre><script>alert(1)</script>"
    operation = {"operationId": "a", "tags": [hostile], "summary": hostile, "description": hostile, "security": []}
    page = docs_page(
        {
            "info": {"title": hostile},
            "paths": {"/x": {"get": {**operation, "responses": {"200": {"content": {hostile: {}}}}}}},
            "components": {"schemas": {"S": {"description": hostile}}},
        }
    ).decode()
    assert "<script" not in page and "script" not in Seen(page).tags
