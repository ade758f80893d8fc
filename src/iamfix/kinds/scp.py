"""Service control policy: the most that principals in the accounts below its targets may do."""

from __future__ import annotations

from iamfix.kinds.organizations_policies import PolicyKind

KIND = PolicyKind(
    "scp",
    __doc__,
    """\
- name: Nobody leaves the organization
  scp:
    name: DenyLeaving
    description: Accounts stay in the organization.
    content:
      Version: "2012-10-17"
      Statement: [{Effect: Deny, Action: "organizations:LeaveOrganization", Resource: "*"}]
    targets: {include: [sandbox]}
""",
)
