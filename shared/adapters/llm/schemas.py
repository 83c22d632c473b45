"""A pydantic model as the JSON Schema that a model's server takes: each knows a part of the standard, and no references.

What is left out here (lengths, patterns, defaults) is still checked when the answer comes back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

# Structured outputs of OpenAI and Ollama; both need every property required and no other allowed.
OPENAI = frozenset({"type", "properties", "required", "additionalProperties", "items", "enum", "anyOf", "description"})
# Gemini's Schema object, a part of OpenAPI 3.0.
GEMINI = frozenset({"type", "properties", "required", "items", "enum", "anyOf", "description", "minItems", "maxItems"})


def schema_for(shape: type[BaseModel], known: Collection[str]) -> dict[str, Any]:
    """The schema of `shape` in the words of `known`. Shapes here are trees: one that holds itself is refused."""
    whole = shape.model_json_schema()
    found: dict[str, Any] = _plain(whole, whole.get("$defs", {}), known, ())
    return found


def _plain(node: Any, shared: dict[str, Any], known: Collection[str], inside: tuple[str, ...]) -> Any:
    if "$ref" in node:
        name = node["$ref"].rpartition("/")[2]
        if name in inside:
            raise ValueError(f"{name} holds itself; an answer's shape is a tree")
        return _plain(shared[name], shared, known, (*inside, name))
    if "const" in node:
        node = {**node, "enum": [node["const"]]}
    plain = {word: value for word, value in node.items() if word in known}
    if "properties" in plain:
        plain["properties"] = {
            name: _plain(child, shared, known, inside) for name, child in plain["properties"].items()
        }
        plain["required"] = list(plain["properties"])
        if "additionalProperties" in known:
            plain["additionalProperties"] = False
    if "items" in plain:
        plain["items"] = _plain(plain["items"], shared, known, inside)
    if "anyOf" in plain:
        plain["anyOf"] = [_plain(child, shared, known, inside) for child in plain["anyOf"]]
    return plain
