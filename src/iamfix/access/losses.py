"""What a call of a plan takes from somebody who must get in: access, trust, credentials, the ARN that it goes by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from iamfix.access.doors import closes, provider_of
from iamfix.access.moved import left_behind
from iamfix.access.picture import Holder, Picture
from iamfix.access.probes import Limits, Probe, Verdict, Watched, ask
from iamfix.access.replay import CREDENTIALS, replay
from iamfix.model import Call, Change, Problem
from iamfix.policy.difference import compare, compare_resource
from iamfix.policy.entries import Entry
from iamfix.policy.patterns import matches, overlap

__all__ = ["Guard", "Lane", "Step", "arns_changed", "callers_of", "credentials_taken", "last_name", "moment", "problem"]

_RULE = "own-access"


@dataclass(frozen=True, slots=True)
class Step:
    """A call of a lane: the change that it belongs to, and its place in it."""

    change: Change
    call: Call
    number: int


Lane = list[Step]
"""The calls on one resource, which run one after the other."""


@dataclass(slots=True)
class Guard:
    """Watches one principal."""

    picture: Picture
    """As the calls so far leave it."""
    one: Watched
    limits: Limits
    start: Picture
    last: Picture
    """As the whole plan leaves it."""
    told: set[Probe | str] = field(default_factory=set)
    before: dict[Probe, Verdict] = field(default_factory=dict)


def callers_of(picture: Picture, arn: str) -> list[Holder]:
    """The users and roles of the account that this caller can be."""
    name = last_name(arn)
    found = [picture.holder("user", name), picture.holder("role", name)]
    return [one for one in found if one is not None]


def last_name(arn: str) -> str:
    """The name in an ARN: of a session, that of its role."""
    parts = arn.split("/")
    return parts[1] if ":assumed-role/" in arn and len(parts) > 1 else parts[-1]


def moment(guard: Guard, picture: Picture, step: Step) -> Iterator[Problem]:
    """Ask all probes of the account as it is after a call."""
    lost: list[tuple[Probe, Verdict, Verdict]] = []
    for probe in guard.one.probes:
        was = _before(guard, probe)
        if probe in guard.told or was.value not in ("allowed", "unknown"):
            continue
        now = ask(picture, guard.one, probe, guard.limits)
        if now.value == "allowed" or (now.value == "unknown" and _no_worse(guard, picture, probe)):
            continue
        guard.told.add(probe)
        lost.append((probe, was, now))
    yield from _losses(guard, step, lost)
    if guard.one.any_trust and "trust" not in guard.told:
        yield from _trust_lost(guard, picture, step)


def _before(guard: Guard, probe: Probe) -> Verdict:
    if probe not in guard.before:
        guard.before[probe] = ask(guard.start, guard.one, probe, guard.limits)
    return guard.before[probe]


def _no_worse(guard: Guard, picture: Picture, probe: Probe) -> bool:
    """Whether nothing of what the probe asks for is lost since the start, whatever the keys that nobody knows hold."""
    one = guard.one
    old, new = guard.start.holder(one.kind, one.name), picture.holder(one.kind, one.name)
    if old is None or new is None:
        return False
    pairs = [(old, new)]
    lost: list[Entry] = []
    if probe.caller is not None:
        lost += compare_resource(old.trust, new.trust).lost
        callers = [callers_of(where, probe.caller) for where in (guard.start, picture)]
        if len(callers[0]) != len(callers[1]):
            return False
        pairs = list(zip(*callers, strict=True))
    for was, now in pairs:
        if was.tags != now.tags and any("principaltag" in text for text in _texts(guard.start, was, picture, now)):
            return False
        lost += compare(guard.start.rights(was), picture.rights(now)).lost
    return not any(_concerns(entry, probe) for entry in lost)


def _texts(start: Picture, was: Holder, picture: Picture, now: Holder) -> Iterator[str]:
    for where, holder in ((start, was), (picture, now)):
        rights = where.rights(holder)
        for document in (*rights.identity, rights.boundary, holder.trust):
            yield "" if document is None else document.text.lower()


def _concerns(entry: Entry, probe: Probe) -> bool:
    """Whether an entry can hold the probe's request. May say yes where a closer look would say no."""
    if entry.policy is not None:
        return True
    action = probe.action.lower()
    if not any(matches(pattern.lower(), action) for pattern in entry.actions):
        return False
    if any(matches(pattern.lower(), action) for pattern in entry.not_actions):
        return False
    return any("${" in one or overlap(one, probe.resource) for one in entry.resources)


def _losses(guard: Guard, step: Step, lost: Sequence[tuple[Probe, Verdict, Verdict]]) -> Iterator[Problem]:
    """Tell what is lost at one call: what surely is, and what only cannot be proven."""
    sure = [found for found in lost if found[2].value != "unknown"]
    for some, words in ((sure, "may no longer"), ([f for f in lost if f not in sure], "cannot be proven to keep")):
        if not some:
            continue
        probe, was, now = some[0]
        more = f" (and {len(some) - 1} more actions)" if len(some) > 1 else ""
        why = now.why if now.value != "implicit_deny" or not was.statement else f"{now.why}; {was.why} before"
        summary = f"{words} {_request(probe)}{more}: {why}"
        yield problem(guard, step, summary, _hint(guard, probe))


