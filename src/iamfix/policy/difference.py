"""Which access one set of policies gives that another does not: gained and lost, by actions, resources and conditions.

Nothing is shown when both mean the same; and whenever some request is answered differently, what is gained or lost
holds it. What hangs on conditions or policy variables may be shown wider than it is, never narrower. Patterns are shown
as the policies have them; a list of actions is never shortened into a wildcard.

A Deny counts even where nothing allows what it denies, for the policy of a resource might: such an entry is `denied`.
Sources: IAM User Guide, reference_policies_evaluation-logic and access_policies_boundaries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iamfix.policy.boxes import Boxes, boxes_of
from iamfix.policy.compiled import Layer
from iamfix.policy.document import Document
from iamfix.policy.entries import Entry, entries
from iamfix.policy.spans import Box, cross_all, left_of_all

__all__ = ["Difference", "Rights", "access", "compare", "compare_resource", "difference"]


@dataclass(frozen=True, slots=True)
class Rights:
    """The documents that give a user or role its access: its own and its groups', and its boundary.

    An AWS managed policy of which the document is not known is in `unread` by its ARN.
    """

    identity: tuple[Document, ...] = ()
    boundary: Document | None = None
    unread: frozenset[str] = frozenset()


NOTHING = Rights()


@dataclass(frozen=True, slots=True)
class Difference:
    """What was not allowed and is, and what was and is not; the riskiest first."""

    gained: tuple[Entry, ...] = ()
    lost: tuple[Entry, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.gained or self.lost)


def difference(before: Iterable[Document], after: Iterable[Document], layer: Layer = "identity_policy") -> Difference:
    """Compare documents of one place: identity policies (or a boundary, SCPs, …), or the policy of a resource.

    Raises:
        DocumentError: a document is not of the policy grammar.
    """
    old, new = (_joined([boxes_of(one, layer) for one in side]) for side in (before, after))
    return _difference(_Side(old), _Side(new), principals=layer in ("resource_policy", "trust_policy", "rcp"))


def compare(before: Rights, after: Rights) -> Difference:
    """Compare the access of a principal. Documents that are not known on one side only are told as `policy` entries.

    Raises:
        DocumentError: a document is not of the policy grammar.
    """
    found = _difference(_side(before), _side(after))
    gained = [Entry.of_policy(arn) for arn in sorted(after.unread - before.unread)]
    lost = [Entry.of_policy(arn) for arn in sorted(before.unread - after.unread)]
    if not gained and not lost:
        return found
    return Difference((*gained, *found.gained), (*lost, *found.lost))


def compare_resource(before: Document | None, after: Document | None) -> Difference:
    """Compare the policy of a resource or a role's trust policy: its entries name principals. None: there is none.

    Raises:
        DocumentError: a document is not of the policy grammar.
    """
    trust = any(document is not None and document.trust for document in (before, after))
    layer: Layer = "trust_policy" if trust else "resource_policy"
    return difference([before] if before else [], [after] if after else [], layer)


def access(rights: Rights, within: Box | None = None) -> list[Box]:
    """What the documents allow, all denies taken off; only what lies within a box, if one is given."""
    side = _side(rights)
    boxes = side.allowed(side.own.allows)
    if within is not None:
        boxes = cross_all(boxes, [within])
    return left_of_all(boxes, side.denies)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: what its own policies and its boundary (None: none) say."""

    own: Boxes
    boundary: Boxes | None = None

    @property
    def denies(self) -> tuple[Box, ...]:
        return self.own.denies if self.boundary is None else (*self.own.denies, *self.boundary.denies)

    def allowed(self, boxes: Sequence[Box]) -> list[Box]:
        """Those boxes as far as the boundary lets them."""
        return list(boxes) if self.boundary is None else cross_all(boxes, self.boundary.allows)


def _side(rights: Rights) -> _Side:
    own = _joined([boxes_of(document) for document in rights.identity])
    return _Side(own, None if rights.boundary is None else boxes_of(rights.boundary, "boundary"))


def _joined(every: Sequence[Boxes]) -> Boxes:
    return Boxes(
        tuple(dict.fromkeys(box for one in every for box in one.allows)),
        tuple(dict.fromkeys(box for one in every for box in one.denies)),
    )


def _difference(before: _Side, after: _Side, *, principals: bool = False) -> Difference:
    if before == after:
        return Difference()
    return Difference(
        entries(*_one_way(before, after), principals=principals),
        entries(*_one_way(after, before), principals=principals),
    )


def _one_way(before: _Side, after: _Side) -> tuple[list[Box], list[Box]]:
    """What is allowed after and was not before; and what else is no longer denied."""
    fresh = _news_of(before, after)
    return fresh, left_of_all(_news(after.denies, before.denies), _plain(fresh))


def _news(before: Sequence[Box], after: Sequence[Box]) -> list[Box]:
    """What of the boxes `after` is in none of those `before`."""
    known = set(before)
    return left_of_all([box for box in after if box not in known], before)


def _news_of(before: _Side, after: _Side) -> list[Box]:
    """What is allowed after and was not before: not allowed by its policies, or not by its boundary, or denied."""
    fresh = _newly_allowed(before, after)
    known = set(after.denies)
    lifted = [deny for deny in before.denies if deny not in known]
    if lifted:
        was_denied = cross_all(after.allowed(after.own.allows), lifted)
        fresh += left_of_all(was_denied, _plain(fresh))
    return left_of_all(fresh, after.denies)


def _newly_allowed(before: _Side, after: _Side) -> list[Box]:
    if before.boundary == after.boundary:
        known = set(before.own.allows)
        return left_of_all(after.allowed([box for box in after.own.allows if box not in known]), before.own.allows)
    allowed = after.allowed(after.own.allows)
    fresh = left_of_all(allowed, before.own.allows)
    if before.boundary is not None:
        fresh += left_of_all(left_of_all(allowed, before.boundary.allows), _plain(fresh))
    return fresh


def _plain(boxes: Iterable[Box]) -> list[Box]:
    """The boxes that may be taken from others, for they hold all that they seem to."""
    return [box for box in boxes if not box.unless]
