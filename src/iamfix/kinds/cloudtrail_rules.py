"""AWS's rules about trails, and what trails cost.

Source: CloudTrail API Reference, "CreateTrail", "UpdateTrail"; CloudTrail User Guide, "Naming requirements", "Quotas",
"Managing CloudTrail trail costs".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from iamfix.kinds import cloudtrail_selectors, kms_names, tagging
from iamfix.kinds.protocol import MISSING, Breach, Look
from iamfix.model import UNREAD

MAX_TRAILS = 5
"""Trails that a region shows, shadows included."""
INSIGHTS = ("ApiCallRateInsight", "ApiErrorRateInsight")


def breaches(name: str, before: Any | None, after: Any, look: Look) -> Iterator[Breach]:
    if before is None:
        yield from _new(name, look)
    if after.is_multi_region_trail and not after.include_global_events:
        yield Breach("a trail of all regions records the events of global services", "include_global_events: true")
    yield from _logs(after, look)
    yield from kms_names.missing(after.kms_key_id, look)
    if after.event_selectors is not UNREAD:
        yield from cloudtrail_selectors.breaches(after.event_selectors)
    if after.insight_selectors is not UNREAD:
        yield from _insights(after)
    yield from tagging.limit(after.tags)


def _new(name: str, look: Look) -> Iterator[Breach]:
    fits = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]", name)
    if not fits or re.search(r"[._-]{2}", name) or re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name):
        yield Breach(
            f"AWS takes no trail of the name {name!r}",
            "3 to 128 letters, digits, '.', '_' and '-', no two of those together, no IP address",
        )
    there = look.all("cloudtrail")
    if len(there) >= MAX_TRAILS:
        yield Breach(
            f"{look.region} shows {len(there)} trails; AWS takes {MAX_TRAILS}", f"there are {', '.join(sorted(there))}"
        )


def _logs(after: Any, look: Look) -> Iterator[Breach]:
    group, role = after.cloudwatch_logs_log_group_arn, after.cloudwatch_logs_role_arn
    if (group is None) != (role is None):
        missing = "cloudwatch_logs_role_arn" if role is None else "cloudwatch_logs_log_group_arn"
        yield Breach("a log group and the role that writes to it go together", f"give {missing}:")
    if group is None:
        return
    parts, region = group.split(":"), look.region or look.account.home_region
    if len(parts) < 8 or (parts[3], parts[4]) != (region, look.account.id):
        yield Breach(f"the log group {group} is not of this account and region", f"the trail is kept in {region}")
    elif look.get("cloudwatchlogs_log_group", parts[6]) is None:
        yield Breach(f"there is no log group {parts[6]!r} in {region}", "create it in an earlier task", MISSING)
    if role is not None and look.get("iam_role", role.rpartition("/")[2]) is None:
        yield Breach(f"there is no role {role} for the log group", "create it in an earlier task", MISSING)


def _insights(after: Any) -> Iterator[Breach]:
    for one in sorted(after.insight_selectors - {*INSIGHTS}):
        yield Breach(f"there is no insight {one!r}", f"{INSIGHTS[0]} or {INSIGHTS[1]}")


def costs(name: str, before: Any | None, after: Any, look: Look) -> Iterator[str]:
    """Yield what the change will cost."""
    if _adds_management(before, after):
        details = frozenset({"event_selectors", "enable_logging"})
        others = look.all("cloudtrail", None, details)
        twice = sorted(
            other
            for other, state in others.items()
            if other != name and state.enable_logging is True and _manages(state)
        )
        if twice:
            yield (
                f"costs: {', '.join(twice)} records management events already; AWS bills every copy but the first in a "
                "region, at about $2.00 for 100,000 events"
            )
    if _data(after) and not (before is not None and _data(before)):
        yield "costs: data events are billed at about $0.10 for 100,000 events"
    new = _known(after.insight_selectors) - (frozenset() if before is None else _known(before.insight_selectors))
    if new:
        yield f"costs: insights ({', '.join(sorted(new))}) are billed by the number of events that AWS analyses"


def _adds_management(before: Any | None, after: Any) -> bool:
    """Tell whether management events will be recorded where they were not: by a new trail, or in more regions."""
    if after.enable_logging is False or not _manages(after):
        return False
    if before is None or before.enable_logging is False:
        return True
    wider = after.is_multi_region_trail and not before.is_multi_region_trail
    return wider or not _manages(before)


def _manages(state: Any) -> bool:
    if state.event_selectors is UNREAD:
        return False
    plain = (one for one in state.event_selectors if isinstance(one, cloudtrail_selectors.EventSelector))
    return any(one.include_management_events for one in plain) or cloudtrail_selectors.records_management(
        state.event_selectors
    )


def _data(state: Any) -> bool:
    return state.event_selectors is not UNREAD and cloudtrail_selectors.records_data(state.event_selectors)


def _known(value: Any) -> frozenset[str]:
    return frozenset() if value is UNREAD else value
