"""What a task asks of one resource: its arguments read, and merged with how the resource looks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from iamfix.fields import Asked, Context, Exact, FieldError, FieldSpec, fields_of
from iamfix.kinds.protocol import Kind, Look
from iamfix.model import UNREAD, Json


def settable(kind: Kind) -> Mapping[str, FieldSpec]:
    """Return the fields that a playbook may set, by every name under which it may give them."""
    specs = [spec for spec in fields_of(kind.State).values() if spec.settable]
    return {name: spec for spec in specs for name in (spec.name, *spec.aliases)}


def read_arguments(kind: Kind, arguments: Mapping[str, Json], look: Look) -> tuple[dict[str, Asked], list[FieldError]]:
    """Read a task's rendered arguments; return what is asked by field, and every mistake with its path."""
    known = settable(kind)
    asked: dict[str, Asked] = {}
    mistakes = []
    for given, value in arguments.items():
        spec = known[given]
        resolve = spec.resolve
        context = (
            Context(look.account.partition)
            if resolve is None
            else Context(look.account.partition, lambda text, resolve=resolve: resolve(text, look))  # type: ignore[misc]
        )
        try:
            asked[spec.name] = spec.codec.read(value, context)
        except FieldError as error:
            mistakes.append(error.below(given))
    return asked, mistakes


def details_of(kind: Kind) -> frozenset[str]:
    """Return the fields that cost a request for each resource."""
    return frozenset(name for name, spec in fields_of(kind.State).items() if spec.detail)


def known_details(kind: Kind, state: Any, *, seen: bool) -> frozenset[str]:
    """Return the details that a State knows, and that an apply therefore compares; with `seen`, what is only seen too.

    What changes by itself (volatile) is never compared.
    """
    specs = fields_of(type(state))
    return frozenset(
        name
        for name in details_of(kind)
        if getattr(state, name) is not UNREAD and not specs[name].volatile and (seen or specs[name].settable)
    )


def details_for(kind: Kind, asked: Collection[str]) -> frozenset[str]:
    """Return the details that must be read of a resource of which these fields are asked."""
    specs = fields_of(kind.State)
    return frozenset(name for name in details_of(kind) if name in asked or specs[name].always)


def merge(kind: Kind, before: Any | None, asked: Mapping[str, Asked]) -> Any:
    """Return the State that is wanted: what is not asked for stays as it is, or as AWS makes it.

    Raises:
        FieldError: a needed field is missing for a new resource, or a fixed one would change. `path` is the field.
    """
    specs = fields_of(kind.State)
    base = kind.State() if before is None else before
    after = replace(base, **{name: specs[name].codec.merge(getattr(base, name), ask) for name, ask in asked.items()})
    for name, spec in specs.items():
        if before is None:
            if spec.required and getattr(after, name) is None:
                raise FieldError(f"it does not exist yet, and cannot be created without {name!r}", f"give {name}:")
        elif spec.fixed and getattr(after, name) != getattr(before, name):
            raise FieldError(
                f"{name!r} is {getattr(before, name)!r} and AWS has no call to change it",
                "make a resource of another name, or delete this one first",
                (name,),
            )
    return after


def keep_owned(kind: Kind, before: Any | None, after: Any, asked: Mapping[str, Asked], look: Look, owner: Any) -> Any:
    """Put back what an exact list would take away though it belongs to AWS or another tool.

    `owner` is (kind, name) -> who owns that resource, or None.
    """
    if before is None:
        return after
    kept = {}
    for name, ask in asked.items():
        refers = fields_of(kind.State)[name].refers
        if not isinstance(ask, Exact) or refers is None:
            continue
        owned = frozenset(item for item in getattr(before, name) - getattr(after, name) if owner(*refers(item)))
        if owned:
            kept[name] = getattr(after, name) | owned
    return replace(after, **kept) if kept else after
