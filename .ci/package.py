"""`make package`: one folder per Cloud Function, with the modules its door reaches and no others.

FOLDER/{name}/main.py             one line: the entry point
FOLDER/{name}/requirements.txt    requirements/functions.txt
FOLDER/{name}/functions, shared   every module that is imported from there, now or later, inside a function too
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent


def main(folder: Path) -> None:
    """Make the folder anew and say what became of it."""
    sys.path.insert(0, str(ROOT))
    from functions.doors import ENTRY_POINTS

    graph = grimp.build_graph("functions", "shared", cache_dir=None)
    shutil.rmtree(folder, ignore_errors=True)
    for name in ENTRY_POINTS:
        modules = modules_of(graph, f"functions.{name}")
        pack(name, modules, folder / name)
        size = sum(path.stat().st_size for path in (folder / name).rglob("*") if path.is_file())
        print(f"{name:24} {len(modules):4} modules {size / 1024:8.0f} KiB")


def modules_of(graph: grimp.ImportGraph, door: str) -> list[str]:
    """The door's module, the packages it lies in, all that these import, and so on."""
    found: set[str] = set()
    waiting = {door}
    while waiting:
        module = waiting.pop()
        found.add(module)
        package = {module.rpartition(".")[0]} - {""}
        waiting |= (graph.find_modules_directly_imported_by(module) | package) - found
    return sorted(found)


def pack(name: str, modules: list[str], folder: Path) -> None:
    for module in modules:
        source = file_of(module)
        target = folder / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    (folder / "main.py").write_text(f"from functions.{name} import {name} as {name}\n", encoding="utf-8")
    shutil.copyfile(ROOT / "requirements/functions.txt", folder / "requirements.txt")


def file_of(module: str) -> Path:
    path = ROOT / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
