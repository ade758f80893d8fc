"""Functions: making, listing, changing and deleting them, and their tags.

Sources: Lambda API Reference, CreateFunction, ListFunctions (50 a page), UpdateFunctionConfiguration, TagResource;
Lambda Developer Guide, "Lambda execution role".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from iamfix.sandbox.authorization import allowed
from iamfix.sandbox.call import Answer, Call, Handler, page
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.iam.lookup import iam
from iamfix.sandbox.services.service_principals import service_may
from iamfix.sandbox.store import Store, Visibility

MOST_TAGS = 50
PAGE = 50
"""ListFunctions gives no more at a time, whatever is asked."""


@dataclass(frozen=True)
class Function:
    """A function. `role` is the ARN of its execution role; `variables` are those of its environment."""

    name: str
    arn: str
    role: str
    modified: datetime
    runtime: str = "python3.13"
    handler: str = "app.handler"
    description: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


class LambdaState:
    """Functions by name."""

    def __init__(self, visibility: Visibility) -> None:
        self.functions: Store[Function] = Store(visibility)


def functions(call: Call) -> Store[Function]:
    return call.regional(LambdaState).functions


def _name(given: str) -> str:
    """The name in a name, a partial or a whole ARN, with or without a version."""
    return given.rpartition("function:")[2].split(":")[0]


def the_function(call: Call, given: str) -> Function:
    """A function as last written. Raises ResourceNotFoundException, also while the replica does not show it."""
    name = _name(given)
    found = functions(call).latest(name)
    if found is None or functions(call).seen(name, call.replica) is None:
        arn = f"arn:{call.partition}:lambda:{call.region}:{call.account}:function:{name}"
        raise AwsError("ResourceNotFoundException", f"Function not found: {arn}", status=404)
    return found


def _check_role(call: Call, arn: str) -> None:
    """Raise InvalidParameterValueException unless Lambda can assume the role, AccessDeniedException unless it may be
    passed."""
    role = iam(call).roles.seen(arn.rpartition("/")[2].lower(), call.replica)
    mine = role is not None and role.arn(call.account, call.partition) == arn
    if not mine or role is None or not service_may(role.trust, "lambda.amazonaws.com", "sts:AssumeRole", None, {}):
        told = "The role defined for the function cannot be assumed by Lambda."
        raise AwsError("InvalidParameterValueException", told)
    if call.cloud.enforce and allowed(call, "iam:PassRole", arn) != "allow":
        told = f"User: {call.caller.arn} is not authorized to perform: iam:PassRole on resource: {arn}"
        raise AwsError("AccessDeniedException", told, status=403)


def check_tags(tags: Mapping[str, str]) -> None:
    """Raise InvalidParameterValueException for tags that Lambda does not take."""
    own = [key for key in tags if not key.lower().startswith("aws:")]
    if len(own) > MOST_TAGS:
        raise AwsError("InvalidParameterValueException", f"Number of tags exceeds the limit of {MOST_TAGS}.")


def _refuse_reserved(tags: Mapping[str, str]) -> None:
    if any(key.lower().startswith("aws:") for key in tags):
        raise AwsError(
            "InvalidParameterValueException", "aws: prefixed tag key names are not allowed for external use."
        )


def _configuration(one: Function) -> dict[str, Any]:
    told: dict[str, Any] = {
        "FunctionName": one.name,
        "FunctionArn": one.arn,
        "Role": one.role,
        "Runtime": one.runtime,
        "Handler": one.handler,
        "Description": one.description,
        "LastModified": one.modified.strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "Version": "$LATEST",
        "PackageType": "Zip",
        "Timeout": 3,
        "MemorySize": 128,
    }
    if one.variables:
        told["Environment"] = {"Variables": dict(one.variables)}
    return told


def create_function(call: Call) -> Answer:
    """CreateFunction: the code is not kept."""
    name, params = _name(call.param("FunctionName")), call.params
    if functions(call).latest(name) is not None:
        raise AwsError("ResourceConflictException", f"Function already exist: {name}", status=409)
    _check_role(call, call.param("Role"))
    tags = dict(params.get("Tags") or {})
    _refuse_reserved(tags)
    check_tags(tags)
    function = Function(
        name,
        f"arn:{call.partition}:lambda:{call.region}:{call.account}:function:{name}",
        call.param("Role"),
        call.cloud.now(),
        runtime=params.get("Runtime") or "python3.13",
        handler=params.get("Handler") or "app.handler",
        description=params.get("Description") or "",
        variables=dict((params.get("Environment") or {}).get("Variables") or {}),
        tags=tags,
    )
    functions(call).put(name, function)
    return _settled(function)


def _settled(function: Function) -> Answer:
    """A function's configuration as all operations but ListFunctions tell it."""
    return {**_configuration(function), "State": "Active", "LastUpdateStatus": "Successful"}


def list_functions(call: Call) -> Answer:
    """ListFunctions: without states and tags."""
    seen = sorted(functions(call).all_seen(call.replica), key=lambda one: one.name)
    some, marker = page(call, seen, default_size=PAGE, most=PAGE)
    return {"Functions": [_configuration(one) for one in some], "NextMarker": marker}


def get_function(call: Call) -> Answer:
    """GetFunction."""
    found = the_function(call, call.param("FunctionName"))
    return {"Configuration": _settled(found), "Tags": dict(found.tags)}


def get_configuration(call: Call) -> Answer:
    """GetFunctionConfiguration."""
    return _settled(the_function(call, call.param("FunctionName")))


def update_configuration(call: Call) -> Answer:
    """UpdateFunctionConfiguration: what is not given stays."""
    found, params = the_function(call, call.param("FunctionName")), call.params
    if params.get("Role"):
        _check_role(call, params["Role"])
    environment = params.get("Environment")
    changed = replace(
        found,
        role=params.get("Role") or found.role,
        runtime=params.get("Runtime") or found.runtime,
        handler=params.get("Handler") or found.handler,
        description=found.description if params.get("Description") is None else params["Description"],
        variables=found.variables if environment is None else dict(environment.get("Variables") or {}),
        modified=call.cloud.now(),
    )
    functions(call).put(found.name, changed)
    return _settled(changed)


def delete_function(call: Call) -> Answer:
    """DeleteFunction."""
    functions(call).delete(the_function(call, call.param("FunctionName")).name)
    return {}


def tag_resource(call: Call) -> Answer:
    """TagResource."""
    found, given = the_function(call, call.param("Resource")), dict(call.params["Tags"])
    _refuse_reserved(given)
    tags = {**found.tags, **given}
    check_tags(tags)
    functions(call).put(found.name, replace(found, tags=tags))
    return {}


def untag_resource(call: Call) -> Answer:
    """UntagResource."""
    found = the_function(call, call.param("Resource"))
    kept = {key: value for key, value in found.tags.items() if key not in call.params["TagKeys"]}
    functions(call).put(found.name, replace(found, tags=kept))
    return {}


def list_tags(call: Call) -> Answer:
    """ListTags."""
    return {"Tags": dict(the_function(call, call.param("Resource")).tags)}


OPERATIONS: Mapping[str, Handler] = {
    "CreateFunction": create_function,
    "ListFunctions": list_functions,
    "GetFunction": get_function,
    "GetFunctionConfiguration": get_configuration,
    "UpdateFunctionConfiguration": update_configuration,
    "DeleteFunction": delete_function,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
    "ListTags": list_tags,
}
