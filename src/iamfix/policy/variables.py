"""Policy variables: `${key}`, `${key, 'default'}` and the escapes `${*}`, `${?}`, `${$}` in resources and conditions.

Source: IAM User Guide, reference_policies_variables. The value of a variable is taken literally: a `*` in it is no
wildcard. A key that is not in the request, or has several values, leaves a variable without a default unset, and text
with an unset variable matches nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from iamfix.policy.match import Piece

__all__ = ["Context", "Template", "Variable", "parse_template"]

Context = Mapping[str, tuple[str, ...]]
"""Context keys in lower case to their values; an empty tuple is a key known to be absent."""

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^\s,']+)\s*,\s*'(.*)'\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: its key as written, the same in lower case, and its default or None."""

    key: str
    lowered: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """Text with variables.

    Attributes:
        parts: pieces and variables in order.
        static: the pieces, when there is no variable; else None.
        loose: the pieces with a `*` for each variable; text that does not match them matches under no context.
    """

    parts: tuple[Piece | Variable, ...]
    static: tuple[Piece, ...] | None
    loose: tuple[Piece, ...]

    def resolve(
        self, context: Context, missing: tuple[str, ...] | None, unknown: list[str]
    ) -> tuple[Piece, ...] | None:
        """The pieces with values put in, or None: then either a variable is unset, or its key is not known.

        Args:
            context: the request's context.
            missing: what a key that is not in `context` has: `()` for absent, None for not known.
            unknown: gets the keys that are not known, unless another variable is unset.
        """
        pieces: list[Piece] = []
        not_known: list[str] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                pieces.append(part)
                continue
            values = context.get(part.lowered, missing)
            if values is None:
                not_known.append(part.key)
            elif len(values) == 1:
                pieces.append((values[0], True))
            elif not values and part.default is not None:
                pieces.append((part.default, True))
            else:
                return None
        if not_known:
            unknown.extend(not_known)
            return None
        return tuple(pieces)


def parse_template(text: str, variables: bool) -> Template:
    """Read the variables in `text`; with `variables` False (Version 2008-10-17) there are none and `${` is text."""
    if not variables or "${" not in text:
        plain = ((text, False),)
        return Template(plain, plain, plain)
    parts: list[Piece | Variable] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        if found.start() > end:
            parts.append((text[end : found.start()], False))
        parts.append(_variable(found[1], found[0]))
        end = found.end()
    if end < len(text):
        parts.append((text[end:], False))
    pieces = tuple(part for part in parts if not isinstance(part, Variable))
    static = pieces if len(pieces) == len(parts) else None
    loose = tuple(("*", False) if isinstance(part, Variable) else part for part in parts)
    return Template(tuple(parts), static, loose)


def _variable(inside: str, whole: str) -> Piece | Variable:
    if inside in ("*", "?", "$"):
        return (inside, True)
    with_default = _WITH_DEFAULT.fullmatch(inside)
    if with_default:
        return Variable(with_default[1], with_default[1].lower(), with_default[2])
    key = inside.strip()
    if not key:
        return (whole, True)
    return Variable(key, key.lower(), None)
