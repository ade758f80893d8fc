"""Services and actions that AWS's own managed policies name though the Service Authorization Reference does not.

Lint stays silent about them: they exist, or did; a typo in somebody's policy is what it looks for.
"""

from __future__ import annotations

from types import MappingProxyType

RETIRED_SERVICES = frozenset(
    {
        "codestar",
        "deepcomposer",
        "deeplens",
        "deepracer",
        "elastic-inference",
        "evidently",
        "iot1click",
        "iotevents",
        "zocalo",
    }
)
"""Services that AWS has closed: what a policy says of them has no effect any more."""

UNLISTED_KEYS = frozenset({"lakeformation:gluearn"})

PREFIX_OWNERS = MappingProxyType({"catalog": "aws-marketplace", "identitycenter": "sso"})
"""Prefixes of condition keys that are no service's, to the service that sends them."""

UNLISTED_SERVICES = RETIRED_SERVICES | {"builderid"}

UNLISTED_ACTIONS = MappingProxyType(
    {
        "cloud9": frozenset({"validateenvironmentname"}),
        "cloudhsm": frozenset(
            {
                "createlunaclient",
                "deletelunaclient",
                "describehapg",
                "describelunaclient",
                "getconfig",
                "modifyhapg",
                "modifylunaclient",
            }
        ),
        "memorydb": frozenset({"replicatemultiregionclusterdata"}),
        "organizations": frozenset({"createbuilderidownedaccount"}),
        "payments": frozenset(
            {
                "accepttermsandconditionsforprogrambyaccountid",
                "batchgetpaymentprofiles",
                "createpaymentattempt",
                "createpaymentprofile",
                "get",
                "getacceptedtermsandconditionsforprogrambyaccountid",
                "getaccountbalance",
                "getdefaultpaymentprofile",
                "geteligiblecurrencies",
                "getpaymentattempt",
                "getpaymentpreferences",
                "getpreferredcurrency",
                "getrecommendedtermsandconditionsforprogram",
                "listpaymentprofiles",
                "searchfinancialrecords",
                "setpreferredcurrency",
                "updatepaymentprofile",
            }
        ),
        "qapps": frozenset({"importdocumenttoqapp", "importdocumenttoqappsession"}),
        "route53-recovery-control-config": frozenset({"describeroutingcontrolbyname"}),
        "securityagent": frozenset(
            {
                "batchgetagentinstances",
                "batchgetsecuritytestcontentmetadata",
                "batchgettasks",
                "createdocumentreview",
                "deletedocumentreview",
                "getcodereviewtask",
                "getdocreviewtask",
                "getdocumentreview",
                "getdocumentreviewartifact",
                "listagentinstances",
                "listcontrols",
                "listdocumentreviewcomments",
                "listdocumentreviews",
                "listtasks",
                "startpentestexecution",
                "stoppentestexecution",
            }
        ),
    }
)
"""Service to action names, all in lower case."""
