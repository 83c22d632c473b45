"""All routes of one door, and which of them a request means."""

from __future__ import annotations

from collections.abc import Sequence

from functions._http.route import Route, path_segments
from shared.domain.errors import MethodNotAllowed, NotFound

Candidate = tuple[Route, dict[str, str]]


class Routes:
    def __init__(self) -> None:
        self.all: list[Route] = []

    def add(self, route: Route) -> None:
        """Raises ValueError where verb and path are taken already, whatever the named parts are called."""
        if any(route.method == other.method and route.shape == other.shape for other in self.all):
            raise ValueError(f"{route.method} {route.path} is registered twice")
        self.all.append(route)

    def at(self, path: str) -> list[Candidate]:
        """Every verb's route at this path, fixed words before named parts. "/" is an event door's own root."""
        if path in ("", "/"):
            return [(route, {}) for route in self.all if route.is_event]
        segments: Sequence[str] = path_segments(path)
        found = [(route, values) for route in self.all if (values := route.match(segments)) is not None]
        return sorted(found, key=_wildness) if len(found) > 1 else found

    def find(self, method: str, path: str) -> Candidate:
        """The one route meant. Raises NotFound, and MethodNotAllowed where only other verbs are served."""
        candidates = self.at(path)
        verb = "GET" if method == "HEAD" else method
        for route, parameters in candidates:
            if route.method == verb:
                return route, parameters
        if candidates:
            raise MethodNotAllowed(f"{method[:16]} is not served at this path. Served: {self.allowed(path)}.")
        raise NotFound("No such path. The paths served are listed in the OpenAPI document.")

    def allowed(self, path: str) -> str:
        """The Allow header of a path; "" where nothing is served."""
        verbs = {route.method for route, _ in self.at(path)}
        extra = {"OPTIONS", "HEAD"} if "GET" in verbs else {"OPTIONS"}
        return ", ".join(sorted(verbs | extra)) if verbs else ""


def _wildness(candidate: Candidate) -> list[bool]:
    return [part == "" for part in candidate[0].shape]
