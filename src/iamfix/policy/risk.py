"""The risk class of actions: read, write, data exposure, permissions management, or privilege escalation with its ids.

AWS's access levels are the base. A short list corrects them where they mislead: passing a role and making credentials
are plain `Write` there, reading a secret is plain `Read`.
Source: Service Authorization Reference (access levels); pathfinding.cloud (escalation).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from iamfix.policy.actions import access_levels, actions_matching
from iamfix.policy.escalation import PATHS, Way, open_paths
from iamfix.policy.patterns import matches
from iamfix.policy.reach import PASS_ROLE, covers_all, passes

__all__ = ["Risk", "RiskClass", "class_of", "highest_class", "rank", "risk", "risk_of_known"]


class RiskClass(StrEnum):
    """From the least to the most."""

    READ = "read"
    WRITE = "write"
    DATA_EXPOSURE = "data exposure"
    PERMISSIONS_MANAGEMENT = "permissions management"
    PRIVILEGE_ESCALATION = "privilege escalation"


_ORDER = {risk_class: rank for rank, risk_class in enumerate(RiskClass)}


def rank(risk_class: RiskClass) -> int:
    """Return the place of a class, the least first."""
    return _ORDER[risk_class]


@dataclass(frozen=True, slots=True)
class Risk:
    """The highest risk class of a set of actions, and the pathfinding.cloud ids that they open together."""

    risk_class: RiskClass
    paths: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.risk_class} ({', '.join(self.paths)})" if self.paths else str(self.risk_class)


_PERMISSIONS = frozenset(
    {
        "iam:passrole",
        "iam:createaccesskey",
        "iam:createloginprofile",
        "iam:updateloginprofile",
        "iam:addusertogroup",
        "iam:createservicespecificcredential",
        "iam:resetservicespecificcredential",
        "iam:updateaccesskey",
        "iam:uploadsshpublickey",
        "iam:uploadsigningcertificate",
        "iam:deactivatemfadevice",
        "iam:deletevirtualmfadevice",
        "iam:createsamlprovider",
        "iam:updatesamlprovider",
        "iam:createopenidconnectprovider",
        "iam:addclientidtoopenidconnectprovider",
        "iam:updateopenidconnectproviderthumbprint",
        "iam:addroletoinstanceprofile",
        "sts:assumerole",
        "sts:assumeroot",
        "sts:getfederationtoken",
        "organizations:attachpolicy",
        "organizations:detachpolicy",
        "organizations:updatepolicy",
        "organizations:leaveorganization",
    }
)
_DATA = (
    "secretsmanager:getsecretvalue",
    "secretsmanager:batchgetsecretvalue",
    "ssm:getparameter*",
    "s3:getobject*",
    "s3-object-lambda:getobject*",
    "kms:decrypt",
    "kms:reencryptfrom",
    "dynamodb:getitem",
    "dynamodb:batchgetitem",
    "dynamodb:query",
    "dynamodb:scan",
    "dynamodb:partiqlselect",
    "dynamodb:getrecords",
    "dynamodb:exporttabletopointintime",
    "rds-data:*",
    "redshift-data:getstatementresult*",
    "athena:getqueryresults*",
    "sqs:receivemessage",
    "kinesis:getrecords",
    "kinesis:subscribetoshard",
    "logs:getlogevents",
    "logs:filterlogevents",
    "logs:getqueryresults",
    "logs:unmask",
    "lambda:getfunction",
    "lambda:getfunctionconfiguration",
    "ec2:getpassworddata",
    "ec2:getconsoleoutput",
    "ec2:getconsolescreenshot",
    "ebs:getsnapshotblock",
    "ec2:modifysnapshotattribute",
    "ec2:modifyimageattribute",
    "rds:modifydbsnapshotattribute",
    "rds:modifydbclustersnapshotattribute",
    "rds:downloaddblogfileportion",
    "redshift:getclustercredentials*",
    "codecommit:gitpull",
    "codecommit:getfile",
    "codeartifact:getauthorizationtoken",
    "ecr:getauthorizationtoken",
    "ecr:getdownloadurlforlayer",
    "backup:getrecoverypointrestoremetadata",
    "cognito-identity:getcredentialsforidentity",
    "cognito-idp:listusers",
    "cognito-idp:admingetuser",
    "es:eshttpget",
    "ssm:getcommandinvocation",
    "appsync:getdatasource",
    "datapipeline:queryobjects",
    "glue:getconnection*",
    "chime:getattendee",
    "connect:getfederationtoken",
)


_DATA_BY_SERVICE = {
    service: tuple(pattern for pattern in _DATA if pattern.startswith(f"{service}:"))
    for service in {pattern.partition(":")[0] for pattern in _DATA}
}


@lru_cache(maxsize=32768)
def class_of(action: str) -> RiskClass:
    """Return the risk class of one action alone, escalation left out; an action that is not listed is a write."""
    low = action.lower()
    if low in _PERMISSIONS:
        return RiskClass.PERMISSIONS_MANAGEMENT
    levels = access_levels(low)
    if "Permissions management" in levels:
        return RiskClass.PERMISSIONS_MANAGEMENT
    if any(matches(pattern, low) for pattern in _DATA_BY_SERVICE.get(low.partition(":")[0], ())):
        return RiskClass.DATA_EXPOSURE
    return RiskClass.READ if levels and levels <= {"Read", "List"} else RiskClass.WRITE


def risk(actions: Iterable[str], resources: Sequence[str] = ("*",), passed_to: Sequence[str] | None = None) -> Risk:
    """Return the risk of a set of actions on resources: its highest class, and the paths that it opens.

    Args:
        actions: actions or patterns (`s3:*`), in any case. A pattern that no listed action fits is a write.
        resources: ARN patterns. A path counts only where they hold all that its actions can work on; on chosen roles,
            users or functions the same actions are no more than what they are.
        passed_to: services to which `iam:PassRole` is limited (`iam:PassedToService`); None where it is not.
    """
    wanted = tuple(actions)
    known = frozenset(name for pattern in wanted for name in actions_matching(pattern))
    unlisted = any(not actions_matching(pattern) for pattern in wanted)
    return risk_of_known(known, resources, passed_to, unlisted=unlisted)


def risk_of_known(
    known: frozenset[str], resources: Sequence[str] = ("*",), passed_to: Sequence[str] | None = None, *, unlisted: bool
) -> Risk:
    """Return the risk of listed actions, as `risk` does; `unlisted`: there are others, which no list knows."""
    relevant = known & _IN_PATHS
    paths = tuple(
        path.id
        for path in open_paths(relevant)
        if (passed_to is None or not path.passed_to or passes(passed_to, path.passed_to))
        and all(covers_all(resources, a) for a in path.actions if a == PASS_ROLE or path.way is not Way.NEW_PASSROLE)
    )
    return Risk(RiskClass.PRIVILEGE_ESCALATION, paths) if paths else Risk(highest_class(known, unlisted=unlisted))


def highest_class(known: Iterable[str], *, unlisted: bool) -> RiskClass:
    """Return the highest class of the actions alone, escalation left out; `unlisted`: there are others, a write."""
    highest = RiskClass.WRITE if unlisted else RiskClass.READ
    for name in known:
        found = class_of(name)
        if found is RiskClass.PERMISSIONS_MANAGEMENT:
            return found
        if _ORDER[found] > _ORDER[highest]:
            highest = found
    return highest


_IN_PATHS = frozenset(action for path in PATHS for action in path.actions)
