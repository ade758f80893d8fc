"""The account's alias, the name in its sign-in address: an account has one, and no other account of AWS has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from iamfix.fields import TEXT, asked
from iamfix.kinds import defaults
from iamfix.kinds.protocol import Breach, Look, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = "account"
READS = (("iam", "list_account_aliases"),)
EXAMPLE = """\
- name: The account's sign-in address
  iam_account_alias:
    alias: "acme-{{ account_name }}"
"""


@dataclass(frozen=True, slots=True)
class State:
    alias: str | None = asked(
        TEXT, "3 to 63 lower-case letters, digits and single hyphens, unique over all of AWS.", required=True
    )


def observe(read: Reader, want: Want) -> dict[str, Any]:
    aliases = read.get("iam", "list_account_aliases")["AccountAliases"]
    return {SINGLETON: State(alias)} if (alias := next(iter(aliases), None)) else {}


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if after is None:
        assert before is not None
        yield Call("iam", "delete_account_alias", {"AccountAlias": before.alias})
    elif before != after:
        yield Call("iam", "create_account_alias", {"AccountAlias": after.alias})  # takes the place of another


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    if after is not None and str(after.alias).isdigit() and len(str(after.alias)) == 12:
        yield Breach("an alias of twelve digits would look like an account's id")


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is not None:
        yield f"people who sign in at {before.alias}.signin.aws.amazon.com no longer can, and others may take the name"


needs = defaults.own_needs
