"""Attacks on the wire: paths and headers that mean two things, and bodies that are not what they say."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

from tests.functions.attacks_ground import Ground, attack, enter, refused
from tests.support.accounts import bearer, fresh_user

JSON = {"Content-Type": "application/json"}


def _path(raw: str, *statuses: int) -> Callable[[Ground], None]:
    """A path as bytes on the wire, which no client tidies up. {name} is anna's."""

    def case(ground: Ground) -> None:
        for who in (ground.anna, ground.eve):
            path = raw.format(**ground.things)
            for verb in ("GET", "DELETE"):
                status, body = ground.raw(
                    f"{verb} {path} HTTP/1.1\r\nAuthorization: Bearer {who.tokens.access_token}\r\nConnection: close"
                )
                assert status in (statuses or (404,)), f"{verb} {path}: {status} {body[-300:]!r}"
                assert b"Traceback" not in body

    return case


enter("path_climbs_out_of_a_project", _path("/api/v1/projects/../users"))
enter("path_climbs_by_encoded_dots", _path("/api/v1/projects/%2e%2e/users"))
enter("path_climbs_by_encoded_slashes", _path("/api/v1/projects/..%2fusers"))
enter("path_climbs_twice_encoded", _path("/api/v1/projects/%252e%252e%252fusers"))
enter("path_climbs_by_backslashes", _path("/api/v1/projects/..\\..\\users"))
enter("path_climbs_into_the_file_system", _path("/api/v1/jobs/{job_id}/files/..%2f..%2f..%2fetc%2fpasswd"))
enter("path_with_nul", _path("/api/v1/projects/{project_id}%00"))
enter("path_with_line_break", _path("/api/v1/projects/{project_id}%0d%0aSet-Cookie:%20a=b"))
enter("path_with_overlong_utf8", _path("/api/v1/projects/%c0%ae%c0%ae/users"))
enter("path_with_full_width_dots", _path("/api/v1/projects/%ef%bc%8e%ef%bc%8e/users"))
enter("path_of_many_slashes", _path("//evil.example/api/v1/projects/{project_id}"))
enter("path_with_doubled_slashes", _path("/api/v1//projects//{project_id}"))
enter("path_with_a_matrix_parameter", _path("/api/v1/projects/{project_id};owner=eve"))
enter("path_in_another_case", _path("/API/V1/PROJECTS/{project_id}"))
enter("path_as_a_whole_url", _path("http://evil.example/api/v1/projects/..%2f{project_id}", 400, 403, 404))
enter("path_endless", _path("/api/v1/projects/" + "a" * 20_000, 404, 414))
enter("path_into_storage_without_a_signature", _path("/storage/uploads/users/x", 400, 403))
enter("path_out_of_a_bucket", _path("/storage/uploads/..%2f..%2faccess-key?upload_id=x", 400, 403, 404, 405))


@attack
def a_name_with_line_breaks_in_headers(ground: Ground) -> Iterator[None]:
    """A file's name comes back in headers one day: what it holds of control characters must not."""
    name = 'a\r\nSet-Cookie: x=1\r\n\r\n<script>".png'
    body = (
        b'--x\r\nContent-Disposition: form-data; name="type"\r\n\r\nbackground\r\n'
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="' + name.replace("\r\n", "%0D%0A").encode()
        + b'"\r\n\r\nno picture\r\n--x--\r\n'
    )  # fmt: skip
    yield
    headers = {**ground.eve.headers, "Content-Type": "multipart/form-data; boundary=x"}
    answer = ground.client.post("/assets", content=body, headers=headers)
    assert answer.status_code in (415, 422) and "Set-Cookie" not in answer.headers


@attack
def a_request_id_with_line_breaks(ground: Ground) -> None:
    for given in ("x" * 500, "a b", "a%0d%0aSet-Cookie:x", "<script>", "../../etc"):
        answer = ground.client.get("/worker/ping", headers={"X-Request-Id": given})
        assert answer.headers["X-Request-Id"] != given and "Set-Cookie" not in answer.headers


@attack
def a_folded_header_smuggles_nothing(ground: Ground) -> None:
    folded = f"Authorization: Bearer nothing\r\n {ground.anna.tokens.access_token}"
    status, _ = ground.raw(f"GET /api/v1/auth/profile HTTP/1.1\r\n{folded}\r\nConnection: close")
    assert status in (400, 401)


@attack
def a_forged_host(ground: Ground) -> None:
    """DNS rebinding: the browser of a user of this machine is led here by a name of somebody else's."""
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:80", "localhost@evil.example"):
        refused(ground.client.get("/auth/profile", headers={**ground.anna.headers, "Host": host}), 403)


