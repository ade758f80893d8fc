"""Policies of resources that several parties use (a bucket, a key, a topic): each party has statements of its own.

A playbook says its statements, each with a `Sid`; they are put into the policy that is there, and every other
statement stays. `{exactly: …}` says the whole policy.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import Asked, Context, Exact, FieldError, Partial
from iamfix.model import UNREAD, Json
from iamfix.policy.document import Document, DocumentError

_VERSIONS = ("2008-10-17", "2012-10-17")
_HINT = "give each statement a Sid of its own, or write {exactly: …} to replace the whole policy"


@dataclass(frozen=True, slots=True)
class SharedPolicy:
    """A resource's policy, merged by statement id. Its values are `Document`s, or None for no policy.

    What may be asked: a document (its statements are set, all others stay); `{include: …, exclude: [Sid, …]}`, where
    `include` is a document, a list of statements or a statement; `{exactly: document or null}`.
    """

    word: str = "a policy document whose statements have a Sid, {include: …, exclude: [Sid]}, or {exactly: …}"
    managed_by: tuple[str, ...] = ()
    """The actions that read and write it: whoever manages the resource must keep them."""
    root_stays: bool = False
    """The root user of the account may change it whatever it says."""
    then: str = ""
    """What it takes to change it again, once it denies that to everybody; a clause."""

    def read(self, value: Json, context: Context) -> Asked:
        if value is None:
            hint = "leave the field out to leave the policy alone, or write {exactly: null} to remove it"
            raise FieldError(f"expected {self.word}, got nothing (null)", hint)
        if isinstance(value, Mapping) and value.keys() == {"exactly"}:
            whole = value["exactly"]
            return Exact(None if whole is None else _document(whole, context, ("exactly",)))
        if isinstance(value, Mapping) and value and value.keys() <= {"include", "exclude"}:
            own, gone = value.get("include"), value.get("exclude", [])
            if not isinstance(gone, list | tuple) or not all(isinstance(sid, str) and sid for sid in gone):
                raise FieldError("exclude is a list of statement ids (Sid)", "", ("exclude",))
            include = None if own is None else _own(own, context, ("include",))
            return Partial(include, frozenset(gone))
        return Partial(_own(value, context, ()), frozenset())

    def merge(self, before: Any, asked: Asked) -> Any:
        """Return the policy with the asked statements in it; None when no statement is left.

        Raises:
            FieldError: the policy there is of the version 2008-10-17, other people's statements in it have `${`,
                which is plain text in that version, and the asked ones have it as a variable.
        """
        if isinstance(asked, Exact):
            return asked.value
        there = before if isinstance(before, Document) else None
        own = {} if asked.include is None else {str(one["Sid"]): one for one in _statements(asked.include)}
        kept = []
        for statement in () if there is None else _statements(there):
            sid = statement.get("Sid") if isinstance(statement, Mapping) else None
            if sid in own:
                kept.append(own.pop(sid))
            elif sid not in asked.exclude:
                kept.append(statement)
        statements = [*kept, *own.values()]
        if not statements:
            return None
        data = asked.include.data if there is None else {**there.data, "Version": _version(there, asked.include)}
        partition = (there or asked.include).partition
        return Document.parse({**data, "Statement": statements}, partition=partition)

    def back(self, now: Any, before: Any, after: Any) -> Any:
        """Take back what the step from `before` to `after` did to each statement; what others did since stays."""
        return self._back(now, before, after, force=True)[0]

    def back_but_theirs(self, now: Any, before: Any, after: Any) -> tuple[Any, tuple[str, ...]]:
        """Take the step back but for the statements that others have changed since; returns their Sids as well."""
        return self._back(now, before, after, force=False)

    def _back(self, now: Any, before: Any, after: Any, *, force: bool) -> tuple[Any, tuple[str, ...]]:
        if now == after or now is UNREAD:
            return before, ()
        old, new, here = (_by_key(document) for document in (before, after, now))
        touched = {key for key in {*old, *new} if _form(old.get(key)) != _form(new.get(key))}
        theirs = set() if force else {key for key in touched if _moved(key, here, old, new)}
        kept = [statement for key, statement in here.items() if key not in touched - theirs]
        statements = [*kept, *(old[key] for key in old if key in touched - theirs)]
        if not statements:
            return None, ()
        base = next(one for one in (now, before, after) if isinstance(one, Document))
        document = Document.parse({**base.data, "Statement": statements}, partition=base.partition)
        return document, tuple(sorted(_named(key) for key in theirs))

    def plain(self, value: Any) -> Json:
        return None if value is None else value.data

    def parse(self, plain: Json, partition: str) -> Document | None:
        return None if plain is None else Document.parse(plain, partition=partition)

    def schema(self) -> Json:
        document = {"type": ["object", "string", "array"]}
        sids = {"type": "array", "items": {"type": "string"}}
        return {
            "anyOf": [
                {
                    "type": "object", "additionalProperties": False, "minProperties": 1,
                    "properties": {"include": document, "exclude": sids},
                },
                {
                    "type": "object", "additionalProperties": False, "required": ["exactly"],
                    "properties": {"exactly": {"type": ["object", "string", "array", "null"]}},
                },
                document,
            ]
        }  # fmt: skip


SHARED_POLICY = SharedPolicy()


def policy_of(read: str, write: str, then: str, *, root_stays: bool = False) -> SharedPolicy:
    """Return the codec of the policy of a kind of resource: the actions that read and write it, and `then`."""
    return SharedPolicy(managed_by=(read, write), then=then, root_stays=root_stays)


def _document(value: Json, context: Context, path: tuple[str | int, ...]) -> Document:
    if not isinstance(value, Mapping | str | list | tuple):
        raise FieldError("expected a policy document (a mapping with Statement, or its JSON text)", "", path)
    if isinstance(value, Mapping) and "Effect" in value:
        value = [value]
    try:
        document = Document.parse(list(value) if isinstance(value, tuple) else value, partition=context.partition)
    except DocumentError as error:
        raise FieldError(str(error), "", path) from None
    if "Statement" not in document.data:
        raise FieldError("this is no policy document: it has no Statement", "start from templates/policies/", path)
    return document


def _own(value: Json, context: Context, path: tuple[str | int, ...]) -> Document:
    """Read statements that are merged: each has a Sid, and no two the same."""
    document = _document(value, context, path)
    seen: set[str] = set()
    for number, statement in enumerate(_statements(document), start=1):
        if not isinstance(statement, Mapping):
            raise FieldError(f"statement {number} is not a mapping", "", path)
        sid = statement.get("Sid")
        if not isinstance(sid, str) or not sid:
            raise FieldError(f"statement {number} has no Sid; a policy that others share is merged by Sid", _HINT, path)
        if sid in seen:
            raise FieldError(f"two statements have the Sid {sid!r}", _HINT, path)
        seen.add(sid)
    if not seen:
        raise FieldError("no statement is given", "write {exactly: null} to remove the whole policy", path)
    return document


def _version(there: Document, own: Document | None) -> str:
    """Return the version of the merged policy: as it is, unless own statements need the newer one for `${…}`."""
    found = str(there.data.get("Version", _VERSIONS[0]))
    if own is None or found == _VERSIONS[1] or "${" not in own.text:
        return found
    mine = {str(one["Sid"]) for one in _statements(own)}
    others = [one for one in _statements(there) if not isinstance(one, Mapping) or one.get("Sid") not in mine]
    if any("${" in Document.parse([one]).text for one in others if isinstance(one, Mapping)):
        raise FieldError(
            f"the policy there is of version {found}, in which ${{…}} is plain text, and other statements have it",
            "decide what those statements shall mean, and write the whole policy: {exactly: …}",
        )
    return _VERSIONS[1]


def _statements(document: Document) -> list[Any]:
    found = document.data.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _by_key(document: Any) -> dict[Hashable, Any]:
    """Return the statements by Sid; by what they say where they have none."""
    if not isinstance(document, Document):
        return {}
    found: dict[Hashable, Any] = {}
    for statement in _statements(document):
        sid = statement.get("Sid") if isinstance(statement, Mapping) else None
        found[("sid", sid) if sid else ("form", _form(statement))] = statement
    return found


def _moved(key: Hashable, here: dict[Hashable, Any], old: dict[Hashable, Any], new: dict[Hashable, Any]) -> bool:
    """Tell whether a statement looks neither as before a step nor as after it."""
    return _form(here.get(key)) not in (_form(old.get(key)), _form(new.get(key)))


def _named(key: Hashable) -> str:
    return str(key[1]) if isinstance(key, tuple) and key[0] == "sid" else "a statement without Sid"


def _form(statement: Any) -> Hashable:
    """Return the hashable form in which equal statements are equal."""
    if statement is None:
        return None
    canonical: Any = Document.parse({"Statement": [statement]}).canonical
    return (canonical,)
