"""AWS's limits of an organization, from a dated table that a variable overrides."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from iamfix.kinds.protocol import Look
from iamfix.model import InputError, Json, Problem


@cache
def _limits() -> Mapping[str, Any]:
    text = files("iamfix").joinpath("data/organization_limits.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found


def limit(look: Look, of: str, what: str) -> int:
    """Return one of AWS's limits: of the variable `organization_limits`, else of the dated table.

    `organization_limits: {scp: {size: 5120, attached: 5}}` says what AWS has agreed to for this organization.

    Raises:
        InputError: the variable is of another form.
    """
    own: Json = look.variable("organization_limits")
    if own is None:
        return int(_limits()[of][what])
    known = {name: limits for name, limits in _limits().items() if isinstance(limits, dict)}
    parts: list[tuple[Any, Any]] = list(own.items()) if isinstance(own, Mapping) else [(own, None)]
    for name, limits in parts:
        wrong = name not in known or not isinstance(limits, Mapping) or not limits.keys() <= known[name].keys()
        if wrong or not all(isinstance(most, int) and not isinstance(most, bool) for most in limits.values()):
            hint = f"such as {{scp: {{size: 5120, attached: 5}}}}; known are {', '.join(known)}"
            summary = f"the variable organization_limits is not understood: {name!r:.60}"
            raise InputError(Problem("error", look.account.where or look.account.name, summary, hint))
    return int(own.get(of, {}).get(what, known[of][what]))


def limits_dated() -> str:
    """Return the day as of which the table's limits are AWS's."""
    return str(_limits()["dated"])
