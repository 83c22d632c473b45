"""A client of the studio's HTTP API, as anybody would write one."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

API = "/api/v1"


class ApiError(Exception):
    """A problem+json answer, in the words it came with."""

    def __init__(self, problem: dict[str, Any]) -> None:
        faults = "".join(
            f"\n  {fault['pointer']}: {fault['detail'].rstrip('.')}. {fault.get('fix', '')}"
            for fault in problem.get("errors", [])
        )
        super().__init__(f"{problem.get('title', 'Error')}: {problem.get('detail', '')}{faults}")
        self.problem = problem


class Client:
    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._json(self._http.post(API + path, json=body))

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._json(self._http.patch(API + path, json=body))

    def get(self, path: str) -> dict[str, Any]:
        return self._json(self._http.get(API + path))

    def upload_text(self, project: str, title: str, raw: bytes) -> dict[str, Any]:
        """A chapter from a text file, as it is."""
        path = f"{API}/projects/{project}/chapters/upload"
        kind = {"Content-Type": "text/plain"}
        return self._json(self._http.post(path, params={"title": title}, content=raw, headers=kind))

    def upload_asset(self, kind: str, file: Path) -> dict[str, Any]:
        """Upload a file and wait until it is looked at. Raises ApiError with the reason when it cannot be used."""
        with file.open("rb") as stream:
            asset = self._json(
                self._http.post(f"{API}/assets", data={"type": kind}, files={"file": (file.name, stream)})
            )
        while asset["status"] in ("pending", "processing"):
            time.sleep(0.1)
            asset = self.get(f"/assets/{asset['id']}")
        if asset["status"] == "failed":
            raise ApiError({"title": "The upload cannot be used", "detail": asset["reason"]})
        return asset

    def follow(self, job: dict[str, Any], show: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Poll a job's progress until it has ended; the job as it ended. Raises ApiError when it failed."""
        etag = ""
        while True:
            answer = self._http.get(f"{API}/jobs/{job['id']}/progress", headers={"If-None-Match": etag} if etag else {})
            if answer.status_code != 304:
                progress = self._json(answer)
                etag = answer.headers.get("ETag", "")
                show(progress)
                if progress["status"] in ("completed", "failed", "cancelled"):
                    break
            time.sleep(0.15)
        ended = self.get(f"/jobs/{job['id']}")
        if ended["status"] != "completed":
            raise ApiError({**(ended["error"] or {}), "title": f"The job {ended['status']}"})
        return ended

    def download(self, href: str, target: Path) -> None:
        part = target.with_name(target.name + ".part")
        with self._http.stream("GET", href) as answer, part.open("wb") as out:
            if answer.is_error:
                answer.read()
                self._json(answer)
            for piece in answer.iter_bytes():
                out.write(piece)
        part.replace(target)

    def _json(self, answer: httpx.Response) -> dict[str, Any]:
        body: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_error:
            raise ApiError(body)
        return body
