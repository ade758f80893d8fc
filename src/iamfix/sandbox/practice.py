"""The practice accounts: users, roles and policies as one finds them after some years without a rule book."""

from __future__ import annotations

from iamfix.sandbox import practice_trails, workloads
from iamfix.sandbox.building import PARTITION, Builder, allow, aws_policy, trust
from iamfix.sandbox.cloud import Cloud
from iamfix.sandbox.services.iam.state import PasswordPolicy

_EC2 = trust({"Service": "ec2.amazonaws.com"})
_LAMBDA = trust({"Service": "lambda.amazonaws.com"})
_VENDOR = "999999999999"


def build(cloud: Cloud) -> None:
    """Fill the five accounts of the practice organization."""
    _management(Builder(cloud, "111111111111"))
    _payments_prod(Builder(cloud, "222222222222"))
    _payments_dev(Builder(cloud, "333333333333"))
    _data_prod(Builder(cloud, "444444444444"))
    _sandbox_alice(Builder(cloud, "555555555555"))
    workloads.build(cloud)
    practice_trails.build(cloud)
    for account in cloud.accounts:
        builder = Builder(cloud, account)
        builder.service_linked_role("organizations", "Organizations")
        builder.service_linked_role("sso", "SSO")
        builder.service_linked_role("support", "Support")
        if account != cloud.management_account:
            _control_tower(builder)
            _identity_center(builder, account)


def _control_tower(builder: Builder) -> None:
    manager = {"AWS": f"arn:{PARTITION}:iam::111111111111:root"}
    builder.role("AWSControlTowerExecution", trust(manager), attached=[aws_policy("AdministratorAccess")])
    builder.role(
        "aws-controltower-ReadOnlyExecutionRole",
        trust({"AWS": f"arn:{PARTITION}:iam::111111111111:root"}),
        attached=[aws_policy("ReadOnlyAccess")],
    )


def _identity_center(builder: Builder, account: str) -> None:
    saml = f"arn:{PARTITION}:iam::{account}:saml-provider/AWSSSO_0a1b2c3d_DO_NOT_DELETE"
    for permission_set, policy in (("AdministratorAccess", "AdministratorAccess"), ("Viewers", "ReadOnlyAccess")):
        builder.role(
            f"AWSReservedSSO_{permission_set}_{account[:4]}c0ffee00beef",
            trust({"Federated": saml}, action="sts:AssumeRoleWithSAML"),
            path="/aws-reserved/sso.amazonaws.com/",
            attached=[aws_policy(policy)],
            max_session=28800,
        )


def _management(builder: Builder) -> None:
    builder.user(
        "break-glass",
        days=1400,
        attached=[aws_policy("AdministratorAccess")],
        console=True,
        mfa=True,
        tags={"owner": "platform", "purpose": "break glass"},
    )
    finance = builder.group("Finance", attached=[aws_policy("job-function/Billing")])
    builder.user("frieda.finance", groups=[finance], console=True, console_used=3, mfa=True, tags={"owner": "finance"})
    builder.user("old-org-script", days=1500, attached=[aws_policy("AdministratorAccess")], keys=[(1490, 430, True)])
    builder.role(
        "AWSControlTowerAdmin",
        trust({"Service": "controltower.amazonaws.com"}),
        path="/service-role/",
        attached=[aws_policy("service-role/AWSControlTowerServiceRolePolicy")],
    )
    builder.state.password_policy.put("account", PasswordPolicy(length=8, allow_change=True))
    builder.root(mfa="virtual", used=40)


