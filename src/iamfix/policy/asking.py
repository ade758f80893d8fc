"""Requests asked of policy documents in files: each answer with the file and line of the statement that decided.

Source of what can be given: IAM API Reference, SimulateCustomPolicy; beyond it session policies, SCPs and RCPs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from iamfix.model import InputError, Problem
from iamfix.policy.compiled import Layer
from iamfix.policy.decision import StatementRef
from iamfix.policy.document import Document
from iamfix.policy.evaluate import compile_policies, evaluate
from iamfix.policy.files import PolicyFile, read_policy
from iamfix.policy.request import Request, RequestError, make_request
from iamfix.policy.simulate import decision_json

__all__ = ["Setting", "answers", "context_of", "read_level", "read_setting", "requests"]

_BUILT_IN = {
    "FullAWSAccess": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    "RCPFullAWSAccess": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
}
"""AWS's own SCP and RCP, which are attached everywhere at first; they may be named in the place of a file."""


@dataclass(frozen=True, slots=True)
class Setting:
    """The documents that bear on a request, each with its file; SCPs and RCPs by level from the root down."""

    identity: tuple[PolicyFile, ...] = ()
    boundary: PolicyFile | None = None
    session: tuple[PolicyFile, ...] | None = None
    resource: PolicyFile | None = None
    scps: tuple[tuple[PolicyFile, ...], ...] | None = None
    rcps: tuple[tuple[PolicyFile, ...], ...] | None = None
    management_account: str | None = None

    def file_of(self, ref: StatementRef) -> PolicyFile:
        """The file in which a statement stands."""
        layer, level = ref.layer, ref.level or 0
        if layer == "identity_policy":
            return self.identity[ref.document]
        if layer == "session_policy":
            return (self.session or ())[ref.document]
        if layer in ("scp", "rcp"):
            return ((self.scps if layer == "scp" else self.rcps) or ())[level][ref.document]
        found = self.boundary if layer == "boundary" else self.resource
        assert found is not None
        return found


def read_setting(
    *,
    identity: Iterable[Path] = (),
    boundary: Path | None = None,
    session: Sequence[Path] = (),
    resource: Path | None = None,
    scps: Sequence[str] = (),
    rcps: Sequence[str] = (),
    management_account: str | None = None,
) -> Setting:
    """Read all documents.

    Args:
        scps, rcps: one text for each level, from the root down: files, divided by commas.

    Raises:
        InputError: with every file that cannot be read, is no policy document, or does not fit its place.
    """
    problems: list[Problem] = []

    def read(path: Path, layer: Layer) -> PolicyFile | None:
        try:
            return read_level(str(path), layer)[0] if layer in ("scp", "rcp") else read_policy(path).checked(layer)
        except InputError as error:
            problems.extend(error.problems)
            return None

    def every(paths: Iterable[Path], layer: Layer) -> tuple[PolicyFile, ...]:
        return tuple(one for one in (read(path, layer) for path in paths) if one is not None)

    def levels(texts: Sequence[str], layer: Layer) -> tuple[tuple[PolicyFile, ...], ...] | None:
        return tuple(every(map(Path, text.split(",")), layer) for text in texts) if texts else None

    setting = Setting(
        identity=every(identity, "identity_policy"),
        boundary=None if boundary is None else read(boundary, "boundary"),
        session=every(session, "session_policy") if session else None,
        resource=None if resource is None else read(resource, "resource_policy"),
        scps=levels(scps, "scp"),
        rcps=levels(rcps, "rcp"),
        management_account=management_account,
    )
    if problems:
        raise InputError(*problems)
    return setting


def read_level(text: str, layer: Layer) -> tuple[PolicyFile, ...]:
    """Read the SCPs or RCPs of one level: files, or AWS's own by name, divided by commas. Raises InputError."""
    found = []
    for name in text.split(","):
        statement = _BUILT_IN.get(name.strip())
        if statement is None:
            found.append(read_policy(Path(name.strip())).checked(layer))
        else:
            document = Document.parse({"Version": "2012-10-17", "Statement": [statement]})
            found.append(PolicyFile(Path(name.strip()), document.text, document))
    return tuple(found)


