"""Who signs URLs in the cloud: the service account itself, by IAM's signBlob. No key is kept in a file."""

from __future__ import annotations

from typing import Any, cast

from shared.adapters.storage.gcs_errors import translated
from shared.adapters.storage.signed_urls import RSA, Signer
from shared.domain.errors import Misconfigured

_TO_BE_ASKED = "default"  # what a metadata server's credentials are called before they are fetched


def signer_of(credentials: Any, email: str, request: Any = None) -> Signer:
    """A signer by these credentials, or by IAM in the name of the account `email` ("": the credentials' own).

    `request` is google-auth's transport. Raises Misconfigured where nobody's name is known to sign in.
    """
    from google.auth import iam
    from google.auth.credentials import Signing
    from google.auth.transport.requests import Request

    if isinstance(credentials, Signing) and email in ("", credentials.signer_email):
        return _translated(credentials.signer_email, credentials.sign_bytes)
    request = request or Request()
    name = email or getattr(credentials, "service_account_email", "")
    if name == _TO_BE_ASKED:
        with translated("asking whose credentials these are"):
            credentials.refresh(request)
        name = credentials.service_account_email
    if not name or name == _TO_BE_ASKED:
        raise Misconfigured(
            "These credentials name no service account to sign URLs as. Set REELPRINT_GCS_SIGNER to its e-mail "
            "address, and let it be signed for (roles/iam.serviceAccountTokenCreator)."
        )
    by_iam = iam.Signer(request, credentials, name)  # type: ignore[no-untyped-call]  # google-auth types itself in part
    return _translated(name, by_iam.sign)


def _translated(email: Any, sign: Any) -> Signer:
    def sign_text(text: bytes) -> bytes:
        with translated("signing a URL"):
            return cast(bytes, sign(text))

    return Signer(RSA, str(email), sign_text)
