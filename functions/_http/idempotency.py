"""Idempotency-Key: a POST that may be sent twice and is done once.

The first request of a key claims a document, works, and leaves its answer there; the same request again gets that
answer. What went wrong on our side, or may go well later, is not kept: the claim is given back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from werkzeug.wrappers import Response

from functions._http.call import Call
from functions._http.log import write_line
from functions._http.problems import problem_response
from functions._http.route import Route
from shared.domain.artifact import digest_of
from shared.domain.errors import AlreadyExists, Fault, InvalidInput, ReelprintError, RevisionConflict, StillRunning
from shared.ports.documents import Document, Where

COLLECTION = "idempotency_keys"
HEADER = "Idempotency-Key"
REPLAY_HEADER = "Idempotent-Replay"
CLAIM_S = 60  # after that, whoever claimed the key is taken for dead
KEEP_S = 24 * 3600
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Content-Type", "ETag", "Location", "Content-Location")
_SWEPT_AT_ONCE = 10


def run_once(call: Call[Any], route: Route, parameters: Mapping[str, str], work: Callable[[], Response]) -> Response:
    """Do `work`, or replay what it answered. Raises StillRunning; InvalidInput for a bad key or another request's."""
    key = call.headers.get(HEADER)
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise _refused("invalid-idempotency-key", "Send 1 to 255 visible ASCII characters.")
    claim = _Claim(
        call, digest_of([call.principal.uid, route.method, route.path, key]), _fingerprint(call, route, parameters)
    )
    found = claim.take()
    return found if found is not None else _work_under(claim, call, work)


def _work_under(claim: _Claim, call: Call[Any], work: Callable[[], Response]) -> Response:
    try:
        response = work()
    except ReelprintError as error:
        if error.status >= 500 or error.retryable:
            claim.give_back()
            raise
        response = problem_response(error, instance=call.request.path, request_id=call.request_id)
    except BaseException:
        claim.give_back()
        raise
    if response.status_code >= 500:
        claim.give_back()
    else:
        claim.keep(response)
    return response


class _Claim:
    """One key's document, held at the revision this process wrote."""

    def __init__(self, call: Call[Any], doc_id: str, fingerprint: str) -> None:
        self._call = call
        self._documents = call.app.documents
        self._id = doc_id
        self._fingerprint = fingerprint
        self._revision = 0

    def take(self) -> Response | None:
        """Claim the key (None), or the answer it already has."""
        try:
            self._revision = self._documents.create(COLLECTION, self._id, self._record()).revision
        except AlreadyExists:
            found = self._documents.get(COLLECTION, self._id)
            if found is None:  # given back between the two calls
                raise self._still_running() from None
            return self._take_over(found)
        self._sweep()
        return None

    def keep(self, response: Response) -> None:
        """Store the answer. Where that fails the work is done all the same, so its answer still goes out."""
        if response.is_streamed:
            raise TypeError("an idempotent route cannot answer a stream: there is nothing to keep for the next time")
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        done = {"status": response.status_code, "headers": headers, "body": response.get_data(as_text=True)}
        try:
            self._documents.put(COLLECTION, self._id, self._record(answer=done), if_revision=self._revision)
        except ReelprintError as error:
            write_line("WARNING", "an idempotent answer was not kept", self._call.identity, error=error.type)

    def give_back(self) -> None:
        with suppress(ReelprintError):  # taken over, or the store is down: the claim runs out by itself
            self._documents.delete(COLLECTION, self._id, if_revision=self._revision)

    def _take_over(self, found: Document) -> Response | None:
        now, data = self._now(), found.data
        if data["expires_at"] > now:
            if data["fingerprint"] != self._fingerprint:
                raise _refused("idempotency-key-reused", "This key came with another request. Take a new key.")
            if data["answer"] is not None:
                return _replay(data["answer"])
            if data["claimed_at"] + CLAIM_S > now:
                raise self._still_running()
        try:
            written = self._documents.put(COLLECTION, self._id, self._record(), if_revision=found.revision)
        except RevisionConflict as exc:
            raise self._still_running() from exc
        self._revision = written.revision
        return None

    def _record(self, answer: Mapping[str, Any] | None = None) -> dict[str, Any]:
        now = self._now()
        return {"fingerprint": self._fingerprint, "answer": answer, "claimed_at": now, "expires_at": now + KEEP_S}

    def _now(self) -> float:
        return float(self._call.app.clock.now().timestamp())

    def _sweep(self) -> None:
        """Forget a few expired keys with every new one, so that the collection never grows without end."""
        expired = [Where("expires_at", "<=", self._now())]
        for old in self._documents.query(COLLECTION, expired, limit=_SWEPT_AT_ONCE).items:
            with suppress(RevisionConflict):
                self._documents.delete(COLLECTION, old.id, if_revision=old.revision)

    def _still_running(self) -> StillRunning:
        return StillRunning("The first request with this Idempotency-Key is still at work. Send it again shortly.")


def _fingerprint(call: Call[Any], route: Route, parameters: Mapping[str, str]) -> str:
    query = sorted(call.request.args.items(multi=True))
    raw = isinstance(route.body, str)
    body = None if route.body is None else hashlib.sha256(call.data).hexdigest() if raw else call.json
    return digest_of({"path": dict(parameters), "query": query, "body": body})


def _replay(answer: Mapping[str, Any]) -> Response:
    response = Response(answer["body"], status=answer["status"], headers=dict(answer["headers"]))
    if "Content-Type" not in answer["headers"]:
        response.headers.pop("Content-Type", None)
    response.headers[REPLAY_HEADER] = "true"
    return response


def _refused(code: str, fix: str) -> InvalidInput:
    fault = Fault(pointer=f"/headers/{HEADER}", code=code, detail=f"{HEADER} cannot be used as it is.", fix=fix)
    return InvalidInput(f"{HEADER} was refused; see errors.", faults=[fault])
