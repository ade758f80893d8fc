"""Lint of the policy documents that tasks ask for, each finding with its line in the playbook or the template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from iamfix import yamlfile
from iamfix.fields import Exact, FieldSpec, Map, Partial, PolicyDocument
from iamfix.model import Account, InputError, Json, Place, Problem, Severity
from iamfix.playbook import Task
from iamfix.policy.checks import linted
from iamfix.policy.document import Document
from iamfix.policy.lint import KINDS, LintFinding, LintKind, LintSeverity, locate
from iamfix.render import FromTemplate, Scope

_SEVERITIES: dict[LintSeverity, Severity] = {
    "error": "error",
    "high": "warning",
    "medium": "warning",
    "low": "info",
    "info": "info",
}
_NEUTRAL = "000000000000"
"""Stands for the account's id while linting, so that one document in a thousand accounts is linted once."""


def document_problems(
    task: Task,
    name: str,
    spec: FieldSpec,
    given: Json,
    asked: Exact | Partial,
    account: Account,
    *,
    resource: str = "",
    boundaries: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield what lint finds in the documents that an argument asks for.

    Args:
        task: whose argument it is.
        name: the argument's name, as the task gives it.
        spec: the field.
        given: the argument's value, rendered.
        asked: the same, as the field's codec reads it.
        account: where the documents will live.
        resource: the name of the resource that the task is about.
        boundaries: names of policies that bound somebody: they only limit what others grant.
    """
    codec = spec.codec.item if isinstance(spec.codec, Map) else spec.codec
    if not isinstance(codec, PolicyDocument):
        return
    # A kind that is named after a kind of document (scp, rcp) holds just that.
    kind = next((one for one in KINDS if one == task.kind), codec.lint)
    if kind is None:
        return
    if kind == "identity" and resource in boundaries:
        kind = "boundary"
    for path, document in _documents(asked):
        for finding in _findings(document, kind, account):
            yield Problem(
                _SEVERITIES[finding.severity],
                str(_place(task, name, path, _at(given, path), finding)),
                f"{name}: {finding.summary.replace(_NEUTRAL, account.id)}",
                finding.hint.replace(_NEUTRAL, account.id),
                finding.rule,
            )


def refused_documents(
    task: Task,
    known: Mapping[str, FieldSpec],
    arguments: Mapping[str, Json],
    asked: Mapping[str, Exact | Partial],
    changed: Collection[str],
    account: Account,
) -> Iterator[Problem]:
    """Yield what AWS would refuse in the documents that a change sends: told before anything is sent.

    Args:
        task: what asks for them.
        known: the kind's fields, by the names that the task may give them.
        arguments: the task's arguments, rendered.
        asked: the same as their codecs read them, by field.
        changed: the fields that change; a document that AWS holds already, it has taken.
        account: where the documents will live.
    """
    for name, given in arguments.items():
        spec = known[name]
        if spec.name not in changed:
            continue
        for found in document_problems(task, name, spec, given, asked[spec.name], account):
            if found.severity == "error":
                yield replace(found, summary=f"AWS would not take {found.summary}", rule="quota")


def boundaries_of(tasks: Iterable[Task], scope: Scope) -> frozenset[str]:
    """The names of policies that tasks give somebody as permissions boundary, as far as they can be told offline."""
    found: set[str] = set()
    for task in tasks:
        found |= boundaries_of(task.tasks, scope.child(task.vars))
        given = task.args.get("permissions_boundary")
        if task.kind is None or not isinstance(given, str):
            continue
        try:
            name = scope.child(task.vars).render(given, lambda *_, task=task: task.at())
        except InputError:
            continue  # a variable of a loop, or AWS's to tell; a mistake is told where the task is checked
        if isinstance(name, str):
            found.add(name.rpartition("/")[2])
    return frozenset(found)


def _documents(asked: Exact | Partial) -> Iterator[tuple[tuple[str, ...], Document]]:
    value = asked.value if isinstance(asked, Exact) else asked.include
    start = () if isinstance(asked, Exact) else ("include",)
    if isinstance(value, Document):
        yield start, value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            if isinstance(one, Document):
                yield (*start, key), one


def _findings(document: Document, kind: LintKind, account: Account) -> tuple[LintFinding, ...]:
    text = document.text
    if _NEUTRAL in text:
        return linted(text, kind, account.partition, account.id)
    return linted(text.replace(account.id, _NEUTRAL), kind, account.partition, _NEUTRAL)


def _at(given: Json, path: tuple[str, ...]) -> Any:
    for key in path:
        given = given.get(key) if isinstance(given, Mapping) else None
    return given


def _place(task: Task, name: str, path: tuple[str, ...], value: Any, finding: LintFinding) -> Place:
    if isinstance(value, FromTemplate):
        return _in_template(value, finding)
    inner = finding.path if isinstance(value, Mapping) else ()
    return task.at(str(task.kind), name, *path, *inner)


def _in_template(value: FromTemplate, finding: LintFinding) -> Place:
    """The line of a template from which the line came that holds the element."""
    line, column = 1, 1
    if value.file.endswith((".json", ".json.j2")):
        line, column = locate(value.text, finding.path)
    else:
        found = yamlfile.parse(value.text, value.file).place(*finding.path)
        line, column = found.line, found.column
    try:
        written = Path(value.file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(Problem("error", value.file, f"this template cannot be read: {error.strerror}")) from None
    yielded = value.text.splitlines()
    if written == yielded:
        return Place(value.file, line, column)
    before = 0
    for block in SequenceMatcher(None, written, yielded, autojunk=False).get_matching_blocks():
        if block.b <= line - 1 < block.b + block.size:
            return Place(value.file, block.a + line - block.b, column)
        if block.b > line - 1:
            break
        before = block.a + block.size
    return Place(value.file, min(before + 1, len(written)))
