"""What the functions framework's own router turns away before a door sees it: a path with a line break, /robots.txt."""

from __future__ import annotations

from collections.abc import Callable

import flask
from werkzeug.wrappers import Request, Response


def answer_unrouted(serve: Callable[[Request], Response]) -> None:
    """Have the function that is being deployed answer these by `serve`, and not by Flask's page in HTML.

    The framework imports a function inside the context of its Flask application, before the first request. Where a door
    is imported otherwise (the local server, which looks at such paths itself), there is nothing to do.
    """
    if flask.has_app_context() and not flask.has_request_context():
        flask.current_app.register_error_handler(404, lambda _: serve(flask.request))
