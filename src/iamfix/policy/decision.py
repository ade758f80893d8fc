"""What an evaluation answers: the decision, the statement that made it, and the keys on which an unknown one hangs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from iamfix.policy.compiled import Layer

__all__ = ["Decision", "StatementRef", "Verdict", "layer_name"]

Verdict = Literal["allowed", "explicit_deny", "implicit_deny", "unknown"]

_NAMES: dict[Layer, str] = {
    "identity_policy": "identity policy",
    "boundary": "the permissions boundary",
    "session_policy": "session policy",
    "resource_policy": "the resource policy",
    "trust_policy": "the trust policy",
    "scp": "service control policy",
    "rcp": "resource control policy",
}


def layer_name(layer: Layer) -> str:
    """The layer in words."""
    return _NAMES[layer]


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Where a statement stands. All numbers count from 0.

    Attributes:
        layer: the kind of policy.
        document: which of the layer's documents (of that level).
        statement: which statement of the document.
        sid: its Sid, or None.
        level: for SCPs and RCPs the level, from the root down; else None.
    """

    layer: Layer
    document: int
    statement: int
    sid: str | None = None
    level: int | None = None

    def __str__(self) -> str:
        name = layer_name(self.layer)
        which = f"statement {self.statement + 1}" + (f" ({self.sid})" if self.sid else "")
        where = name if name.startswith("the ") else f"{name} {self.document + 1}"
        return f"{which} of {where}" + ("" if self.level is None else f" at level {self.level + 1}")

    def as_json(self) -> dict[str, Any]:
        """The reference as JSON data."""
        result: dict[str, Any] = {"layer": self.layer}
        if self.level is not None:
            result["level"] = self.level
        return result | {"document": self.document, "statement": self.statement, "sid": self.sid}


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to one request.

    Attributes:
        decision: `unknown` when it depends on context keys that were not given.
        reason: why, in one clause.
        statement: the statement that decided; None for an implicit deny, an unknown, and what needs no permission.
        unknown_keys: for `unknown`, the keys on which the answer hangs, sorted.
    """

    decision: Verdict
    reason: str
    statement: StatementRef | None = None
    unknown_keys: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether the request is certainly allowed."""
        return self.decision == "allowed"
