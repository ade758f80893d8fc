"""The ways to more privileges that policies alone can show, under the ids of pathfinding.cloud.

A path is a set of actions that must all be granted. Where one of them is `iam:PassRole`, `passed_to` names the services
that take the role, so that a grant with `iam:PassedToService` for another service does not open the path.
Source: pathfinding.cloud (ids and required permissions); IAM User Guide, id_roles_use_passrole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["PATHS", "PATHS_BY_ID", "EscalationPath", "Way", "open_paths"]


class Way(StrEnum):
    """How a path leads to more privileges."""

    SELF = "self-escalation"
    """A principal gives itself more."""
    PRINCIPAL = "principal-access"
    """It becomes another user or role."""
    NEW_PASSROLE = "new-passrole"
    """It passes a role to something new that runs its code."""
    EXISTING_PASSROLE = "existing-passrole"
    """It uses a role that something running already has; what that is, no policy tells."""


@dataclass(frozen=True, slots=True)
class EscalationPath:
    """A path: `actions` with their service, in AWS's spelling; `passed_to` is empty where no role is passed."""

    id: str
    way: Way
    actions: frozenset[str]
    passed_to: tuple[str, ...] = ()
    needs: str = ""
    """A resource that must be granted beside those on which the actions work."""

    @property
    def name(self) -> str:
        """The path in words: `iam:PassRole + lambda:CreateFunction + …`, the role first."""
        return " + ".join(sorted(self.actions, key=lambda a: (a != "iam:PassRole", a)))


def _paths(way: Way, table: str) -> tuple[EscalationPath, ...]:
    """Read lines of `id: action action > service service with resource`."""
    found: list[EscalationPath] = []
    for line in table.strip().splitlines():
        name, _, rest = line.strip().partition(": ")
        rest, _, needs = rest.partition(" with ")
        actions, _, passed_to = rest.partition(" > ")
        found.append(EscalationPath(name, way, frozenset(actions.split()), tuple(passed_to.split()), needs))
    return tuple(found)


