"""Whole books through their doors: looked into, made chapters of, once, with their cover, language and sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.functions.attacks_ground import picture
from tests.support.books import PROSE, Epub, docx, pdf, tei
from tests.support.studio import running_studio
from tests.support.uploads import sent, settled

Raw = dict[str, Any]
TEXT = f"<p>{PROSE}</p>"
SPANISH = "El farero subió por la escalera, y cuando llegó a la lámpara estaba encendida, pero no sabía por quién. " * 5
BOOK = Epub(
    {
        "title.xhtml": '<section epub:type="titlepage"><h1>The Lamp</h1></section>',
        "p.xhtml": "<h1>Part One</h1>",
        "a.xhtml": f"<h2>I</h2>{TEXT}",
        "b.xhtml": f"<h2>II</h2>{TEXT}",
        "c.xhtml": f"<h1>Epilogue</h1>{TEXT}",
        "n.xhtml": '<section epub:type="endnotes"><p>By Tom.</p></section>',
    },
    toc=[("Part One", "p.xhtml", [("I", "a.xhtml"), ("II", "b.xhtml")]), ("Epilogue", "c.xhtml"), ("Notes", "n.xhtml")],
    metadata="<dc:title>The Lamp</dc:title><dc:creator>Ana Keeper</dc:creator><dc:language>en-GB</dc:language>",
    manifest='<item id="c" href="c.png" media-type="image/png" properties="cover-image"/>',
    files={"OEBPS/c.png": picture(size=(320, 180))},
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with running_studio(tmp_path_factory.mktemp("studio")) as (_, client):
        yield client


def ready(client: httpx.Client, data: bytes, name: str = "book") -> str:
    """The id of a document that was brought and is ready."""
    asset = settled(client, sent(client, "document", data, name)["id"])
    assert asset["status"] == "ready", asset["reason"]
    return str(asset["id"])


def new_project(client: httpx.Client, **more: str) -> str:
    return str(client.post("/projects", json={"title": "P", **more}).json()["id"])


def imported(client: httpx.Client, project: str, asset: str, **wish: Any) -> Raw:
    answer = client.post(f"/projects/{project}/import", json={"asset_id": asset, **wish})
    assert answer.status_code == 200, answer.text
    found: Raw = answer.json()
    return found


def titles(client: httpx.Client, project: str) -> list[str]:
    return [chapter["title"] for chapter in client.get(f"/projects/{project}/chapters").json()["items"]]


def refused(answer: httpx.Response, status: int) -> Raw:
    assert answer.status_code == status, answer.text
    problem: Raw = answer.json()
    return problem


def test_a_book_is_looked_into_before_anything_is_made(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    answer = client.get(f"/projects/{project}/import/{asset}")
    outline = answer.json()
    assert [(c["number"], c["level"], c["parts"], c["title"]) for c in outline["chapters"]] == [
        (1, 2, ["Part One"], "I"),
        (2, 2, ["Part One"], "II"),
        (3, 1, [], "Epilogue"),
    ]
    assert outline["chapters"][1]["words"] == len(PROSE.split()) + 1
    assert [(s["id"], s["title"], s["reason"], s["before"]) for s in outline["skipped"]] == [
        ("s1", "The Lamp", "title-page", 1),
        ("s2", "Notes", "notes", 4),
    ]
    assert outline["facts"]["authors"] == ["Ana Keeper"] and outline["cover_media_type"] == "image/png"
    assert outline["language"] == {"code": "en-GB", "source": "book", "confidence": None}
    assert titles(client, project) == []
    again = client.get(f"/projects/{project}/import/{asset}", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    flat = client.get(f"/projects/{project}/import/{asset}", params={"depth": 1}).json()
    assert [c["title"] for c in flat["chapters"]] == ["Part One", "Epilogue"]


def test_a_book_becomes_chapters_with_their_sources_cover_and_facts(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    result = imported(client, project, asset)
    assert result["made"] == 3 and [s["id"] for s in result["skipped"]] == ["s1", "s2"]
    assert titles(client, project) == ["I", "II", "Epilogue"]
    chapter = result["chapters"][0]
    assert client.get(f"/projects/{project}/chapters/{chapter['id']}/text").text == f"Part One\n\nI\n\n{PROSE}"
    source = {
        "asset_id": asset,
        "reference": "OEBPS/a.xhtml",
        "level": 2,
        "parts": ["Part One"],
        "piece": 1,
        "pieces": 1,
    }
    assert client.get(f"/projects/{project}/chapters/{chapter['id']}").json()["source"] == source
    kept = client.get(f"/projects/{project}").json()
    assert (kept["language"], kept["author"], kept["book"]["title"]) == ("en-GB", "Ana Keeper", "The Lamp")
    cover = settled(client, kept["cover_asset_id"])
    assert (cover["status"], cover["type"], cover["width"]) == ("ready", "background", 320)
    assert result["cover_asset_id"] == cover["id"]


def test_the_same_book_again_makes_nothing_unless_asked(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    first = imported(client, project, asset)
    client.patch(f"/projects/{project}/chapters/{first['chapters'][0]['id']}", json={"title": "Mine"})
    second = imported(client, project, asset)
    assert (second["made"], len(second["chapters"])) == (0, 3)
    assert second["chapters"][0]["title"] == "Mine" and second["cover_asset_id"] == first["cover_asset_id"]
    assert titles(client, project) == ["Mine", "II", "Epilogue"]
    assert imported(client, project, asset, again=True)["made"] == 3
    assert titles(client, project) == ["Mine", "II", "Epilogue", "I", "II", "Epilogue"]
    client.delete(f"/projects/{project}/chapters/{first['chapters'][1]['id']}")
    assert imported(client, project, asset)["made"] == 1


def test_one_key_is_one_import(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    body, key = {"asset_id": asset, "again": True}, {"Idempotency-Key": "import-1"}
    answers = [client.post(f"/projects/{project}/import", json=body, headers=key) for _ in range(2)]
    assert answers[0].json() == answers[1].json() and answers[1].headers["Idempotent-Replay"] == "true"
    assert len(titles(client, project)) == 3


def test_chapters_are_chosen_by_number_and_skipped_parts_by_id(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    result = imported(client, project, asset, chapters="1, 3-3", include=["s1"])
    assert titles(client, project) == ["The Lamp", "I", "Epilogue"]
    assert [s["id"] for s in result["skipped"]] == ["s2"]
    assert imported(client, project, asset)["made"] == 1
    path = f"/projects/{project}/import"
    problem = refused(client.post(path, json={"asset_id": asset, "chapters": "2-9"}), 422)
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["found"]) == ("/chapters", "2-9")
    assert refused(client.post(path, json={"asset_id": asset, "include": ["s7"]}), 422)["errors"][0]["found"] == "s7"
    for bad in (
        {"chapters": "one"},
        {"chapters": "1--3"},
        {"include": ["../x"]},
        {"depth": 0},
        {"language": "English"},
    ):
        refused(client.post(path, json={"asset_id": asset, **bad}), 422)


def test_depth_one_makes_chapters_of_the_outermost_lines_alone(client: httpx.Client) -> None:
    project, asset = new_project(client), ready(client, BOOK.data())
    first = imported(client, project, asset, depth=1)["chapters"][0]
    assert titles(client, project) == ["Part One", "Epilogue"]
    text = client.get(f"/projects/{project}/chapters/{first['id']}/text").text
    assert text == f"Part One\n\nI\n\n{PROSE}\n\nII\n\n{PROSE}"


def test_who_says_which_language_it_is(client: httpx.Client) -> None:
    english, unsaid = ready(client, BOOK.data()), ready(client, SPANISH.encode())

    def language(project: str, asset: str, **wish: str) -> tuple[str, str]:
        said = imported(client, project, asset, **wish)["language"]
        assert client.get(f"/projects/{project}").json()["language"] == said["code"]
        return said["code"], said["source"]

    assert language(new_project(client), english) == ("en-GB", "book")
    assert language(new_project(client, language="de"), english) == ("de", "project")
    assert language(new_project(client), english, language="fr") == ("fr", "request")
    project = new_project(client)
    assert language(project, unsaid) == ("es", "detected")
    assert language(project, english) == ("es", "project")  # it has chapters by now
    guessed = client.get(f"/projects/{new_project(client)}/import/{unsaid}").json()["language"]
    assert guessed["source"] == "detected" and guessed["confidence"] > 0.2


@pytest.mark.parametrize(
    ("data", "format_name", "made"),
    [
        (docx(("One", "Heading1"), PROSE, ("Two", "Heading1"), PROSE), "docx", ["One", "Two"]),
        (pdf([["CHAPTER I", PROSE], ["CHAPTER II", PROSE]]), "pdf", ["CHAPTER I", "CHAPTER II"]),
        (f"CHAPTER I\n\n{PROSE}\n\nCHAPTER II\n\n“{PROSE}”".encode("cp1252"), "text", ["CHAPTER I", "CHAPTER II"]),
        (f"# One\n\n{PROSE}\n\n# Two\n\n{PROSE}".encode(), "markdown", ["One", "Two"]),
        (tei(f"<div><head>I</head><p>{PROSE}</p></div><div><head>II</head><p>{PROSE}</p></div>"), "tei", ["I", "II"]),
    ],
    ids=["docx", "pdf", "text", "markdown", "tei"],
)
def test_every_format_is_told_by_its_bytes(
    client: httpx.Client, data: bytes, format_name: str, made: list[str]
) -> None:
    project, asset = new_project(client), ready(client, data)
    assert client.get(f"/projects/{project}/import/{asset}").json()["format"] == format_name
    imported(client, project, asset)
    assert titles(client, project) == made


def test_a_part_larger_than_a_chapter_comes_in_pieces_and_that_is_said(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with running_studio(tmp_path_factory.mktemp("studio"), max_chapter_bytes="1000") as (_, client):
        project, asset = new_project(client), ready(client, Epub({"a.xhtml": TEXT * 15}, [("I", "a.xhtml")]).data())
        result = imported(client, project, asset)
        assert titles(client, project) == ["I (1/2)", "I (2/2)"]
        assert result["remarks"] == ["'I' is larger than a chapter may be, and comes in 2 pieces."]
        texts = [client.get(f"/projects/{project}/chapters/{c['id']}/text").text for c in result["chapters"]]
        assert " ".join(texts).split() == (PROSE.split()) * 15
        assert imported(client, project, asset)["made"] == 0


def test_a_cover_that_is_not_taken_is_told_and_stops_nothing(client: httpx.Client) -> None:
    item = '<item id="c" href="c" media-type="{}" properties="cover-image"/>'
    for kind, told in (("image/svg+xml", "not taken"), ("image/png", "was not kept")):
        book = Epub({"a.xhtml": TEXT}, manifest=item.format(kind), files={"OEBPS/c": b"<svg/>"})
        result = imported(client, new_project(client), ready(client, book.data()))
        assert result["made"] == 1 and result["cover_asset_id"] == "" and told in result["remarks"][-1]


def test_what_cannot_be_imported_says_why(client: httpx.Client) -> None:
    project = new_project(client)
    path = f"/projects/{project}/import"
    image = settled(client, sent(client, "background", picture())["id"])["id"]
    refused(client.post(path, json={"asset_id": image}), 422)
    refused(client.post(path, json={"asset_id": "ast_nothing"}), 404)
    refused(client.get(f"{path}/ast_nothing"), 404)
    scanned = ready(client, pdf([[], []]))
    assert "scanned" in refused(client.get(f"{path}/{scanned}"), 415)["detail"]
    files: dict[str, bytes | str] = {"OEBPS/../../x": "x"}
    assert (
        "leads out"
        in refused(
            client.post(path, json={"asset_id": ready(client, Epub({"a.xhtml": TEXT}, files=files).data())}), 422
        )["detail"]
    )
    front = ready(client, Epub({"a.xhtml": f'<body epub:type="frontmatter">{TEXT}</body>'}).data())
    assert client.get(f"{path}/{front}").json()["chapters"] == []
    assert "left out" in refused(client.post(path, json={"asset_id": front}), 422)["detail"]
    assert imported(client, project, front, include=["s1"])["made"] == 1
    refused(client.post("/projects/prj_nothing/import", json={"asset_id": front}), 404)
