"""Staged fixes: what may break a workload is reported, and done only where the variable `enforce` names it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from iamfix.model import InputError, Json, Problem
from iamfix.yamlfile import nearest

ALL = "all"


def named(enforce: Json) -> frozenset[str]:
    """Return the words of `enforce`: tags and practices by number, as a list or as text with commas; or `all`.

    Raises:
        InputError: it is neither.
    """
    words = enforce.replace(",", " ").split() if isinstance(enforce, str) else enforce
    words = [words] if isinstance(words, int) else words
    if not isinstance(words, list | tuple) or not all(isinstance(word, str | int) and _is_word(word) for word in words):
        raise InputError(
            Problem(
                "error", "enforce", f"enforce names tags and practices, got {enforce!r:.60}",
                "such as enforce: [mfa, 8], or all",
            )
        )  # fmt: skip
    return frozenset(str(word) for word in words)


def _is_word(value: object) -> bool:
    return value is not True and value is not False


def enforced(enforce: Json, words: Iterable[str]) -> bool:
    """Tell whether `enforce` names one of a task's words. Raises InputError."""
    names = named(enforce)
    return ALL in names or not names.isdisjoint(words)


def check_enforce(enforce: Json, known: Collection[str]) -> None:
    """Refuse words that name no staged task: a slip of the pen must not look like success. Raises InputError."""
    for word in sorted(named(enforce) - {ALL} - set(known)):
        raise InputError(
            Problem(
                "error", "enforce", f"enforce names {word!r}, and no staged task has that tag or practice",
                nearest(word, known) or "iamfix plan shows the word with each staged finding",
            )
        )  # fmt: skip
