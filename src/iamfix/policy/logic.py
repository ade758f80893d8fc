"""Three-valued answers and how they combine (Kleene): true, false, or not known with the keys on which it hangs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from iamfix.policy.decision import StatementRef

__all__ = ["FALSE", "TRUE", "Answer", "all_of", "any_of"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether something is allowed.

    Attributes:
        value: None: not known.
        statement: the statement that allows, when there is one.
        keys: the context keys on which a None hangs.
        reason: why, in one clause; empty: the statement says it.
    """

    value: bool | None
    statement: StatementRef | None = None
    keys: tuple[str, ...] = ()
    reason: str = ""

    def or_reason(self, reason: str) -> Answer:
        """The same; a False without a reason gets this one."""
        return replace(self, reason=reason) if self.value is False and not self.reason else self


TRUE = Answer(True)
FALSE = Answer(False)


_GRANTING = ("identity_policy", "resource_policy", "trust_policy")


def all_of(*answers: Answer) -> Answer:
    """True when all are; the first False decides. Of several that are true, the first that grants speaks for all."""
    keys: tuple[str, ...] = ()
    known = True
    speaker = TRUE
    for answer in answers:
        if answer.value is False:
            return answer
        if answer.value is None:
            known = False
            keys += answer.keys
        elif speaker is TRUE and (answer.reason or (answer.statement and answer.statement.layer in _GRANTING)):
            speaker = answer
    return speaker if known else Answer(None, None, keys)


def any_of(*answers: Answer) -> Answer:
    """True when one is: the first. False when none can be: then the first says why."""
    keys: tuple[str, ...] = ()
    known = True
    for answer in answers:
        if answer.value:
            return answer
        if answer.value is None:
            known = False
            keys += answer.keys
    return answers[0] if known else Answer(None, None, keys)
