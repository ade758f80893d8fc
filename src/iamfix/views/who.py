"""Who can do something, for a person: those who can, those of whom it hangs on the request, those who could take it."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from iamfix.views.wording import clean

Found = Mapping[str, Any]
"""`{"action", "resource", "accounts": [{"id", "name", "error", "principals": [...]}]}`"""

_STYLES = {"allowed": "bold yellow", "unknown": "yellow"}


def show_who(found: Found, console: Console) -> None:
    """Print the answer for a terminal."""
    for account in found["accounts"]:
        console.print(Text(clean(account["name"]), "bold"))
        if account["error"]:
            console.print(Text(f"  ! {clean(account['error'])}", "bold red"))
            continue
        shown, others = _parted(account)
        for one in shown:
            console.print(Text(f"  {one['verdict']:13} {clean(one['principal'])}", _STYLES.get(one["verdict"], "")))
            for line in _details(one):
                console.print(Text(f"                {clean(line)}", "dim"))
        console.print(Text(f"  {others} other users and roles may not.", "dim"))
    console.print(Text(f"{_question(found)} {_beside(found)}", "dim"))


def markdown_who(found: Found) -> str:
    """Return the answer as Markdown: a table for each account."""
    parts = [f"### Who can: {_cell(found['action'])} on {_cell(found['resource'] or 'any resource')}", ""]
    for account in found["accounts"]:
        parts += [f"#### {_cell(account['name'])}", ""]
        if account["error"]:
            parts += [_cell(account["error"]), ""]
            continue
        shown, others = _parted(account)
        parts += ["| principal | verdict | why |", "|---|---|---|"]
        parts += [
            f"| {_cell(one['principal'])} | {one['verdict']} | {_cell('; '.join(_details(one)))} |" for one in shown
        ]
        parts += ["", f"{others} other users and roles may not.", ""]
    parts += [_beside(found), ""]
    return "\n".join(parts)


def _beside(found: Found) -> str:
    """What the answer leaves out."""
    if found["action"].lower().startswith("sts:assumerole"):
        return "The root user cannot assume a role; the organization's policies are not asked."
    if found["action"].lower().startswith("kms:"):
        return "Key policies are not asked: a key is open to whom its policy names, the root user too, and no one else."
    return "The policies of resources and of the organization are not asked; the root user may what they do not deny."


def _question(found: Found) -> str:
    return clean(f"Asked: {found['action']} on {found['resource'] or 'any resource'}.")


def _parted(account: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int]:
    """Those worth a line, and how many others there are."""
    shown = [one for one in account["principals"] if one["verdict"] in _STYLES or one["escalation"]]
    return shown, len(account["principals"]) - len(shown)


def _details(one: Mapping[str, Any]) -> Iterator[str]:
    yield one["reason"]
    if one["resources"] not in ([], ["*"]):
        yield f"on {', '.join(one['resources'][:6])}" + (" and more" if len(one["resources"]) > 6 else "")
    if one["escalation"]:
        some = ", ".join(one["escalation"][:6]) + (" and more" if len(one["escalation"]) > 6 else "")
        yield f"could take more rights in one step: {some}"


def _cell(text: Any) -> str:
    return html.escape(clean(text), quote=False).replace("|", "\\|").replace("\n", " ").replace("*", "\\*")
