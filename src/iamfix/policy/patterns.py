"""Wildcard patterns of policies (`*`, `?`) for lint and risk: match a text, cover a pattern, overlap two patterns.

Every function is polynomial in its input, whatever the pattern: policies are hostile input.
"""

from __future__ import annotations

import re
from functools import lru_cache

from iamfix.policy.match import Test, like_test

_VARIABLE = re.compile(r"\$\{[^}]*\}")


def is_wild(text: str) -> bool:
    """Tell whether the text holds a wildcard."""
    return "*" in text or "?" in text


def matches(pattern: str, text: str) -> bool:
    """Tell whether the whole text fits the pattern; case counts. Source: reference_policies_elements_resource."""
    return _test(pattern)(text) if is_wild(pattern) else pattern == text


@lru_cache(maxsize=16384)
def _test(pattern: str) -> Test:
    return like_test([((pattern, False),)])


def covers(wide: str, narrow: str) -> bool:
    """Tell whether everything that fits `narrow` surely fits `wide`. May say no where a closer look would say yes."""
    return matches(wide, narrow)


@lru_cache(maxsize=65536)
def overlap(a: str, b: str) -> bool:
    """Tell whether some text fits both patterns."""
    if not is_wild(a):
        return matches(b, a)
    if not is_wild(b):
        return matches(a, b)
    first_a, first_b = _literal_start(a), _literal_start(b)
    shared = min(len(first_a), len(first_b))
    if first_a[:shared] != first_b[:shared]:
        return False
    # reachable[j]: the part of `a` read so far and b[:j] have a text in common
    reachable = [True] + [False] * len(b)
    for j, char in enumerate(b):
        reachable[j + 1] = reachable[j] and char == "*"
    for char_a in a:
        row = [reachable[0] and char_a == "*"] + [False] * len(b)
        for j, char_b in enumerate(b, start=1):
            if char_a == "*" or char_b == "*":
                row[j] = reachable[j] or row[j - 1] if char_a == "*" else row[j - 1] or reachable[j]
                row[j] = row[j] or reachable[j - 1]
            else:
                row[j] = reachable[j - 1] and (char_a == char_b or "?" in (char_a, char_b))
        reachable = row
    return reachable[-1]


def without_variables(text: str) -> str:
    """Put `*` in the place of each policy variable (`${aws:username}`) and ARN placeholder (`${BucketName}`)."""
    return _VARIABLE.sub("*", text) if "${" in text else text


@lru_cache(maxsize=65536)
def arn_parts(arn: str) -> tuple[str, str, str, str, str] | None:
    """Split an ARN pattern into partition, service, region, account and resource, or None where that is not possible.

    A last part that ends in `*` reaches over the colons that are missing: `arn:*:s3*` has every later part `*`.
    """
    if arn == "*":
        return ("*", "*", "*", "*", "*")
    parts = without_variables(arn).split(":", 5)
    if parts[0] != "arn" or len(parts) < 2:
        return None
    if len(parts) < 6:
        if not parts[-1].endswith("*"):
            return None
        parts += ["*"] * (6 - len(parts))
    return (parts[1], parts[2], parts[3], parts[4], parts[5])


@lru_cache(maxsize=65536)
def arns_overlap(a: str, b: str) -> bool:
    """Tell whether some ARN fits both patterns. Either may hold policy variables or placeholders."""
    parts_a, parts_b = arn_parts(a), arn_parts(b)
    if parts_a is None or parts_b is None:
        return False
    return all(overlap(x, y) for x, y in zip(parts_a, parts_b, strict=True))


def _literal_start(pattern: str) -> str:
    for i, char in enumerate(pattern):
        if char in "*?":
            return pattern[:i]
    return pattern
