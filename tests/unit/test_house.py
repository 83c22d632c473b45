"""The rules of the house, proven: each import contract breaks when offended, and what may not be loaded is not."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.doors import ENTRY_POINTS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("functions", "jobs", "shared")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))

TOP_FLOOR = "Doors and jobs stand on shared, and never on each other"
ONE_WAY = "Inside shared, imports run one way"
ADAPTERS = "Only wiring sees adapters, and no adapter sees another port's"
PURE_CORE = "Domain, ports and services know no vendor and no framework"
SLIM_JOB = "The assembly job carries no web framework, no vectors and no arrays"
DOORS = "Doors do not import each other"
CONTRACTS = (TOP_FLOOR, ONE_WAY, ADAPTERS, PURE_CORE, SLIM_JOB, DOORS)

VENDORS = ("faiss", "ffmpeg", "flask", "functions_framework", "google", "numpy", "werkzeug")
NOT_IN_THE_JOB = ("PIL", "faiss", "flask", "functions_framework", "httpx", "numpy", "starlette", "werkzeug")
OFFENCES = (  # contract, module that offends, module it must not import
    (TOP_FLOOR, "functions.calls_job", "jobs.assemble.plan"),
    (TOP_FLOOR, "jobs.assemble.calls_door", "functions.studio"),
    (TOP_FLOOR, "shared.domain.calls_door", "functions.studio"),
    (ONE_WAY, "shared.domain.reads_port", "shared.ports.clock"),
    (ONE_WAY, "shared.domain.reads_config", "shared.config"),
    (ONE_WAY, "shared.ports.uses_service", "shared.services.records"),
    (ONE_WAY, "shared.services.uses_adapter", "shared.adapters.clock"),
    (ONE_WAY, "shared.adapters.uses_service", "shared.services.records"),
    (ONE_WAY, "shared.adapters.documents.reads_config", "shared.config"),
    (ONE_WAY, "shared.services.builds", "shared.wiring"),
    (ONE_WAY, "shared.config", "shared.wiring"),
    (ADAPTERS, "functions.opens_adapter", "shared.adapters.documents.sqlite"),
    (ADAPTERS, "jobs.assemble.opens_adapter", "shared.adapters.storage.filesystem"),
    (ADAPTERS, "shared.adapters.storage.uses_neighbour", "shared.adapters.documents.sqlite"),
    *((PURE_CORE, f"shared.domain.uses_{vendor}", vendor) for vendor in VENDORS),
    *((PURE_CORE, f"shared.ports.uses_{vendor}", vendor) for vendor in VENDORS),
    *((PURE_CORE, f"shared.services.uses_{vendor}", vendor) for vendor in VENDORS),
    *((SLIM_JOB, f"jobs.assemble.uses_{package}", package) for package in NOT_IN_THE_JOB),
    *((SLIM_JOB, f"jobs.export.uses_{package}", package) for package in NOT_IN_THE_JOB),
    (DOORS, "functions.voices_next_door", "functions.voices"),
    (DOORS, "functions.wants_everything", "functions.main"),
)

HEAVY_FOR_DOORS = (
    "google.cloud.storage",
    "google.cloud.firestore",
    "google.cloud.tasks_v2",
    "google.cloud.run_v2",
    "grpc",
    "faiss",
    "numpy",
    "ffmpeg",
)
# The last three are tools of its tests: the job itself must not lean on them.
HEAVY_FOR_THE_JOB = (
    "flask",
    "werkzeug",
    "functions_framework",
    "faiss",
    "PIL",
    "httpx",
    "numpy",
    "hypothesis",
    "psutil",
)

MOST_LINES = 350
LONGER_FOR_A_REASON = {"shared/domain/blueprint/model.py": 400}  # one schema, read from top to bottom

ABSOLUTE_FOLDER = re.compile(r"(?<![\w.~/-])/(?:home|root|work|Users)/[\w.]")
REGISTRY_HOST = re.compile(r"pypi\.org|pythonhosted\.org|deb\.debian\.org|registry\.npmjs\.org")
NOT_COMMITTED = {"build", "out", "__pycache__"}  # as .gitignore has them, besides folders that begin with a dot


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages and their contracts, where they may be spoiled."""
    folder = tmp_path_factory.mktemp("house")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache', '--no-logo'])"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def offend(folder: Path, module: str, imported: str) -> None:
    # Inside a function: an import put off until it is needed counts as much as one at the top.
    target = folder / (module.replace(".", "/") + ".py")
    with target.open("a", encoding="utf-8") as source:
        source.write(f"\n\ndef offend() -> None:\n    import {imported}\n")


def test_the_import_contracts_hold_and_each_breaks_when_offended(copy: Path) -> None:
    clean = lint_imports(copy)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    for contract in CONTRACTS:
        assert f"{contract} KEPT" in clean.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in clean.stdout

    for _, module, imported in OFFENCES:
        offend(copy, module, imported)
    (copy / "shared" / "attic.py").write_text('"""A room without a floor."""\n')
    spoiled = lint_imports(copy)

    assert spoiled.returncode == 1
    for contract in CONTRACTS:
        assert f"{contract} BROKEN" in spoiled.stdout
    assert "shared.attic" in report_of(ONE_WAY, spoiled.stdout)
    for contract, module, imported in OFFENCES:
        assert f"{module} -> {imported} (l." in report_of(contract, spoiled.stdout), f"{contract}: {module}"


