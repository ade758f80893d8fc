"""Whether policy statements allow an action: a policy's own, a trust policy's, and administrators' questions.

Matching (actions, resources, conditions, variables) is that of `iamfix.policy`, which is tested against AWS's
documentation case by case. Which policies bear on a call, and in which order, the sandbox works out by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Literal

from iamfix.policy.compiled import Statement, compile_document
from iamfix.policy.document import Document
from iamfix.policy.match import like_test
from iamfix.policy.principals import Principal
from iamfix.policy.request import Request

Decision = Literal["allow", "deny", "none"]
Context = Mapping[str, str]

_ANYBODY = Principal("anonymous", "*")
_PRINCIPALS = ("Principal", "NotPrincipal")
_RESOURCES = ("Resource", "NotResource")


class PolicyStatement(dict[str, Any]):
    """A statement as it was written, and compiled when it is first asked. Not to be changed.

    Its principals are left to whoever knows by which names a caller goes.
    """

    def __init__(self, data: Mapping[str, Any], version: str) -> None:
        super().__init__(data)
        self._version = version

    @cached_property
    def here(self) -> Statement:
        """The statement, to be asked about one resource; one that names none holds for all."""
        named = "Resource" in self or "NotResource" in self
        return self._compiled(_PRINCIPALS, {} if named else {"Resource": "*"})

    @cached_property
    def anywhere(self) -> Statement:
        """The statement, to be asked about any resource."""
        return self._compiled((*_PRINCIPALS, *_RESOURCES), {"Resource": "*"})

    def _compiled(self, without: Sequence[str], more: Mapping[str, Any]) -> Statement:
        kept = {key: value for key, value in self.items() if key not in without}
        compiled = compile_document(Document.parse({"Version": self._version, "Statement": {**kept, **more}}))
        return (*compiled.denies, *compiled.allows)[0]


Statements = Sequence[PolicyStatement]


@lru_cache(maxsize=4096)
def _like(pattern: str, fold_case: bool) -> Any:
    return like_test([((pattern.lower() if fold_case else pattern, False),)])


def like(text: str, pattern: str, *, fold_case: bool = False) -> bool:
    """Whether a text matches a pattern with * and ?."""
    return bool(_like(pattern, fold_case)(text.lower() if fold_case else text))


def listed(value: Any) -> list[Any]:
    """A list, from a list, a single value or nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]


@lru_cache(maxsize=1024)
def statements_of(document: str) -> Statements:
    """The statements of a policy document; not to be changed."""
    data = json.loads(document)
    return tuple(PolicyStatement(one, data.get("Version", "2008-10-17")) for one in listed(data["Statement"]))


def decide(statements: Statements, action: str, resource: str | None, context: Context) -> Decision:
    """What policies say about an action on a resource: an explicit deny wins. None stands for any resource."""
    asked = _request(action, resource, context)
    return _decided(one for one in statements if _applies(one, asked, resource))


def decide_trust(statements: Statements, action: str, principals: Iterable[str], context: Context) -> Decision:
    """What a trust policy says to a caller who goes by any of `principals` (ARNs, ids, account root ARN)."""
    known, asked = set(principals), _request(action, None, context)
    return _decided(one for one in statements if _names_principal(one, known) and _applies(one, asked, None))


def _request(action: str, resource: str | None, context: Context) -> Request:
    folded = {key.lower(): (value,) for key, value in context.items()}
    return Request(_ANYBODY, action, action.lower(), resource or "*", None, folded, ())


def _applies(statement: PolicyStatement, asked: Request, resource: str | None) -> bool:
    compiled = statement.anywhere if resource is None else statement.here
    return bool(compiled.applies(asked, []))


def _decided(applying: Iterable[PolicyStatement]) -> Decision:
    allowed = False
    for statement in applying:
        if statement["Effect"] == "Deny":
            return "deny"
        allowed = True
    return "allow" if allowed else "none"


def _names_principal(statement: Mapping[str, Any], known: set[str]) -> bool:
    if "NotPrincipal" in statement:
        return not _any_principal(statement["NotPrincipal"], known)
    return _any_principal(statement.get("Principal"), known)


def _any_principal(told: Any, known: set[str]) -> bool:
    if told == "*":
        return True
    values = listed(told.get("AWS")) if isinstance(told, dict) else []
    return any(value == "*" or value in known for value in values)
