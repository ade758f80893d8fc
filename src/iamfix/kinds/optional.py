"""What a kind may say beyond what it must; a module that says nothing of it is ordinary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.kinds.protocol import Breach, Kind, Look, Ripple

Reflections = Callable[[str | None, str | None, Any, Any], Iterator[Ripple]]
"""(ARN before, ARN after, State before, State after), of a resource of any other kind -> what it does to this one's."""


def kept(kind: Kind) -> str:
    """Return why resources of this kind are never deleted (`KEPT`, a sentence); empty where they are."""
    return str(getattr(kind, "KEPT", ""))


def place(kind: Kind) -> str:
    """Return where resources of this kind live (`PLACE`, after "Lives"), where `SCOPE` does not say it all."""
    return str(getattr(kind, "PLACE", ""))


def lane(kind: Kind) -> str | None:
    """Return the name of the lane (`LANE`) in which an account's changes of this kind go one after the other.

    Kinds that name the same lane share it. Without one, only the changes of one resource wait for each other.
    """
    found: str | None = getattr(kind, "LANE", None)
    return found


def opens_accounts(kind: Kind) -> bool:
    """Tell whether each resource of this kind is an AWS account of its own (`OPENS_ACCOUNTS`), named as it is."""
    return bool(getattr(kind, "OPENS_ACCOUNTS", False))


def named(kind: Kind, name: str, look: Look) -> str:
    """Return under which name a resource is known that a task calls so (`named`): an account may be called by its id.

    Raises:
        FieldError: the name stands for several.
    """
    function = getattr(kind, "named", None)
    return name if function is None else str(function(name, look))


def later_reads(kind: Kind) -> tuple[tuple[str, str], ...]:
    """Return the (service, operation) of a kind's reads that hang on resources of other kinds (`LATER_READS`).

    Where there are none yet they are not sent, but will be once there are: permissions name them as well.
    """
    return tuple(getattr(kind, "LATER_READS", ()))


def one_by_one(kind: Kind) -> bool:
    """Tell whether AWS lists a kind's resources one owner at a time (`ONE_BY_ONE`): one is best looked at by its name.

    `observe` then sends for `want.names` what those need, and no more.
    """
    return bool(getattr(kind, "ONE_BY_ONE", False))


def reflections(kind: Kind) -> Reflections | None:
    """Return how a kind that shows resources of all others (`reflections`) follows what happens to them."""
    found: Reflections | None = getattr(kind, "reflections", None)
    return found


@dataclass(frozen=True, slots=True)
class Foresight:
    """What can be told of a kind's resources from the playbook alone."""

    foresee: Callable[[str, Any, Look], Iterator[Breach]]
    """(name, State, the resources that the playbook makes) -> what cannot be right, whatever AWS has besides."""
    fields: frozenset[str]
    """The fields that it looks at; where one of them is not known, nothing is told."""
    beside: Mapping[str, frozenset[str]]
    """The other kinds that it looks at, with their fields."""


def foresight(kind: Kind) -> Foresight | None:
    """Return what can be told of a kind's resources from the playbook alone (`FORESIGHT`), or None."""
    found: Foresight | None = getattr(kind, "FORESIGHT", None)
    return found
