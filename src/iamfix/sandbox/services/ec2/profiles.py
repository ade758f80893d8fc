"""Which instance has which instance profile: one at most, and only one whose role the caller may pass.

Sources: EC2 API Reference, AssociateIamInstanceProfile, ReplaceIamInstanceProfileAssociation,
DisassociateIamInstanceProfile, DescribeIamInstanceProfileAssociations; EC2 User Guide, "IAM roles for Amazon EC2".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from iamfix.sandbox.authorization import allowed
from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.ec2.state import Association, Instance, change, instances, the_instance
from iamfix.sandbox.services.iam.lookup import iam
from iamfix.sandbox.services.iam.state import InstanceProfile


def the_profile(call: Call, given: Mapping[str, Any]) -> InstanceProfile:
    """The profile that a request names by its ARN or name. Raises InvalidParameterValue while EC2 does not see it."""
    word, value = ("arn", given["Arn"]) if given.get("Arn") else ("name", given.get("Name") or "")
    name = str(value).rpartition("/")[2].lower()
    found = iam(call).instance_profiles.seen(name, call.replica)
    if found is None or iam(call).instance_profiles.latest(name) is None:
        told = "Invalid IAM Instance Profile name" if word == "name" else "Invalid IAM Instance Profile ARN"
        raise AwsError(
            "InvalidParameterValue", f"Value ({value}) for parameter iamInstanceProfile.{word} is invalid. {told}"
        )
    return found


def may_pass(call: Call, profile: InstanceProfile) -> None:
    """Raise UnauthorizedOperation unless the caller may pass the profile's role to EC2."""
    role = next((one for one in iam(call).roles.all_latest() if one.id == profile.role_id), None)
    if role is None or not call.cloud.enforce:
        return
    arn = role.arn(call.account, call.partition)
    if allowed(call, "iam:PassRole", arn) != "allow":
        told = f"You are not authorized to perform: iam:PassRole on resource: {arn}"
        raise AwsError("UnauthorizedOperation", told, status=403)


def associated(call: Call, profile: InstanceProfile) -> Association:
    """A new association with a profile."""
    number = f"iip-assoc-{call.cloud.rng.getrandbits(68):017x}"
    return Association(number, profile.arn(call.account, call.partition), profile.id)


def _ready(call: Call, instance: Instance) -> None:
    if instance.state not in ("pending", "running", "stopping", "stopped"):
        told = f"The instance '{instance.id}' is not in a valid state for this operation."
        raise AwsError("IncorrectInstanceState", told)


def _member(instance: Instance, state: str) -> dict[str, Any]:
    one = instance.association
    assert one is not None
    return {
        "AssociationId": one.id,
        "InstanceId": instance.id,
        "IamInstanceProfile": {"Arn": one.arn, "Id": one.profile_id},
        "State": state,
    }


def associate(call: Call) -> Answer:
    """AssociateIamInstanceProfile: an instance has one profile at most."""
    instance = the_instance(call, call.param("InstanceId"))
    profile = the_profile(call, call.params["IamInstanceProfile"])
    _ready(call, instance)
    if instance.association is not None:
        raise AwsError("IncorrectState", f"There is an existing association for instance {instance.id}")
    may_pass(call, profile)
    changed = change(call, instance, association=associated(call, profile))
    return {"IamInstanceProfileAssociation": _member(changed, "associating")}


def _holder(call: Call) -> Instance:
    wanted = call.param("AssociationId")
    for one in instances(call).all_latest():
        if one.association is not None and one.association.id == wanted:
            return one
    raise AwsError("InvalidAssociationID.NotFound", f"An invalid association-id of '{wanted}' was given")


def replace_association(call: Call) -> Answer:
    """ReplaceIamInstanceProfileAssociation: the association gets a new id."""
    instance = _holder(call)
    profile = the_profile(call, call.params["IamInstanceProfile"])
    _ready(call, instance)
    may_pass(call, profile)
    changed = change(call, instance, association=associated(call, profile))
    return {"IamInstanceProfileAssociation": _member(changed, "associating")}


def disassociate(call: Call) -> Answer:
    """DisassociateIamInstanceProfile."""
    instance = _holder(call)
    told = _member(instance, "disassociating")
    change(call, instance, association=None)
    return {"IamInstanceProfileAssociation": told}


def describe(call: Call) -> Answer:
    """DescribeIamInstanceProfileAssociations: those of instances that have not ended."""
    wanted, filters = call.params.get("AssociationIds") or (), call.params.get("Filters") or ()
    members = [_member(one, "associated") for one in instances(call).all_seen(call.replica) if one.association]
    for one in filters:
        if one["Name"] not in ("instance-id", "state"):
            raise AwsError("InvalidParameterValue", f"The filter '{one['Name']}' is invalid")
        key = {"instance-id": "InstanceId", "state": "State"}[one["Name"]]
        members = [member for member in members if member[key] in one["Values"]]
    members = [member for member in members if not wanted or member["AssociationId"] in wanted]
    some, token = page(call, members, default_size=1000, size_param="MaxResults", token_param="NextToken")
    return {"IamInstanceProfileAssociations": some, "NextToken": token}


OPERATIONS: dict[str, Handler] = {
    "AssociateIamInstanceProfile": associate,
    "ReplaceIamInstanceProfileAssociation": replace_association,
    "DisassociateIamInstanceProfile": disassociate,
    "DescribeIamInstanceProfileAssociations": describe,
}
