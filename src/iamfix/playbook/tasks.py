"""Tasks as they are read: one job each, its words and arguments checked as far as that goes without AWS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from iamfix import words
from iamfix.fields import Context, FieldError
from iamfix.guards import RULES
from iamfix.kinds.protocol import Kind
from iamfix.model import Json
from iamfix.playbook.parts import Task
from iamfix.playbook.reading import Reading, is_file, resolved
from iamfix.wanted import settable
from iamfix.yamlfile import Source, nearest, walk

_OWN = ("name", "select", "state")


class Tasks:
    """Reads lists of tasks, and what they include."""

    def __init__(self, reading: Reading, kinds: Mapping[str, Kind]) -> None:
        self.reading, self.kinds = reading, kinds

    def read(
        self, source: Source, at: tuple[str | int, ...], items: Json, path: Path, above: tuple[Path, ...]
    ) -> tuple[Task, ...]:
        """Return the tasks of a list that are right. `above` are the files that include this one."""
        if not isinstance(items, list):
            self.reading.wrong(source, at, "tasks are a list")
            return ()
        found = (self._task(source, (*at, index), item, path, above) for index, item in enumerate(items))
        return tuple(task for task in found if task is not None)

    def _task(
        self, source: Source, at: tuple[str | int, ...], item: Json, path: Path, above: tuple[Path, ...]
    ) -> Task | None:
        if not isinstance(item, dict):
            self.reading.wrong(source, at, "a task is names with values")
            return None
        before = len(self.reading.problems)
        named = [key for key in item if key in self.kinds]
        self._unknown(source, at, item)
        known = {key: value for key, value in item.items() if key in words.TaskWords.model_fields}
        self.reading.problems += words.check(words.TaskWords, known, source, at)
        for key in ("check", "include_tasks", "staged"):
            if key in item and item[key] is None:
                self.reading.wrong(source, (*at, key), f"{key} is empty")
        jobs = [*named, *(key for key in ("check", "include_tasks") if key in item)]
        if len(jobs) != 1 and len(self.reading.problems) == before:
            what = f"this task has {' and '.join(jobs)}" if jobs else "this task does nothing"
            self.reading.wrong(source, at, f"{what}; it needs one kind, check or include_tasks")
        if "staged" in item and jobs != named:
            self.reading.wrong(source, (*at, "staged"), f"{jobs[0]} changes nothing that could be staged", key=True)
        for index, rule in enumerate(item.get("allow", ()) if len(self.reading.problems) == before else ()):
            if rule not in RULES:
                self.reading.wrong(source, (*at, "allow", index), f"there is no guard {rule!r}", nearest(rule, RULES))
        for key in ("when", "loop", "name", "vars", "regions", "controls"):
            self.reading.syntax(source, (*at, key), item.get(key), expression=key == "when")
        if isinstance(staged := item.get("staged"), dict):
            for key in ("when", "message"):
                self.reading.syntax(source, (*at, "staged", key), staged.get(key), expression=key == "when")
        if len(self.reading.problems) > before:
            if named:
                self._arguments(source, (*at, named[0]), named[0], item[named[0]])
            return None
        when = item.get("when", [])
        told = item["controls"] if isinstance(item.get("controls"), str) else None
        task = Task(
            source, at, item.get("name") or jobs[0],
            when=tuple(when) if isinstance(when, list) else (when,),
            loop=item.get("loop"), vars=item.get("vars", {}), tags=listed(item.get("tags", [])),
            practice=item.get("practice"), controls=() if told else tuple(item.get("controls", ())), controls_of=told,
            allow=tuple(item.get("allow", ())),
            regions=item.get("regions"), staged=item.get("staged"),
        )  # fmt: skip
        if jobs == ["include_tasks"]:
            return self._included(task, item["include_tasks"], path, above)
        if jobs == ["check"]:
            return self._check(task, item["check"])
        return self._of_kind(task, named[0], item[named[0]])

    def _unknown(self, source: Source, at: tuple[str | int, ...], item: Mapping[str, Json]) -> None:
        known = [*words.TaskWords.model_fields, *self.kinds]
        for key in item:
            if key not in known:
                self.reading.wrong(
                    source, (*at, key), f"unknown kind or keyword {key!r}", nearest(key, known), key=True
                )

    def _included(self, task: Task, name: str, path: Path, above: tuple[Path, ...]) -> Task | None:
        target = path.parent / name
        if not is_file(target):
            self.reading.missing(task.source, (*task.path, "include_tasks"), target, path.parent)
            return None
        source = self.reading.load(target, (*above, resolved(path)))
        if source is None:
            return None
        return replace(task, tasks=self.read(source, (), source.data, target, (*above, resolved(path))))

    def _check(self, task: Task, check: Mapping[str, Json]) -> Task | None:
        at = (*task.path, "check")
        kind = str(check["kind"])
        if kind not in self.kinds:
            self.reading.wrong(task.source, (*at, "kind"), f"there is no kind {kind!r}", nearest(kind, self.kinds))
        self.reading.syntax(task.source, (*at, "select"), check["select"], expression=True)
        for key in ("name", "message", "severity"):
            self.reading.syntax(task.source, (*at, key), check.get(key))
        self._regions(task, kind)
        return replace(task, kind=kind, check=check) if kind in self.kinds else None

    def _of_kind(self, task: Task, kind: str, data: Json) -> Task | None:
        args = self._arguments(task.source, (*task.path, kind), kind, data)
        self._regions(task, kind)
        if args is None:
            return None
        return replace(
            task, kind=kind, args={key: value for key, value in args.items() if key not in _OWN},
            resource_name=args.get("name"), select=args.get("select"), state=args.get("state", "present"),
        )  # fmt: skip

    def _regions(self, task: Task, kind: str) -> None:
        if task.regions and kind in self.kinds and self.kinds[kind].SCOPE == "global":
            summary = f"{kind} lives once per account, in no region"
            self.reading.wrong(task.source, (*task.path, "regions"), summary, "leave regions out", key=True)

    def _arguments(self, source: Source, at: tuple[str | int, ...], kind: str, data: Json) -> dict[str, Json] | None:
        """Check a kind's arguments as far as they are not templates."""
        data = {} if data is None else data
        if not isinstance(data, dict):
            self.reading.wrong(source, at, f"{kind} needs names with values", "name: …")
            return None
        before = len(self.reading.problems)
        module, fields = self.kinds[kind], settable(self.kinds[kind])
        for key in data:
            if key not in _OWN and key not in fields:
                self.reading.wrong(
                    source, (*at, key), f"{kind} has no field {key!r}", nearest(key, [*fields, *_OWN]), key=True
                )
        if "name" in data and "select" in data:
            self.reading.wrong(source, at, "either name: or select:, not both")
        if "name" not in data and "select" not in data and module.SINGLETON is None:
            self.reading.wrong(source, at, f"{kind} needs name: or select:")
        for key in ("name", "select"):
            if key in data:
                self._named(source, (*at, key), key, data[key])
        if data.get("state", "present") not in ("present", "absent"):
            self.reading.wrong(source, (*at, "state"), f"{data['state']!r} is no state", "present or absent")
        for key in (key for key in data if key in fields and data.get("state") == "absent"):
            summary = f"{key} says how it shall look, and state: absent that it shall go"
            self.reading.wrong(source, (*at, key), summary, "leave one of them out; select: finds by fields", key=True)
        names = [fields[key].name for key in data if key in fields]
        for key in (key for key in data if key in fields and names.count(fields[key].name) > 1):
            self.reading.wrong(source, (*at, key), f"{fields[key].name!r} is given twice, under two names", key=True)
        for key, value in data.items():
            self.reading.syntax(source, (*at, key), value, expression=key == "select")
            if key in fields and not _templated(value):
                try:
                    fields[key].codec.read(value, Context())
                except FieldError as error:
                    self.reading.wrong(source, (*at, key, *error.path), f"{key}: {error.summary}", error.hint)
        return data if len(self.reading.problems) == before else None

    def _named(self, source: Source, at: tuple[str | int, ...], key: str, value: Json) -> None:
        fits = isinstance(value, str) or (key == "select" and isinstance(value, bool))
        if not fits:
            self.reading.wrong(source, at, f"{key}: expected text, got {type(value).__name__}", "put it in quotes")
        elif value == "":
            self.reading.wrong(source, at, f"{key}: is empty")


def _templated(value: Json) -> bool:
    return any(isinstance(one, str) and ("{{" in one or "{%" in one) for _, one in walk(value)) or (
        isinstance(value, dict) and any("{{" in str(key) for key in value)
    )


def listed(value: str | list[str]) -> tuple[str, ...]:
    """Return words that are written as a list, or as one text with commas."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else tuple(value)