def report_of(contract: str, output: str) -> str:
    """What lint-imports says below the headline of one broken contract, without its line breaks."""
    after = output.split("Broken contracts", 1)[1].split(f"{contract}\n{'-' * len(contract)}\n", 1)[1]
    nexts = [after.index(f"{other}\n---") for other in CONTRACTS if f"{other}\n---" in after]
    return " ".join(after[: min(nexts, default=len(after))].split())


def reads_of_the_environment(source: str) -> Iterator[int]:
    """Lines that reach for the process environment, under whatever name `os` was imported."""
    names = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}
    tree = ast.parse(source)
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in ("os", "posix")
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("os", "posix"):
            yield from (node.lineno for alias in node.names if alias.name in names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            yield from (node.lineno for name in names if node.attr == name)


def test_only_the_configuration_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        if any(reads_of_the_environment(path.read_text(encoding="utf-8")))
    }
    assert readers == {"shared/config.py"}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os as system\nsystem.getenv('A')",
        "from os import environ",
        "def late():\n    from os import getenv as read",
        "import os, sys\nos.environb",
    ],
)
def test_every_way_to_the_environment_is_seen(source: str) -> None:
    assert list(reads_of_the_environment(source))


def test_another_objects_environ_is_not_the_process_environment() -> None:
    assert not list(reads_of_the_environment("import os\nrequest.environ['PATH_INFO']\nos.path.join('a')"))


def test_no_module_grows_past_what_one_can_read() -> None:
    assert len(MODULES) > 100
    long = {}
    for path in MODULES:
        name, lines = path.relative_to(ROOT).as_posix(), len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGER_FOR_A_REASON.get(name, MOST_LINES):
            long[name] = lines
    assert not long, "split these, or say in LONGER_FOR_A_REASON why not"


def newly_loaded(modules: list[str], heavy: tuple[str, ...]) -> dict[str, list[str]]:
    """Import the modules one after another in a fresh process: what of `heavy` each of them brought in."""
    program = f"""
import importlib, json, sys
found = {{}}
for module in {modules!r}:
    before = set(sys.modules)
    importlib.import_module(module)
    found[module] = [name for name in {heavy!r} if name in set(sys.modules) - before]
print(json.dumps(found))
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found: dict[str, list[str]] = json.loads(run.stdout)
    return found


def test_no_door_loads_a_vendors_client_or_a_heavy_library() -> None:
    # One process for all doors is as strict as one for each: what all of them leave unloaded, none of them loads.
    doors = [f"functions.{name}" for name in ENTRY_POINTS]
    assert len(doors) >= 11
    assert newly_loaded(doors, HEAVY_FOR_DOORS) == {door: [] for door in doors}


def test_the_assembly_job_loads_no_web_framework_and_no_tool_of_its_tests() -> None:
    others = sorted(f"jobs.assemble.{path.stem}" for path in (ROOT / "jobs/assemble").glob("[a-z]*.py"))
    modules = ["jobs.assemble.main", *(name for name in others if name != "jobs.assemble.main")]
    assert newly_loaded(modules, HEAVY_FOR_THE_JOB) == {module: [] for module in modules}


def test_a_library_that_is_loaded_is_noticed() -> None:
    assert newly_loaded(["json.tool", "wsgiref.util"], ("json", "wsgiref", "grpc")) == {
        "json.tool": [],  # the program that looks has it already
        "wsgiref.util": ["wsgiref"],
    }


def committed_files(folder: Path = ROOT) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and (not path.name.startswith(".") or path.name == ".ci") and path.name not in NOT_COMMITTED:
            yield from committed_files(path)
        elif path.is_file():
            yield path


def text_of(path: Path) -> str:
    data = path.read_bytes()
    return "" if b"\0" in data else data.decode("utf-8", errors="replace")


def places(pattern: re.Pattern[str]) -> list[str]:
    """Each match of a pattern in a file that is or could be committed, as path, line and match."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in committed_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        for match in pattern.finditer(line)
    ]


def test_no_file_names_a_folder_of_one_machine() -> None:
    assert places(ABSOLUTE_FOLDER) == []


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRY_HOST) == []


def test_the_search_for_machine_folders_and_registries_finds_them() -> None:
    for folder in ("home", "root", "work", "Users"):
        assert ABSOLUTE_FOLDER.search(f"open('/{folder}/someone/file')")
    assert not ABSOLUTE_FOLDER.search("GET /worker/ping; ./work/scratch; https://example.test/home/page")
    for host in ("pypi", "deb.debian"):
        assert REGISTRY_HOST.search(f"https://{host}.org/simple")
    assert {"Makefile", ".ci/run", "pyproject.toml"} <= {
        path.relative_to(ROOT).as_posix() for path in committed_files()
    }
