"""A door through the real functions-framework, in process, packed as `make package` packs it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import functions_framework
import pytest
from flask import Flask
from flask.testing import FlaskClient


def door_client(folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, target: str) -> FlaskClient:
    """A client of the function `target` in `module`, by way of a one-line main.py in `folder`.

    The framework loads its source as the module "main", appends to sys.path and sets an environment variable; all of
    it is put back when the test ends.
    """
    monkeypatch.setitem(sys.modules, "main", ModuleType("main"))
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv("FUNCTION_SIGNATURE_TYPE", "http")
    source = folder / "main.py"
    source.write_text(f"from {module} import {target}\n")
    app: Flask = functions_framework.create_app(target, str(source))  # type: ignore[no-untyped-call]
    return app.test_client()
