"""Policy documents compiled for evaluation: read and checked once, then asked for any number of requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, Literal

from iamfix.policy.conditions import Condition, compile_condition, operator_parts
from iamfix.policy.document import Document
from iamfix.policy.json_text import DocumentError
from iamfix.policy.match import Test, action_test, like_test, resource_test
from iamfix.policy.principals import PrincipalElement
from iamfix.policy.request import Request
from iamfix.policy.variables import Template, parse_template

__all__ = ["CompiledDocument", "Layer", "Statement", "compile_document"]

Layer = Literal["identity_policy", "boundary", "session_policy", "resource_policy", "trust_policy", "scp", "rcp"]
"""The place of a document in the evaluation. Only the resource-side ones (and RCPs) have principals."""

_ELEMENTS = (
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
)
_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_TYPES = ("AWS", "Service", "Federated", "CanonicalUser")


@dataclass(frozen=True)
class Statement:
    """One statement, checked, and compiled as far as it is asked: most are never asked beyond their action.

    Attributes:
        index: from 0.
        sid: None when there is none.
        resources: the patterns of `Resource` or `NotResource`; None: it has neither.
        condition: the condition block as written.
        variables: whether the document's version knows policy variables.
    """

    index: int
    sid: str | None
    deny: bool
    action: Test
    not_action: bool
    not_resource: bool
    principal: PrincipalElement | None
    not_principal: bool
    resources: tuple[str, ...] | None
    condition: Mapping[str, Mapping[str, Any]]
    variables: bool

    @cached_property
    def _templates(self) -> list[Template]:
        return [parse_template(text, self.variables) for text in self.resources or ()]

    @cached_property
    def resource(self) -> Test:
        """A test for what the resource patterns without variables match."""
        if self.resources is None:
            return like_test([(("*", False),)])
        return resource_test([template.static for template in self._templates if template.static is not None])

    @cached_property
    def dynamic_resources(self) -> tuple[tuple[Template, Test], ...]:
        """The resource patterns with variables, each with a test that rules resources out beforehand."""
        return tuple((t, like_test([t.loose])) for t in self._templates if t.static is None)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions, all of which must hold."""
        return tuple(
            compile_condition(operator, key, [_condition_text(key, item) for item in _listed(values)], self.variables)
            for operator, keys in self.condition.items()
            for key, values in keys.items()
        )

    def covers(self, request: Request) -> bool:
        """Whether the action is one of the statement's."""
        return self.action(request.action_lower) is not self.not_action

    def applies(self, request: Request, unknown: list[str]) -> bool | None:
        """Whether action, resource and conditions match (the principal is asked by itself).

        None when that hangs on context keys that are not known; they are then put into `unknown`.
        """
        if self.action(request.action_lower) is self.not_action:
            return False
        hangs_on: list[str] = []
        result: bool | None = True
        if self.resource(request.resource) is self.not_resource:
            if self.dynamic_resources and not self.not_resource:
                result = self._dynamic(request, hangs_on)
            else:
                result = False
        elif self.not_resource and self.dynamic_resources:
            found = self._dynamic(request, hangs_on)
            result = None if found is None else not found
        if result is False:
            return False
        for condition in self.conditions:
            holds = condition.check(request.context, request.missing, hangs_on)
            if holds is False:
                return False
            if holds is None:
                result = None
        if result is None:
            unknown.extend(hangs_on)
        return result

    def _dynamic(self, request: Request, unknown: list[str]) -> bool | None:
        """Whether a resource pattern with variables matches."""
        hangs_on: list[str] = []
        for template, could_match in self.dynamic_resources:
            if could_match(request.resource):
                pieces = template.resolve(request.context, request.missing, hangs_on)
                if pieces is not None and resource_test([pieces])(request.resource):
                    return True
        unknown.extend(hangs_on)
        return None if hangs_on else False


@dataclass(frozen=True, slots=True)
class CompiledDocument:
    """A document, compiled: its statements by effect, in the order of the document."""

    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]


def compile_document(document: Document, layer: Layer = "identity_policy") -> CompiledDocument:
    """Compile a document for its place in the evaluation.

    Raises:
        DocumentError: the document is not of the policy grammar, or has an element that its place does not know.
            Source: IAM User Guide, reference_policies_grammar.
    """
    return _compiled(_Read(document.text, layer, document))


@dataclass(frozen=True, slots=True)
class _Read:
    """A document in its place; equal by text, not by what AWS would take for equal."""

    text: str
    layer: Layer
    document: Document = field(compare=False)


