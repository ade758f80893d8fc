"""Services and actions that do not exist, ARNs that are none, resources on which no action of the statement works."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from iamfix.policy.actions import (
    action_exists,
    actions_matching,
    data_version,
    nearest_action,
    nearest_service,
    resource_arns,
    service_actions,
    service_exists,
    services,
)
from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import ORGANIZATION_KINDS, LintFinding, Rule, Subject, shown
from iamfix.policy.patterns import arn_parts, arns_overlap, is_wild, overlap, without_variables
from iamfix.policy.statements import Member, Statement
from iamfix.policy.unlisted import RETIRED_SERVICES

ACTION_FORMAT = Rule("action-format", "error", "An action that is not service:Name", sources.ACTION)
UNKNOWN_SERVICE = Rule("unknown-service", "medium", "A service prefix that AWS does not have", sources.ACTIONS)
UNKNOWN_ACTION = Rule("unknown-action", "medium", "An action that its service does not have", sources.ACTIONS)
RETIRED_SERVICE = Rule("retired-service", "info", "A service that AWS has closed", sources.ACTIONS)
ARN = Rule("arn", "error", "A resource that is neither * nor an ARN", sources.ARNS)
ARN_TYPE = Rule("arn-matches-no-type", "low", "A resource on which no action of the statement works", sources.ACTIONS)
ACTION_RESOURCE = Rule(
    "action-without-resource", "low", "An action that works on none of the resources", sources.ACTIONS
)

RULES = (ACTION_FORMAT, UNKNOWN_SERVICE, UNKNOWN_ACTION, RETIRED_SERVICE, ARN, ARN_TYPE, ACTION_RESOURCE)

_VENDOR = re.compile(r"[A-Za-z0-9.-]+\Z")
PARTITIONS = frozenset({"aws", "aws-cn", "aws-us-gov", "aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f", "aws-eusc"})
_REGION_CHARACTERS = re.compile(r"[a-z0-9*?-]*\Z")
_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}-[0-9]{1,2}\Z")
_IAM_RESOURCES = (
    "access-report/",
    "assumed-role/",
    "delegation-request/",
    "federated-user/",
    "group/",
    "instance-profile/",
    "mfa/",
    "oidc-provider/",
    "policy/",
    "report/",
    "role/",
    "role-template/",
    "saml-provider/",
    "server-certificate/",
    "sms-mfa/",
    "user/",
)
_WELL_DOCUMENTED = frozenset(
    {"dynamodb", "ecr", "iam", "kinesis", "kms", "lambda", "s3", "secretsmanager", "sns", "sqs", "sts"}
)
"""Services whose documented resources are all there are; elsewhere lists lag behind what the service checks."""
_OPEN_ENDED = frozenset({"apigateway", "execute-api"})
"""Services whose ARNs are paths of requests, so that no list holds them all."""
_RENAMED = {"codestar-connections": "codeconnections"}
"""Services of which AWS takes the old prefix and the new one, whichever the ARN has."""
_LONG = 512
"""Longer ARNs are not compared: none is that long, and the work grows with the length."""
_MANY = 200
"""Statements with more actions than this are not asked, action by action, for their resources."""


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield what is wrong with the names in Action, NotAction, Resource and NotResource."""
    for statement in subject.statements:
        for element in ("Action", "NotAction"):
            for member in statement.members(element):
                yield from _action(statement, member)
        good = True
        for element in ("Resource", "NotResource"):
            for member in statement.members(element):
                for finding in _arn(subject, statement, member):
                    good = False
                    yield finding
        if good and subject.kind not in (*ORGANIZATION_KINDS, "trust"):
            yield from _pairs(statement)


