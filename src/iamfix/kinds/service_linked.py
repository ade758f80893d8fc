"""The services that have a service-linked role, so that a name that AWS would not take is told when planned."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def suffixes() -> Mapping[str, bool | None]:
    """Return by service principal whether AWS takes a custom suffix; None where that is not known.

    Of the services in the shipped list; AWS adds some each year.
    """
    text = files("iamfix").joinpath("data/service_linked_roles.txt").read_text(encoding="utf-8")
    rows = (line.split() for line in text.splitlines() if not line.startswith("#"))
    return {f"{service}.amazonaws.com": {"yes": True, "no": False}.get(suffix) for service, _, suffix in rows}
