"""What is ordinary about a kind: taken over by assignment in the modules that have nothing special to say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from iamfix.kinds.protocol import Breach, Look, Need, Ripple
from iamfix.model import Call


def no_arn(name: str, state: Any, look: Look) -> str | None:
    return None


def no_owner(name: str, state: Any) -> str | None:
    return None


def loses_nothing(name: str, before: Any, after: Any | None) -> Iterator[str]:
    return iter(())


def no_breaches(name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Breach]:
    return iter(())


def no_ripples(name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[Ripple]:
    return iter(())


def no_notes(name: str, before: Any | None, after: Any | None, look: Look) -> Iterator[str]:
    return iter(())


def own_needs(call: Call, name: str, state: Any, look: Look) -> Iterator[Need]:
    return iter(())
