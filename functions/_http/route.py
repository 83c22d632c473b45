"""One route of a door: a verb, a path with named parts, and what goes in and out."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Required, TypedDict

from pydantic import BaseModel, RootModel

from functions._http.answer import Answer
from functions._http.guard import Policy

API = ("api", "v1")
FORM = "multipart/form-data"  # its bytes differ each time it is sent, so that no two requests could be told alike
Handler = Callable[..., Answer]
_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+")
_VALUE = r"(?!\.+(?:/|$))[A-Za-z0-9._~:@+=-]{1,128}"  # a part of dots alone means a folder to too many tools


class RouteOptions(TypedDict, total=False):
    """What a route says of itself.

    `policy`: who may call. `body`: the model of the JSON sent, or a media type ("audio/*", "multipart/form-data") the
    handler reads by itself. `query`: the model of the query parameters; without one, any parameter is refused.
    `answers`: the model of the JSON answered, or a media type. `status`: of success. `idempotent`: honours
    Idempotency-Key. `limited`: may answer 429. `refuses`: statuses that do not follow from all this, for the document.
    `max_body_bytes`: where the door's own limit does not fit.
    """

    policy: Required[Policy]
    body: type[BaseModel] | str | None
    query: type[BaseModel] | None
    answers: type[BaseModel] | str | None
    status: int
    idempotent: bool
    limited: bool
    refuses: tuple[int, ...]
    max_body_bytes: int


@dataclass(frozen=True)
class Route:
    method: str
    segments: tuple[str, ...]  # of the canonical path: ("api", "v1", "projects", "{project_id}")
    handler: Handler
    policy: Policy
    max_body_bytes: int
    body: type[BaseModel] | str | None = None
    query: type[BaseModel] | None = None
    answers: type[BaseModel] | str | None = None
    status: int = 200
    idempotent: bool = False
    limited: bool = False
    refuses: tuple[int, ...] = ()
    is_event: bool = False

    def __post_init__(self) -> None:
        _check(self)

    @property
    def path(self) -> str:
        return "/" + "/".join(self.segments)

    @property
    def parameters(self) -> list[str]:
        return [found[1] for found in map(_PARAMETER.fullmatch, self.segments) if found]

    @property
    def summary(self) -> str:
        """The docstring's first line."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[0]

    @property
    def description(self) -> str:
        """The rest of the docstring."""
        return (inspect.getdoc(self.handler) or "").partition("\n")[2].strip()

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """The segments with "" for every named part: two routes of one shape would answer the same paths."""
        return tuple("" if _PARAMETER.fullmatch(segment) else segment for segment in self.segments)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = (
            f"(?P<{name[1]}>{_VALUE})" if (name := _PARAMETER.fullmatch(s)) else re.escape(s) for s in self.segments
        )
        return re.compile("/".join(parts))

    def match(self, segments: Sequence[str]) -> dict[str, str] | None:
        """The path's named parts, or None where the path is another one or a part is not an identifier."""
        if len(segments) != len(self.segments):
            return None
        found = self._pattern.fullmatch("/".join(segments))
        return found.groupdict() if found else None


def template_segments(template: str) -> tuple[str, ...]:
    """A template's parts. Raises ValueError unless it starts with a slash and each part is a word or a {name}."""
    segments = tuple(template.split("/"))[1:]
    if not template.startswith("/") or not all(_PARAMETER.fullmatch(s) or _LITERAL.fullmatch(s) for s in segments):
        raise ValueError(f"{template!r} is no path template; write it like /projects/{{project_id}}")
    return segments


def path_segments(path: str) -> tuple[str, ...]:
    """A request's path as canonical parts: one slash at the end is dropped, /api/... reads as /api/v1/..."""
    segments = tuple(path.removesuffix("/").split("/"))[1:]
    if segments[:1] == ("api",) and segments[1:2] != ("v1",):
        return API + segments[1:]
    return segments


def _check(route: Route) -> None:
    """Refuse a route that could not be served, when it is written and not when it is called."""
    if not isinstance(route.policy, Policy):
        raise TypeError(f"{route.method} {route.path} needs a policy: who may call it?")
    if route.idempotent and (route.policy is Policy.PUBLIC or route.body == FORM or route.method != "POST"):
        raise TypeError(f"{route.path}: an idempotency key belongs to one caller's POST, and not to a form's")
    expected = {*route.parameters, *(("body",) if _has_model(route.body) else ()), *(("query",) if route.query else ())}
    taken = list(inspect.signature(route.handler).parameters)[1:]
    if set(taken) != expected:
        raise TypeError(
            f"{route.method} {route.path}: the handler takes {sorted(taken)}, the route gives {sorted(expected)}"
        )
    if not route.is_event and isinstance(route.body, type) and _ignores_the_unknown(route.body):
        raise TypeError(f"{route.body.__name__} would drop misspelt fields silently; set extra='forbid' (or 'allow')")


def _has_model(body: Any) -> bool:
    return body is not None and not isinstance(body, str)


def _ignores_the_unknown(model: type[BaseModel]) -> bool:
    return not issubclass(model, RootModel) and model.model_config.get("extra", "ignore") == "ignore"
