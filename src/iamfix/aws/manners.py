"""How each service wants to be written to: what goes one at a time, what its refusals mean, and how long to go on.

Codes are those of `errors.normal`: without a trailing "Exception". Times are seconds, by wide margin above what was
observed. Sources: each operation's "Errors" in the API references; IAM User Guide, "Troubleshoot IAM"; Organizations
User Guide, "Troubleshooting"; CloudTrail User Guide, "Quotas".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from iamfix.model import AwsError, Call

SPREADING = 120.0
"""Seconds within which IAM's changes reach all of AWS."""
SLOW = 300.0
"""Seconds for services whose own operations take minutes."""

About = Literal["anything", "made", "known"]
"""Of which calls a wait holds: of all, of those that name what this run has made, or also what exists anyway."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A refusal that ends by itself. `says` must stand in the message (in lower case); no `operations`: all."""

    code: str
    seconds: float
    about: About = "anything"
    says: str = ""
    operations: tuple[str, ...] = ()

    def holds(self, call: Call, error: AwsError) -> bool:
        return (
            error.code == self.code
            and self.says in error.message.lower()
            and (not self.operations or call.operation in self.operations)
        )


@dataclass(frozen=True, slots=True)
class Manners:
    """One service's row. `lane`: the parameters that name what takes one write at a time; ("*",) for all of it."""

    lane: tuple[str, ...] = ()
    gone: frozenset[str] = frozenset({"NotFound", "ResourceNotFound"})
    """What a removing call answers when there is nothing to remove."""
    there: frozenset[str] = frozenset({"ResourceAlreadyExists"})
    """What a creating call answers when it was carried out before."""
    makes: tuple[str, ...] = ()
    """Operations that make something, beside those whose names begin with create_."""
    waits: tuple[Wait, ...] = ()


_ROLE_SPREADS = (
    Wait("InvalidParameterValue", SPREADING, about="known", says="assume"),
    Wait("InvalidParameterValue", SPREADING, about="known", says="role"),
    Wait("InvalidParameterValue", SPREADING, about="known", says="instance profile"),
)

