"""A door: one HTTP Cloud Function. Routes are declared at import; beyond that only the framework is told of the door."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel
from typing_extensions import Unpack
from werkzeug.wrappers import Request, Response

from functions._http.app import HttpApp
from functions._http.call import Call, Identity, discard_rest
from functions._http.cors import open_to
from functions._http.guard import Policy, admit
from functions._http.idempotency import run_once
from functions._http.log import log_request
from functions._http.problems import problem_response
from functions._http.query import parse_query
from functions._http.render import render
from functions._http.route import API, Handler, Route, RouteOptions, template_segments
from functions._http.routes import Routes
from functions._http.unrouted import answer_unrouted
from shared.domain.errors import MethodNotAllowed, NotFound

H = TypeVar("H", bound=Handler)
DEFAULT_MAX_BODY_BYTES = 1024 * 1024


class Door:
    """`name` is the function's own; `max_body_bytes` holds for every route that says nothing else; `tags` group the
    routes in the OpenAPI document.
    """

    def __init__(self, name: str, *, max_body_bytes: int = DEFAULT_MAX_BODY_BYTES, tags: Sequence[str] = ()) -> None:
        self.name = name
        self.max_body_bytes = max_body_bytes
        self.tags = tuple(tags) or (name,)
        self.routes = Routes()
        answer_unrouted(lambda request: self.serve(request, _no_app))

    def get(self, template: str, **options: Unpack[RouteOptions]) -> Callable[[H], H]:
        """Register a handler under /api/v1 + `template`. HEAD is answered too."""
        return self._register("GET", API + template_segments(template), options)

    def post(self, template: str, **options: Unpack[RouteOptions]) -> Callable[[H], H]:
        return self._register("POST", API + template_segments(template), options)

    def put(self, template: str, **options: Unpack[RouteOptions]) -> Callable[[H], H]:
        return self._register("PUT", API + template_segments(template), options)

    def patch(self, template: str, **options: Unpack[RouteOptions]) -> Callable[[H], H]:
        return self._register("PATCH", API + template_segments(template), options)

    def delete(self, template: str, **options: Unpack[RouteOptions]) -> Callable[[H], H]:
        return self._register("DELETE", API + template_segments(template), options)

    def event(self, *, body: type[BaseModel] | None = None) -> Callable[[H], H]:
        """Register what the queue or event bus posts: at the door's own name, and at the function's root.

        Only they may call it. Query parameters are theirs and pass unread; fields the model does not know are its own
        affair, since an event may grow.
        """
        return self._register("POST", (self.name,), {"policy": Policy.TASK, "body": body, "status": 204}, is_event=True)

    def matches(self, method: str, path: str) -> bool:
        """Whether this door serves exactly that verb and path. Never for "/": that is any function's own root."""
        verbs = self.routes.allowed(path).split(", ")
        return path not in ("", "/") and method in verbs

    def serve(self, request: Request, app: Callable[[], HttpApp]) -> Response:
        """Answer one request, whatever happens. `app` is asked for the application once a route is found."""
        started = time.perf_counter()
        identity = Identity.of(request.headers)
        failure: Exception | None = None
        try:
            response = self._answer(request, app, identity)
        except Exception as error:
            failure = error
            response = problem_response(error, instance=request.path, request_id=identity.request_id)
            if isinstance(error, MethodNotAllowed):
                response.headers["Allow"] = self.routes.allowed(request.path)
        if "Origin" in request.headers:
            _open_to_origins(app, request, response)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Request-Id"] = identity.request_id
        discard_rest(request)
        log_request(self.name, request, response.status_code, time.perf_counter() - started, identity, failure)
        return response

    def _answer(self, request: Request, app: Callable[[], HttpApp], identity: Identity) -> Response:
        if request.method == "OPTIONS" and (verbs := self.routes.allowed(request.path)):
            return Response(status=204, headers={"Allow": verbs})
        route, parameters = self.routes.find(request.method, request.path)
        built = app()
        principal = admit(route.policy, built.guard, built.task_guard, request.headers)
        call = Call(request, built, principal, identity, route.max_body_bytes)
        given = _arguments(call, route) | parameters

        def work() -> Response:
            return render(route.handler(call, **given), request, route)

        return run_once(call, route, parameters, work) if route.idempotent else work()

    def _register(
        self, method: str, segments: tuple[str, ...], options: RouteOptions, *, is_event: bool = False
    ) -> Callable[[H], H]:
        def register(handler: H) -> H:
            said: dict[str, Any] = {"max_body_bytes": self.max_body_bytes, **options}
            self.routes.add(Route(method=method, segments=segments, handler=handler, is_event=is_event, **said))
            return handler

        return register


def find_door(doors: Sequence[Door], method: str, path: str) -> Door | None:
    """The door that serves this request; else one that knows the path and can tell which verbs it serves."""
    serving = next((door for door in doors if door.matches(method, path)), None)
    return serving or next((door for door in doors if door.matches("OPTIONS", path)), None)


def _open_to_origins(app: Callable[[], HttpApp], request: Request, response: Response) -> None:
    try:
        origins = app().cors_origins
    except Exception:  # where there is no application, nobody is let in, and the answer has said why already
        return
    open_to(origins, request, response)


def _no_app() -> NoReturn:
    raise NotFound("No such path. The paths served are listed in the OpenAPI document.")


def _arguments(call: Call[Any], route: Route) -> dict[str, Any]:
    given: dict[str, Any] = {}
    if not route.is_event and (route.query or call.request.query_string):
        query = parse_query(call.request.args, route.query)
        given |= {"query": query} if route.query else {}
    if isinstance(route.body, str):
        call.check_media(route.body)
    elif route.body is not None:
        given["body"] = call.body_as(route.body)
    return given
