"""A finding of IAM Access Analyzer: access from outside, or unused access. Only seen.

A person ends it, by taking the access away or archiving it; or an archive rule does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from iamfix.fields import seen
from iamfix.kinds import defaults
from iamfix.kinds import iam_shared as iam
from iamfix.kinds.protocol import Look, Reader, Scope, Want
from iamfix.model import Call

SCOPE: Scope = "regional"
FOLDS_CASE = False
CREATABLE = False
SINGLETON = None
READS = (("accessanalyzer", "list_analyzers"), ("accessanalyzer", "list_findings_v2"))
LATER_READS = (("accessanalyzer", "list_findings_v2"),)
EXAMPLE = """\
- name: Who outside may use what is here
  check:
    kind: access_analyzer_finding
    select: "type == 'ExternalAccess'"
    message: "{{ resource_arn }} may be used from outside: remove that access, or archive the finding {{ name }}."
    severity: high
"""


@dataclass(frozen=True, slots=True)
class State:
    analyzer: str | None = seen("The analyzer that found it.")
    type: str = seen("What it is: ExternalAccess, UnusedIAMRole, UnusedPermission and so on.", default="ExternalAccess")
    resource_arn: str | None = seen("ARN of the resource.")
    resource_type: str | None = seen("Type of the resource, such as AWS::S3::Bucket.")
    resource_account: str | None = seen("The account that owns the resource.")
    created: str | None = seen("When it was found (UTC).", volatile=True)
    age_days: int | None = seen("Days since it was found.", volatile=True)
    error: str | None = seen("Why the resource could not be analyzed.", volatile=True)


def observe(read: Reader, want: Want) -> dict[str, State]:
    """Return the active findings of all analyzers of the region: one request, and one or more for each analyzer."""
    analyzers = [one for one in read.get("accessanalyzer", "list_analyzers")["analyzers"] if one["status"] == "ACTIVE"]
    asks: list[Mapping[str, Any]] = [
        {"analyzerArn": one["arn"], "filter": {"status": {"eq": ["ACTIVE"]}}} for one in analyzers
    ]
    answers = read.each("accessanalyzer", "list_findings_v2", asks, "ResourceNotFound")
    return {
        found["id"]: State(
            analyzer=one["name"],
            type=found.get("findingType", "ExternalAccess"),
            resource_arn=found.get("resource"),
            resource_type=found["resourceType"],
            resource_account=found["resourceOwnerAccount"],
            created=iam.when(found["createdAt"]),
            age_days=iam.days_since(found["createdAt"], read.now),
            error=found.get("error"),
        )
        for one, answer in zip(analyzers, answers, strict=True)
        for found in (answer or {}).get("findings", ())
        if want.has(found["id"])
    }


def calls(name: str, before: State | None, after: State | None, look: Look) -> Iterator[Call]:
    return iter(())


arn = defaults.no_arn
owner = defaults.no_owner
loses = defaults.loses_nothing
breaches = defaults.no_breaches
ripples = defaults.no_ripples
notes = defaults.no_notes
needs = defaults.own_needs
