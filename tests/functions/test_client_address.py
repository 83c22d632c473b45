"""Where a request comes from: what our own proxies saw, and nothing that a client can write."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from functions._http.client_address import client_address


def came_from(peer: str | None, forwarded: str = "", proxies: int = 0) -> str:
    headers = [("X-Forwarded-For", forwarded)] if forwarded else []
    environ = EnvironBuilder(headers=headers).get_environ()
    environ.pop("REMOTE_ADDR", None)
    return client_address(Request({**environ, **({"REMOTE_ADDR": peer} if peer else {})}), proxies)


@pytest.mark.parametrize(
    ("forwarded", "proxies", "expected"),
    [
        ("", 0, "192.0.2.9"),
        ("203.0.113.1", 0, "192.0.2.9"),
        ("203.0.113.1, 203.0.113.2", 1, "203.0.113.2"),
        ("evil, 203.0.113.2", 1, "203.0.113.2"),
        ("203.0.113.1, 203.0.113.2, 203.0.113.3", 2, "203.0.113.2"),
        ("", 1, "192.0.2.9"),
        ("203.0.113.1", 2, "192.0.2.9"),
        (" 203.0.113.1 ,", 1, "unknown"),
        ("not an address", 1, "unknown"),
        ("203.0.113.1:4711", 1, "unknown"),
    ],
)
def test_only_what_our_proxies_added_counts(forwarded: str, proxies: int, expected: str) -> None:
    assert came_from("192.0.2.9", forwarded, proxies) == expected


def test_header_lines_are_read_as_one_list() -> None:
    environ = EnvironBuilder(headers=[("X-Forwarded-For", "203.0.113.1"), ("X-Forwarded-For", "203.0.113.2")])
    assert client_address(Request({**environ.get_environ(), "REMOTE_ADDR": "192.0.2.9"}), 1) == "203.0.113.2"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
    ],
)
def test_one_customer_is_one_address(peer: str | None, expected: str) -> None:
    assert came_from(peer) == expected