@attack
def forged_forwarding_headers_choose_no_host(ground: Ground) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    forged |= {"X-Original-URL": "/api/v1/users", "X-Rewrite-URL": "/api/v1/users", "X-HTTP-Method-Override": "DELETE"}
    answer = ground.client.get(f"/projects/{ground.things['project_id']}", headers=ground.anna.headers | forged)
    assert answer.status_code == 200 and "evil.example" not in answer.text + str(answer.headers)
    cookie = {"Cookie": f"__Host-refresh={ground.anna.tokens.refresh_token}", "Origin": "http://evil.example"}
    refused(ground.client.post("/auth/refresh", headers=cookie | forged), 403)


@attack
def forged_addresses_move_no_lock(ground: Ground) -> Iterator[None]:
    """Six wrong passwords from six addresses that the client made up are six of one account, and of one peer."""
    known = fresh_user(ground.server.app)
    yield
    for attempt in range(6):
        forged = {"X-Forwarded-For": f"203.0.113.{attempt}", "X-Real-IP": f"203.0.113.{attempt}"}
        body = {"email": known.email, "password": "wrong password"}
        refused(ground.client.post("/auth/login", json=body, headers=forged), 401 if attempt < 5 else 429)


def _body(content: bytes, status: int, kind: str = "application/json", **headers: str) -> Callable[[Ground], None]:
    def case(ground: Ground) -> None:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {**ground.anna.headers, "Content-Type": kind, **given}
        refused(ground.client.post("/projects", content=content, headers=sent), status)
        url = f"/projects/{ground.things['project_id']}"
        refused(ground.client.put(url, content=content, headers=sent), status)

    return case


