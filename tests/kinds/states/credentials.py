"""Users' credentials, as they are found."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from iamfix.model import Call, Result
from tests.kinds.states.found import Found
from tests.kinds.states.iam import tags
from tests.public_keys import certificate

STATES: Mapping[str, st.SearchStrategy[Any]] = {}
NAMES: Mapping[str, str] = {}
SURROUNDINGS: tuple[Call, ...] = ()

_DEVICE = Call("iam", "create_virtual_mfa_device", {"VirtualMFADeviceName": "phone"})
_SERIAL = "arn:aws:iam::111111111111:mfa/phone"
_CODES = {"AuthenticationCode1": "123456", "AuthenticationCode2": "654321"}
_CERTIFICATE = certificate()


def _as_root(operation: str, **params: str) -> Call:
    return Call("iam", operation, params, as_root=True)


FOUND: Mapping[str, Found] = {
    "iam_access_key": Found(
        (
            (Call("iam", "create_access_key", {"UserName": "cyd"}),),
            (
                Call("iam", "create_access_key", {"UserName": "cyd"}),
                Call("iam", "update_access_key", {
                    "UserName": "cyd", "Status": "Inactive",
                    "AccessKeyId": Result("", "create_access_key", "AccessKey.AccessKeyId"),
                }),
            ),
        ),
        lambda answers: "cyd/" + answers["create_access_key"]["AccessKey"]["AccessKeyId"],
        st.fixed_dictionaries({"status": st.sampled_from(("Active", "Inactive"))}),
    ),
    "iam_login_profile": Found(
        ((Call("iam", "create_login_profile", {"UserName": "cyd", "Password": "Correct-Horse-7"}),),),
        lambda _: "cyd",
    ),
    "iam_mfa_device": Found(
        (
            (_DEVICE,),
            (_DEVICE, Call("iam", "enable_mfa_device", {"UserName": "cyd", "SerialNumber": _SERIAL, **_CODES})),
        ),
        lambda _: _SERIAL,
        st.fixed_dictionaries({"tags": tags}),
    ),
    "root_credentials": Found(
        (
            (_as_root("create_access_key"),),
            (_as_root("create_access_key"), _as_root("upload_signing_certificate", CertificateBody=_CERTIFICATE)),
        ),
        lambda _: "root",
        account=("payments-prod", "222222222222"),
    ),
}  # fmt: skip
"""Kinds that are found and then changed or removed."""

SEEN = ("iam_account", "iam_aws_managed_policy")
"""Kinds that are never changed."""
