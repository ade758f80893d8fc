"""The inventory as a tree of groups and accounts."""

from __future__ import annotations

from collections.abc import Collection

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from iamfix.inventory import Inventory
from iamfix.model import Account
from iamfix.views.wording import clean


def draw(inventory: Inventory, chosen: Collection[str], console: Console) -> None:
    """Print the chosen accounts within their groups, and how each is entered."""
    by_name = {account.name: account for account in inventory.accounts}
    alone = sum(not account.role_arn and not account.profile for account in inventory.accounts) == 1

    def grow(tree: Tree, group: str) -> None:
        for name in inventory.members[group]:
            if name in chosen:
                account = by_name[name]
                tree.add(Text.assemble((clean(name), "bold"), f"  {account.id}  {clean(_way(account, alone))}"))
        for child in inventory.children[group]:
            if any(name in chosen for name in inventory.groups[child]):
                grow(tree.add(Text(clean(child), "cyan")), child)

    root = Tree(Text("all", "cyan"))
    grow(root, "all")
    console.print(root)
    console.print(f"{len(chosen)} accounts" if len(chosen) != 1 else "1 account")


def _way(account: Account, alone: bool) -> str:
    """Return how an account is entered. Without a role and a profile that can be done in one account only."""
    if account.role_arn is not None:
        return account.role_arn
    if account.profile is not None:
        return f"profile {account.profile}"
    return "your own credentials" if alone else "no role given"
