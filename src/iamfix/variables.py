"""Variables from the command line: `k=v`, a JSON object, or `@file`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from iamfix.model import InputError, Json, Problem
from iamfix.yamlfile import load

TOLD = frozenset(
    {
        "account_groups", "account_id", "account_name", "home_region", "partition", "region", "regions", "resources",
        "spelled", "template", "today",
    }
)  # fmt: skip
"""What templates are told of the account and the run: no variable takes its place."""


def parse_extra_vars(given: Sequence[str]) -> dict[str, Json]:
    """Return the variables of `-e` options; later ones win. Raises InputError, which repeats no value."""
    found: dict[str, Json] = {}
    for text in given:
        if text.startswith("@"):
            data = load(Path(text[1:])).data or {}
            if not isinstance(data, dict):
                raise _wrong(f"{text[1:]} is no file of names with values")
            found.update(data)
        elif text.lstrip().startswith("{"):
            try:
                found.update(json.loads(text))
            except (ValueError, RecursionError) as error:
                raise _wrong(f"no JSON object: {error}") from None
        else:
            name, equals, value = text.partition("=")
            if not equals or not name.isidentifier():
                raise _wrong("not of the form name=value", "-e enforce=all, -e '{\"n\": 1}' or -e @vars.yml")
            found[name] = value
    for name in found:
        if name in TOLD:
            hint = "set it for the account in the inventory" if name in ("home_region", "regions") else ""
            raise _wrong(f"{name} is told by iamfix of each account, and cannot be given", hint)
    return found


def _wrong(summary: str, hint: str = "") -> InputError:
    return InputError(Problem("error", "--extra-vars", summary, hint))
