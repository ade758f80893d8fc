"""Whether policy statements allow an action: enough of AWS's logic for trust policies and administrators' questions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Literal

Decision = Literal["allow", "deny", "none"]
Context = Mapping[str, str]

_NUMERIC = {
    "numericequals": lambda have, want: have == want,
    "numericnotequals": lambda have, want: have != want,
    "numericlessthan": lambda have, want: have < want,
    "numericlessthanequals": lambda have, want: have <= want,
    "numericgreaterthan": lambda have, want: have > want,
    "numericgreaterthanequals": lambda have, want: have >= want,
}


@lru_cache(maxsize=4096)
def _glob(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern), flags | re.DOTALL)


def like(text: str, pattern: str, *, fold_case: bool = False) -> bool:
    """Whether a text matches a pattern with * and ?."""
    return _glob(pattern, re.IGNORECASE if fold_case else 0).fullmatch(text) is not None


def listed(value: Any) -> list[Any]:
    """A list, from a list, a single value or nothing."""
    return value if isinstance(value, list) else [] if value is None else [value]


Statements = Sequence[Mapping[str, Any]]


@lru_cache(maxsize=1024)
def statements_of(document: str) -> Statements:
    """The statements of a policy document; not to be changed."""
    return tuple(listed(json.loads(document)["Statement"]))


def decide(statements: Statements, action: str, resource: str | None, context: Context) -> Decision:
    """What policies say about an action on a resource: an explicit deny wins. None stands for any resource."""
    allowed = False
    for statement in statements:
        if (
            _names_action(statement, action)
            and (resource is None or _names_resource(statement, resource, context))
            and _holds(statement, context)
        ):
            if statement["Effect"] == "Deny":
                return "deny"
            allowed = True
    return "allow" if allowed else "none"


def decide_trust(statements: Statements, action: str, principals: Iterable[str], context: Context) -> Decision:
    """What a trust policy says to a caller who goes by any of `principals` (ARNs, ids, account root ARN)."""
    known, allowed = set(principals), False
    for statement in statements:
        if _names_action(statement, action) and _names_principal(statement, known) and _holds(statement, context):
            if statement["Effect"] == "Deny":
                return "deny"
            allowed = True
    return "allow" if allowed else "none"


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(action, pattern, fold_case=True) for pattern in listed(statement["NotAction"]))
    return any(like(action, pattern, fold_case=True) for pattern in listed(statement.get("Action")))


def _names_resource(statement: Mapping[str, Any], resource: str, context: Context) -> bool:
    element = "NotResource" if "NotResource" in statement else "Resource"
    patterns = [_filled(pattern, context) for pattern in listed(statement.get(element))]
    return any(like(resource, pattern) for pattern in patterns) != (element == "NotResource")


def _filled(text: str, context: Context) -> str:
    """The text with its policy variables replaced; one without a value stays and matches nothing."""
    return re.sub(r"\$\{([^}]+)\}", lambda found: context.get(found[1], found[0]), text)


def _names_principal(statement: Mapping[str, Any], known: set[str]) -> bool:
    if "NotPrincipal" in statement:
        return not _any_principal(statement["NotPrincipal"], known)
    return _any_principal(statement.get("Principal"), known)


def _any_principal(told: Any, known: set[str]) -> bool:
    if told == "*":
        return True
    values = listed(told.get("AWS")) if isinstance(told, dict) else []
    return any(value == "*" or value in known for value in values)


def _holds(statement: Mapping[str, Any], context: Context) -> bool:
    folded = {key.lower(): value for key, value in context.items()}
    return all(
        _condition_holds(operator, folded.get(key.lower()), [_text(value) for value in listed(values)])
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    )


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition_holds(operator: str, have: str | None, wanted: list[str]) -> bool:
    bare = operator.lower().split(":")[-1]
    if bare == "null":
        return (have is None) == (wanted == ["true"])
    if bare.endswith("ifexists"):
        if have is None:
            return True
        bare = bare.removesuffix("ifexists")
    negated = "not" in bare
    if have is None:
        return negated
    positive = bare.replace("not", "")
    return any(_matches(positive, have, want) for want in wanted) != negated


def _matches(operator: str, have: str, want: str) -> bool:
    if operator in ("stringequals", "binaryequals"):
        return have == want
    if operator in ("stringequalsignorecase", "bool"):
        return have.lower() == want.lower()
    if operator in ("stringlike", "arnlike", "arnequals"):
        return like(have, want)
    if operator in _NUMERIC:
        return bool(_NUMERIC[operator](float(have), float(want)))
    return False
