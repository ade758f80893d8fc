"""What others have changed since a run: the parts of a resource that look neither as before the run nor as after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from iamfix.fields import Codec, Map, differences, fields_of
from iamfix.model import Call, Result
from iamfix.records import Record
from iamfix.shared_policy import SharedPolicy

_NONE = object()


def taken_back(codec: Codec, now: Any, before: Any, after: Any) -> tuple[Any, tuple[str, ...]]:
    """Take the step from `before` to `after` back from one field's value, as far as it is still the run's.

    Returns the value, and the names of the parts that stay because others have changed them since; the name of the
    whole field is empty. In a set there are none: what the run added goes, what it took away comes back.
    """
    back = codec.back(now, before, after)
    if isinstance(codec, Map | Record) and all(isinstance(one, Mapping) for one in (now, before, after)):
        theirs = sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
        theirs = [key for key in theirs if _part(now, key) not in (_part(before, key), _part(after, key))]
        kept = {key: now[key] for key in theirs if key in now}
        return {key: value for key, value in back.items() if key not in theirs} | kept, tuple(theirs)
    if isinstance(codec, SharedPolicy):
        return codec.back_but_theirs(now, before, after)
    if isinstance(now, frozenset) or now in (before, after):
        return back, ()
    return now, ("",)


def _part(value: Mapping[str, Any], key: str) -> Any:
    return value.get(key, _NONE)


def added(now: Any, one: Any, other: Any) -> tuple[str, ...]:
    """Return the fields of a State, of those that can be asked for, with members that neither of two others has.

    Of what is half made only these tell: single values may pass through a third one on their way.
    """
    fields = ((name, *(getattr(state, name) for state in (now, one, other))) for name in differences(other, now))
    return tuple(name for name, here, *both in fields if _members(here).difference(*map(_members, both)))


def _members(value: Any) -> frozenset[Any]:
    return frozenset(value) if isinstance(value, frozenset | Mapping) else frozenset()


def beyond(calls: Sequence[Call], planned: Sequence[Call]) -> list[Call]:
    """Return which calls were not planned as part of the way back: they would take away what others have made since."""
    left = list(planned)
    return [call for call in calls if not _taken(call, left)]


def _taken(call: Call, left: list[Call]) -> bool:
    for place, one in enumerate(left):
        same = (one.service, one.operation, one.region) == (call.service, call.operation, call.region)
        if same and _fits(call.params, one.params):
            del left[place]
            return True
    return False


def _fits(value: Any, planned: Any) -> bool:
    """Tell whether a parameter is what was planned; what only the run itself knew fits anything."""
    if isinstance(planned, Result) or isinstance(value, Result):
        return True
    if isinstance(planned, Mapping) and isinstance(value, Mapping):
        return planned.keys() == value.keys() and all(_fits(value[key], planned[key]) for key in planned)
    if isinstance(planned, list | tuple) and isinstance(value, list | tuple):
        return len(planned) == len(value) and all(map(_fits, value, planned))
    return bool(value == planned)


def named_calls(calls: Sequence[Call]) -> Iterator[str]:
    """Yield calls in words: `detach_role_policy (RoleName=app)`."""
    for call in calls:
        texts = (f"{key}={value}" for key, value in call.params.items() if isinstance(value, str) and len(value) < 80)
        yield f"{call.operation} ({', '.join(texts)})" if call.params else call.operation


def seen_fields(state: type[Any]) -> list[str]:
    """Return the fields that are only read, and do not change by themselves."""
    return [name for name, spec in fields_of(state).items() if not spec.settable and not spec.volatile]