PATHS: tuple[EscalationPath, ...] = (
    *_paths(
        Way.SELF,
        """
        iam-001: iam:CreatePolicyVersion
        iam-005: iam:PutRolePolicy
        iam-007: iam:PutUserPolicy
        iam-008: iam:AttachUserPolicy
        iam-009: iam:AttachRolePolicy
        iam-010: iam:AttachGroupPolicy
        iam-011: iam:PutGroupPolicy
        iam-013: iam:AddUserToGroup
        """,
    ),
    *_paths(
        Way.PRINCIPAL,
        """
        iam-002: iam:CreateAccessKey
        iam-003: iam:CreateAccessKey iam:DeleteAccessKey
        iam-004: iam:CreateLoginProfile
        iam-006: iam:UpdateLoginProfile
        iam-012: iam:UpdateAssumeRolePolicy
        iam-014: iam:AttachRolePolicy sts:AssumeRole
        iam-015: iam:AttachUserPolicy iam:CreateAccessKey
        iam-016: iam:CreatePolicyVersion sts:AssumeRole
        iam-017: iam:PutRolePolicy sts:AssumeRole
        iam-018: iam:PutUserPolicy iam:CreateAccessKey
        iam-019: iam:AttachRolePolicy iam:UpdateAssumeRolePolicy
        iam-020: iam:CreatePolicyVersion iam:UpdateAssumeRolePolicy
        iam-021: iam:PutRolePolicy iam:UpdateAssumeRolePolicy
        sts-001: sts:AssumeRole
        """,
    ),
    *_paths(
        Way.NEW_PASSROLE,
        """
        amplify-001: iam:PassRole amplify:CreateApp amplify:CreateBranch amplify:StartJob > amplify.amazonaws.com
        apprunner-001: iam:PassRole apprunner:CreateService > tasks.apprunner.amazonaws.com
        batch-001: iam:PassRole batch:RegisterJobDefinition batch:SubmitJob > ecs-tasks.amazonaws.com
        batch-003: iam:PassRole batch:CreateComputeEnvironment batch:CreateJobQueue batch:RegisterJobDefinition \
batch:SubmitJob > ecs-tasks.amazonaws.com
        bedrock-001: iam:PassRole bedrock-agentcore:CreateCodeInterpreter \
bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter > bedrock-agentcore.amazonaws.com
        bedrock-003: iam:PassRole bedrock-agentcore:CreateAgentRuntime bedrock-agentcore:CreateAgentRuntimeEndpoint \
bedrock-agentcore:CreateWorkloadIdentity bedrock-agentcore:InvokeAgentRuntimeCommand > bedrock-agentcore.amazonaws.com
        bedrock-005: iam:PassRole bedrock-agentcore:CreateHarness bedrock-agentcore:CreateAgentRuntime \
bedrock-agentcore:CreateAgentRuntimeEndpoint bedrock-agentcore:CreateWorkloadIdentity \
bedrock-agentcore:GetAgentRuntime bedrock-agentcore:InvokeAgentRuntimeCommand > bedrock-agentcore.amazonaws.com
        bedrock-006: iam:PassRole bedrock-agentcore:CreateBrowser bedrock-agentcore:StartBrowserSession \
bedrock-agentcore:ConnectBrowserAutomationStream > bedrock-agentcore.amazonaws.com
        braket-001: iam:PassRole braket:CreateJob > braket.amazonaws.com
        cloudformation-001: iam:PassRole cloudformation:CreateStack > cloudformation.amazonaws.com
        cloudformation-003: iam:PassRole cloudformation:CreateStackSet cloudformation:CreateStackInstances > \
cloudformation.amazonaws.com
        cloudformation-004: iam:PassRole cloudformation:UpdateStackSet > cloudformation.amazonaws.com
        codebuild-001: iam:PassRole codebuild:CreateProject codebuild:StartBuild > codebuild.amazonaws.com
        codebuild-004: iam:PassRole codebuild:CreateProject codebuild:StartBuildBatch > codebuild.amazonaws.com
        cognitoidentity-001: iam:PassRole cognito-identity:SetIdentityPoolRoles > cognito-identity.amazonaws.com
        datapipeline-001: iam:PassRole datapipeline:CreatePipeline datapipeline:PutPipelineDefinition \
datapipeline:ActivatePipeline > datapipeline.amazonaws.com elasticmapreduce.amazonaws.com ec2.amazonaws.com
        ec2-001: iam:PassRole ec2:RunInstances > ec2.amazonaws.com
        ec2-004: iam:PassRole ec2:RequestSpotInstances > ec2.amazonaws.com
        ecs-001: iam:PassRole ecs:CreateCluster ecs:RegisterTaskDefinition ecs:CreateService > ecs-tasks.amazonaws.com
        ecs-002: iam:PassRole ecs:CreateCluster ecs:RegisterTaskDefinition ecs:RunTask > ecs-tasks.amazonaws.com
        ecs-003: iam:PassRole ecs:RegisterTaskDefinition ecs:CreateService > ecs-tasks.amazonaws.com
        ecs-004: iam:PassRole ecs:RegisterTaskDefinition ecs:RunTask > ecs-tasks.amazonaws.com
        ecs-005: iam:PassRole ecs:RegisterTaskDefinition ecs:StartTask > ecs-tasks.amazonaws.com
        ecs-007: iam:PassRole ecs:StartTask ecs:RegisterContainerInstance > ecs-tasks.amazonaws.com
        ecs-008: iam:PassRole ecs:RunTask > ecs-tasks.amazonaws.com
        ecs-009: iam:PassRole ecs:StartTask > ecs-tasks.amazonaws.com
        emr-001: iam:PassRole elasticmapreduce:RunJobFlow > elasticmapreduce.amazonaws.com ec2.amazonaws.com
        emrserverless-001: iam:PassRole emr-serverless:CreateApplication emr-serverless:StartJobRun > \
emr-serverless.amazonaws.com
        gamelift-001: iam:PassRole gamelift:CreateBuild gamelift:CreateFleet > gamelift.amazonaws.com
        glue-001: iam:PassRole glue:CreateDevEndpoint > glue.amazonaws.com
        glue-003: iam:PassRole glue:CreateJob glue:StartJobRun > glue.amazonaws.com
        glue-004: iam:PassRole glue:CreateJob glue:CreateTrigger > glue.amazonaws.com
        glue-005: iam:PassRole glue:UpdateJob glue:StartJobRun > glue.amazonaws.com
        glue-006: iam:PassRole glue:UpdateJob glue:CreateTrigger > glue.amazonaws.com
        glue-007: iam:PassRole glue:CreateSession glue:RunStatement > glue.amazonaws.com
        imagebuilder-001: iam:PassRole imagebuilder:CreateComponent imagebuilder:CreateImageRecipe \
imagebuilder:CreateInfrastructureConfiguration imagebuilder:CreateImage > ec2.amazonaws.com
        kinesisanalytics-001: iam:PassRole kinesisanalytics:CreateApplication kinesisanalytics:StartApplication > \
kinesisanalytics.amazonaws.com
        lambda-001: iam:PassRole lambda:CreateFunction lambda:InvokeFunction > lambda.amazonaws.com
        lambda-002: iam:PassRole lambda:CreateFunction lambda:CreateEventSourceMapping > lambda.amazonaws.com
        lambda-006: iam:PassRole lambda:CreateFunction lambda:AddPermission > lambda.amazonaws.com
        omics-001: iam:PassRole omics:CreateWorkflow omics:StartRun > omics.amazonaws.com
        sagemaker-001: iam:PassRole sagemaker:CreateNotebookInstance > sagemaker.amazonaws.com
        sagemaker-002: iam:PassRole sagemaker:CreateTrainingJob > sagemaker.amazonaws.com
        sagemaker-003: iam:PassRole sagemaker:CreateProcessingJob > sagemaker.amazonaws.com
        scheduler-001: iam:PassRole scheduler:CreateSchedule > scheduler.amazonaws.com
        ssm-003: iam:PassRole ssm:CreateDocument ssm:StartAutomationExecution > ssm.amazonaws.com
        stepfunctions-001: iam:PassRole states:CreateStateMachine states:StartExecution > states.amazonaws.com
        """,
    ),
    *_paths(
        Way.EXISTING_PASSROLE,
        """
        apprunner-002: apprunner:UpdateService
        batch-002: batch:SubmitJob
        bedrock-002: bedrock-agentcore:StartCodeInterpreterSession bedrock-agentcore:InvokeCodeInterpreter
        bedrock-004: bedrock-agentcore:InvokeAgentRuntimeCommand
        bedrock-007: bedrock-agentcore:StartBrowserSession bedrock-agentcore:ConnectBrowserAutomationStream
        cloudformation-002: cloudformation:UpdateStack
        cloudformation-005: cloudformation:CreateChangeSet cloudformation:ExecuteChangeSet
        codebuild-002: codebuild:StartBuild
        codebuild-003: codebuild:StartBuildBatch
        codedeploy-001: codedeploy:CreateDeployment
        ec2-002: ec2:ModifyInstanceAttribute ec2:StopInstances ec2:StartInstances
        ec2-003: ec2-instance-connect:SendSSHPublicKey
        ec2-005: ec2:CreateLaunchTemplateVersion ec2:ModifyLaunchTemplate
        ecs-006: ecs:ExecuteCommand ecs:DescribeTasks
        glue-002: glue:UpdateDevEndpoint
        lambda-003: lambda:UpdateFunctionCode
        lambda-004: lambda:UpdateFunctionCode lambda:InvokeFunction
        lambda-005: lambda:UpdateFunctionCode lambda:AddPermission
        sagemaker-004: sagemaker:CreatePresignedNotebookInstanceUrl
        sagemaker-005: sagemaker:CreateNotebookInstanceLifecycleConfig sagemaker:StopNotebookInstance \
sagemaker:UpdateNotebookInstance sagemaker:StartNotebookInstance
        ssm-001: ssm:StartSession
        ssm-002: ssm:SendCommand with arn:*:ssm:*:*:document/AWS-Run*Script
        stepfunctions-002: states:UpdateStateMachine states:StartExecution
        """,
    ),
)
"""All paths; each id once."""

PATHS_BY_ID = {path.id: path for path in PATHS}


def open_paths(actions: Iterable[str]) -> tuple[EscalationPath, ...]:
    """Return the paths that a set of actions opens, shortest first; actions are compared without regard to case.

    A path that only adds actions to another open one of the same set is left out: it tells nothing new. Resources and
    conditions are not looked at here; `iamfix.policy.reach` does that.
    """
    granted = {action.lower() for action in actions}
    return minimal(path for path in PATHS if all(action.lower() in granted for action in path.actions))


def minimal(paths: Iterable[EscalationPath]) -> tuple[EscalationPath, ...]:
    """Leave out each path whose actions hold those of another one among the paths; shortest first, then by id."""
    kept: list[EscalationPath] = []
    for path in sorted(paths, key=lambda p: (len(p.actions), p.id)):
        if not any(other.actions <= path.actions for other in kept):
            kept.append(path)
    return tuple(kept)
