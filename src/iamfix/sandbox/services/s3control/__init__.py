"""S3 control: the public access block of an account; nothing of it is moto's."""

from __future__ import annotations

from iamfix.sandbox.call import Answer, Call, Service
from iamfix.sandbox.errors import AwsError
from iamfix.sandbox.services.s3.access import blocked, no_block
from iamfix.sandbox.services.s3.state import s3_state


def _check_account(call: Call) -> None:
    if call.param("AccountId") != call.account:
        raise AwsError("AccessDenied", "Access Denied", status=403)


def put_public_access_block(call: Call) -> Answer:
    _check_account(call)
    s3_state(call).account_blocks.put(call.account, blocked(call))
    return {}


def get_public_access_block(call: Call) -> Answer:
    _check_account(call)
    block = s3_state(call).account_blocks.seen(call.account, call.replica)
    if block is None:
        raise no_block()
    return {"PublicAccessBlockConfiguration": dict(block)}


def delete_public_access_block(call: Call) -> Answer:
    """Answers well too where there is none."""
    _check_account(call)
    if s3_state(call).account_blocks.latest(call.account) is not None:
        s3_state(call).account_blocks.delete(call.account)
    return {}


SERVICE = Service(
    "s3control",
    {
        "PutPublicAccessBlock": put_public_access_block,
        "GetPublicAccessBlock": get_public_access_block,
        "DeletePublicAccessBlock": delete_public_access_block,
    },
    moto=False,
)
