"""Laws that hold for every kind, on random States, against AWS's rules as the sandbox has them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iamfix.aws.model import faults
from iamfix.fields import derived_of, differences, fields_of, from_plain, to_plain
from iamfix.kinds import KINDS
from iamfix.kinds.optional import kept
from iamfix.wanted import details_of
from iamfix.world import Spot
from tests.direct import ACCOUNT, Direct
from tests.kinds.states import FOUND, NAMES, SEEN, STATES, SURROUNDINGS

MADE = sorted(STATES)
many = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@cache
def _aws(kind: str) -> Direct:
    """One account for all examples of a kind: each leaves it as it found it, but for what AWS only deletes in time."""
    aws = Direct(around="bare")
    aws.follow(SURROUNDINGS)
    return aws


def _region(kind: str) -> str | None:
    return None if KINDS[kind].SCOPE == "global" else ACCOUNT.home_region


def _now(kind: str, name: str) -> Any:
    return _aws(kind).world().get(kind, name, _region(kind), details_of(KINDS[kind]))


def _toward(before: Any | None, wanted: Any | None) -> Any | None:
    """What the engine would want: the fields that can be asked for, on top of what is there."""
    if before is None or wanted is None:
        return wanted
    specs = fields_of(type(wanted))
    return replace(before, **{name: getattr(wanted, name) for name, spec in specs.items() if spec.settable})


def test_every_kind_is_under_these_laws() -> None:
    """A new kind cannot be forgotten here."""
    assert {name for name, kind in KINDS.items() if kind.CREATABLE} == set(STATES)
    assert sorted(KINDS) == sorted([*STATES, *FOUND, *SEEN])


@pytest.mark.parametrize("kind_name", MADE)
@given(data=st.data())
@many
def test_calls_lead_there_and_back(kind_name: str, data: st.DataObject) -> None:
    """Calls from a to b arrive at b; their undo goes back; none leads from x to x; every call fits AWS's model."""
    kind, name, aws = KINDS[kind_name], NAMES.get(kind_name, "thing"), _aws(kind_name)
    states = STATES[kind_name]
    stays = _now(kind_name, name) if kept(kind) else None
    first, second = data.draw(states if stays else st.none() | states), data.draw(states)
    look = Spot(aws.world(), _region(kind_name))

    if first is not None:
        aws.follow(kind.calls(name, stays, _toward(stays, first), look))
    before = _now(kind_name, name)
    assert (before is None) == (first is None)
    assert before is None or not differences(first, before)

    after = _toward(before, second)
    forward, undo = list(kind.calls(name, before, after, look)), list(kind.calls(name, after, before, look))
    assert [fault for call in (*forward, *undo) for fault in faults(call)] == []
    assert list(kind.calls(name, after, after, look)) == []
    assert bool(forward) == (before is None or bool(differences(before, after)))

    results = aws.follow(forward)
    reached = _now(kind_name, name)
    assert differences(after, reached) == ()

    aws.follow(undo, results)
    back = _now(kind_name, name)
    assert (back is None) == (before is None)
    assert back is None or differences(before, back) == ()

    if back is not None:
        aws.follow(kind.calls(name, back, stays, look))
    end = _now(kind_name, name)
    assert (end is None) == (stays is None)
    assert end is None or differences(stays, end) == ()


@pytest.mark.parametrize("kind_name", MADE)
@given(data=st.data())
@many
def test_from_any_half_way_point_on_to_the_end(kind_name: str, data: st.DataObject) -> None:
    """However few of the calls were made, the calls from there lead to where they should."""
    kind, name, aws = KINDS[kind_name], NAMES.get(kind_name, "thing"), _aws(kind_name)
    stays = _now(kind_name, name) if kept(kind) else None
    first = data.draw(STATES[kind_name])
    second = data.draw(STATES[kind_name] if stays else st.none() | STATES[kind_name])
    share = data.draw(st.floats(0, 1))
    look = Spot(aws.world(), _region(kind_name))

    aws.follow(kind.calls(name, stays, _toward(stays, first), look))
    before = _now(kind_name, name)
    forward = list(kind.calls(name, before, _toward(before, second), look))
    aws.follow(forward[: round(share * len(forward))])
    half = _now(kind_name, name)
    if half is not None or second is not None:
        aws.follow(kind.calls(name, half, _toward(half, second), look))
    reached = _now(kind_name, name)
    assert (reached is None) == (second is None)
    assert reached is None or differences(_toward(reached, second), reached) == ()

    if reached is not None:
        aws.follow(kind.calls(name, reached, stays, look))


