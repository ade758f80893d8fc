"""Policy documents as values: parsed with clear errors, compared by their canonical form, written out for AWS.

Two documents are `==` when AWS would not tell them apart as configuration ("equal for drift"): order, duplicates,
white space and the several spellings of one list, principal or condition value do not count; everything else does.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from iamfix.policy.json_text import DocumentError, JsonValue, load, not_an_object, to_plain, to_text

__all__ = ["Document", "DocumentError", "JsonValue", "canonical", "dangling_principals"]

_ACCOUNT_ID = re.compile(r"[0-9]{12}\Z")
_UNIQUE_ID = re.compile(r"(?:AIDA|AROA)[A-Z0-9]{12,124}\Z")
_LISTS = frozenset({"Action", "NotAction", "Resource", "NotResource"})


@dataclass(frozen=True, eq=False)
class Document:
    """One policy document. Immutable; equal and hashed by canonical form.

    Attributes:
        text: the document as minified JSON, in the order in which it was written.
        trust: a role's trust policy, in which the principals `"*"` and `{"AWS": "*"}` are kept apart.
        partition: the partition that a bare account id among the principals stands for.
    """

    text: str
    trust: bool = False
    partition: str = "aws"

    @classmethod
    def parse(
        cls, value: str | Mapping[str, Any] | list[Any] | Document, *, trust: bool = False, partition: str = "aws"
    ) -> Document:
        """Make a document of JSON text (percent-encoded too, as IAM returns it), a mapping, or a list of statements.

        A list of statements is wrapped as `{"Version": "2012-10-17", "Statement": [...]}`.
        Dates, which YAML makes of an unquoted `2012-10-17`, become text again.

        Raises:
            DocumentError: not JSON, a key given twice, not an object, or a value that JSON does not know.
        """
        if isinstance(value, Document):
            if value.trust == trust and value.partition == partition:
                return value
            return cls(value.text, trust, partition)
        data = load(value) if isinstance(value, str) else to_plain(value)
        if isinstance(data, list):
            data = {"Version": "2012-10-17", "Statement": _statements_only(data)}
        if not isinstance(data, dict):
            raise not_an_object(data)
        return cls(to_text(data), trust, partition)

    @classmethod
    def of_json(cls, data: dict[str, Any], *, trust: bool = False) -> Document:
        """Make a document of an object that `json_text.load` has given and that nobody changes afterwards.

        Raises:
            DocumentError: text that cannot be encoded as UTF-8.
        """
        document = cls(to_text(data), trust)
        document.__dict__["_given"] = data
        return document

    @property
    def read_only(self) -> dict[str, Any]:
        """The document as it was written, for who does not change it: it may be everybody's."""
        given: dict[str, Any] | None = self.__dict__.get("_given")
        return self.data if given is None else given

    @property
    def data(self) -> dict[str, Any]:
        """The document as it was written, order kept. Every call gives a new copy, so that none can change this one."""
        result: dict[str, Any] = json.loads(self.text)
        return result

    @cached_property
    def canonical(self) -> object:
        """The hashable form in which equal documents are equal; see `canonical()`."""
        return canonical(json.loads(self.text), trust=self.trust, partition=self.partition)

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical form, in hex: the same for equal documents, in every process."""
        return hashlib.sha256(repr(_ordered(self.canonical)).encode()).hexdigest()

    @cached_property
    def _hash(self) -> int:
        return hash(self.canonical)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Document):
            return NotImplemented
        if self.text == other.text and self.trust == other.trust and self.partition == other.partition:
            return True
        return self._hash == other._hash and self.canonical == other.canonical

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Document({self.text})"

    def json(self) -> str:
        """The text that is sent to AWS: minified, order as written."""
        return self.text

    def size(self, counting: Literal["iam", "organizations"] = "iam") -> int:
        """How much of a quota the document takes: characters without white space (IAM), or UTF-8 bytes (Organizations).

        Source: IAM User Guide, reference_iam-quotas; Organizations User Guide, orgs_reference_limits.
        """
        if counting == "organizations":
            return len(self.text.encode())
        return len(self.text) - self.text.count(" ")


def dangling_principals(document: Document) -> tuple[str, ...]:
    """Unique ids (`AIDA...`, `AROA...`) among the principals, in order: what AWS leaves when a user or role is deleted.

    Source: IAM User Guide, reference_policies_elements_principal.
    """
    if '"AIDA' not in document.text and '"AROA' not in document.text:
        return ()
    found: dict[str, None] = {}
    for statement in _as_list(document.data.get("Statement", [])):
        if not isinstance(statement, dict):
            continue
        for element in ("Principal", "NotPrincipal"):
            principal = statement.get(element)
            members = principal.get("AWS", []) if isinstance(principal, dict) else []
            for member in _as_list(members):
                if isinstance(member, str) and _UNIQUE_ID.match(member):
                    found[member] = None
    return tuple(found)


def canonical(data: JsonValue, *, trust: bool = False, partition: str = "aws") -> object:
    """The hashable canonical form of a document's data: equal forms mean "equal for drift". Accepts any JSON value.

    Lists of actions, resources, principals and condition values are sets and equal their single member; statements are
    a set; a missing Version is 2008-10-17; booleans and numbers are text in conditions; an account id is its root ARN
    in principals; an empty Condition, Sid or principal set is absent. Nothing else is folded.
    """
    if not isinstance(data, dict):
        return _freeze(data)
    items: list[tuple[str, object]] = []
    for key, value in data.items():
        if key == "Statement":
            items.append((key, frozenset([_statement(s, trust, partition) for s in _as_list(value)])))
        elif key != "Version":
            items.append((key, _freeze(value)))
    items.append(("Version", _freeze(data.get("Version", "2008-10-17"))))
    return frozenset(items)


def _statement(statement: JsonValue, trust: bool, partition: str) -> object:
    if not isinstance(statement, dict):
        return _freeze(statement)
    items: list[tuple[str, object]] = []
    for key, value in statement.items():
        if key in _LISTS:
            items.append((key, _value_set(value)))
        elif key == "Principal" or key == "NotPrincipal":
            principal = _principal(value, trust, partition)
            if principal is not None:
                items.append((key, principal))
        elif key == "Condition":
            condition = _condition(value)
            if condition is not None:
                items.append((key, condition))
        elif key == "Sid" and value == "":
            continue
        else:
            items.append((key, value if isinstance(value, str) else _freeze(value)))
    return frozenset(items)


def _value_set(value: JsonValue) -> object:
    if isinstance(value, str):
        return frozenset((value,))
    return frozenset([v if isinstance(v, str) else _freeze(v) for v in _as_list(value)])


def _principal(value: JsonValue, trust: bool, partition: str) -> object | None:
    if value == "*" and not trust:
        return frozenset((("AWS", frozenset(("*",))),))
    if not isinstance(value, dict):
        return _freeze(value)
    kinds: list[tuple[str, object]] = []
    for kind, members in value.items():
        names = _as_list(members)
        if not names:
            continue
        if kind == "AWS":
            names = [_root_arn(n, partition) if isinstance(n, str) and len(n) == 12 else n for n in names]
        kinds.append((kind, _value_set(names)))
    return frozenset(kinds) if kinds else None


def _root_arn(name: str, partition: str) -> str:
    return f"arn:{partition}:iam::{name}:root" if _ACCOUNT_ID.match(name) else name


def _condition(value: JsonValue) -> object | None:
    if not isinstance(value, dict):
        return _freeze(value)
    operators: list[tuple[str, object]] = []
    for operator, keys in value.items():
        if not isinstance(keys, dict):
            operators.append((operator, _freeze(keys)))
        elif keys:
            operators.append((operator, frozenset([(key, _texts(values)) for key, values in keys.items()])))
    return frozenset(operators) if operators else None


def _texts(values: JsonValue) -> object:
    if isinstance(values, str):
        return frozenset((values,))
    return frozenset([v if isinstance(v, str) else _text(v) for v in _as_list(values)])


def _text(value: JsonValue) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    return _freeze(value)


def _freeze(value: JsonValue) -> object:
    """Any JSON value as a hashable one that equals only itself (Python's `1 == True == 1.0` must not slip in)."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, dict):
        return ("object", frozenset([(key, _freeze(item)) for key, item in value.items()]))
    if isinstance(value, list):
        return ("list", tuple([_freeze(item) for item in value]))
    return (type(value).__name__, repr(value))


def _ordered(value: object) -> object:
    """A canonical form with its sets in an order that does not hang on the process."""
    if isinstance(value, frozenset):
        return ("set", sorted((_ordered(item) for item in value), key=repr))
    return tuple(_ordered(item) for item in value) if isinstance(value, tuple) else value


def _as_list(value: JsonValue) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _statements_only(items: list[Any]) -> list[Any]:
    if any(isinstance(item, dict) and "Statement" in item for item in items):
        raise DocumentError("expected one document or a list of statements, found a list of documents")
    return items


ALLOW_ALL = Document.parse([{"Effect": "Allow", "Action": "*", "Resource": "*"}])
"""The document that allows everything: an administrator's, or what stands for what is not asked."""
