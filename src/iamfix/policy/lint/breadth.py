"""Grants wider than anybody needs: star-star, whole services, NotAction, NotResource, PassRole on all roles."""

from __future__ import annotations

from collections.abc import Iterator

from iamfix.policy.actions import access_levels, actions_matching
from iamfix.policy.escalation import Way
from iamfix.policy.lint import sources
from iamfix.policy.lint.finding import LintFinding, Rule, Subject, shown
from iamfix.policy.reach import PASS_ROLE, Width, escalations, grants, narrow
from iamfix.policy.statements import Statement

STAR_STAR = Rule("star-star", "high", "All actions on all resources", sources.LEAST_PRIVILEGE)
SERVICE_WIDE = Rule(
    "service-wide-write", "medium", "All actions of a service on all resources", sources.LEAST_PRIVILEGE
)
NOT_ACTION = Rule("allow-not-action", "high", "NotAction with Allow", sources.NOT_ACTION)
NOT_RESOURCE = Rule("allow-not-resource", "high", "NotResource with Allow", sources.NOT_RESOURCE)
PASS_ROLE_STAR = Rule("pass-role-star", "high", "iam:PassRole on all roles to any service", sources.PASS_ROLE)
ESCALATION = Rule("privilege-escalation", "high", "A way to more privileges", sources.PATHFINDING)
ESCALATION_EXISTING = Rule(
    "privilege-escalation-existing", "low", "Ways to the roles of what is already running", sources.PATHFINDING
)

RULES = (STAR_STAR, SERVICE_WIDE, NOT_ACTION, NOT_RESOURCE, PASS_ROLE_STAR, ESCALATION, ESCALATION_EXISTING)


def check(subject: Subject) -> Iterator[LintFinding]:
    """Yield grants that are too wide, in what grants to those to whom it is attached."""
    if subject.kind in ("trust", "resource", "rcp"):
        return
    administrator = False
    for statement in subject.statements:
        if not statement.allows:
            continue
        yield from _not_elements(subject, statement)
        if subject.caps_only:
            continue
        if _is_star_star(statement):
            administrator = True
            yield from _star_star(statement)
        else:
            yield from _service_wide(statement)
    if subject.kind == "identity" and not administrator:
        # Who may do everything needs no way to more.
        yield from _pass_role(subject)
        yield from _escalation(subject)


def _is_star_star(statement: Statement) -> bool:
    return any(t in ("*", "*:*") for t in statement.texts("Action")) and "*" in statement.texts("Resource")


def _star_star(statement: Statement) -> Iterator[LintFinding]:
    member = next(m for m in statement.members("Action") if m.text in ("*", "*:*"))
    limited = narrow(statement.conditions)
    yield STAR_STAR.at(
        member.path,
        "The statement allows all actions on all resources" + (", as far as its condition lets it" if limited else ""),
        "Name the actions and resources that are needed.",
        statement,
        "low" if limited else None,
    )


def _service_wide(statement: Statement) -> Iterator[LintFinding]:
    if "*" not in statement.texts("Resource") or narrow(statement.conditions):
        return
    for member in statement.members("Action"):
        service, _, name = member.text.partition(":")
        if not name or name.strip("*"):
            continue
        writes = [a for a in actions_matching(member.text) if not access_levels(a) <= {"Read", "List"}]
        if writes:
            yield SERVICE_WIDE.at(
                member.path,
                f"{shown(member.text)} on all resources allows all {len(writes)} writing actions of {service}",
                "Name the actions, or the resources, that are needed.",
                statement,
            )


def _not_elements(subject: Subject, statement: Statement) -> Iterator[LintFinding]:
    milder = subject.caps_only or narrow(statement.conditions)
    if statement.has("NotAction"):
        yield NOT_ACTION.at(
            (*statement.path, "NotAction"),
            "Allow with NotAction allows every other action, those that AWS will add too",
            "Use Action; to forbid, use Deny beside an Allow.",
            statement,
            "low" if milder else None,
        )
    if statement.has("NotResource"):
        wide = statement.has("NotAction") or any(
            t.endswith(("*", ":*")) and len(t.partition(":")[2]) < 2 for t in statement.texts("Action")
        )
        yield NOT_RESOURCE.at(
            (*statement.path, "NotResource"),
            "Allow with NotResource allows the actions on every other resource, those to come too",
            "Use Resource; to forbid, use Deny beside an Allow.",
            statement,
            "low" if milder else None if wide else "medium",
        )


def _pass_role(subject: Subject) -> Iterator[LintFinding]:
    for grant in grants(subject.statements, PASS_ROLE):
        if grant.width is not Width.ALL or grant.narrow:
            continue
        if grant.services is not None and not any(service == "*" for service in grant.services):
            continue
        yield PASS_ROLE_STAR.at(
            grant.path,
            "iam:PassRole on all roles, to any service: whoever holds this can use every role of the account",
            "Name the roles in Resource, and the service in a condition on iam:PassedToService.",
            grant.statement,
        )


def _escalation(subject: Subject) -> Iterator[LintFinding]:
    running: dict[int, list[str]] = {}
    places: dict[int, LintFinding] = {}
    for opened in escalations(subject.statements):
        path, grant = opened.path, opened.grant
        if path.way is Way.EXISTING_PASSROLE:
            running.setdefault(grant.statement.index, []).append(f"{path.id} ({path.name})")
            places.setdefault(
                grant.statement.index,
                ESCALATION_EXISTING.at(
                    grant.path, "", "Name the resources, or leave out what is not needed.", grant.statement
                ),
            )
            continue
        yield ESCALATION.at(
            grant.path,
            f"{path.id}: {path.name} leads to more privileges",
            _hint(path.way),
            grant.statement,
            "medium" if path.id == "sts-001" else None,
        )
    for index, paths in running.items():
        place = places[index]
        yield LintFinding(
            place.rule,
            place.severity,
            place.statement,
            place.sid,
            place.path,
            f"Roles of what is already running can be used: {'; '.join(paths)}",
            place.hint,
            place.source,
        )


def _hint(way: Way) -> str:
    if way is Way.NEW_PASSROLE:
        return "Name the roles that may be passed in Resource."
    if way is Way.SELF:
        return "Name the users, roles or policies, and require a boundary with a condition on iam:PermissionsBoundary."
    return "Name the users or roles in Resource."
