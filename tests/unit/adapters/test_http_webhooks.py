"""Outgoing webhooks against receivers on the loopback: slow, endless, redirecting, and under names that lie."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from shared.adapters.webhooks.http import MAX_ANSWER_BYTES, HttpWebhooks
from shared.domain.errors import Forbidden, InvalidInput, Unavailable
from tests.support.task_door import Answer, TaskDoor

PUBLIC = "93.184.216.34"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
Serve = Callable[[socket.socket], None]


@contextmanager
def receiver(serve: Serve, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """A socket server for one connection at a time; `serve` answers once the request's head has come."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with tls.wrap_socket(connection, server_side=True) if tls else connection as stream:
                    stream.recv(65536)
                    serve(stream)
            except OSError:  # the caller has hung up, which is what these tests are about
                continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def names(monkeypatch: pytest.MonkeyPatch, known: dict[str, list[str]]) -> list[str]:
    """Resolve these names, one address after the other; the answer notes every host that was asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        asked.append(host)
        if host not in known:
            return real(host, port, *rest, **options)
        address = known[host].pop(0) if len(known[host]) > 1 else known[host][0]
        return real(address, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_a_message_arrives_with_its_headers() -> None:
    with TaskDoor(lambda _: Answer(200)) as door:
        status = HttpWebhooks(allow_private=True).post(f"{door.url}/hook?a=1", b'{"x":1}', {"webhook-id": "msg_1"})
    (received,) = door.received
    assert status == 200
    assert (received.path, received.payload, received.headers["webhook-id"]) == ("/hook?a=1", {"x": 1}, "msg_1")
    assert received.headers["Content-Type"] == "application/json"
    assert received.headers["Host"] == door.url.removeprefix("http://")


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with TaskDoor() as trap, TaskDoor(lambda _: Answer(302, {"Location": f"{trap.url}/inside"})) as door:
        assert HttpWebhooks(allow_private=True).post(door.url, b"{}", {}) == 302
    assert trap.received == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    names(monkeypatch, {"hooks.example.com": [address]})
    with pytest.raises(Forbidden, match="not public"):
        HttpWebhooks().post("https://hooks.example.com/", b"{}", {})


def test_one_inside_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(host: str, port: int, **_: Any) -> Any:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (PUBLIC, port)), (*kind, ("10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(Forbidden):
        HttpWebhooks().post("https://hooks.example.com/", b"{}", {})


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name server says a public address first and this machine the next time: there is no next time."""
    asked = names(monkeypatch, {"rebind.example.com": [PUBLIC, "127.0.0.1"]})
    connected: list[Any] = []

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Unavailable):
        HttpWebhooks().post("https://rebind.example.com:8443/", b"{}", {})
    assert asked.count("rebind.example.com") == 1
    assert connected == [(PUBLIC, 8443)]


def test_addresses_that_need_no_resolving(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = names(monkeypatch, {})
    for url in ("https://127.0.0.1/", "http://example.com/", "https://example.com:25/", "https://[fd00::1]/"):
        with pytest.raises(InvalidInput):
            HttpWebhooks().post(url, b"{}", {})
    assert asked == []


def test_a_name_that_is_not_there_may_be_there_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(Unavailable, match="resolved"):
        HttpWebhooks().post("https://hooks.example.com/", b"{}", {})


waited_out = threading.Event()


def drip(stream: socket.socket) -> None:
    """A byte now and then, for longer than a test should take, but not for ever."""
    pause = threading.Event()
    for _ in range(500):
        pause.wait(0.02)
        stream.sendall(b"a")
    waited_out.set()


def dripping_head(stream: socket.socket) -> None:
    """A head that does not end for long, one byte well within any timeout of a single read."""
    stream.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    drip(stream)


def dripping_body(stream: socket.socket) -> None:
    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    drip(stream)


def silent(stream: socket.socket) -> None:
    while stream.recv(65536):  # until the caller hangs up
        pass


@pytest.mark.parametrize("serve", [dripping_head, dripping_body, silent])
def test_a_slow_receiver_is_left_when_the_time_is_over(serve: Serve) -> None:
    with receiver(serve) as port, pytest.raises(Unavailable, match="in time"):
        HttpWebhooks(allow_private=True, timeout_s=0.3).post(f"http://127.0.0.1:{port}/", b"{}", {})
    assert not waited_out.is_set()


def test_an_endless_answer_is_read_no_further_than_needed() -> None:
    sent = 0

    def endless(stream: socket.socket) -> None:
        nonlocal sent
        stream.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent += stream.send(b"a" * 65536)

    with receiver(endless) as port:
        assert HttpWebhooks(allow_private=True).post(f"http://127.0.0.1:{port}/", b"{}", {}) == 200
    assert sent < 256 * MAX_ANSWER_BYTES  # what lay in the sockets' buffers when it was hung up on


def test_a_receiver_that_hangs_up_may_be_there_later() -> None:
    with receiver(lambda stream: None) as port, pytest.raises(Unavailable, match="whole"):
        HttpWebhooks(allow_private=True).post(f"http://127.0.0.1:{port}/", b"{}", {})


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate for `name`, and a client's that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "cert.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem, private)
    return server, ssl.create_default_context(cafile=str(pem))


def test_the_certificate_must_be_the_names_and_not_the_addresss(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server, trusting = certificate(tmp_path, "hooks.example.com")
    names(monkeypatch, {"hooks.example.com": ["127.0.0.1"], "other.example.com": ["127.0.0.1"]})
    webhooks = HttpWebhooks(allow_private=True, tls=trusting)
    with receiver(lambda stream: stream.sendall(OK), server) as port:
        assert webhooks.post(f"https://hooks.example.com:{port}/", b"{}", {}) == 200
        with pytest.raises(Unavailable, match="certificate"):
            webhooks.post(f"https://other.example.com:{port}/", b"{}", {})
        with pytest.raises(Unavailable, match="certificate"):
            HttpWebhooks(allow_private=True).post(f"https://hooks.example.com:{port}/", b"{}", {})


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with TaskDoor(lambda _: Answer(200)) as proxy, TaskDoor(lambda _: Answer(201)) as door:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        assert HttpWebhooks(allow_private=True).post(door.url, b"{}", {}) == 201
    assert proxy.received == []


def test_the_test_addresses_are_what_they_say() -> None:
    assert ipaddress.ip_address(PUBLIC).is_global
