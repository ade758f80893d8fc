"""Codecs of policy documents, and of facts that no playbook sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iamfix.fields.codecs import Map
from iamfix.fields.values import Asked, Context, Exact, FieldError, GivenWhole, told
from iamfix.model import Json
from iamfix.policy.document import Document, DocumentError

if TYPE_CHECKING:
    from iamfix.policy.lint.finding import LintKind


@dataclass(frozen=True, slots=True)
class PolicyDocument(GivenWhole):
    """An IAM policy document: a mapping, or its JSON text. `trust`: it is a role's trust policy.

    `lint` is what lint takes it for, such as `identity` or `resource`; None: lint leaves it alone.
    """

    trust: bool = False
    optional: bool = False
    lint: LintKind | None = None
    word: str = "a policy document (a mapping with Version and Statement, or its JSON text)"

    def read(self, value: Json, context: Context) -> Asked:
        if value is None and self.optional:
            return Exact(None)
        if not isinstance(value, Mapping | str):
            raise FieldError(f"expected {self.word}, got {told(value)}", "start from templates/policies/")
        try:
            return Exact(Document.parse(value, trust=self.trust, partition=context.partition))
        except DocumentError as error:
            raise FieldError(str(error)) from None

    def plain(self, value: Document | None) -> Json:
        return None if value is None else value.data

    def parse(self, plain: Json, partition: str) -> Document | None:
        return None if plain is None else Document.parse(plain, trust=self.trust, partition=partition)

    def schema(self) -> Json:
        return {"type": ["object", "string", "null"] if self.optional else ["object", "string"]}


@dataclass(frozen=True, slots=True)
class Facts(GivenWhole):
    """What AWS tells and no playbook sets: any JSON value, kept as it is."""

    word: str = "seen only"

    def read(self, value: Json, context: Context) -> Asked:
        raise FieldError("this is only seen, it cannot be set")

    def back(self, now: Any, before: Any, after: Any) -> Any:
        return now

    def plain(self, value: Any) -> Json:
        if isinstance(value, Document):
            return value.data
        if isinstance(value, Mapping):
            return {key: self.plain(item) for key, item in value.items()}
        if isinstance(value, frozenset | set):
            return sorted(self.plain(item) for item in value)
        if isinstance(value, list | tuple):
            return [self.plain(item) for item in value]
        return value

    def parse(self, plain: Json, partition: str) -> Any:
        return tuple(plain) if isinstance(plain, list) else plain

    def schema(self) -> Json:
        return {}


DOCUMENT = PolicyDocument()
IDENTITY = PolicyDocument(lint="identity")
TRUST = PolicyDocument(trust=True, optional=True, lint="trust")
DOCUMENTS = Map(IDENTITY, "policy names with documents")
FACTS = Facts()
