"""The way back of a run, for every kind: to where the run began, but for what is somebody else's since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from iamfix.aws.model import faults
from iamfix.fields import differences, fields_of
from iamfix.kinds import KINDS
from iamfix.kinds.optional import kept
from iamfix.model import UNREAD, Change, Origin
from iamfix.rollback import RULE, WayBack
from iamfix.shared_policy import SharedPolicy
from iamfix.step import change
from iamfix.wanted import details_of
from tests.kinds.states import NAMES, STATES
from tests.kinds.test_laws import _aws, _now, _region, _toward

MADE = sorted(name for name in STATES if not kept(KINDS[name]))
some = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def _reach(kind: str, wanted: Any | None) -> Any | None:
    """Have the resource look so, by the hand of somebody else; returns how it looks then."""
    name, world = NAMES.get(kind, "thing"), _aws(kind).world()
    now = world.get(kind, name, _region(kind), details_of(KINDS[kind]))
    done = change(world, kind, name, _region(kind), _toward(now, wanted), Origin("by hand"))
    if done is not None:
        _aws(kind).follow(done.calls)
    return _now(kind, name)


def _planned(kind: str, wanted: Any | None) -> Change | None:
    """A run's change, as it is planned."""
    name, world = NAMES.get(kind, "thing"), _aws(kind).world()
    now = world.get(kind, name, _region(kind), details_of(KINDS[kind]))
    return change(world, kind, name, _region(kind), _toward(now, wanted), Origin("task", step=(0, 1)))


def _has_parts(kind: str, name: str, value: Any) -> bool:
    """Of sets, names with values and shared policies each part is taken back or stays on its own."""
    shared = isinstance(fields_of(KINDS[kind].State)[name].codec, SharedPolicy)
    return shared or isinstance(value, frozenset | Mapping)


def _back(done: Change, *, settled: bool) -> WayBack:
    way = WayBack(_aws(done.kind).world(), "the-run", {done.address} if settled else (), faults)
    way.go([done], {done.address})
    if not any(one.rule == "quota" for one in way.problems):
        for one in way.changes:
            _aws(done.kind).follow(one.calls)
    return way


@pytest.mark.parametrize("kind", MADE)
@given(data=st.data())
@some
def test_the_way_back_of_any_part_of_a_run_ends_where_it_began(kind: str, data: st.DataObject) -> None:
    """However few of its calls were made, a run is taken back whole when nobody else has changed anything."""
    states = st.none() | STATES[kind]
    first, second, share = data.draw(states), data.draw(states), data.draw(st.just(1.0) | st.floats(0, 1))
    before = _reach(kind, first)
    done = _planned(kind, second)
    assume(done is not None)
    assert done is not None
    _aws(kind).follow(done.calls[: round(share * len(done.calls))])
    way = _back(done, settled=share == 1.0)
    assert [one for one in way.problems if one.rule == RULE] == []
    now = _now(kind, done.name)
    assert (now is None) == (before is None)
    assert now is None or differences(before, now) == ()
    _reach(kind, None)


@pytest.mark.parametrize("kind", MADE)
@given(data=st.data())
@some
def test_what_somebody_has_changed_since_a_run_stays(kind: str, data: st.DataObject) -> None:
    """What looks neither as before the run nor as after it stays, and is told; what the run did not touch stays too."""
    states = st.none() | STATES[kind]
    before = _reach(kind, data.draw(states))
    done = _planned(kind, data.draw(states))
    assume(done is not None)
    assert done is not None
    _aws(kind).follow(done.calls)
    after = _now(kind, done.name)
    theirs = _reach(kind, data.draw(states))
    way = _back(done, settled=True)
    now = _now(kind, done.name)
    told = [one for one in way.problems if one.rule == RULE]
    if theirs is None or before is None or after is None:
        # What AWS chose by itself, the run did not know, and nobody can tell whether it is still so.
        unknown = {name for name in fields_of(KINDS[kind].State) if getattr(done.after, name, None) is UNREAD}
        others = (theirs is None) != (after is None) or (theirs and set(differences(after, theirs)) - unknown)
        if others and not (theirs is None and before is None):
            assert told
            assert (now is None) == (theirs is None)
            assert now is None or differences(theirs, now) == ()
    else:
        assert now is not None
        for name in differences(before, theirs):
            was, then, here = (getattr(state, name) for state in (before, after, theirs))
            if was == then:
                assert getattr(now, name) == here
            elif here != then and not _has_parts(kind, name, here):
                assert getattr(now, name) == here
                assert any(name in one.summary for one in told)
    _reach(kind, None)
