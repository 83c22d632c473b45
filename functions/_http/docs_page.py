"""The OpenAPI document as a page to read: HTML and a few lines of style, no script, nothing fetched from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
code, pre { font: 14px/1.45 ui-monospace, monospace; } pre { background: #f5f4f1; padding: 0.75rem; overflow-x: auto; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ccc; } summary { cursor: pointer; padding: 0.25rem 0; }
table { border-collapse: collapse; } td { padding: 0.15rem 1rem 0.15rem 0; vertical-align: top; } b.verb { display: inline-block; width: 4.5rem; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SCHEMAS = "#/components/schemas/"


def docs_page(document: Mapping[str, Any]) -> bytes:
    """The whole page in UTF-8, from what `openapi` gives. Serve it under CONTENT_SECURITY_POLICY."""
    title = escape(document["info"]["title"])
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title} API</title>'
    return "".join(
        [
            f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head><body><h1>{title} API</h1>',
            '<p>The same as <a href="openapi.json">openapi.json</a>. Failures are problem documents (RFC 9457).</p>',
            *_operations(document["paths"]),
            "<h2>Schemas</h2>",
            *(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
            "</body></html>",
        ]
    ).encode()


def _operations(paths: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Every operation, gathered by its first tag, in the order of the document."""
    tagged: dict[str, list[str]] = {}
    for path, verbs in paths.items():
        for verb, operation in verbs.items():
            tagged.setdefault(operation["tags"][0], []).append(_operation(verb, path, operation))
    for tag, operations in tagged.items():
        yield f"<h2>{escape(tag)}</h2>" + "".join(operations)


def _operation(verb: str, path: str, operation: Mapping[str, Any]) -> str:
    name, summary = escape(operation["operationId"]), escape(operation.get("summary", ""))
    line = f'<b class="verb">{verb.upper()}</b> <code>{escape(path)}</code> {summary}'
    who = ", ".join(scheme for each in operation["security"] for scheme in each) or "anybody"
    rows = [
        *(_parameter(each) for each in operation.get("parameters", ())),
        *((_media("body", operation["requestBody"]),) if "requestBody" in operation else ()),
        *(_media(status, answer) for status, answer in operation["responses"].items()),
    ]
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    said = f"<p>{escape(operation.get('description', ''))}</p><p>Called by: {escape(who)}.</p>"
    return f'<details id="{name}"><summary>{line}</summary>{said}<table>{table}</table></details>'


def _parameter(parameter: Mapping[str, Any]) -> str:
    needed = "" if parameter["required"] else ", optional"
    schema = {key: value for key, value in parameter["schema"].items() if key not in ("title", "description")}
    text = parameter.get("description") or parameter["schema"].get("description", "")
    return (
        f"<td><code>{escape(parameter['name'])}</code></td><td>{parameter['in']}{needed}</td>"
        f"<td><code>{escape(json.dumps(schema))}</code> {escape(text)}</td>"
    )


def _media(what: str, content: Mapping[str, Any]) -> str:
    if "$ref" in content:
        return f"<td><code>{what}</code></td><td>problem</td><td></td>"
    kinds = content.get("content", {})
    shapes = ", ".join(_shape(kind.get("schema", {})) for kind in kinds.values())
    return f"<td><code>{what}</code></td><td>{escape(', '.join(kinds)) or 'nothing'}</td><td>{shapes}</td>"


def _shape(schema: Mapping[str, Any]) -> str:
    name = escape(schema.get("$ref", "").removeprefix(_SCHEMAS))
    return f'<a href="#schema-{name}">{name}</a>' if name else ""


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    text = escape(json.dumps(schema, indent=2, ensure_ascii=False))
    return (
        f'<details id="schema-{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{text}</pre></details>'
    )