def _action(statement: Statement, member: Member) -> Iterator[LintFinding]:
    text = member.text
    if text in ("*", "*:*", ""):
        return
    service, colon, name = text.partition(":")
    if not colon:
        yield ACTION_FORMAT.at(
            member.path, f"{shown(text)} names no service", "Write service:Action, such as s3:GetObject.", statement
        )
    elif ":" in name or not name:
        wrong = "has more than one colon" if name else "names no action"
        yield ACTION_FORMAT.at(member.path, f"{shown(text)} {wrong}", "Write service:Action.", statement)
    elif not _VENDOR.match(service) and service != "*":
        yield ACTION_FORMAT.at(
            member.path,
            f"{shown(service)} is no service prefix",
            "Write the prefix in full, without wildcards.",
            statement,
        )
    elif service == "*":
        return
    elif service.lower() in RETIRED_SERVICES:
        yield RETIRED_SERVICE.at(
            member.path, f"AWS has closed the service {service}", "Remove what grants nothing any more.", statement
        )
    elif not service_exists(service):
        close = nearest_service(service)
        yield UNKNOWN_SERVICE.at(
            member.path,
            f"AWS has no service {shown(service)} (action data {data_version()})",
            f"Did you mean {close}:{name}?" if close else "Look the prefix up in the Service Authorization Reference.",
            statement,
        )
    elif not (actions_matching(text) if is_wild(name) else action_exists(text)):
        yield _unknown_action(statement, member)


def _unknown_action(statement: Statement, member: Member) -> LintFinding:
    wild = is_wild(member.text)
    close = None if wild else nearest_action(member.text)
    what = "no action fits" if wild else "there is no action"
    return UNKNOWN_ACTION.at(
        member.path,
        f"{what} {shown(member.text)} (action data {data_version()})",
        f"Did you mean {close}?" if close else "Look it up in the Service Authorization Reference, or remove it.",
        statement,
        "high" if statement.denies else None,
    )


def _arn(subject: Subject, statement: Statement, member: Member) -> Iterator[LintFinding]:
    text = member.text
    if text in ("*", ""):
        return
    wrong, hint = _wrong_arn(text)
    if wrong:
        yield ARN.at(member.path, f"{shown(text)} {wrong}", hint, statement)
        return
    partition = text.split(":", 2)[1]
    if not is_wild(partition) and "$" not in partition and partition != subject.partition:
        yield ARN.at(
            member.path,
            f"{shown(text)} is of partition {partition}, the policy is for {subject.partition}",
            f"Write arn:{subject.partition}:…, or take the partition from the account.",
            statement,
            "medium",
        )
    parts = arn_parts(text)
    if parts is None or is_wild(parts[1]):
        return
    if parts[2] and not is_wild(parts[2]) and not _REGION.match(parts[2]):
        yield ARN.at(
            member.path, f"{shown(text)}: {shown(parts[2])} is no region", "Such as eu-west-1.", statement, "medium"
        )
    if parts[1] == "iam" and not parts[3]:
        yield ARN.at(
            member.path,
            f"{shown(text)} has no account, which every ARN of IAM has",
            "Write the 12 digits of the account, aws for AWS's own policies, or *.",
            statement,
            "medium",
        )


def _wrong_arn(text: str) -> tuple[str, str]:
    how = 'Write "*" or arn:partition:service:region:account:resource.'
    if not text.startswith("arn:"):
        # Wildcards at the very front, such as "*:role/x", are taken by no part of AWS.
        return "is neither * nor an ARN", how
    head = text.split(":", 5)
    if head[1] not in PARTITIONS and not is_wild(head[1]) and "$" not in head[1]:
        return f"is of partition {shown(head[1])}, which AWS does not have", how
    parts = arn_parts(text)
    if parts is None:
        return "has too few parts for an ARN", how
    if len(head) > 2 and not head[2]:
        return "names no service", how
    if len(head) > 2 and is_wild(head[2]):
        return "has a wildcard in the place of the service, where AWS takes none", "Write an ARN for each service."
    _, service, region, account, resource = parts
    if not _REGION_CHARACTERS.match(region):
        return f"has {shown(region)} in the place of the region", how
    if service == "iam" and region not in ("", "*"):
        return "has a region, which IAM's ARNs do not", "Leave the region empty: arn:partition:iam::account:…"
    if (
        service == "iam"
        and not is_wild(resource[:1])
        and not resource.startswith(_IAM_RESOURCES)
        and resource != "root"
    ):
        return "is no resource of IAM", f"Begin the resource with one of {', '.join(_IAM_RESOURCES)}"
    if service == "s3" and (region or account) and "*" not in (region, account) and "/" not in resource:
        return "has a region or account, which buckets do not", "Write arn:partition:s3:::bucket."
    if account and not is_wild(account) and not re.fullmatch(r"[0-9]{12}|aws|aws-managed|amazon|cloudfront", account):
        return f"has {shown(account)} in the place of the account", "Write the 12 digits of the account, or *."
    return "", ""