def _payments_prod(builder: Builder) -> None:
    deploy = builder.policy(
        "PaymentsDeploy",
        allow("s3:PutObject", "s3:GetObject", resource=f"arn:{PARTITION}:s3:::payments-artifacts/*"),
        allow("s3:*", "ecs:UpdateService", "ecs:RegisterTaskDefinition"),
        allow("s3:*", "ecs:*", "ecr:*", "iam:PassRole"),
        allow("*"),
        description="What the deployment needs",
        tags={"owner": "payments"},
    )
    queue = builder.policy("PaymentsQueue", allow("sqs:*", resource=f"arn:{PARTITION}:sqs:*:222222222222:payments-*"))
    builder.policy("ReadSecretsOld", allow("secretsmanager:GetSecretValue"), days=1200)
    admins = builder.group("Admins", attached=[aws_policy("AdministratorAccess")])
    developers = builder.group(
        "Developers", attached=[aws_policy("PowerUserAccess")], inline={"logs": allow("logs:*", "cloudwatch:*")}
    )
    builder.group("OldPaymentsTeam", attached=[aws_policy("IAMFullAccess")], days=1600)
    builder.user(
        "alice", attached=[aws_policy("AdministratorAccess")], console=True, console_used=2, tags={"owner": "payments"}
    )
    builder.user(
        "bob", groups=[developers], console=True, console_used=1, mfa=True, tags={"owner": "payments", "Team": "core"}
    )
    builder.user(
        "carol",
        days=1300,
        groups=[admins],
        console=True,
        console_used=510,
        inline={"quick-fix": allow("iam:*", "s3:*")},
        keys=[(1290, 700, True)],
    )
    builder.user(
        "contractor-dave", groups=[developers], attached=[aws_policy("AmazonS3FullAccess"), queue], console=True
    )
    builder.user("ci-deploy", path="/ci/", attached=[deploy], keys=[(812, 0.2, True), (1100, 812, False)])
    builder.user("ci-tests", path="/app/ci/", attached=[queue], keys=[(80, 31, True), (70, 0.3, True)])
    builder.virtual_device("carols-old-phone")
    builder.role(
        "payments-api",
        _EC2,
        path="/app/",
        used=0.1,
        attached=[queue, aws_policy("AmazonSSMManagedInstanceCore")],
        instance_profile=True,
        description="The payments API",
    )
    builder.role("payments-batch", _LAMBDA, path="/app/", used=1, attached=[queue], inline={"tmp": allow("s3:*")})
    builder.role(
        "VendorMonitoring",
        trust({"AWS": f"arn:{PARTITION}:iam::{_VENDOR}:root"}),
        attached=[aws_policy("SecurityAudit"), aws_policy("job-function/ViewOnlyAccess")],
        used=0.5,
    )
    builder.role(
        "LegacyCrossAccount",
        trust({"AWS": [f"arn:{PARTITION}:iam::333333333333:root", f"arn:{PARTITION}:iam::{_VENDOR}:root"]}),
        attached=[aws_policy("PowerUserAccess")],
        max_session=43200,
        days=1500,
    )
    builder.role(
        "payments-stack-TaskExecutionRole-1K8Q2ZJ4M0XYZ",
        trust({"Service": "ecs-tasks.amazonaws.com"}),
        attached=[aws_policy("service-role/AmazonECSTaskExecutionRolePolicy")],
        tags={
            "aws:cloudformation:stack-name": "payments-stack",
            "aws:cloudformation:logical-id": "TaskExecutionRole",
            "aws:cloudformation:stack-id": f"arn:{PARTITION}:cloudformation:us-east-1:222222222222:stack/payments/1",
        },
    )
    builder.state.password_policy.put("account", PasswordPolicy(length=6, lowercase=True))
    builder.root(keys=1, used=12, key_used=300)


def _payments_dev(builder: Builder) -> None:
    developers = builder.group("Developers", attached=[aws_policy("PowerUserAccess"), aws_policy("IAMFullAccess")])
    everything = builder.policy("DevEverything", allow("*"))
    builder.group("FormerAdmins", attached=[everything], days=1700)
    for name, used in (("bob", 1.0), ("erin", 12.0), ("frank", 240.0)):
        builder.user(name, groups=[developers], console=True, console_used=used, keys=[(400, used, True)])
    builder.user("test-runner", attached=[everything], keys=[(95, 0.1, True)])
    builder.user("tmp-user-2021", days=1800)
    builder.role("payments-api", _EC2, path="/app/", attached=[everything], instance_profile=True, used=0.3)
    builder.role("experiment-role", trust("*"), attached=[aws_policy("ReadOnlyAccess")])
    builder.role("experiment-lambda", _LAMBDA, attached=[aws_policy("AdministratorAccess")], days=900)
    tables = allow("dynamodb:GetItem", "dynamodb:Query", resource=f"arn:{PARTITION}:dynamodb:*:333333333333:table/*")
    builder.role("reports", _LAMBDA, path="/app/", inline={"read-tables": tables}, used=2)
    builder.role("exports", _LAMBDA, path="/app/", inline={"tables": tables}, tags={"iamfix:exempt": "until the move"})


def _data_prod(builder: Builder) -> None:
    lake = builder.policy(
        "LakeAccess",
        allow("s3:GetObject", "s3:ListBucket", resource=[f"arn:{PARTITION}:s3:::lake", f"arn:{PARTITION}:s3:::lake/*"]),
        allow("s3:*", "glue:*", "athena:*"),
        tags={"owner": "data"},
    )
    analysts = builder.group("Analysts", attached=[lake, aws_policy("AmazonAthenaFullAccess")])
    builder.group("Interns", attached=[aws_policy("ReadOnlyAccess")])
    for name, mfa in (("grace", True), ("heidi", False), ("ivan", False)):
        builder.user(name, groups=[analysts], console=True, console_used=4, mfa=mfa, tags={"team": "data"})
    builder.user("judy", groups=[analysts], attached=[lake], inline={"export": allow("s3:PutObject")}, console=True)
    builder.user("airflow", path="/service/", attached=[lake], keys=[(530, 0.1, True)])
    builder.role("etl", trust({"Service": "glue.amazonaws.com"}), path="/app/", attached=[lake], used=0.2)
    builder.role(
        "data-share",
        trust(
            {"AWS": f"arn:{PARTITION}:iam::222222222222:root"}, Condition={"StringEquals": {"sts:ExternalId": "lake-7"}}
        ),
        attached=[lake],
        tags={"owner": "data"},
    )
    builder.state.password_policy.put(
        "account", PasswordPolicy(14, True, True, True, True, allow_change=True, max_age=90, reuse=24)
    )


def _sandbox_alice(builder: Builder) -> None:
    builder.user("alice", attached=[aws_policy("AdministratorAccess")], console=True, keys=[(20, 1, True)])
    builder.role(
        "playground",
        trust({"AWS": f"arn:{PARTITION}:iam::555555555555:root"}),
        attached=[aws_policy("PowerUserAccess")],
    )
    builder.root(mfa=None)
