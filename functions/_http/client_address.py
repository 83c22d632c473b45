"""Where a request comes from, for counting: the nearest address that nobody but a proxy of ours can have written."""

from __future__ import annotations

import ipaddress

from werkzeug.wrappers import Request

UNKNOWN = "unknown"


def client_address(request: Request, trusted_proxies: int) -> str:
    """The peer's address, or, behind `trusted_proxies` of our own, the one that the outermost of them saw.

    Each proxy adds to the right end of X-Forwarded-For whom it got the request from, so only that many entries counted
    from the right are true; what stands further left is whatever the client wrote. An IPv6 address counts as its /64,
    which one customer has whole.
    """
    seen = [part.strip() for line in request.headers.getlist("X-Forwarded-For") for part in line.split(",")]
    hops = [*seen, request.remote_addr or UNKNOWN]
    if len(hops) > trusted_proxies:
        return _grouped(hops[-1 - trusted_proxies])
    return _grouped(hops[-1])  # fewer hops than there should be: it came past the proxies, so the peer is all we know


def _grouped(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))