_TABLE: Mapping[str, Manners] = {
    "iam": Manners(
        lane=("UserName", "RoleName", "GroupName"),
        gone=frozenset({"NoSuchEntity"}),
        there=frozenset({"EntityAlreadyExists"}),
        waits=(
            Wait("ConcurrentModification", SPREADING),
            Wait("EntityTemporarilyUnmodifiable", SPREADING),
            Wait("DeleteConflict", SPREADING),
            Wait("NoSuchEntity", SPREADING, about="made"),
            Wait("NoSuchEntity", 20.0),
            Wait("InvalidParameterValue", SPREADING, about="made"),
            Wait("MalformedPolicyDocument", SPREADING, about="known", says="principal"),
            # What made room may not have spread yet.
            Wait("LimitExceeded", 20.0, operations=("create_policy_version", "add_user_to_group")),
        ),
    ),
    "organizations": Manners(
        lane=("*",),
        gone=frozenset(
            {"PolicyNotFound", "PolicyNotAttached", "OrganizationalUnitNotFound", "AccountNotFound", "TargetNotFound",
             "AccountNotRegistered"}
        ),
        there=frozenset(
            {"DuplicatePolicyAttachment", "DuplicateOrganizationalUnit", "DuplicatePolicy",
             "PolicyTypeAlreadyEnabled", "AccountAlreadyRegistered", "AlreadyInOrganization"}
        ),
        waits=(
            Wait("ConcurrentModification", SLOW),
            Wait("PolicyChangesInProgress", SLOW),
            Wait("FinalizingOrganization", 3600.0),
            Wait("ServiceException", SPREADING),
            Wait("Service", SPREADING),
            Wait("PolicyTypeNotEnabled", SPREADING, about="made"),
            Wait("ParentNotFound", SPREADING, about="made"),
            Wait("SourceParentNotFound", SPREADING, about="made"),
            Wait("DestinationParentNotFound", SPREADING, about="made"),
            Wait("OrganizationalUnitNotFound", SPREADING, about="made"),
            Wait("OrganizationalUnitNotEmpty", 20.0),
            Wait("PolicyInUse", 20.0),
            Wait("AccountNotFound", SPREADING, about="made"),
            Wait("PolicyNotFound", SPREADING, about="made"),
            Wait("TargetNotFound", SPREADING, about="made"),
        ),
    ),
    "account": Manners(lane=("*",)),
    "s3": Manners(
        lane=("Bucket",),
        gone=frozenset({"NoSuchBucket", "NoSuchBucketPolicy", "NoSuchTagSet", "NoSuchLifecycleConfiguration"}),
        there=frozenset({"BucketAlreadyOwnedByYou"}),
        waits=(
            Wait("OperationAborted", SPREADING),
            Wait("NoSuchBucket", SPREADING, about="made"),
            Wait("MalformedPolicy", SPREADING, about="known", says="principal"),
        ),
    ),
    "s3control": Manners(lane=("*",), gone=frozenset({"NoSuchPublicAccessBlockConfiguration"})),
    "kms": Manners(
        lane=("KeyId",),
        there=frozenset({"AlreadyExists"}),
        waits=(
            Wait("NotFound", SPREADING, about="made"),
            Wait("MalformedPolicyDocument", SPREADING, about="known", says="principal"),
        ),
    ),
    "sns": Manners(
        lane=("TopicArn",),
        waits=(
            Wait("NotFound", SPREADING, about="made"),
            Wait("ConcurrentAccess", SPREADING),
            Wait("InvalidParameter", SPREADING, about="known", says="policy"),
        ),
    ),
    "sqs": Manners(
        lane=("QueueUrl",),
        gone=frozenset({"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"}),
        there=frozenset({"QueueNameExists", "QueueAlreadyExists"}),
        waits=(
            Wait("QueueDeletedRecently", SPREADING),
            Wait("AWS.SimpleQueueService.QueueDeletedRecently", SPREADING),
            Wait("QueueDoesNotExist", SPREADING, about="made"),
            Wait("AWS.SimpleQueueService.NonExistentQueue", SPREADING, about="made"),
        ),
    ),
    "cloudtrail": Manners(
        lane=("*",),
        gone=frozenset({"TrailNotFound", "ResourceNotFound"}),
        there=frozenset({"TrailAlreadyExists"}),
        waits=(
            Wait("InvalidCloudWatchLogsRoleArn", SPREADING),
            Wait("InvalidCloudWatchLogsLogGroupArn", SPREADING),
            Wait("InsufficientS3BucketPolicy", 30.0, about="known"),
            Wait("InsufficientEncryptionPolicy", 30.0, about="known"),
            Wait("TrailNotFound", SPREADING, about="made"),
            Wait("Conflict", SLOW),
        ),
    ),
    "logs": Manners(
        lane=("logGroupName",),
        waits=(
            Wait("OperationAborted", SPREADING),
            Wait("ResourceNotFound", SPREADING, about="made"),
        ),
    ),
    "cloudwatch": Manners(lane=("AlarmName",)),
    "accessanalyzer": Manners(
        lane=("*",),
        there=frozenset({"Conflict"}),
        waits=(Wait("Conflict", SLOW, operations=("delete_analyzer", "create_archive_rule", "update_archive_rule")),),
    ),
    "events": Manners(
        lane=("*",),
        makes=("put_rule",),
        waits=(Wait("ConcurrentModification", SPREADING), Wait("ResourceNotFound", SPREADING, about="made")),
    ),
    "config": Manners(
        lane=("*",),
        gone=frozenset({"NoSuchConfigurationRecorder", "NoSuchDeliveryChannel"}),
        waits=(
            Wait("InsufficientDeliveryPolicy", SPREADING, about="known"),
            Wait("InvalidRole", SPREADING, about="known"),
        ),
    ),
    "ec2": Manners(
        lane=("InstanceId",),
        gone=frozenset(
            {"InvalidAssociationID.NotFound", "InvalidInstanceID.NotFound", "InvalidInternetGatewayID.NotFound",
             "Gateway.NotAttached", "InvalidSubnetID.NotFound", "InvalidVpcID.NotFound"}
        ),
        waits=(*_ROLE_SPREADS, Wait("IncorrectInstanceState", SPREADING), Wait("IncorrectState", SPREADING)),
    ),
    "lambda": Manners(
        lane=("FunctionName",),
        there=frozenset({"ResourceConflict"}),
        waits=(*_ROLE_SPREADS, Wait("ResourceConflict", SPREADING)),
    ),
}  # fmt: skip

_OTHERS = Manners(lane=("*",))


def manners_of(service: str) -> Manners:
    """Return a service's row; a service without one takes one write at a time."""
    return _TABLE.get(service, _OTHERS)


def lanes(call: Call) -> Iterator[str]:
    """Yield the keys of what takes only one write at a time, of those that the call writes to."""
    for name in manners_of(call.service).lane:
        if name == "*":
            yield f"{call.service} {call.region}"
        elif name in call.params:
            yield f"{call.service} {call.region} {name}={call.params[name]}"
