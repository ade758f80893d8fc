"""A kind's page: made from the kind itself."""

from __future__ import annotations

import json
from collections.abc import Mapping

from rich.console import Console
from rich.table import Table
from rich.text import Text

from iamfix.fields import FieldSpec, derived_of, fields_of
from iamfix.kinds import optional
from iamfix.kinds.protocol import Kind
from iamfix.model import UNREAD


def show_kinds(kinds: Mapping[str, Kind], console: Console) -> None:
    """List all kinds with the first line of what they say of themselves."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, kind in kinds.items():
        table.add_row(Text(name, "bold"), (kind.__doc__ or "").strip().splitlines()[0])
    console.print(table)


def show_kind(name: str, kind: Kind, console: Console) -> None:
    """Print a kind's fields, and an example."""
    console.print(Text(name, "bold"))
    console.print((kind.__doc__ or "").strip() + "\n")
    scope = {"global": "once per account", "home": "in the home region", "regional": "in each region"}[kind.SCOPE]
    console.print(f"Lives {optional.place(kind) or scope}.")
    console.print(_naming(kind), end=" ")
    reason = optional.kept(kind)
    console.print(f"state: present only ({reason})\n" if reason else "state: present (default) or absent\n")
    for title, settable in (("Fields that a playbook may set", True), ("Fields that are only seen", False)):
        specs = [spec for spec in fields_of(kind.State).values() if spec.settable is settable]
        if specs:
            console.print(Text(title, "bold"))
            for spec in specs:
                console.print(Text.assemble((f"  {spec.name}", "cyan"), f"  {spec.doc}"))
                console.print(Text(f"      {_facts(spec)}", "dim"))
            console.print()
    if facts := derived_of(kind.State):
        console.print(Text("What follows from them", "bold"))
        for fact, found in facts.items():
            console.print(Text.assemble((f"  {fact}", "cyan"), f"  {found.__doc__}"))
        console.print()
    console.print(Text("Example", "bold"))
    console.print(kind.EXAMPLE, markup=False)


def _naming(kind: Kind) -> str:
    if kind.SINGLETON is None:
        return "name: or select:"
    where = "in each region" if kind.SCOPE == "regional" else "in an account"
    return f"No name: there is one {where}, called {kind.SINGLETON} in addresses and conditions."


def _facts(spec: FieldSpec) -> str:
    facts = [spec.codec.word] if spec.settable else []
    if spec.settable and spec.default not in (None, UNREAD, "", frozenset(), {}):
        facts.append(f"default {json.dumps(spec.codec.plain(spec.default))}")
    facts += ["needed to create it"] * spec.required + ["cannot be changed later"] * spec.fixed
    facts += ["read only where a task names it"] * spec.detail
    facts += [f"also as {', '.join(spec.aliases)}"] if spec.aliases else []
    return "; ".join(facts) or "fact"
