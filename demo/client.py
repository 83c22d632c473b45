"""A client of the studio's HTTP API, as anybody would write one."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Generator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import httpx

API = "/api/v1"
MAIL_SECONDS = 30


class ApiError(Exception):
    """A problem+json answer, in the words it came with."""

    def __init__(self, problem: dict[str, Any]) -> None:
        faults = "".join(
            f"\n  {fault['pointer']}: {fault['detail'].rstrip('.')}. {fault.get('fix', '')}"
            for fault in problem.get("errors", [])
        )
        super().__init__(f"{problem.get('title', 'Error')}: {problem.get('detail', '')}{faults}")
        self.problem = problem


class SessionAuth(httpx.Auth):
    """Sends the access token along, and gets the next one when it has run out."""

    requires_response_body = True

    def __init__(self, url: str, tokens: dict[str, Any]) -> None:
        self._url = url
        self._tokens = tokens

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._tokens['access_token']}"
        answer = yield request
        if answer.status_code != 401:
            return
        body = {"refresh_token": self._tokens["refresh_token"]}
        refreshed = yield httpx.Request("POST", f"{self._url}{API}/auth/refresh", json=body)
        if refreshed.is_success:
            self._tokens = refreshed.json()
            request.headers["Authorization"] = f"Bearer {self._tokens['access_token']}"
            yield request


class Client:
    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.Client(base_url=url, timeout=60)

    def sign_up(self, name: str, outbox: Path) -> None:
        """Register, answer the letter, which a studio without a mail server puts into its outbox folder, and sign in."""
        email, password = f"{name}@example.test", secrets.token_urlsafe(24)
        self.post("/auth/register", {"email": email, "username": name, "password": password})
        self.post("/auth/verify-email", {"token": _token_by_mail(outbox, email)})
        tokens = self.post("/auth/login", {"email": email, "password": password})
        self._http.auth = SessionAuth(self._url, tokens)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._json(self._http.post(API + path, json=body))

    def put(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._json(self._http.put(API + path, json=body))

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
        """Announce a file, bring its bytes straight to storage, confirm, and wait until it is looked at.

        Raises ApiError with the reason when it cannot be used.
        """
        about = {"type": kind, "name": file.name, "size": file.stat().st_size}
        offer = self.post("/assets/uploads", {**about, "content_type": "application/octet-stream"})
        self._bring(offer["upload"], file)
        return self.ready(self.post(f"/assets/{offer['asset']['id']}/confirm", {})["id"])

    def ready(self, asset_id: str) -> dict[str, Any]:
        """The asset, once it is looked at. Raises ApiError with the reason when it cannot be used."""
        while (asset := self.get(f"/assets/{asset_id}"))["status"] in ("pending", "processing"):
            time.sleep(0.1)
        if asset["status"] == "failed":
            raise ApiError({"title": "The upload cannot be used", "detail": asset["reason"]})
        return asset

    def _bring(self, request: dict[str, Any], file: Path) -> None:
        """Send the file as the signed request says. It is its own authority: our token is not for storage to see."""
        headers = {**request["headers"], "Content-Length": str(file.stat().st_size)}
        with file.open("rb") as stream:
            answer = httpx.request(request["method"], request["url"], headers=headers, content=stream, timeout=600)
        if answer.is_error:
            raise ApiError({"title": "Storage did not take the file", "detail": answer.text[:300]})

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


def _token_by_mail(outbox: Path, email: str) -> str:
    """The token in the letter to this address, once it is written. Raises OSError when none comes."""
    deadline = time.monotonic() + MAIL_SECONDS
    while time.monotonic() < deadline:
        for file in outbox.glob("*.eml"):
            letter = message_from_bytes(file.read_bytes())
            token = re.search(r"Token: (\S+)", str(letter.get_payload()))
            if token and letter["To"] == email:
                return token[1]
        time.sleep(0.02)
    raise OSError(f"No letter came to {outbox} within {MAIL_SECONDS} s; the studio's log may say why.")
