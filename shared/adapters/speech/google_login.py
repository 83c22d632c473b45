"""Who asks Google, without a key: the credentials of the machine itself (Application Default Credentials)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from shared.domain.errors import EngineFailed, EngineUnavailable

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_FIX = "Run `gcloud auth application-default login`, give the function a service account, or set a key."


class MachineLogin:
    """Headers with a bearer token, made anew when it ends. Threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: Any = None

    def __call__(self) -> Mapping[str, str]:
        """Raises EngineUnavailable where this machine has no credentials, EngineFailed where none came in time."""
        import google.auth.exceptions as failures
        import google.auth.transport.requests as transport

        headers: dict[str, str] = {}
        with self._lock:
            try:
                self._credentials = self._credentials or self._found()
                self._credentials.before_request(transport.Request(), "POST", "", headers)
            except failures.DefaultCredentialsError as exc:
                raise EngineUnavailable(f"google: this machine has no credentials. {_FIX}") from exc
            except failures.TransportError as exc:
                raise EngineFailed("google: the machine's credentials could not be had in time; asked again") from exc
            except failures.GoogleAuthError as exc:
                raise EngineUnavailable(f"google: the machine's credentials are refused. {_FIX}") from exc
        return headers

    def _found(self) -> Any:
        import google.auth

        credentials, _ = google.auth.default(scopes=[SCOPE])
        return credentials
