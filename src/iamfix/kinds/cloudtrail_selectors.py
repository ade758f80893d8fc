"""What a trail records: event selectors of the two forms that AWS has, and what they come to.

Source: CloudTrail API Reference, "PutEventSelectors"; CloudTrail User Guide, "Logging management events".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from iamfix.kinds.protocol import Breach
from iamfix.typed import Flag, Part, Text, Texts

MAX_SELECTORS, MAX_RESOURCES, MAX_VALUES = 5, 250, 500


class DataResource(Part):
    """Resources whose data events are recorded."""

    type: Literal["AWS::S3::Object", "AWS::Lambda::Function", "AWS::DynamoDB::Table"]
    values: Texts


class EventSelector(Part):
    """Management events, and data events of the three services that plain selectors know."""

    read_write_type: Literal["ReadOnly", "WriteOnly", "All"] = "All"
    include_management_events: Flag = True
    data_resources: tuple[DataResource, ...] = ()
    exclude_management_event_sources: Texts = ()


class FieldSelector(Part):
    """A condition on one field of an event."""

    field: Text
    equals: Texts = ()
    starts_with: Texts = ()
    ends_with: Texts = ()
    not_equals: Texts = ()
    not_starts_with: Texts = ()
    not_ends_with: Texts = ()


class AdvancedEventSelector(Part):
    """Events of one category for which all conditions hold."""

    name: Text | None = None
    field_selectors: tuple[FieldSelector, ...] = Field(min_length=1)


Selector = EventSelector | AdvancedEventSelector


def _normal(selectors: tuple[Selector, ...]) -> tuple[Selector, ...]:
    """Their order does not count; none means AWS's default."""
    if len({type(one) for one in selectors}) > 1:
        raise ValueError("a trail has plain or advanced event selectors, not both")
    found = [_sorted(one) for one in selectors] or [EventSelector()]
    return tuple(sorted(found, key=lambda one: one.model_dump_json()))


def _sorted(one: Selector) -> Selector:
    if isinstance(one, EventSelector):
        resources = sorted(one.data_resources, key=lambda resource: resource.model_dump_json())
        return one.model_copy(update={"data_resources": tuple(resources)})
    fields = sorted(one.field_selectors, key=lambda field: field.model_dump_json())
    return one.model_copy(update={"field_selectors": tuple(fields)})


Selectors = Annotated[tuple[Selector, ...], AfterValidator(_normal)]
DEFAULT: tuple[Selector, ...] = (EventSelector(),)
"""What a trail records without selectors of its own: all management events."""

_CONDITIONS = {
    "Equals": "equals", "StartsWith": "starts_with", "EndsWith": "ends_with", "NotEquals": "not_equals",
    "NotStartsWith": "not_starts_with", "NotEndsWith": "not_ends_with",
}  # fmt: skip


def read_selectors(found: Mapping[str, Any]) -> tuple[Selector, ...]:
    """Return the selectors of GetEventSelectors' answer."""
    advanced = found.get("AdvancedEventSelectors") or ()
    if advanced:
        return _normal(tuple(_advanced_of(one) for one in advanced))
    return _normal(tuple(_plain_of(one) for one in found.get("EventSelectors", ())))


def _plain_of(one: Mapping[str, Any]) -> EventSelector:
    return EventSelector(
        read_write_type=one.get("ReadWriteType", "All"),
        include_management_events=one.get("IncludeManagementEvents", True),
        data_resources=tuple(
            DataResource(type=resource["Type"], values=_texts(resource.get("Values")))
            for resource in one.get("DataResources", ())
        ),
        exclude_management_event_sources=_texts(one.get("ExcludeManagementEventSources")),
    )


def _advanced_of(one: Mapping[str, Any]) -> AdvancedEventSelector:
    return AdvancedEventSelector(
        name=one.get("Name") or None,
        field_selectors=tuple(
            FieldSelector(field=field["Field"], **{ours: _texts(field.get(aws)) for aws, ours in _CONDITIONS.items()})
            for field in one["FieldSelectors"]
        ),
    )