enter("json_with_a_key_twice", _body(b'{"title": "A", "title": "B"}', 400))
enter("json_with_a_key_twice_by_escapes", _body(rb'{"title": "A", "titl\u0065": "B"}', 400))
enter("json_nested_beyond_reason", _body(b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400))
enter("json_of_hundred_levels", _body(b'{"title": ' * 100 + b"1" + b"}" * 100, 400))
enter("json_with_a_huge_number", _body(b'{"title": 1' + b"0" * 5000 + b"}", 400))
enter("json_with_a_huge_exponent", _body(b'{"title": 1e999999}', 400))
enter("json_with_nan", _body(b'{"title": NaN}', 400))
enter("json_with_infinity", _body(b'{"title": -Infinity}', 400))
enter("json_in_broken_utf8", _body(b'{"title": "\xff\xfe"}', 400))
enter("json_in_utf16", _body('{"title": "A"}'.encode("utf-16"), 400))
enter("json_with_half_a_surrogate", _body(rb'{"title": "\ud800"}', 400))
enter("json_with_nothing_behind_it", _body(b'{"title": "A"} {"title": "B"}', 400))
enter("json_list_for_an_object", _body(b'[{"title": "A"}]', 422))
enter("json_object_for_a_text", _body(b'{"title": {"$ne": ""}}', 422))
enter("json_sent_as_text", _body(b'{"title": "A"}', 415, "text/plain"))
enter("json_sent_as_xml", _body(b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', 415, "text/xml"))
enter("json_in_another_charset", _body(b'{"title": "A"}', 415, "application/json; charset=utf-7"))
enter("json_compressed", _body(b"\x1f\x8b" + b"\0" * 40, 415, Content_Encoding="gzip"))
enter("json_larger_than_the_door", _body(b'{"title": "' + b"a" * 1_100_000 + b'"}', 413))


@attack
def a_chunked_body_larger_than_the_door(ground: Ground) -> None:
    pieces = (b'{"title": "' if n == 0 else b"a" * 65_536 for n in range(20))
    refused(ground.client.post("/projects", content=pieces, headers={**ground.eve.headers, **JSON}), 413)


@attack
def a_chunk_of_a_length_that_is_none(ground: Ground) -> None:
    head = f"POST /api/v1/projects HTTP/1.1\r\nAuthorization: Bearer {ground.eve.tokens.access_token}\r\n"
    head += "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close"
    for chunks in (
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n",
    ):
        status, body = ground.raw(head, chunks)
        assert status == 400, body


@attack
def a_length_and_chunks_at_once(ground: Ground) -> None:
    """Request smuggling: whichever is believed, the second request must not be answered as one."""
    token = ground.anna.tokens.access_token
    inner = f"DELETE /api/v1/projects/{ground.things['project_id']} HTTP/1.1\r\nHost: localhost\r\n"
    inner += f"Authorization: Bearer {token}\r\n\r\n"
    head = f"POST /api/v1/auth/login HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    body = b"0\r\n\r\n" + inner.encode()
    head += f"Content-Length: {len(body)}\r\nTransfer-Encoding: chunked"
    status, rest = ground.raw(head, body)
    assert status in (400, 422) and b" 204 " not in rest


@attack
def a_length_that_is_longer_than_the_body(ground: Ground) -> None:
    head = f"POST /api/v1/projects HTTP/1.1\r\nAuthorization: Bearer {ground.eve.tokens.access_token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 1000\r\nConnection: close"
    status, body = ground.raw(head, b'{"title": "Half')
    assert status == 400, body


@attack
def a_length_that_is_no_number(ground: Ground) -> None:
    head = f"POST /api/v1/projects HTTP/1.1\r\nAuthorization: Bearer {ground.eve.tokens.access_token}\r\n"
    for length in ("-1", "1e3", "0x20", "99999999999999999999"):
        given = f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close"
        status, body = ground.raw(given, b'{"title": "A"}')
        assert status in (400, 411, 413, 422), f"{length}: {body!r}"


@attack
def a_length_shorter_than_the_body(ground: Ground) -> None:
    """What is left over is the next request's, and none of this one's."""
    head = f"POST /api/v1/projects HTTP/1.1\r\nAuthorization: Bearer {ground.eve.tokens.access_token}\r\n"
    head += "Content-Type: application/json\r\nContent-Length: 8\r\nConnection: close"
    status, body = ground.raw(head, b'{"title": "A longer title than was told"}')
    assert status == 400, body


@attack
def a_body_that_comes_slowly_keeps_nobody_waiting(ground: Ground) -> None:
    """Thirty requests that never end their body: everybody else is answered all the same, and nothing of them is kept."""
    place = urlsplit(ground.server.url)
    head = f"POST /api/v1/projects HTTP/1.1\r\nHost: {place.netloc}\r\n"
    head += f"Authorization: Bearer {ground.eve.tokens.access_token}\r\n"
    head += 'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"title": "'
    slow = [socket.create_connection((str(place.hostname), int(place.port or 0)), timeout=30) for _ in range(30)]
    try:
        for connection in slow:
            connection.sendall(head.encode())
        for _ in range(3):
            assert ground.client.get("/auth/profile", headers=ground.anna.headers).status_code == 200
            for connection in slow:
                connection.sendall(b"a")
    finally:
        for connection in slow:
            connection.close()
    assert ground.client.get("/projects", headers=ground.eve.headers).json()["items"] == []


@attack
def a_verb_that_is_not_served(ground: Ground) -> None:
    url = f"/projects/{ground.things['project_id']}"
    for verb in ("TRACE", "CONNECT", "PATCH", "PROPFIND", "POST"):
        answer = ground.client.request(verb, url, headers={**ground.anna.headers, "X-Secret": "echoed"})
        assert answer.status_code in (400, 404, 405) and "echoed" not in answer.text


@attack
def queries_that_are_not_asked_for(ground: Ground) -> None:
    for query in ("owner=" + ground.anna.uid, "page_size=0", "page_size=100000", "page_size=1&page_size=2",
                  "page_token=' OR 1=1 --", "page_token=" + "A" * 3000, "sort=owner", "status[$ne]=x"):  # fmt: skip
        refused(ground.client.get(f"/jobs?{query}", headers=ground.eve.headers), 422)


@attack
def a_page_token_of_somebody_elses_list(ground: Ground) -> Iterator[None]:
    for n in range(2):
        made = ground.client.post("/projects", json={"title": f"No. {n}"}, headers=ground.anna.headers)
        assert made.status_code == 201
    page = ground.client.get("/projects?page_size=1", headers=ground.anna.headers).json()
    yield
    query = {"page_size": 1, "page_token": page["next_page_token"]}
    refused(ground.client.get("/projects", params=query, headers=ground.eve.headers), 422)
    refused(ground.client.get("/jobs", params=query, headers=ground.anna.headers), 422)


@attack
def a_ticket_of_somebody_elses_job(ground: Ground) -> Iterator[None]:
    """A ticket opens one job's events, once, for who got it."""
    job = ground.things["job_id"]
    made = ground.client.post(f"/jobs/{job}/events/ticket", headers=ground.anna.headers).json()["ticket"]
    yield
    refused(ground.client.get(f"/jobs/job_other/events?ticket={made}"), 401)
    refused(ground.client.get(f"/jobs/{job}/events?ticket=made-up"), 401)
    refused(ground.client.get(f"/jobs/{job}?ticket={made}"), 401)
    refused(ground.client.get(f"/jobs/{job}/progress", headers=bearer(made)), 401)


@attack
def a_webhook_into_our_own_network(ground: Ground) -> None:
    for url in ("https://127.0.0.1/", "https://localhost/", "https://[::1]/", "https://169.254.169.254/latest/meta-data",
                "https://10.0.0.1/", "https://0/", "https://2130706433/", "http://example.org/", "file:///etc/passwd",
                "https://[::ffff:127.0.0.1]/", "https://user:pass@127.0.0.1/", "gopher://127.0.0.1/"):  # fmt: skip
        refused(ground.client.put("/webhook", json={"url": url}, headers=ground.eve.headers), 422)