def context_of(entries: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
    """Read `key=value` texts; a key that is given again gets one more value, and `key=` alone is absent.

    Raises:
        InputError: a text is not of that form.
    """
    found: dict[str, tuple[str, ...] | None] = {}
    spelled: dict[str, str] = {}
    for text in entries:
        key, equals, value = text.partition("=")
        key = spelled.setdefault(key.strip().lower(), key.strip())
        if not equals or not key:
            raise InputError(
                Problem("error", "--context", f"{text!r} is not key=value", "such as aws:SourceIp=192.0.2.1")
            )
        found[key] = (*(found.get(key) or ()), value) if value else found.get(key)
    return found


def requests(
    principal: str,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    resource_account: str | None = None,
    context: Mapping[str, Any] | None = None,
    partial: bool = False,
) -> list[Request]:
    """Make the requests for every action on every resource.

    Raises:
        InputError: the principal, an action, a resource or the account is not well formed.
    """
    found, problems = [], []
    for action in actions:
        for resource in resources:
            try:
                found.append(
                    make_request(
                        principal, action, resource, resource_account=resource_account, context=context, partial=partial
                    )
                )
            except RequestError as error:
                for mistake in error.mistakes:
                    option, _, what = mistake.partition(": ")
                    where = {"action": "ACTION"}.get(option, "--" + option.replace("_", "-"))
                    problems.append(Problem("error", where, what, _hint(option, action)))
                continue
            if (service := _unknown_service(action)) is not None:
                problems.append(
                    Problem("error", "ACTION", f"AWS lists no service {service!r}", _hint("action", action))
                )
    if problems:
        raise InputError(*dict.fromkeys(problems))
    return found


def _unknown_service(action: str) -> str | None:
    from iamfix.policy.actions import service_exists

    service = action.partition(":")[0]
    return None if service_exists(service) else service


_HINTS = {
    "principal": "such as arn:aws:iam::111111111111:user/ann",
    "resource": "such as arn:aws:s3:::bucket/key; for an action without resources leave it out",
}


def _hint(option: str, action: str) -> str:
    if option != "action":
        return _HINTS.get(option, "")
    from iamfix.policy.actions import nearest_action, services

    service, colon, _ = action.partition(":")
    near = nearest_action(action) if colon else None
    if near is not None:
        return f"did you mean {near}?"
    close = get_close_matches(service.lower(), services(), 1)
    return f"write {close[0]}:…" if close else ""


def answers(setting: Setting, asked: Iterable[Request]) -> list[dict[str, Any]]:
    """Answer requests.

    Returns:
        JSON data, one object for each: `principal`, `action`, `resource`, `decision`, `reason`, `statement` (with
        `where`: its file, line and column), `unknown_keys`, and `taken_as_absent`: context keys that were not given,
        on which the answer would hang if they were not known.

    Raises:
        InputError: the resource's policy is no trust policy, and the request asks for one.
    """
    return [_answer(setting, request) for request in asked]


def _answer(setting: Setting, request: Request) -> dict[str, Any]:
    resource = setting.resource
    if resource is not None and request.enters_role:
        document = Document.parse(resource.document, trust=True)
        resource = replace(resource, document=document).checked("trust_policy")
    policies = compile_policies(
        identity=[one.document for one in setting.identity],
        boundary=None if setting.boundary is None else setting.boundary.document,
        session=None if setting.session is None else [one.document for one in setting.session],
        resource=None if resource is None else resource.document,
        scps=_documents(setting.scps),
        rcps=_documents(setting.rcps),
        management_account=setting.management_account,
    )
    decision = evaluate(policies, request)
    answer = decision_json(decision)
    if decision.statement is not None:
        place = setting.file_of(decision.statement).place_of(decision.statement.statement)
        answer["statement"] = {**answer["statement"], "where": place}
    absent = () if request.partial else evaluate(policies, replace(request, missing=None)).unknown_keys
    asked = {"principal": request.principal.name, "action": request.action, "resource": request.resource}
    return {**asked, **answer, "taken_as_absent": list(absent)}


def _documents(levels: tuple[tuple[PolicyFile, ...], ...] | None) -> list[list[Document]] | None:
    return None if levels is None else [[one.document for one in level] for level in levels]
