"""The OpenAPI document is valid, whole, and says what the doors do."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions._http.openapi import openapi
from tests.support import kit_door


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return openapi([kit_door.books, kit_door.on_book_task])


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()
    OpenAPIV31SpecValidator(openapi([])).validate()


def test_every_route_is_in_it(document: dict[str, Any]) -> None:
    written = {(path, verb.upper()) for path, verbs in document["paths"].items() for verb in verbs}
    routes = [*kit_door.books.routes.all, *kit_door.on_book_task.routes.all]
    assert written == {(route.path, route.method) for route in routes}
    assert "/api/v1/books/{book_id}" in document["paths"] and "/on_book_task" in document["paths"]


def test_an_operation_says_what_its_route_does(document: dict[str, Any]) -> None:
    health = document["paths"]["/api/v1/health"]["get"]
    assert (health["summary"], health["description"]) == ("Tell that the door is there.", "Needs nobody's name.")
    assert (health["operationId"], health["tags"], health["security"]) == ("books_health", ["books"], [])

    create = document["paths"]["/api/v1/books"]["post"]
    assert create["requestBody"] == {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewBook"}}},
    }
    success = create["responses"]["201"]["content"]["application/json"]["schema"]
    assert success == {"$ref": "#/components/schemas/Book"}
    assert set(create["responses"]) == {"201", "400", "401", "409", "413", "415", "422", "default"}
    assert [p["name"] for p in create["parameters"]] == ["Idempotency-Key"]
    assert create["security"] == [{"user": []}]


def test_query_parameters_are_spelled_out(document: dict[str, Any]) -> None:
    parameters = {p["name"]: p for p in document["paths"]["/api/v1/books"]["get"]["parameters"]}
    assert set(parameters) == {"page_size", "page_token", "language", "newest"}
    size = parameters["page_size"]
    assert (size["in"], size["required"], size["schema"]["maximum"], size["schema"]["default"]) == (
        "query",
        False,
        200,
        50,
    )
    assert "BookQuery" not in document["components"]["schemas"]


def test_other_media_are_named(document: dict[str, Any]) -> None:
    assert list(document["paths"]["/api/v1/books/{book_id}/scan"]["get"]["responses"]["200"]["content"]) == [
        "application/pdf"
    ]
    assert list(document["paths"]["/api/v1/books/{book_id}/reading"]["post"]["requestBody"]["content"]) == ["audio/*"]
    assert document["paths"]["/on_book_task"]["post"]["security"] == [{"task": []}]


def test_answers_keep_to_the_document(document: dict[str, Any], books: FlaskClient) -> None:
    def check(name: str, value: object) -> None:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]}).validate(
            value
        )

    check("Book", books.get("/api/v1/books/42").get_json())
    check("Listing_Book_", books.get("/api/v1/books").get_json())
    check("Problem", books.get("/api/v1/books?limit=1").get_json())
    check("Problem", books.post("/api/v1/books", json={}).get_json())
