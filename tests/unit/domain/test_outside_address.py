"""Which addresses a user may have us call."""

from __future__ import annotations

import ipaddress

import pytest

from shared.domain.errors import InvalidInput
from shared.domain.outside_address import check_outside_url, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",  # private
        "172.16.0.1",
        "192.168.1.1",
        "fd00:ec2::254",  # private, and a cloud's metadata
        "127.0.0.1",  # loopback
        "::1",
        "169.254.169.254",  # link-local, and a cloud's metadata
        "fe80::1",
        "fe80::1%eth0",
        "100.64.0.1",  # shared among a carrier's customers
        "100.100.100.200",  # shared, and a cloud's metadata
        "224.0.0.1",  # multicast
        "ff02::1",
        "240.0.0.1",  # reserved
        "255.255.255.255",
        "0.0.0.0",  # noqa: S104 - nothing is bound
        "::",
        "198.18.0.1",  # benchmarks
        "2001:db8::1",  # documentation
        "::ffff:127.0.0.1",  # IPv4 in IPv6, in every way there is
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_addresses_that_are_nobodys_on_the_internet(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url", ["https://example.com/hook?x=1", "https://example.com:8443/", "https://8.8.8.8/", "https://a.b-c.example./x"]
)
def test_urls_that_may_be_called(url: str) -> None:
    assert check_outside_url(url, "/url").scheme == "https"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "//example.com",
        "example.com",
        "https://",
        "https://user:word@example.com/",
        "https://@example.com/",
        "https://example.com/#part",
        "https://example.com:22/",
        "https://example.com:6379/",
        "https://example.com:99999/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[broken",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://10.0.0.0x1/",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://a.localhost/",
        "https://metadata.google.internal/",
        "https://intranet/",
        "https://exa mple.com/",
        "https://example.com\\@10.0.0.1/",
        "https://example.com/\r\nX-Evil: 1",
        "https://exämple.com/",
    ],
)
def test_urls_that_may_not_be_called(url: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_outside_url(url, "/webhook/url")
    (fault,) = refused.value.faults
    assert (fault.pointer, fault.code, fault.found) == ("/webhook/url", "address-refused", "")
    assert url not in refused.value.detail


def test_a_laptop_may_call_itself() -> None:
    assert check_outside_url("http://127.0.0.1:1234/x", "/url", allow_private=True).port == 1234
    with pytest.raises(InvalidInput):
        check_outside_url("file:///etc/passwd", "/url", allow_private=True)
