"""Whether a resource's policy lets somebody in, as playbooks ask it: `policy | allows('sns:Publish', arn, by=…)`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from iamfix.policy.document import Document, DocumentError
from iamfix.policy.evaluate import Policies, compile_policies, evaluate
from iamfix.policy.request import RequestError, make_request

__all__ = ["AllowsError", "allows", "refuses"]


class AllowsError(ValueError):
    """The question is not well formed, or is asked of something that is no policy document."""


def allows(
    value: Any, action: str, resource: str, by: Any, context: Mapping[str, Any] | None = None, partition: str = "aws"
) -> bool:
    """Tell whether a resource's policy allows a request by itself.

    Args:
        value: the document (a mapping, or its JSON text); None for a resource without a policy, which lets nobody in.
        action: such as `sns:Publish`.
        resource: the ARN.
        by: who asks: an ARN, an account id, a service's name.
        context: condition keys with their values; a key that is not given is absent.
        partition: the partition in which the document lives.

    Raises:
        AllowsError
    """
    if value is None:
        return False
    try:
        text = Document.parse(value, partition=partition).text
        return evaluate(_compiled(text, partition), make_request(by, action, resource, context=context)).allowed
    except (DocumentError, RequestError) as error:
        raise AllowsError(f"allows: {error}") from None


def refuses(
    policy: Document | None, action: str, resource: str, service: str, context: Mapping[str, Any], partition: str
) -> bool:
    """Tell whether a resource's policy surely does not let a service of AWS do something, whatever else it may ask.

    Args:
        policy: the document, a role's trust policy too; None for a resource without a policy, which lets no service in.
        action: such as `s3:PutObject`.
        resource: the ARN.
        service: such as `cloudtrail.amazonaws.com`.
        context: condition keys with their values; a key that is not given is not known.
        partition: the partition in which the document lives.

    Raises:
        AllowsError
    """
    if policy is None:
        return True
    try:
        request = make_request(service, action, resource, context=context, partial=True)
        found = evaluate(_compiled(policy.text, partition, policy.trust), request).decision
    except (DocumentError, RequestError) as error:
        raise AllowsError(f"refuses: {error}") from None
    return found in ("implicit_deny", "explicit_deny")


@lru_cache(maxsize=1024)
def _compiled(text: str, partition: str, trust: bool = False) -> Policies:
    return compile_policies(resource=Document.parse(text, partition=partition, trust=trust))
