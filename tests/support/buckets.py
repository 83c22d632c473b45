"""Buckets of the vendors' own clients against the local emulators; one server a test session is enough."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from google.cloud.storage import Client
from google.oauth2 import service_account

from shared.adapters.storage.s3 import connect
from tests.emulators.s3 import REGION, Guard, credentials, running_s3
from tests.emulators.storage import CloudStorage, running_cloud_storage
from tests.support.clock import HeldClock
from tests.support.google_key import ACCOUNT, private_key

SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


@contextmanager
def s3_server() -> Iterator[tuple[Guard, Any]]:
    """The server, and boto3's client of it with credentials from the environment."""
    with running_s3() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in credentials().items():
            patch.setenv(name, value)
        with closing(connect(server.origin, REGION)) as client:
            yield server, client


@contextmanager
def google_server() -> Iterator[tuple[CloudStorage, Client]]:
    """The server, and Google's client of it, logged in as the account of the signing vectors."""
    with running_cloud_storage(private_key(), ACCOUNT["client_email"], HeldClock().now) as server:
        account = ACCOUNT | {"token_uri": f"{server.origin}/token"}
        key = service_account.Credentials.from_service_account_info(account, scopes=SCOPES)  # type: ignore[no-untyped-call]
        with closing(
            Client(project="studio", credentials=key, client_options={"api_endpoint": server.origin})
        ) as client:
            yield server, client
