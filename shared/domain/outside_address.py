"""Which addresses outside may be called on a user's behalf: public hosts by https, and nothing of our own network.

A name is judged by what it resolves to, where it is connected to; here is what can be told of the address itself.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from shared.domain.errors import Fault, InvalidInput

PORTS = (443, 8443)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
# What IANA's special-purpose registries keep back and Python's `is_global` calls public in one release or another, and
# addresses that carry another one inside: 6to4, Teredo, and both translation prefixes of NAT64.
_KEPT_BACK = [
    ipaddress.ip_network(network)
    for network in (
        *("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "224.0.0.0/3"),
        *("64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "3fff::/20", "5f00::/16"),
        *("fec0::/10", "ff00::/8"),
    )
]


def is_public(address: Address) -> bool:
    """Whether an address is somebody else's on the internet, and not private, loopback, link-local, shared, multicast,
    reserved, or one of these wrapped in IPv6.
    """
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return is_public(address.ipv4_mapped)
    if getattr(address, "scope_id", None) or not address.is_global or address.is_multicast:
        return False
    return not any(address.version == network.version and address in network for network in _KEPT_BACK)


def check_outside_url(url: str, pointer: str, *, allow_private: bool = False) -> SplitResult:
    """The parts of a URL that may be called. Raises InvalidInput, pointing at `pointer`, and never repeating the URL.

    `allow_private` lets plain http, any port and this machine's own network pass: for a laptop and for tests.
    """
    try:
        parts = urlsplit(url)
        reason = _reason(url, parts, allow_private)
    except ValueError:
        reason = "It is no URL."
    if reason:
        fix = (
            f"Give an https:// URL of a public host, on port {' or '.join(map(str, PORTS))}, without user or fragment."
        )
        raise InvalidInput(
            f"This address cannot be called: {reason}",
            faults=[Fault(pointer=pointer, code="address-refused", detail=reason, fix=fix)],
        )
    return parts


def _reason(url: str, parts: SplitResult, allow_private: bool) -> str:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        return "It has characters that a URL has not."
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        return "It is not https."
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        return "It names no host, or a user, or a fragment."
    if not allow_private and (parts.port or 443) not in PORTS:
        return "Its port is not one that webhooks are sent to."
    if not allow_private and not _may_be_public(parts.hostname):
        return "Its host is not a public one."
    return ""


def _may_be_public(host: str) -> bool:
    """Whether a host can be public: names may, unless they are known not to be; addresses are judged here and now."""
    try:
        return is_public(ipaddress.ip_address(host))
    except ValueError:
        # A host whose last label is a number is an address in an old spelling (127.1, 0x7f.1, 2130706433), never a name.
        last = host.rstrip(".").rpartition(".")[2]
        is_number = last.isdigit() or last.lower().startswith("0x")
        return "." in host.rstrip(".") and not is_number and last not in ("localhost", "local", "internal", "arpa")