@lru_cache(maxsize=1024)
def _compiled(read: _Read) -> CompiledDocument:
    # The same boundaries and SCPs come again and again; what is compiled never changes.
    data, layer = read.document.read_only, read.layer
    version = data.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise DocumentError(f"Version is {version!r}; it is '2012-10-17' (or '2008-10-17', without variables)")
    if "Statement" not in data:
        raise DocumentError(f"there is no Statement{_nearest('Statement', data)}")
    statements = data["Statement"]
    compiled = [
        _statement(index, statement, layer, version == "2012-10-17")
        for index, statement in enumerate(statements if isinstance(statements, list) else [statements])
    ]
    return CompiledDocument(tuple(s for s in compiled if s.deny), tuple(s for s in compiled if not s.deny))


def _nearest(word: str, given: Mapping[str, Any]) -> str:
    close = get_close_matches(word, list(given), 1)
    return f"; is {close[0]!r} meant to be it?" if close else ""


def _statement(index: int, data: Any, layer: Layer, variables: bool) -> Statement:
    if not isinstance(data, dict):
        raise DocumentError(f"statement {index + 1}: is not an object", statement=index)
    sid = data.get("Sid") or None
    where = f"statement {index + 1}" + (f" ({sid})" if isinstance(sid, str) else "")
    try:
        return _checked(index, sid if isinstance(sid, str) else None, data, layer, variables)
    except DocumentError as error:
        raise DocumentError(f"{where}: {error}", statement=index) from None


def _checked(index: int, sid: str | None, data: dict[str, Any], layer: Layer, variables: bool) -> Statement:
    for element in data:
        if element not in _ELEMENTS:
            close = get_close_matches(element, _ELEMENTS, 1, 0.5)
            raise DocumentError(
                f"there is no element {element!r}" + (f"; {close[0]!r} is the nearest" if close else "")
            )
    effect = data.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise DocumentError(f"Effect is {effect!r}; it is 'Allow' or 'Deny'" if effect else "there is no Effect")
    not_action, actions = _one_of(data, "Action", "NotAction", required=True)
    resource_side = layer in ("resource_policy", "trust_policy")
    not_resource, resources = _one_of(data, "Resource", "NotResource", required=not resource_side)
    principal = _principal(data, layer)
    return Statement(
        index=index,
        sid=sid,
        deny=effect == "Deny",
        action=action_test(actions or ()),
        not_action=not_action,
        not_resource=not_resource,
        principal=principal,
        not_principal="NotPrincipal" in data,
        resources=None if resources is None else tuple(resources),
        condition=_condition(data.get("Condition") or {}),
        variables=variables,
    )


def _one_of(data: dict[str, Any], plain: str, negated: str, *, required: bool) -> tuple[bool, list[str] | None]:
    if plain in data and negated in data:
        raise DocumentError(f"has both {plain} and {negated}")
    for name, is_negated in ((plain, False), (negated, True)):
        if name in data:
            return is_negated, _texts(data[name], name)
    if required:
        raise DocumentError(f"has neither {plain} nor {negated}")
    return False, None


def _texts(value: Any, name: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    for item in values:
        if not isinstance(item, str):
            raise DocumentError(f"{name} has a value that is not text: {item!r}")
    return values


def _principal(data: dict[str, Any], layer: Layer) -> PrincipalElement | None:
    if "Principal" in data and "NotPrincipal" in data:
        raise DocumentError("has both Principal and NotPrincipal")
    name = "NotPrincipal" if "NotPrincipal" in data else "Principal"
    value = data.get(name)
    if layer not in ("resource_policy", "trust_policy", "rcp"):
        if name in data:
            raise DocumentError(f"has a {name}, which only the policy of a resource can have")
        return None
    if name not in data:
        raise DocumentError("has neither Principal nor NotPrincipal, which the policy of a resource must have")
    if value == "*":
        return PrincipalElement.compile("*", layer == "trust_policy")
    if not isinstance(value, dict):
        raise DocumentError(f"{name} is {value!r}; it is '*' or an object such as {{'AWS': [...]}}")
    for kind in value:
        if kind not in _PRINCIPAL_TYPES:
            raise DocumentError(f"{name} has the type {kind!r}; the types are {', '.join(_PRINCIPAL_TYPES)}")
    members = {kind: _texts(names, name) for kind, names in value.items()}
    return PrincipalElement.compile(members, layer == "trust_policy")


def _condition(data: Any) -> Mapping[str, Mapping[str, Any]]:
    """Check a condition block."""
    if not isinstance(data, dict):
        raise DocumentError("Condition is not an object")
    for operator, keys in data.items():
        if operator_parts(operator) is None:
            raise DocumentError(f"there is no condition operator {operator!r}")
        if not isinstance(keys, dict):
            raise DocumentError(f"Condition: {operator} is not an object of keys and values")
        for key, values in keys.items():
            for item in _listed(values):
                if type(item) is not str:
                    _condition_text(key, item)
    return data


def _listed(values: Any) -> list[Any]:
    return values if isinstance(values, list) else [values]


def _condition_text(key: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise DocumentError(f"Condition: a value of {key} is neither text, number nor boolean")
