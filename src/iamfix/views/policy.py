"""Two policy documents compared, for a person at a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from iamfix.views.wording import clean

_SHOWN = 5
"""Known actions that are named in a line; JSON has more."""


def show_difference(found: Mapping[str, Any], console: Console) -> None:
    """Print what `policy diff` found: `equal`, and the entries `gained` and `lost`."""
    if found["equal"]:
        console.print("Equal.")
        return
    for what, mark, colour in (("gained", "+", "green"), ("lost", "-", "red")):
        for entry in found[what]:
            head = ", ".join(entry["actions"]) or entry.get("policy", "")
            denied = " no longer denied" if what == "gained" else " denied"
            note = denied if entry.get("denied") else ""
            console.print(Text(clean(f"{mark} {head}{note}  ({entry['risk']})"), colour))
            for line in _details(entry):
                console.print(Text(clean(f"    {line}"), "dim"))
    gained, lost = len(found["gained"]), len(found["lost"])
    if gained or lost:
        console.print(f"Not equal: {gained} gained, {lost} lost.")
    else:
        console.print("Not equal, and the same in meaning: no request is answered differently.")


def _details(entry: Mapping[str, Any]) -> Iterator[str]:
    for name, word in (
        ("not_actions", "but not"), ("resources", "on"), ("not_resources", "but not on"), ("principals", "by"),
        ("not_principals", "but not by"),
    ):  # fmt: skip
        if entry.get(name):
            yield f"{word} {', '.join(entry[name])}"
    for name, word in (("conditions", "when"), ("unless", "unless")):
        if value := entry.get(name):
            yield f"{word} {json.dumps(value, ensure_ascii=False)}"
    for risk, known in entry.get("known", {}).items():
        yield f"{risk}: {_some(known['actions'], known['count'])}"


def _some(names: Sequence[str], count: int) -> str:
    shown = names[:_SHOWN]
    return ", ".join(shown) + (f" and {count - len(shown)} more" if count > len(shown) else "")