def _pairs(statement: Statement) -> Iterator[LintFinding]:
    resources = statement.members("Resource")
    members = statement.members("Action")
    if not resources or not members or any(m.text in ("*", "*:*") or not actions_matching(m.text) for m in members):
        return  # what is not listed may work on anything
    actions = {name for m in members for name in actions_matching(m.text)}
    formats = {arn for name in actions for arn in resource_arns(name)}
    at_home = {m.text.partition(":")[0].lower() for m in members} | {arn.split(":")[2] for arn in formats}
    foreign = 0
    for resource in resources:
        if resource.text == "*" or _whole_service(resource.text) or _some_work(resource.text, formats):
            continue
        unheard_of = _no_type_at_all(resource.text)
        if unheard_of or not _is_of(resource.text, at_home):
            foreign += 1
            yield ARN_TYPE.at(
                resource.path,
                f"No action of the statement is documented to work on {shown(resource.text)}",
                _formats_hint(formats),
                statement,
                "medium" if unheard_of and resource.text.split(":")[2] in _WELL_DOCUMENTED else None,
            )
    if foreign == len(resources) or any(r.text == "*" for r in resources) or len(actions) > _MANY:
        return
    for member in members:
        yield from _works(statement, member, [r.text for r in resources])


def _works(statement: Statement, member: Member, resources: list[str]) -> Iterator[LintFinding]:
    names = actions_matching(member.text)
    own = {arn for name in names for arn in resource_arns(name)}
    service = member.text.partition(":")[0].lower()
    if any(_some_work(r, own) or _whole_service(r, service) for r in resources):
        return
    sure = own and service in _WELL_DOCUMENTED and not is_wild(member.text)
    yield ACTION_RESOURCE.at(
        member.path,
        f"{shown(member.text)} is documented to work on none of the statement's resources",
        _formats_hint(own),
        statement,
        "medium" if sure else None,
    )


def _some_work(resource: str, formats: Iterable[str]) -> bool:
    return len(resource) > _LONG or any(
        arns_overlap(resource, arn)
        for arn in formats
        # A bucket's name has no slash, so that what has one is an object.
        if not (arn.endswith(":s3:::${BucketName}") and "/" in without_variables(resource))
    )


def _whole_service(resource: str, service: str = "") -> bool:
    """Tell whether the pattern holds all of a service: actions that take no resource work on that as on `*`."""
    parts = arn_parts(resource)
    return parts is not None and not parts[4].strip("*:/") and (not service or parts[1] in ("*", service))


def _is_of(resource: str, prefixes: set[str]) -> bool:
    parts = arn_parts(resource)
    if parts is None:
        return True
    at_home = {_RENAMED.get(prefix, prefix) for prefix in prefixes} | _OPEN_ENDED
    return any(overlap(_RENAMED.get(parts[1], parts[1]), prefix) for prefix in at_home)


@lru_cache(maxsize=4096)
def _no_type_at_all(resource: str) -> bool:
    """Tell whether the ARN's own service is known and has no resource of this form."""
    parts = arn_parts(resource)
    if parts is None or parts[1] not in services() or parts[1] in _OPEN_ENDED:
        return False
    return not _some_work(resource, {arn for name in service_actions(parts[1]) for arn in resource_arns(name)})


def _formats_hint(formats: set[str]) -> str:
    if not formats:
        return 'AWS lists no resources for its actions: write "*", in a statement of their own.'
    shown_formats = sorted(formats, key=lambda f: (len(f), f))[:3]
    more = ", …" if len(formats) > len(shown_formats) else ""
    return f"They work on {', '.join(shown_formats)}{more}"
