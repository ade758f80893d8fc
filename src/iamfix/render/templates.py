"""Scopes for accounts, and the templates that they find in the folders."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError

from iamfix import yamlfile
from iamfix.clock import SystemClock
from iamfix.model import Account, InputError, Problem
from iamfix.render.environment import check_syntax, syntax_hint, syntax_line
from iamfix.render.scope import Layers, NoTemplateError, Scope
from iamfix.world import World, resources_of
from iamfix.yamlfile import nearest


class FromTemplate(dict[str, Any]):
    """What a template file yields, where that is names with values. It knows its file and the text it was read from."""

    def __init__(self, value: Mapping[str, Any], file: str, text: str) -> None:
        super().__init__(value)
        self.file, self.text = file, text


class Renderer:
    """Makes scopes for accounts; finds templates in the given folders, first come."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = [root.resolve() for root in roots]

    def scope(
        self, account: Account, extra: Mapping[str, Any], world: World | None, now: datetime | None = None
    ) -> Scope:
        """Return an account's scope: its variables, what is built in, and `resources()` and `template()`.

        `now` is the time of the run, in UTC; if not given, that of the call.
        """
        facts: dict[str, Any] = {
            "account_id": account.id,
            "account_name": account.name,
            "account_groups": list(account.groups),
            "partition": account.partition,
            "home_region": account.home_region,
            "region": account.home_region,
            "regions": list(account.regions),
            "today": (now or SystemClock().now()).date().isoformat(),
        }
        scope: list[Scope] = []

        def resources(
            kind: str, region: str | None = None, names: Collection[str] | None = None, live: bool = True
        ) -> list[Any]:
            if world is None:
                raise SecurityError("resources() needs AWS; it cannot be checked offline")
            if kind not in world.kinds:
                raise SecurityError(f"there is no kind {kind!r}; {nearest(kind, world.kinds)}")
            where = None if world.kinds[kind].SCOPE == "global" else region or account.home_region
            return list(resources_of(world, kind, where, live=live, only=names))

        @jinja2.pass_context
        def template(context: jinja2.runtime.Context, path: str, **variables: Any) -> Any:
            # It sees what its caller sees, as in Ansible; what it is given has the last word.
            caller = context.parent.get("\0", {})
            return self.template(path, scope[0].child({}, Layers(variables, caller)))

        def spelled(kind: str, name: str) -> str:
            if world is None:
                return name
            if kind not in world.kinds:
                raise SecurityError(f"there is no kind {kind!r}; {nearest(kind, world.kinds)}")
            return world.spelled(kind, name, None if world.kinds[kind].SCOPE == "global" else account.home_region)

        facts |= {"resources": resources, "spelled": spelled, "template": template}
        version = (lambda: 0) if world is None else (lambda: world.version)
        scope.append(Scope(dict(account.vars), facts, extra, f"{account.name}: ", version))
        return scope[0]

    def find(self, path: str) -> Path:
        """Return a template's file. Raises NoTemplateError when there is none in the folders."""
        for root in self._roots:
            found = (root / path).resolve()
            if found.is_relative_to(root) and found.is_file():
                return found
        known = [str(one.relative_to(root)) for root in self._roots for one in root.rglob("*") if one.is_file()]
        raise NoTemplateError(f"there is no such template in templates/: {path}", nearest(path, known))

    def template(self, path: str, scope: Scope) -> Any:
        """Render a template file. `.json` and `.yml` templates (`.j2` or not) are read and given as values."""
        file = self.find(path)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(Problem("error", str(file), f"this template cannot be read: {error}")) from None
        if wrong := check_syntax(text):
            raise InputError(Problem("error", f"{file}:{syntax_line(text)}", wrong, syntax_hint(wrong)))
        rendered = scope.whole(text, str(file))
        name = file.name.removesuffix(".j2")
        if name.endswith(".json"):
            try:
                value = json.loads(rendered, object_pairs_hook=_no_twice)
            except ValueError as error:
                line = getattr(error, "lineno", 1)
                shown = (rendered.splitlines()[line - 1 : line] or [""])[0].strip()
                # What came of an expression may be a secret: only what stands so in the file is repeated.
                hint = f"the line: {shown}" if shown and shown in text else "what its expressions give is no JSON here"
                problem = Problem("error", f"{file}:{line}", f"it yields no JSON: {error}", hint)
                raise InputError(problem) from None
        elif name.endswith((".yml", ".yaml")):
            value = yamlfile.parse(rendered, str(file)).data
        else:
            return rendered
        return FromTemplate(value, str(file), rendered) if isinstance(value, dict) else value


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in names if names.count(key) > 1)!r} is given twice")
    return found
