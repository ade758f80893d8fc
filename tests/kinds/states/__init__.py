"""Random States of every kind that can be made, and what must exist around them: one module for a family of kinds.

Each module has `STATES` (kind -> strategy), `NAMES` (kind -> the name to use, where "thing" does not do) and
`SURROUNDINGS` (calls that make what its States refer to). `EXAMPLES` (kind -> how many pairs go through the four steps)
is for kinds that share their code with others. For kinds that iamfix never makes it has `FOUND` (kind ->
`found.Found`), and `SEEN` for those that are never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.model import Call
from tests.kinds.states import (
    credentials,
    detection,
    iam,
    identity,
    monitoring,
    networks,
    organizations,
    shared,
    trails,
    workloads,
)
from tests.kinds.states.found import Found

_FAMILIES: tuple[Any, ...] = (
    credentials, detection, iam, identity, monitoring, networks, organizations, shared, trails, workloads,
)  # fmt: skip

STATES: Mapping[str, st.SearchStrategy[Any]] = {
    kind: one for family in _FAMILIES for kind, one in family.STATES.items()
}
NAMES: Mapping[str, str] = {kind: name for family in _FAMILIES for kind, name in family.NAMES.items()}
EXAMPLES: Mapping[str, int] = {
    kind: most for family in _FAMILIES for kind, most in getattr(family, "EXAMPLES", {}).items()
}
SURROUNDINGS: tuple[Call, ...] = tuple(call for family in _FAMILIES for call in family.SURROUNDINGS)
FOUND: Mapping[str, Found] = {kind: one for family in _FAMILIES for kind, one in getattr(family, "FOUND", {}).items()}
SEEN: tuple[str, ...] = tuple(kind for family in _FAMILIES for kind in getattr(family, "SEEN", ()))

GROUPS: tuple[tuple[str, ...], ...] = (
    *((kind,) for kind in sorted(EXAMPLES.keys() & STATES.keys())),
    *(group for family in _FAMILIES if (group := tuple(kind for kind in family.STATES if kind not in EXAMPLES))),
)
"""Which kinds go the four steps together: those of a family; those with a number of pairs of their own, alone."""
