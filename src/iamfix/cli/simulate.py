"""`iamfix simulate`: whether requests would be allowed, offline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Files = list[Path] | None
Texts = list[str] | None


def simulate(
    actions: Annotated[
        Texts, typer.Argument(metavar="[ACTION]...", help="Actions, such as s3:GetObject.", show_default=False)
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option("-p", "--principal", help="Who asks: an ARN, an account id (its root user), a service, or *."),
    ] = None,
    resources: Annotated[
        Texts, typer.Option("-r", "--resource", help="ARN; give it again for more. Default: * (no resource).")
    ] = None,
    policies: Annotated[
        Files,
        typer.Option("--policy", help="Identity policy of the principal, its groups' too; give it again for more."),
    ] = None,
    boundary: Annotated[Path | None, typer.Option("--boundary", help="Permissions boundary.")] = None,
    session_policies: Annotated[
        Files, typer.Option("--session-policy", help="Session policy; give it again for more.")
    ] = None,
    resource_policy: Annotated[
        Path | None, typer.Option("--resource-policy", help="Policy of the resource; a role's trust policy.")
    ] = None,
    resource_account: Annotated[
        str | None, typer.Option("--resource-account", help="Who owns the resource. Default: as its ARN says.")
    ] = None,
    scps: Annotated[
        Texts,
        typer.Option("--scp", metavar="FILE,...", help="SCPs of one level; again for the next, from the root down."),
    ] = None,
    rcps: Annotated[
        Texts,
        typer.Option("--rcp", metavar="FILE,...", help="RCPs of one level of the resource's account; likewise."),
    ] = None,
    management_account: Annotated[
        str | None, typer.Option("--management-account", help="Id of the account that SCPs and RCPs leave alone.")
    ] = None,
    context: Annotated[
        Texts,
        typer.Option("-c", "--context", metavar="KEY=VALUE", help="Context key; again for more keys, and more values."),
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Keys that are not given are not known; else they are absent.")
    ] = False,
    cases: Annotated[
        Path | None, typer.Option("--cases", help="Answer the cases in this file of JSON lines; - is stdin.")
    ] = None,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 when something is not allowed.")
    ] = False,
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
) -> int:
    """Tell whether requests would be allowed, offline.

    The answer comes from policy documents in files.

    In the place of a file, --scp takes FullAWSAccess and --rcp RCPFullAWSAccess. Exits 0 when all was answered, 1 on
    errors (with --cases: when a case is no case).

    Example: iamfix simulate s3:GetObject -p arn:aws:iam::111111111111:user/ann -r arn:aws:s3:::b/k --policy p.json
    """
    from iamfix.model import InputError, Problem

    given = [actions, principal, resources, policies, boundary, session_policies, resource_policy, resource_account]
    given += [scps, rcps, management_account, context]
    if cases is not None:
        if partial or any(given):
            raise InputError(Problem("error", "--cases", "a case says all that it asks itself", "leave the rest out"))
        return _cases(cases, detailed_exitcode)
    if not actions:
        raise InputError(Problem("error", "ACTION", "name an action, such as s3:GetObject, or give --cases FILE"))
    if principal is None:
        raise InputError(Problem("error", "--principal", "say who asks, such as arn:aws:iam::111111111111:user/ann"))
    from iamfix.policy import asking

    asked = asking.requests(
        principal,
        [one for text in actions for one in text.split(",")],
        resources or ["*"],
        resource_account=resource_account,
        context=asking.context_of(context or ()),
        partial=partial,
    )
    setting = asking.read_setting(
        identity=policies or (),
        boundary=boundary,
        session=session_policies or (),
        resource=resource_policy,
        scps=scps or (),
        rcps=rcps or (),
        management_account=management_account,
    )
    _warn(sorted({request.action for request in asked}))
    answers = asking.answers(setting, asked)
    _show(answers, form)
    return 2 if detailed_exitcode and any(one["decision"] != "allowed" for one in answers) else 0


def _cases(path: Path, detailed_exitcode: bool) -> int:
    import json
    import sys

    from iamfix.model import InputError, Problem
    from iamfix.policy.simulate import simulate_lines

    bad = refused = False
    name = "<stdin>" if str(path) == "-" else str(path)
    try:
        # Not `splitlines`, which breaks lines within JSON text as well.
        lines = sys.stdin if str(path) == "-" else path.open(encoding="utf-8-sig")
        with lines:
            for answer in simulate_lines(lines):
                if "error" in answer:
                    bad = True
                    what = answer["error"].removeprefix(f"line {answer['line']}: ")
                    typer.echo(f"error: {name}:{answer['line']}: {what}", err=True)
                refused = refused or answer.get("decision") != "allowed"
                sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    except UnicodeDecodeError as error:
        raise InputError(Problem("error", name, f"this file is not UTF-8 text: {error.reason}")) from None
    except OSError as error:
        if error.filename is None:
            raise
        raise InputError(Problem("error", name, f"this file cannot be read: {error.strerror}")) from None
    return 1 if bad else 2 if detailed_exitcode and refused else 0


def _warn(actions: list[str]) -> None:
    """Say which actions AWS does not list; the answer holds for them all the same."""
    from iamfix.policy.actions import action_exists, nearest_action

    for name in actions:
        if not action_exists(name):
            close = nearest_action(name)
            hint = f"; did you mean {close}?" if close else ""
            typer.echo(f"warning: AWS lists no action {name}{hint}", err=True)


_STYLES = {"allowed": "green", "explicit_deny": "red", "implicit_deny": "red", "unknown": "yellow"}


def _show(answers: list[dict[str, Any]], form: str) -> None:
    from iamfix.cli.console import out, print_json
    from iamfix.views.wording import clean

    if form == "json":
        print_json(answers)
        return
    console = out()
    for one in answers:
        decision = str(one["decision"])
        console.print(
            f"{decision:<13}  {clean(one['action'])}  {clean(one['resource'])}", style=_STYLES[decision], markup=False
        )
        where = f" ({one['statement']['where']})" if one["statement"] else ""
        console.print(clean(f"  {one['reason']}{where}"), style="dim", markup=False)
        if one["taken_as_absent"]:
            console.print(
                clean(f"  taken as absent: {', '.join(one['taken_as_absent'])} (--context gives them)"),
                style="dim",
                markup=False,
            )
