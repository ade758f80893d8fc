"""The policy simulator's case format: one JSON object in, one out; a thin layer over `evaluate`.

A case: `{"id", "identity_policies": [doc...], "boundary": doc|null, "session_policy": doc|null, "scps": [[doc...] per
level from the root down]|null, "rcps": likewise, "resource_policy": doc|null, "request": {"principal", "action",
"resource", "resource_account", "context": {key: value|[values]}}}`. The context is complete unless the request (or the
case) says `"partial": true`; a key with the value null is known to be absent. Optional: `"management_account"`.
Other fields are let pass.
The answer: `{"id", "decision", "reason", "statement", "unknown_keys"}`, or `{"id", "line", "error"}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import partial
from typing import Any

from iamfix.policy.decision import Decision
from iamfix.policy.document import Document, DocumentError
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.json_text import load
from iamfix.policy.request import Request, RequestError, make_request

__all__ = ["CaseError", "decision_json", "simulate", "simulate_case", "simulate_lines"]

_CASE_FIELDS = (
    "id",
    "identity_policies",
    "boundary",
    "session_policy",
    "scps",
    "rcps",
    "resource_policy",
    "management_account",
    "partial",
    "request",
)
_REQUEST_FIELDS = ("principal", "action", "resource", "resource_account", "context", "partial")


class CaseError(ValueError):
    """A case is not of the format; the message says which field, what was found and what is expected."""


def simulate(
    request: Request,
    *,
    identity_policies: Iterable[Any] = (),
    boundary: Any = None,
    session_policy: Any = None,
    scps: Iterable[Iterable[Any]] | None = None,
    rcps: Iterable[Iterable[Any]] | None = None,
    resource_policy: Any = None,
    management_account: str | None = None,
    plain: bool = False,
) -> Decision:
    """Decide one request against documents given as JSON text, data or `Document`.

    Args:
        plain: data among them is what `json_text.load` has given, and nobody changes it.
        session_policy: a document, or a list of documents.
        scps, rcps: by level, from the root down.

    Raises:
        CaseError: a document is none; the message names it.
    """
    sessions = session_policy if isinstance(session_policy, list) else [session_policy]
    trust = request.enters_role
    read = partial(_document, plain=plain)
    identity = [read(d, f"identity_policies[{number}]") for number, d in enumerate(identity_policies)]
    try:
        policies = compile_policies(
            identity=identity,
            boundary=None if boundary is None else read(boundary, "boundary"),
            session=None if session_policy is None else [read(d, "session_policy") for d in sessions],
            resource=None if resource_policy is None else read(resource_policy, "resource_policy", trust=trust),
            scps=_levels(scps, "scps", read),
            rcps=_levels(rcps, "rcps", read),
            management_account=management_account,
        )
    except DocumentError as error:
        raise CaseError(str(error)) from None
    return evaluate(policies, request)


def simulate_case(case: Mapping[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """Answer one case; `plain` as of `simulate`.

    Raises:
        CaseError: the case is not of the format.
    """
    if not isinstance(case, Mapping):
        raise CaseError("a case is a JSON object")
    _known_fields(case, _CASE_FIELDS, "case")
    given = case.get("request")
    if not isinstance(given, Mapping):
        raise CaseError("request: is missing or not an object")
    _known_fields(given, _REQUEST_FIELDS, "request")
    request = _request(given, case)
    account = case.get("management_account")
    if account is not None and not isinstance(account, str):
        raise CaseError("management_account: is not text")
    decision = simulate(
        request,
        identity_policies=_list(case, "identity_policies") or (),
        boundary=case.get("boundary"),
        session_policy=case.get("session_policy"),
        scps=_list(case, "scps"),
        rcps=_list(case, "rcps"),
        resource_policy=case.get("resource_policy"),
        management_account=account,
        plain=plain,
    )
    return {"id": case.get("id"), **decision_json(decision)}


def decision_json(decision: Decision) -> dict[str, Any]:
    """A decision as JSON data: `decision`, `reason`, `statement`, `unknown_keys`."""
    return {
        "decision": decision.decision,
        "reason": decision.reason,
        "statement": None if decision.statement is None else decision.statement.as_json(),
        "unknown_keys": list(decision.unknown_keys),
    }


def simulate_lines(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Answer each case of a JSON-lines text, in order; a bad line gives an `error` with its number, the rest go on."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        identity: Any = None
        try:
            case = _read(line)
            identity = case.get("id") if isinstance(case, dict) else None
            yield simulate_case(case, plain=True)
        except CaseError as error:
            yield {"id": identity, "line": number, "error": f"line {number}: {error}"}


def _read(line: str) -> Any:
    try:
        return load(line.strip())
    except DocumentError as error:
        where = "" if error.column is None else f"column {error.column}: "
        raise CaseError(where + error.summary) from None


def _request(given: Mapping[str, Any], case: Mapping[str, Any]) -> Request:
    for name in ("principal", "action", "resource"):
        if not isinstance(given.get(name), str) and not (name == "principal" and isinstance(given.get(name), Mapping)):
            raise CaseError(f"request.{name}: is missing or not text")
    context = given.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise CaseError("request.context: is not an object of keys and values")
    account = given.get("resource_account")
    if account is not None and not isinstance(account, str):
        raise CaseError(f"request.resource_account: {json.dumps(account)} is not text; put the account id in quotes")
    partial = given.get("partial", case.get("partial", False))
    if not isinstance(partial, bool):
        raise CaseError("request.partial: is neither true nor false")
    try:
        return make_request(
            given["principal"],
            given["action"],
            given["resource"],
            resource_account=account,
            context=context,
            partial=partial,
        )
    except RequestError as error:
        raise CaseError(f"request.{error}") from None


def _document(value: Any, where: str, *, trust: bool = False, plain: bool = False) -> Document:
    if not isinstance(value, (str, Mapping, list, Document)):
        raise CaseError(f"{where}: is not a policy document")
    try:
        if plain and type(value) is dict:
            return Document.of_json(value, trust=trust)
        return Document.parse(value, trust=trust)
    except DocumentError as error:
        raise CaseError(f"{where}: {error}") from None


def _levels(
    levels: Iterable[Iterable[Any]] | None, where: str, read: Callable[[Any, str], Document]
) -> list[list[Document]] | None:
    if levels is None:
        return None
    result: list[list[Document]] = []
    for number, level in enumerate(levels):
        if not isinstance(level, (list, tuple)):
            raise CaseError(f"{where}[{number}]: is not a list of documents; there is one list per level")
        result.append([read(d, f"{where}[{number}][{index}]") for index, d in enumerate(level)])
    return result


def _list(case: Mapping[str, Any], name: str) -> list[Any] | None:
    value = case.get(name)
    if value is None:
        return None
    if not isinstance(value, list):
        raise CaseError(f"{name}: is not a list")
    return value


def _known_fields(data: Mapping[str, Any], fields: tuple[str, ...], where: str) -> None:
    """Other fields (notes, expected answers) are let pass, unless one looks like a field that was meant."""
    for field in data:
        if field in fields:
            continue
        close = get_close_matches(str(field), fields, 1, 0.75)
        meant = close or [known for known in fields if any(word in str(field).lower() for word in _words(known))]
        if meant:
            raise CaseError(f"{where}: there is no field {field!r}; is {meant[0]!r} meant?")


def _words(field: str) -> tuple[str, ...]:
    return {
        "boundary": ("boundary",),
        "scps": ("scp",),
        "rcps": ("rcp",),
        "context": ("context",),
        "identity_policies": ("policies",),
        "session_policy": ("session",),
        "resource_policy": ("polic",),
    }.get(field, ())