def _request(probe: Probe) -> str:
    if probe.caller is not None:
        return f"be assumed by {probe.caller} (sts:AssumeRole)"
    return f"{probe.action} on {probe.resource}"


def _hint(guard: Guard, probe: Probe) -> str:
    if ask(guard.last, guard.one, probe, guard.limits).value == "allowed":
        return "the plan ends well, but an apply that stops here leaves it so: give first and take away in a later task"
    return "let it keep this, change it from another principal, or allow `own-access`"


def _trust_lost(guard: Guard, picture: Picture, step: Step) -> Iterator[Problem]:
    """Tell when somebody who could assume a protected role no longer can."""
    old, new = (where.holder(guard.one.kind, guard.one.name) for where in (guard.start, picture))
    lost = compare_resource(None if old is None else old.trust, None if new is None else new.trust).lost
    if not lost:
        return
    guard.told.add("trust")
    entry = lost[0]
    who = "anyone" if entry.principals == ("*",) else ", ".join(map(_account, entry.principals))
    certain = not entry.when and not entry.unless and not entry.not_principals
    text = f"may no longer be assumed by {who}" if certain else f"cannot be proven to be assumed by {who} as before"
    yield problem(
        guard, step, f"{text} (sts:AssumeRole): its trust policy lets fewer in",
        "keep them in the trust policy, or allow `own-access`",
    )  # fmt: skip


def _account(principal: str) -> str:
    """As a principal, the ARN of root is the whole account."""
    return f"account {principal.split(':')[4]}" if re.fullmatch(r"arn:.*:iam::[0-9]{12}:root", principal) else principal


def arns_changed(guard: Guard, lane: Lane) -> Iterator[Problem]:
    """Tell when the ARN of one who must get in, or of who assumes its role, becomes another one.

    Whether it keeps its access cannot be proven: policies of resources, of other accounts and of the organization may
    name it too.
    """
    here = guard.picture
    for step in lane:
        after = replay(here, step.call)
        name = step.call.params.get("UserName")
        old = None if step.call.operation != "update_user" else here.holder("user", str(name))
        new = None if old is None else after.holder("user", str(step.call.params.get("NewUserName", name)))
        if old is not None and new is not None and _is_watched(guard, old) and "arn" not in guard.told:
            arns = here.arn(old), after.arn(new)
            if arns[0] != arns[1]:
                guard.told.add("arn")
                naming = left_behind(here, *arns)
                what = f"{naming} still means {arns[0]}" if naming else (
                    f"what names {arns[0]} in a Resource or a condition does not follow"
                )  # fmt: skip
                yield problem(
                    guard, step, f"cannot be proven to keep its access: {_whose(guard, old)} becomes {arns[1]}; {what}",
                    "let it keep its path, mend what names it first, or allow `own-access`",
                )  # fmt: skip
        here = after


def _is_watched(guard: Guard, user: Holder) -> bool:
    one = guard.one
    if one.kind == "user" and one.name == user.name:
        return True
    return any(user in callers_of(guard.picture, probe.caller) for probe in one.probes if probe.caller)


def _whose(guard: Guard, user: Holder) -> str:
    own = guard.one.kind == "user" and guard.one.name == user.name
    return "its ARN" if own else f"the ARN of user {user.name}, which assumes it,"


def credentials_taken(guard: Guard, lane: Lane) -> Iterator[Problem]:
    """Tell when one who must get in loses a password, key or device, or the provider through which it comes.

    Which of them it uses, no policy tells.
    """
    for step in lane:
        params, provider = step.call.params, provider_of(step.call)
        if provider is not None and closes(guard.picture, guard.one, provider) and provider not in guard.told:
            guard.told.add(provider)
            yield problem(
                guard, step, f"cannot be proven to be assumed as before: {provider} let people in",
                "trust another provider in an earlier task, or allow `own-access`",
            )  # fmt: skip
        if step.call.operation not in CREDENTIALS or params.get("Status") == "Active" or step.call.as_root:
            continue
        mine = guard.one.kind == "user" and params.get("UserName", step.change.name) == guard.one.name
        if mine and "credential" not in guard.told:
            guard.told.add("credential")
            yield problem(
                guard, step, "cannot be proven to get in: this takes a credential that it may use",
                "leave it its credentials, or allow `own-access`",
            )  # fmt: skip


def problem(guard: Guard, step: Step, summary: str, hint: str) -> Problem:
    call, one = step.call, guard.one
    at = f"{guard.start.account.name}: after {call.service}:{call.operation} (call {step.number} of "
    at += f"{len(step.change.calls)} of this change) {one.arn}, {one.why}, "
    return Problem("error", step.change.address, at + summary, hint, _RULE)
