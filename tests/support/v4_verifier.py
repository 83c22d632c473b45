"""A second opinion on V4 signatures: a request rebuilt from what is on the wire, sharing no code with the product.

Written from Cloud Storage's description of the scheme, in other terms than shared/adapters/storage/signed_urls.py.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl, quote, urlsplit

Check = Callable[[bytes, bytes], bool]  # string to sign, signature
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def rsa_check(modulus: int, exponent: int) -> Check:
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.2), by arithmetic."""
    length = (modulus.bit_length() + 7) // 8

    def check(text: bytes, signature: bytes) -> bool:
        info = _SHA256_DIGEST_INFO + hashlib.sha256(text).digest()
        padded = b"\x00\x01" + b"\xff" * (length - len(info) - 3) + b"\x00" + info
        return pow(int.from_bytes(signature, "big"), exponent, modulus).to_bytes(length, "big") == padded

    return check


def hmac_check(secret: str) -> Check:
    def check(text: bytes, signature: bytes) -> bool:
        day, place, service, kind = text.decode().splitlines()[2].split("/")
        key = ("GOOG4" + secret).encode()
        for part in (day, place, service, kind):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return hmac.new(key, text, hashlib.sha256).digest() == signature

    return check


def rebuilt(method: str, url: str, headers: Mapping[str, str]) -> tuple[bytes, bytes]:
    """(string to sign, signature) of a request. Raises KeyError where a signed header did not come."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True)
    values = dict(query)
    came = {name.lower(): value for name, value in headers.items()} | {"host": parts.netloc}
    names = values["X-Goog-SignedHeaders"].split(";")
    lines = [f"{name}:" + re.sub(r"\s+", " ", came[name].strip()) for name in names]
    pairs = sorted((quote(n, "~"), quote(v, "~")) for n, v in query if n != "X-Goog-Signature")
    plain = ["=".join(pair) for pair in pairs]
    body = came["x-goog-content-sha256"] if "x-goog-content-sha256" in names else "UNSIGNED-PAYLOAD"
    canonical = "\n".join([method, parts.path, "&".join(plain), *lines, "", ";".join(names), body])
    scope = values["X-Goog-Credential"].partition("/")[2]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join([values["X-Goog-Algorithm"], values["X-Goog-Date"], scope, digest])
    return text.encode(), bytes.fromhex(values["X-Goog-Signature"])


def is_genuine(check: Check, method: str, url: str, headers: Mapping[str, str]) -> bool:
    try:
        return check(*rebuilt(method, url, headers))
    except (KeyError, ValueError):
        return False