@pytest.mark.parametrize("kind_name", sorted(FOUND))
@given(data=st.data())
@many
def test_what_is_found_is_changed_and_removed(kind_name: str, data: st.DataObject) -> None:
    """Calls arrive at what is asked and their undo goes back; from any half-way point it goes; nothing makes one."""
    kind, found, aws = KINDS[kind_name], FOUND[kind_name], _aws(kind_name)
    making, asked = data.draw(st.sampled_from(found.makings)), data.draw(found.asked)
    share = 1.0 if kept(kind) else data.draw(st.floats(0, 1))
    results = aws.follow(making)
    name = found.name(results)
    look = Spot(aws.world(), _region(kind_name))
    before = _now(kind_name, name)
    assert before is not None

    after = replace(before, **asked)
    forward, undo = list(kind.calls(name, before, after, look)), list(kind.calls(name, after, before, look))
    removal = list(kind.calls(name, before, None, look))
    assert [fault for call in (*forward, *undo, *removal) for fault in faults(call)] == []
    assert list(kind.calls(name, after, after, look)) == []
    assert bool(forward) == bool(differences(before, after))
    aws.follow(forward, results)
    assert differences(after, _now(kind_name, name)) == ()
    aws.follow(undo, results)
    assert differences(before, _now(kind_name, name)) == ()

    assert list(kind.calls(name, None, before, look)) == []
    if kept(kind):
        assert removal == []
        aws.follow(found.end(results), results)
        return
    assert removal
    assert list(kind.loses(name, before, None))
    aws.follow(removal[: round(share * len(removal))])
    half = _now(kind_name, name)
    if half is not None:
        aws.follow(kind.calls(name, half, None, look))
    assert _now(kind_name, name) is None


@pytest.mark.parametrize("kind_name", SEEN)
def test_what_is_only_seen_is_never_changed(kind_name: str) -> None:
    """Nothing of it can be asked for, and no call leads anywhere, from what is there or from anything."""
    world = _aws(kind_name).world()
    kind, look = KINDS[kind_name], Spot(world, _region(kind_name))
    assert not [spec for spec in fields_of(kind.State).values() if spec.settable]
    there = world.all(kind_name, _region(kind_name), details_of(kind))
    for name, state in {"any": kind.State(), **there}.items():
        for one, other in ((state, None), (None, state), (state, state)):
            assert list(kind.calls(name, one, other, look)) == []


@pytest.mark.parametrize("kind_name", MADE)
@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_state_survives_its_json_form(kind_name: str, data: st.DataObject) -> None:
    """What a plan file says of a State is the State."""
    state = data.draw(STATES[kind_name])
    assert from_plain(type(state), to_plain(state), ACCOUNT.partition) == state


@pytest.mark.parametrize("kind_name", sorted(KINDS))
def test_every_field_says_what_it_is(kind_name: str) -> None:
    """Each kind and each field has a sentence for its user."""
    kind = KINDS[kind_name]
    assert (kind.__doc__ or "").strip()
    assert all(spec.doc.endswith(".") for spec in fields_of(kind.State).values())
    assert all((fact.__doc__ or "").endswith(".") for fact in derived_of(kind.State).values())


@pytest.mark.parametrize("kind_name", sorted(KINDS))
def test_a_kind_names_all_reads_that_it_sends(kind_name: str) -> None:
    """What `iamfix permissions` prints for an apply is what looking needs."""
    aws = Direct(around="bare")
    aws.follow(SURROUNDINGS)
    if kind_name in FOUND:
        aws.follow(FOUND[kind_name].makings[-1])
    aws.sent.clear()
    kind = KINDS[kind_name]
    aws.world().all(kind_name, _region(kind_name), details_of(kind))
    aws.world(live=False).all(kind_name, _region(kind_name), details_of(kind))
    assert set(aws.sent) <= {operation for _, operation in kind.READS}
