"""The service account that Google publishes with its signing vectors: a key that opens nothing."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

DATA = Path(__file__).resolve().parents[1] / "data" / "gcs"
ACCOUNT: dict[str, str] = json.loads((DATA / "url_signer_v4_test_account.json").read_text())


def private_key() -> rsa.RSAPrivateKey:
    key = load_pem_private_key(ACCOUNT["private_key"].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
