"""Rules that hold for every door there is, and for the kit's own weight."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

import functions
from functions._http import Door, Policy
from functions._http.openapi import openapi
from functions._http.route import Route
from tests.support import kit_door

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numpy", "faiss", "ffmpeg", "grpc", "PIL", "httpx", "sqlite3", "google.cloud.", "google.api_core", "starlette")


def every_door() -> list[Door]:
    """The product's doors: whatever module of `functions` has a Door, besides the kit's own two."""
    names = [found.name for found in pkgutil.iter_modules(functions.__path__) if not found.name.startswith("_")]
    modules = [importlib.import_module(f"functions.{name}") for name in names]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Door)]
    return [kit_door.books, kit_door.on_book_task, *dict.fromkeys(found)]


def every_route() -> list[Route]:
    return [route for door in every_door() for route in door.routes.all]


def test_every_route_has_a_policy_and_a_summary() -> None:
    for route in every_route():
        assert isinstance(route.policy, Policy), route.path
        assert route.summary, f"{route.method} {route.path} has no docstring"


def test_event_doors_open_for_the_queue_only() -> None:
    for door in every_door():
        assert all(route.is_event == door.name.startswith("on_") for route in door.routes.all), door.name
    assert all(route.policy is Policy.TASK for route in every_route() if route.is_event)


def test_no_two_doors_serve_the_same_path() -> None:
    served = [(route.method, route.shape) for route in every_route()]
    assert len(served) == len(set(served))


def test_all_doors_together_make_a_valid_openapi_document() -> None:
    OpenAPIV31SpecValidator(openapi(every_door())).validate()


def test_the_kit_loads_nothing_heavy() -> None:
    program = f"""
import sys, functions._http, functions._http.openapi
print([name for name in sys.modules if name.startswith({HEAVY!r})])
"""
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
