"""`make demo`: start the studio, send it a story as a client would, bring the films home, change one sentence, do it again."""

from __future__ import annotations

import argparse
import re
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.bars import Bars
from demo.client import ApiError, Client
from demo.studio import produce, readable_file, shown, size_of, slug_of

HERE = Path(__file__).parent
EDIT = "For a moment nobody moved, and the whole house seemed to listen."


@dataclass(frozen=True)
class Story:
    title: str
    author: str
    language: str
    raw: bytes
    voices: dict[str, dict[str, str]]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    return produce(options.out, lambda client, work: _show(client, _story(options), options, work))


def _show(client: Client, story: Story, options: argparse.Namespace, work: Path) -> None:
    started = time.monotonic()
    project = client.post("/projects", {"title": story.title, "author": story.author, "language": story.language})
    chapter = client.upload_text(project["id"], story.title, story.raw)
    wish = _wish(client, story, options, project["id"], chapter["id"])
    print(f"\n{story.title} - {chapter['characters']:,} characters, narrated in {' and '.join(wish['narrate'])}\n")
    first = _make(client, wish, story)
    files = _bring(client, first, work, slug_of(story.title))
    print(f"\nFirst run: {time.monotonic() - started:.1f} s. Made, in {shown(options.out)}/:")
    for file in files:
        print(f"  {file.name}  ({size_of(file)})")
    _edit_and_repeat(client, story, wish, work, first)
    print(f"\nAll of it is in {shown(options.out)}/, the films after the edit in {shown(options.out / 'after-edit')}/.")


def _edit_and_repeat(client: Client, story: Story, wish: dict[str, Any], out: Path, first: dict[str, Any]) -> None:
    """Change one sentence through the API and render again, saying what was reused and what was made anew."""
    started = time.monotonic()
    before, after = edit_one_sentence(client, wish)
    print(f"\nNow one sentence is changed:\n  - {before[:100]}…\n  + {after[:100]}…\n")
    second = _make(client, wish, story)
    folder = out / "after-edit"
    folder.mkdir()
    _bring(client, second, folder, slug_of(story.title))
    print(f"\nAfter the edit: {time.monotonic() - started:.1f} s.\n")
    _compare(first, second)


def edit_one_sentence(client: Client, wish: dict[str, Any]) -> tuple[str, str]:
    """Replace the first sentence of a long segment in the middle; its text before and after."""
    desk = f"/projects/{wish['project_id']}/planning/chapters/{wish['chapter_id']}"
    segments = client.get(f"{desk}/plan")["segments"]
    middle = segments[len(segments) // 3 : len(segments) - len(segments) // 3] or segments
    segment = max(middle, key=lambda s: len(s["text"]))
    text = re.sub(r"^.*?[.!?][”\"']?(\s|$)", EDIT + " ", segment["text"], count=1).strip()
    client.patch(f"{desk}/segments/{segment['segment_id']}", {"text": text})
    return segment["text"], text


def _make(client: Client, wish: dict[str, Any], story: Story) -> dict[str, Any]:
    job = client.post("/jobs", {"type": "narration", "title": story.title, "input": wish})
    try:
        return client.follow(job, Bars().show)
    except KeyboardInterrupt:
        client.post(f"/jobs/{job['id']}/cancel", {})  # else its renderer would work on behind the prompt
        raise


def _compare(first: dict[str, Any], second: dict[str, Any]) -> None:
    print(f"  {'':<34}{'first run':>12}{'after the edit':>18}")
    for name in ("voice", "translate", "voice_translation"):
        runs = [_made(job, name) for job in (first, second)]
        if runs[0]:
            what = {"voice": "segments voiced", "translate": "segments translated"}.get(name, "translations voiced")
            print(f"  {what:<34}{runs[0][0]:>12}{_anew(runs[1]):>18}")
    for language, report in first["result"]["reports"].items():
        after = second["result"]["reports"][language]
        for kind, what in (("shots", "shots rendered"), ("audio_blocks", "sound blocks encoded")):
            label = f"{what} ({language})"
            now = (after[kind]["made"], after[kind]["made"] + after[kind]["reused"])
            print(f"  {label:<34}{report[kind]['made']:>12}{_anew(now):>18}")
        print(f"  {f'renderer CPU seconds ({language})':<34}{report['cpu_seconds']:>12}{after['cpu_seconds']:>18}")


def _made(job: dict[str, Any], name: str) -> tuple[int, int] | None:
    step = next((step for step in job["steps"] if step["name"] == name), None)
    return (step["total"] - step["reused"], step["total"]) if step else None


def _anew(counts: tuple[int, int] | None) -> str:
    return f"{counts[0]} of {counts[1]}" if counts else ""


def _wish(client: Client, story: Story, options: argparse.Namespace, project: str, chapter: str) -> dict[str, Any]:
    wish = wish_for(story, project, chapter, to=options.to)
    if options.voice:
        wish["voices"][story.language] = {"narrator": options.voice}
    if options.cover:
        try:
            wish["cover_asset_id"] = client.upload_asset("background", options.cover)["id"]
        except ApiError as exc:
            raise ApiError({**exc.problem, "title": f"{options.cover} cannot be the cover"}) from exc
    return wish


def wish_for(story: Story, project: str, chapter: str, *, to: str) -> dict[str, Any]:
    """A narration job's input: narrated in the story's language and, where another is named, in that one too."""
    others = [] if to in ("", story.language) else [to]
    spoken = [story.language, *others]
    cast = {language: voices for language, voices in story.voices.items() if language in spoken}
    wish = {"project_id": project, "chapter_id": chapter, "voices": cast}
    return wish | {"translate_to": others, "narrate": spoken}


def _bring(client: Client, job: dict[str, Any], folder: Path, slug: str) -> list[Path]:
    found = []
    for file in client.get(f"/jobs/{job['id']}/result")["files"]:
        target = folder / f"{slug}.{file['name']}"
        client.download(file["href"], target)
        found.append(target)
    return found


def _story(options: argparse.Namespace) -> Story:
    if not options.text:
        return story_of_the_demo()
    title = options.text.stem.replace("-", " ").replace("_", " ").strip().capitalize() or "Untitled"
    return Story(title, "", options.language, options.text.read_bytes(), {})


def story_of_the_demo() -> Story:
    """The story that comes along, with its cast."""
    about = tomllib.loads((HERE / "story.toml").read_text("utf-8"))
    raw = (HERE / "story.txt").read_bytes()
    return Story(about["title"], about["author"], about["language"], raw, about.get("voices", {}))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Make a narrated, translated, captioned video of a text.")
    parser.add_argument("--text", type=readable_file, help="a plain text file; the story that comes along otherwise")
    parser.add_argument("--cover", type=readable_file, help="a PNG, JPEG or WebP picture; a title card otherwise")
    parser.add_argument("--to", default="es", help="the language to translate to and narrate too; '' for none")
    parser.add_argument("--language", default="en", help="the language of --text")
    parser.add_argument("--voice", default="", help="the narrator's voice, as in flite/rms")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("out/demo"),
        help="where the films go; an earlier demo there is replaced once these are made",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
