"""What resource control policies reach: the services that know them, as data, and the exceptions.

Source: Organizations User Guide, orgs_manage_policies_rcps (list of AWS services that support RCPs; resources and
entities not restricted by RCPs), as of 2026.
"""

from __future__ import annotations

__all__ = ["RCP_SERVICES", "rcps_apply"]

RCP_SERVICES = frozenset({
    "aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory", "cloudfront",
    "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit", "codepipeline", "cognito-identity",
    "cognito-idp", "comprehend", "comprehendmedical", "compute-optimizer", "cost-optimization-hub", "dax", "dsql",
    "dynamodb", "ecr", "ecr-public", "events", "firehose", "fis", "fms", "gamelift", "health", "inspector-scan",
    "kendra", "kinesisvideo", "kms", "logs", "memorydb", "networkmonitor", "notifications", "opensearch",
    "pca-connector-ad", "personalize", "polly", "pricing", "resource-groups", "rolesanywhere", "s3",
    "secretsmanager", "servicediscovery", "signin", "sqs", "sts", "support", "swf", "textract",
    "timestream-influxdb", "transcribe", "transfer", "translate", "wafv2", "workspaces", "xray",
})  # fmt: skip
"""Prefixes of the services to whose actions RCPs apply; on all others a Deny of an RCP has no effect."""


def rcps_apply(action: str, resource: str) -> bool:
    """Tell whether resource control policies bear on an action (in lower case) on a resource.

    They leave `kms:RetireGrant` alone, and a service's way into its service-linked role.
    """
    if action.partition(":")[0] not in RCP_SERVICES or action == "kms:retiregrant":
        return False
    return not (action.startswith("sts:") and ":role/aws-service-role/" in resource)
