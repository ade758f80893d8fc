"""Wildcard patterns of the policy language as regular expressions: actions, resources, `StringLike` and ARN conditions.

A pattern is a sequence of pieces `(text, literal)`: in a literal piece (the value of a policy variable) `*` and `?`
are ordinary characters, elsewhere they are wildcards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

__all__ = ["Piece", "action_matcher", "arn_regex", "like_regex", "resource_regex"]

Piece = tuple[str, bool]

_WILD = re.compile(r"[*?]")
_STARS = re.compile(r"\*+")


def like_regex(pieces: Sequence[Piece]) -> str:
    """Regular expression for `StringLike`: `*` is any run of characters, `?` any single one, over the whole text."""
    return "".join(re.escape(text) if literal else _wild(text) for text, literal in pieces)


def resource_regex(pieces: Sequence[Piece]) -> str:
    """Regular expression for a `Resource` pattern.

    Wildcards stay inside their segment (the parts between the first five colons); a `*` that ends its segment
    reaches over colons. Source: IAM User Guide, reference_policies_elements_resource.
    """
    return _segmented(pieces, star_crosses=True)


def arn_regex(pieces: Sequence[Piece]) -> str | None:
    """Regular expression for `ArnLike` and `ArnEquals`: six components, each matched by itself. None: never matches.

    Source: IAM User Guide, reference_policies_elements_condition_operators (ARN condition operators).
    """
    if "".join(text for text, _ in pieces) == "*":
        return ".*"
    if sum(text.count(":") for text, _ in pieces) < 5:
        return None
    return _segmented(pieces, star_crosses=False)


def action_matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """A test for action names given in lower case; names and patterns are compared without case.

    Source: IAM User Guide, reference_policies_elements_action.
    """
    lowered = [pattern.lower() for pattern in patterns]
    if any(_STARS.fullmatch(pattern) for pattern in lowered):
        return _always
    exact = frozenset(pattern for pattern in lowered if not _WILD.search(pattern))
    wild = [like_regex(((pattern, False),)) for pattern in lowered if pattern not in exact]
    if not wild:
        return exact.__contains__
    fullmatch = re.compile("|".join(wild), re.DOTALL).fullmatch
    if not exact:
        return lambda action: fullmatch(action) is not None
    return lambda action: action in exact or fullmatch(action) is not None


def _always(_: str) -> bool:
    return True


def _wild(text: str) -> str:
    # A run of stars is one star: `.*.*.*` would let a hostile pattern take exponential time.
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in _STARS.sub("*", text))


def _segmented(pieces: Sequence[Piece], star_crosses: bool) -> str:
    characters = [(c, literal) for text, literal in pieces for c in (text if literal else _STARS.sub("*", text))]
    result: list[str] = []
    colons = 0
    for position, (character, literal) in enumerate(characters):
        following = characters[position + 1][0] if position + 1 < len(characters) else ":"
        if character == ":":
            colons += 1
            result.append(":")
        elif literal or character not in "*?":
            result.append(re.escape(character))
        elif colons >= 5 or (star_crosses and character == "*" and following == ":"):
            result.append(".*" if character == "*" else ".")
        else:
            result.append("[^:]*" if character == "*" else "[^:]")
    return "".join(result)
