"""Resource control policy: the most that anybody may do with resources of the accounts below its targets."""

from __future__ import annotations

from iamfix.kinds.organizations_policies import PolicyKind

KIND = PolicyKind(
    "rcp",
    __doc__,
    """\
- name: Buckets are for the organization
  rcp:
    name: OwnBucketsOnly
    content:
      Version: "2012-10-17"
      Statement:
        - Effect: Deny
          Principal: "*"
          Action: "s3:*"
          Resource: "*"
          Condition:
            StringNotEqualsIfExists: {"aws:PrincipalOrgID": o-practice01}
            BoolIfExists: {"aws:PrincipalIsAWSService": "false"}
    targets: []
""",
)
