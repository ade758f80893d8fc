"""Service-linked role, named by its service (guardduty.amazonaws.com), with the custom suffix of a further one after /.

AWS gives the role its name, trust policy and permissions. It deletes one when its service lets go of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from iamfix.fields import FOLDED_TAGS, TEXT, asked, seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Breach, Look, Need, Reader, Scope, Want
from iamfix.kinds.service_linked import suffixes
from iamfix.model import UNREAD, Call, Mark, Result

SCOPE: Scope = "global"
FOLDS_CASE = False
CREATABLE = True
SINGLETON = None
READS = (("iam", "get_account_authorization_details"), ("iam", "list_roles"))
EXAMPLE = """\
- name: AWS Config has its role
  iam_service_linked_role:
    name: config.amazonaws.com
"""

_PATH = "/aws-service-role/"
_PRINCIPAL = re.compile(r"([a-z0-9-]+\.)+amazonaws\.com(\.cn)?")


@dataclass(frozen=True, slots=True)
class State:
    role: str | None = seen("The role's name, which AWS gives.", volatile=True)
    description: str | Mark = asked(TEXT, "Description; not given, as the service writes it.", default=UNREAD)
    tags: iam.Tags = asked(FOLDED_TAGS, "Tags.", default={})
    created: str | None = seen("When it was created (UTC).", volatile=True)
    last_used: str | None = seen("When its service last used it (UTC), of the last 400 days.", volatile=True)
    unused_days: int | None = seen("Days since then, or since it was created.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, Any]:
    described = {role["RoleName"]: role.get("Description", "") for role in read.get("iam", "list_roles")["Roles"]}
    services: dict[str, list[Mapping[str, Any]]] = {}
    for found in iam.details(read, "RoleDetailList"):
        if found["Path"].startswith(_PATH):
            services.setdefault(found["Path"].removeprefix(_PATH).rstrip("/"), []).append(found)
    states = {}
    for service, roles in services.items():
        for number, found in enumerate(sorted(roles, key=lambda role: (len(role["RoleName"]), role["RoleName"]))):
            # The first is known by its service alone; some services' only role has a suffix all the same.
            name = service if number == 0 else f"{service}/{found['RoleName'].rpartition('_')[2]}"
            if want.has(name):
                states[name] = _state(read, found, described)
    return states


def _state(read: Reader, found: Mapping[str, Any], described: Mapping[str, str]) -> State:
    used = found.get("RoleLastUsed", {}).get("LastUsedDate")
    return State(
        role=found["RoleName"],
        description=described.get(found["RoleName"], ""),
        tags=iam.tags_of(found),
        created=iam.when(found["CreateDate"]),
        last_used=iam.when(used),
        unused_days=iam.days_since(used or found["CreateDate"], read.now),
    )


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    if before is None:
        assert after is not None
        service, _, suffix = name.partition("/")
        params: dict[str, Any] = {"AWSServiceName": service}
        if suffix:
            params["CustomSuffix"] = suffix
        if not isinstance(after.description, Mark) and after.description:
            params["Description"] = after.description
        yield Call("iam", "create_service_linked_role", params)
        yield from iam.tag_calls("role", _role(name, after, look), {}, after.tags)
        return
    role = _role(name, before, look)
    if after is None:
        yield Call("iam", "delete_service_linked_role", role)
        return
    if UNREAD not in (before.description, after.description) and before.description != after.description:
        yield Call("iam", "update_role", {**role, "Description": after.description})
    yield from iam.tag_calls("role", role, before.tags, after.tags)


def _role(name: str, state: State, look: Look) -> dict[str, Any]:
    """AWS tells a new role's name when it makes it."""
    made = Result(look.address("iam_service_linked_role", name), "create_service_linked_role", "Role.RoleName")
    return {"RoleName": state.role or made}


def arn(name: str, state: State, look: Look) -> str | None:
    service = name.partition("/")[0]
    return None if state.role is None else iam.iam_arn(look, "role", f"{_PATH}{service}/", state.role)


owner = defaults.no_owner
loses = defaults.loses_nothing


def breaches(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Breach]:
    """Tell what AWS would not take for a service or its suffix. Source: IAM API Reference, CreateServiceLinkedRole."""
    if after is not None:
        yield from iam.tag_breaches(after.tags, fold_case=True)
    if before is not None:
        return
    service, _, suffix = name.partition("/")
    near = get_close_matches(service.lower(), suffixes(), 1, 0.85)
    hint = f"did you mean {near[0]}?" if near else "such as config.amazonaws.com"
    if not _PRINCIPAL.fullmatch(service) or (near and service not in suffixes()):
        yield Breach(f"{service} is no service with a service-linked role; AWS tells upper and lower case apart", hint)
    if suffix and suffixes().get(service) is False:
        yield Breach(f"{service} takes no suffix: it has one service-linked role", f"write {service}")


ripples = defaults.no_ripples


def notes(name: str, before: State | None, after: State | None, look: Look) -> Iterator[str]:
    if before is None and (service := name.partition("/")[0]) not in suffixes():
        yield f"{service} is not among the services that are known to have a service-linked role; AWS may refuse it"
    if after is None:
        yield "AWS deletes it when its service no longer needs it, which can take minutes, and not at all while it does"


def needs(call: Call, name: str, state: State, look: Look) -> Iterator[Need]:
    service = name.partition("/")[0]
    yield Need(arn(name, state, look) or iam.iam_arn(look, "role", f"{_PATH}{service}/", "AWSServiceRoleFor*"))