def _texts(values: Iterable[str] | None) -> tuple[str, ...]:
    return tuple(sorted(set(values or ())))


def to_aws(selectors: Iterable[Selector]) -> dict[str, Any]:
    """Return the selectors as PutEventSelectors takes them."""
    plain = [_plain(one) for one in selectors if isinstance(one, EventSelector)]
    advanced = [_advanced(one) for one in selectors if isinstance(one, AdvancedEventSelector)]
    return {"AdvancedEventSelectors": advanced} if advanced else {"EventSelectors": plain}


def _plain(one: EventSelector) -> dict[str, Any]:
    return {
        "ReadWriteType": one.read_write_type,
        "IncludeManagementEvents": one.include_management_events,
        "DataResources": [{"Type": resource.type, "Values": list(resource.values)} for resource in one.data_resources],
        "ExcludeManagementEventSources": list(one.exclude_management_event_sources),
    }


def _advanced(one: AdvancedEventSelector) -> dict[str, Any]:
    fields = [
        {"Field": field.field}
        | {aws: list(found) for aws, ours in _CONDITIONS.items() if (found := getattr(field, ours))}
        for field in one.field_selectors
    ]
    return ({"Name": one.name} if one.name else {}) | {"FieldSelectors": fields}


def records_management(selectors: Iterable[Selector]) -> bool:
    """Tell whether all management events are recorded: reads and writes, of every source."""
    halves = {half for one in selectors for half in _halves(one)}
    return {"ReadOnly", "WriteOnly"} <= halves


def _halves(one: Selector) -> tuple[str, ...]:
    """Return which halves of all management events one selector records whole."""
    both = ("ReadOnly", "WriteOnly")
    if isinstance(one, EventSelector):
        if not one.include_management_events or one.exclude_management_event_sources:
            return ()
        return both if one.read_write_type == "All" else (one.read_write_type,)
    fields = {field.field: field for field in one.field_selectors}
    category = fields.pop("eventCategory", None)
    if category is None or category.equals != ("Management",):
        return ()
    read_only = fields.pop("readOnly", None)
    if fields:
        return ()
    if read_only is None:
        return both
    return ("ReadOnly",) if read_only.equals == ("true",) else ("WriteOnly",) if read_only.equals == ("false",) else ()


def records_data(selectors: Iterable[Selector]) -> bool:
    """Tell whether any data events are recorded."""
    return any(
        bool(one.data_resources)
        if isinstance(one, EventSelector)
        else any(field.field == "eventCategory" and field.equals == ("Data",) for field in one.field_selectors)
        for one in selectors
    )


def breaches(selectors: tuple[Selector, ...]) -> Iterator[Breach]:
    """Yield AWS's limits that the selectors break."""
    plain = [one for one in selectors if isinstance(one, EventSelector)]
    if len(plain) > MAX_SELECTORS:
        yield Breach(f"{len(plain)} event selectors; AWS takes {MAX_SELECTORS}", "use advanced ones")
    if (found := sum(len(one.data_resources) for one in plain)) > MAX_RESOURCES:
        yield Breach(f"{found} data resources; AWS takes {MAX_RESOURCES}", "use advanced event selectors")
    values = 0
    for one in selectors:
        if isinstance(one, EventSelector):
            if one.exclude_management_event_sources and not one.include_management_events:
                yield Breach("sources are excluded from management events that are not recorded")
            continue
        names = [field.field for field in one.field_selectors]
        if len(set(names)) < len(names):
            yield Breach("an advanced event selector names each field once")
        if "eventCategory" not in names:
            yield Breach("an advanced event selector needs the field eventCategory", "equals: [Management] or [Data]")
        given = [[getattr(field, ours) for ours in _CONDITIONS.values()] for field in one.field_selectors]
        if not all(any(conditions) for conditions in given):
            yield Breach("a field selector without a condition", "give equals:, starts_with: or the like")
        values += sum(len(condition) for conditions in given for condition in conditions)
    if values > MAX_VALUES:
        yield Breach(f"{values} values in advanced event selectors; AWS takes {MAX_VALUES}")
