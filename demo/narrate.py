"""`make narrate BOOK=file`: a book in; an audiobook, captions, a read-along EPUB and films out, through the studio's API."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.bars import Bars
from demo.client import ApiError, Client
from demo.studio import produce, readable_file, shown, size_of, slug_of

FORMATS = ["m4b", "epub", "srt", "vtt"]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    return produce(options.out, lambda client, work: _narrate(client, options, work))


def _narrate(client: Client, options: argparse.Namespace, work: Path) -> None:
    started = time.monotonic()
    project, chapters = _import(client, options)
    _cast(client, project, chapters, options)
    for number, chapter in enumerate(chapters, 1):
        print(f"\n{number}/{len(chapters)} {chapter['title']} - {chapter['characters']:,} characters")
        job = client.post(
            "/jobs", {"type": "narration", "title": chapter["title"], "input": _wish(client, project, chapter, options)}
        )
        try:
            job = client.follow(job, Bars().show)
        except KeyboardInterrupt:
            client.post(f"/jobs/{job['id']}/cancel", {})
            raise
        folder = work / f"{number:02}-{slug_of(chapter['title'])[:60]}"
        folder.mkdir()
        for file in client.get(f"/jobs/{job['id']}/result")["files"]:
            client.download(file["href"], folder / file["name"])
    print("\nThe audiobook")
    export = _export(client, project["id"], chapters, options)
    title = slug_of(project["title"])
    for file in export["files"]:
        client.download(file["url"], work / file["name"].replace("book.", f"{title}."))
    print(f"\n{time.monotonic() - started:.1f} s. Made, in {shown(options.out)}/:")
    for file in sorted(
        path for path in work.rglob("*") if path.is_file() and "studio" not in path.parts[len(work.parts) :]
    ):
        if not file.name.startswith("."):
            print(f"  {file.relative_to(work)}  ({size_of(file)})")


def _import(client: Client, options: argparse.Namespace) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The book's project, and those of its chapters that were asked for."""
    wish = {"title": options.book.stem.replace("-", " ").replace("_", " ").strip() or "Untitled"}
    project = client.post("/projects", wish | ({"language": options.language} if options.language else {}))
    asset = client.upload_asset("document", options.book)
    door = f"/projects/{project['id']}/import"
    outline = client.get(f"{door}/{asset['id']}")
    facts = outline["facts"]
    print(f"\n{facts['title'] or project['title']}{' by ' + ', '.join(facts['authors']) if facts['authors'] else ''}\n")
    for chapter in outline["chapters"]:
        print(f"  {chapter['number']:>3}  {chapter['title']}  ({chapter['words']:,} words)")
    for part in outline["skipped"]:
        print(f"       left out: {part['title']} ({part['reason']})")
    chosen = {"chapters": options.chapters} if options.chapters else {}
    imported = client.post(door, {"asset_id": asset["id"], **chosen})
    for remark in imported["remarks"]:
        print(f"  {remark}")
    project = client.get(f"/projects/{project['id']}")
    if facts["title"]:
        named = {"title": facts["title"][:200], "author": project["author"], "language": project["language"]}
        project = client.put(f"/projects/{project['id']}", named)
    return project, imported["chapters"]


def _cast(
    client: Client, project: dict[str, Any], chapters: Sequence[dict[str, Any]], options: argparse.Namespace
) -> None:
    """Find who speaks in the chapters, give everybody a voice, and show it."""
    door = f"/projects/{project['id']}/cast"
    found = client.post(f"{door}/generate", {"chapters": [chapter["id"] for chapter in chapters]})
    doubtful, lines = (sum(chapter[name] for chapter in found["chapters"]) for name in ("doubtful", "lines"))
    cast = client.post(f"{door}/voices", {"narrator": options.voice} if options.voice else {})
    print(f"\nThe cast - {lines} lines spoken, {doubtful} of them doubtful")
    for one in cast["characters"]:
        if one["is_narrator"] or one["lines"]:
            name = one["name"] if one["is_narrator"] else ", ".join([one["name"], *one["aliases"]])
            print(f"  {name[:44]:<44} {one['lines'] or '':>5}  {one['voices'].get(cast['language'], '')}")


def _wish(
    client: Client, project: dict[str, Any], chapter: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """A narration job's input for one chapter, under the book's own cover where it has one."""
    wish: dict[str, Any] = {"project_id": project["id"], "chapter_id": chapter["id"]}
    if project.get("cover_asset_id"):
        wish["cover_asset_id"] = client.ready(project["cover_asset_id"])["id"]
    if options.voice:
        wish["voices"] = {options.language or "en": {"narrator": options.voice}}
    return wish


def _export(
    client: Client, project: str, chapters: Sequence[dict[str, Any]], options: argparse.Namespace
) -> dict[str, Any]:
    """The finished export. Raises ApiError when it failed."""
    door = f"/projects/{project}/exports"
    voices = {"voices": {"narrator": options.voice}} if options.voice else {}
    wish = {"formats": options.formats, "chapters": [chapter["id"] for chapter in chapters], "options": voices}
    export = client.post(door, wish)
    while export["status"] in ("pending", "running"):
        time.sleep(0.2)
        export = client.get(f"{door}/{export['id']}")
    if export["status"] != "completed":
        raise ApiError({**(export.get("error") or {}), "title": f"The export {export['status']}"})
    return export


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make an audiobook, captions, a read-along EPUB and films of a book.")
    parser.add_argument("--book", type=readable_file, required=True, help="EPUB, DOCX, PDF, text, Markdown or TEI")
    parser.add_argument("--chapters", default="", help="which of its chapters, as in 1-2,5; all otherwise")
    parser.add_argument("--language", default="", help="its language, where the book does not say")
    parser.add_argument("--voice", default="", help="the narrator's voice, as in flite/rms")
    parser.add_argument("--formats", type=lambda text: text.split(","), default=FORMATS, help=",".join(FORMATS))
    parser.add_argument("--out", type=Path, default=Path("out/narrate"), help="where it all goes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
