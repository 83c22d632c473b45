"""Query parameters into a pydantic model, all faults at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict

from functions._http.faults import request_faults
from shared.domain.errors import Fault, InvalidInput
from shared.domain.faults import excerpt, pointer


def parse_query(args: MultiDict[str, str], model: type[BaseModel] | None) -> BaseModel | None:
    """The query as `model`. Raises InvalidInput for wrong values, unknown names, and single values sent twice."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()} if model else {}
    sent = {name: args.getlist(name) for name in args}
    faults = [_unknown(name, values, fields) for name, values in sent.items() if name not in fields]
    faults += [
        _repeated(name, values)
        for name, values in sent.items()
        if name in fields and len(values) > 1 and not _takes_many(fields[name])
    ]
    values = {
        name: sent[name] if _takes_many(field) else sent[name][0] for name, field in fields.items() if name in sent
    }
    parsed, wrong = _validate(model, values)
    if faults or wrong:
        raise InvalidInput("The query does not fit; see errors.", faults=[*faults, *wrong])
    return parsed


def _validate(model: type[BaseModel] | None, values: Mapping[str, Any]) -> tuple[BaseModel | None, list[Fault]]:
    try:
        return (model.model_validate(values) if model else None), []
    except ValidationError as error:
        return None, request_faults(error, values, "/query")


def _unknown(name: str, values: Sequence[str], fields: Mapping[str, FieldInfo]) -> Fault:
    known = ", ".join(fields) or "none"
    return Fault(
        pointer=pointer(["query", excerpt(name, 40)]),
        code="unknown-parameter",
        detail="No such query parameter here.",
        found=excerpt(values[0], 40),
        fix=f"Leave it out, or correct its spelling. Known: {known}.",
    )


def _repeated(name: str, values: Sequence[str]) -> Fault:
    return Fault(
        pointer=pointer(["query", name]),
        code="repeated-parameter",
        detail="This query parameter has one value.",
        found=f"{len(values)} values",
        fix="Send it once.",
    )


def _takes_many(field: FieldInfo) -> bool:
    kinds = [field.annotation, *get_args(field.annotation)]
    return any(get_origin(kind) in (list, tuple, set, frozenset, Sequence) for kind in kinds)
