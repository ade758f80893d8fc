"""Playbooks: plays and tasks read from YAML, checked as far as that goes without AWS."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from iamfix import words
from iamfix.fields import Context, FieldError
from iamfix.guards import RULES
from iamfix.kinds.protocol import Kind
from iamfix.model import InputError, Json, Place, Problem
from iamfix.render import check_syntax
from iamfix.wanted import settable
from iamfix.yamlfile import Source, load, nearest, walk

__all__ = [
    "Play",
    "Playbooks",
    "Task",
    "check_tags",
    "load_playbooks",
    "nearest",
    "read_playbooks",
    "selected",
    "words_to_enforce",
]

_OWN = ("name", "select", "state")
MAX_DEPTH = 20
MAX_FILES = 2_000


@dataclass(frozen=True, slots=True)
class Task:
    """A task as written; nothing in it is rendered yet."""

    source: Source
    path: tuple[str | int, ...]
    name: str
    kind: str | None = None
    args: Mapping[str, Json] = field(default_factory=dict)
    resource_name: Json = None
    select: str | bool | None = None
    state: str = "present"
    check: Mapping[str, Json] | None = None
    when: tuple[str | bool, ...] = ()
    loop: Json = None
    vars: Mapping[str, Json] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    practice: int | None = None
    controls: tuple[str, ...] = ()
    controls_of: str | None = None
    """A template that gives the controls of the item at hand."""
    allow: tuple[str, ...] = ()
    regions: Json = None
    staged: Mapping[str, Json] | None = None
    """The fix may break something: `message`, `severity`, `when`."""
    tasks: tuple[Task, ...] = ()
    """The tasks of an `include_tasks`."""

    def at(self, *path: str | int) -> Place:
        """Return the place of something in this task."""
        return self.source.place(*self.path, *path)


@dataclass(frozen=True, slots=True)
class Play:
    name: str
    accounts: str
    tasks: tuple[Task, ...]
    serial: tuple[str | int, ...] = ()
    max_fail_percentage: float | None = None
    vars: Mapping[str, Json] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Playbooks:
    """All plays, in order. `template_roots` are the folders in which templates are looked for, nearest first."""

    plays: tuple[Play, ...]
    digest: str
    files: tuple[str, ...]
    template_roots: tuple[Path, ...]


def load_playbooks(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> Playbooks:
    """Read playbooks and all that they include. Raises InputError with every mistake in all of them."""
    found, problems = read_playbooks(paths, kinds)
    if problems:
        raise InputError(*problems)
    return found


def read_playbooks(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> tuple[Playbooks, tuple[Problem, ...]]:
    """Read playbooks and all that they include; return what is right in them, and every mistake."""
    reading = _Reading(kinds)
    plays = [play for path in paths for play in reading.playbook(path, ())]
    roots = _template_roots(paths)
    digest = hashlib.sha256()
    for text in (*reading.texts, *_template_texts(roots)):
        digest.update(text.encode())
    found = Playbooks(tuple(plays), f"sha256:{digest.hexdigest()}", tuple(reading.files), roots)
    return found, tuple(dict.fromkeys(reading.problems))


def words_to_enforce(plays: Iterable[Play]) -> set[str]:
    """Return the words with which `enforce` can name the plays' staged tasks: tags, and practices by number."""
    return {word for play in plays for task in play.tasks for word in _words_to_enforce(task, play.tags)}


def _words_to_enforce(task: Task, tags: tuple[str, ...]) -> Iterator[str]:
    tags = (*tags, *task.tags)
    for inner in task.tasks:
        yield from _words_to_enforce(inner, tags)
    if task.staged is not None:
        yield from tags
        if task.practice is not None:
            yield str(task.practice)


def selected(tags: Collection[str], only: Collection[str], skip: Collection[str]) -> bool:
    """Tell whether a task with these tags runs, as Ansible has it (`always` and `never` included)."""
    found = set(tags)
    if found & set(skip) or ("always" in found and "always" in skip):
        return False
    if only:
        return bool(found & set(only)) or "always" in found or ("all" in only and "never" not in found)
    return "never" not in found


def check_tags(plays: Iterable[Play], **given: Collection[str]) -> None:
    """Refuse tags that no task has: a slip of the pen must not look like success. `given`: by the option's name.

    Raises InputError.
    """
    known = {word for play in plays for word in (*play.tags, *_tags(play.tasks))}
    for option, asked in given.items():
        for word in asked:
            if word not in {*known, "all", "always", "never"}:
                hint = nearest(word, known) if known else "the playbooks have no tags"
                raise InputError(
                    Problem("error", f"--{option.replace('_', '-')}", f"no task has the tag {word!r}", hint)
                )


def _tags(tasks: Iterable[Task]) -> Iterator[str]:
    for task in tasks:
        yield from task.tags
        yield from _tags(task.tasks)


class _Reading:
    """Reads files, and gathers what is wrong with them."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds
        self.problems: list[Problem] = []
        self.files: list[str] = []
        self.texts: list[str] = []

    def playbook(self, path: Path, above: tuple[Path, ...]) -> Iterator[Play]:
        source = self._load(path, above)
        if source is None:
            return
        if not isinstance(source.data, list) or not source.data:
            self._wrong(source, (), "a playbook is a list of plays", "- accounts: all\n  tasks: […]")
            return
        for index, item in enumerate(source.data):
            if isinstance(item, dict) and "import_playbook" in item:
                yield from self._import(source, (index,), item, path, above)
            elif (play := self._play(source, (index,), item, path)) is not None:
                yield play

    def _import(
        self, source: Source, at: tuple[str | int, ...], item: Mapping[str, Json], path: Path, above: tuple[Path, ...]
    ) -> Iterator[Play]:
        for key in item.keys() - {"import_playbook", "name"}:
            self._wrong(source, (*at, key), f"unknown key {key!r}", "import_playbook stands alone", key=True)
        name = item["import_playbook"]
        if not isinstance(name, str):
            self._wrong(source, (*at, "import_playbook"), "import_playbook names a file")
            return
        target = path.parent / name
        if not _is_file(target):
            self._missing(source, (*at, "import_playbook"), target, path.parent)
            return
        yield from self.playbook(target, (*above, _resolved(path)))

    def _load(self, path: Path, above: tuple[Path, ...]) -> Source | None:
        if _resolved(path) in above or len(above) > MAX_DEPTH:
            chain = " -> ".join(one.name for one in (*above, path))
            self.problems.append(Problem("error", str(path), f"the files include each other in a circle: {chain}"))
            return None
        if len(self.files) >= MAX_FILES:
            self.problems.append(Problem("error", str(path), f"the playbooks include more than {MAX_FILES:,} files"))
            return None
        try:
            source = load(path, problems=self.problems)
        except InputError as error:
            self.problems += error.problems
            return None
        self.files.append(str(path))
        self.texts.append(source.text)
        return source

    def _play(self, source: Source, at: tuple[str | int, ...], item: Json, path: Path) -> Play | None:
        problems = words.check(words.PlayWords, item, source, at)
        self.problems += problems
        if problems or not isinstance(item, dict):
            if isinstance(item, dict) and isinstance(item.get("tasks"), list):
                self._tasks(source, (*at, "tasks"), item["tasks"], path, ())
            return None
        serial = item.get("serial", [])
        serial = tuple(serial) if isinstance(serial, list) else (serial,)
        for one in serial:
            text = str(one).removesuffix("%")
            number = r"[0-9]{1,9}(\.[0-9]{1,9})?" if str(one).endswith("%") else r"[0-9]{1,9}"
            if not re.fullmatch(number, text) or float(text) <= 0:
                self._wrong(source, (*at, "serial"), f"{one!r} is no number or share", 'such as 5 or "25%"')
        self._syntax(source, (*at, "vars"), item.get("vars", {}))
        return Play(
            name=item.get("name") or item["accounts"],
            accounts=item["accounts"],
            tasks=self._tasks(source, (*at, "tasks"), item["tasks"], path, ()),
            serial=serial,
            max_fail_percentage=item.get("max_fail_percentage"),
            vars={**item.get("vars", {}), **self._vars_files(source, (*at, "vars_files"), item, path)},
            tags=_listed(item.get("tags", [])),
            where=str(source.place(*at)),
        )

    def _vars_files(
        self, source: Source, at: tuple[str | int, ...], item: Mapping[str, Json], path: Path
    ) -> dict[str, Json]:
        """Read a play's files of variables; later ones win."""
        given, found = item.get("vars_files", []), dict[str, Json]()
        for index, name in enumerate([given] if isinstance(given, str) else given):
            place = at if isinstance(given, str) else (*at, index)
            target = path.parent / name
            if not _is_file(target):
                self._missing(source, place, target, path.parent)
            elif (loaded := self._load(target, ())) is not None:
                data = {} if loaded.data is None else loaded.data
                if isinstance(data, dict):
                    self._syntax(loaded, (), data)
                    found |= data
                else:
                    self._wrong(loaded, (), "a file of variables is names with values", "name: value")
        return found

    def _tasks(
        self, source: Source, at: tuple[str | int, ...], items: Json, path: Path, above: tuple[Path, ...]
    ) -> tuple[Task, ...]:
        if not isinstance(items, list):
            self._wrong(source, at, "tasks are a list")
            return ()
        found = (self._task(source, (*at, index), item, path, above) for index, item in enumerate(items))
        return tuple(task for task in found if task is not None)

    def _task(
        self, source: Source, at: tuple[str | int, ...], item: Json, path: Path, above: tuple[Path, ...]
    ) -> Task | None:
        if not isinstance(item, dict):
            self._wrong(source, at, "a task is names with values")
            return None
        before = len(self.problems)
        named = [key for key in item if key in self.kinds]
        self._unknown(source, at, item)
        known = {key: value for key, value in item.items() if key in words.TaskWords.model_fields}
        self.problems += words.check(words.TaskWords, known, source, at)
        for key in ("check", "include_tasks", "staged"):
            if key in item and item[key] is None:
                self._wrong(source, (*at, key), f"{key} is empty")
        jobs = [*named, *(key for key in ("check", "include_tasks") if key in item)]
        if len(jobs) != 1 and len(self.problems) == before:
            what = f"this task has {' and '.join(jobs)}" if jobs else "this task does nothing"
            self._wrong(source, at, f"{what}; it needs one kind, check or include_tasks")
        if "staged" in item and jobs != named:
            self._wrong(source, (*at, "staged"), f"{jobs[0]} changes nothing that could be staged", key=True)
        for index, rule in enumerate(item.get("allow", ()) if len(self.problems) == before else ()):
            if rule not in RULES:
                self._wrong(source, (*at, "allow", index), f"there is no guard {rule!r}", nearest(rule, RULES))
        for key in ("when", "loop", "name", "vars", "regions", "controls"):
            self._syntax(source, (*at, key), item.get(key), expression=key == "when")
        if isinstance(staged := item.get("staged"), dict):
            for key in ("when", "message"):
                self._syntax(source, (*at, "staged", key), staged.get(key), expression=key == "when")
        if len(self.problems) > before:
            if named:
                self._arguments(source, (*at, named[0]), named[0], item[named[0]])
            return None
        when = item.get("when", [])
        told = item["controls"] if isinstance(item.get("controls"), str) else None
        task = Task(
            source, at, item.get("name") or jobs[0],
            when=tuple(when) if isinstance(when, list) else (when,),
            loop=item.get("loop"), vars=item.get("vars", {}), tags=_listed(item.get("tags", [])),
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
                self._wrong(source, (*at, key), f"unknown kind or keyword {key!r}", nearest(key, known), key=True)

    def _included(self, task: Task, name: str, path: Path, above: tuple[Path, ...]) -> Task | None:
        target = path.parent / name
        if not _is_file(target):
            self._missing(task.source, (*task.path, "include_tasks"), target, path.parent)
            return None
        source = self._load(target, (*above, _resolved(path)))
        if source is None:
            return None
        return _replaced(task, tasks=self._tasks(source, (), source.data, target, (*above, _resolved(path))))

    def _check(self, task: Task, check: Mapping[str, Json]) -> Task | None:
        at = (*task.path, "check")
        kind = str(check["kind"])
        if kind not in self.kinds:
            self._wrong(task.source, (*at, "kind"), f"there is no kind {kind!r}", nearest(kind, self.kinds))
        self._syntax(task.source, (*at, "select"), check["select"], expression=True)
        for key in ("name", "message", "severity"):
            self._syntax(task.source, (*at, key), check.get(key))
        self._regions(task, kind)
        return _replaced(task, kind=kind, check=check) if kind in self.kinds else None

    def _of_kind(self, task: Task, kind: str, data: Json) -> Task | None:
        args = self._arguments(task.source, (*task.path, kind), kind, data)
        self._regions(task, kind)
        if args is None:
            return None
        return _replaced(
            task, kind=kind, args={key: value for key, value in args.items() if key not in _OWN},
            resource_name=args.get("name"), select=args.get("select"), state=args.get("state", "present"),
        )  # fmt: skip

    def _regions(self, task: Task, kind: str) -> None:
        if task.regions and kind in self.kinds and self.kinds[kind].SCOPE == "global":
            summary = f"{kind} lives once per account, in no region"
            self._wrong(task.source, (*task.path, "regions"), summary, "leave regions out", key=True)

    def _arguments(self, source: Source, at: tuple[str | int, ...], kind: str, data: Json) -> dict[str, Json] | None:
        """Check a kind's arguments as far as they are not templates."""
        data = {} if data is None else data
        if not isinstance(data, dict):
            self._wrong(source, at, f"{kind} needs names with values", "name: …")
            return None
        before = len(self.problems)
        module, fields = self.kinds[kind], settable(self.kinds[kind])
        for key in data:
            if key not in _OWN and key not in fields:
                self._wrong(
                    source, (*at, key), f"{kind} has no field {key!r}", nearest(key, [*fields, *_OWN]), key=True
                )
        if "name" in data and "select" in data:
            self._wrong(source, at, "either name: or select:, not both")
        if "name" not in data and "select" not in data and module.SINGLETON is None:
            self._wrong(source, at, f"{kind} needs name: or select:")
        for key in ("name", "select"):
            if key in data:
                self._named(source, (*at, key), key, data[key])
        if data.get("state", "present") not in ("present", "absent"):
            self._wrong(source, (*at, "state"), f"{data['state']!r} is no state", "present or absent")
        names = [fields[key].name for key in data if key in fields]
        for key in (key for key in data if key in fields and names.count(fields[key].name) > 1):
            self._wrong(source, (*at, key), f"{fields[key].name!r} is given twice, under two names", key=True)
        for key, value in data.items():
            self._syntax(source, (*at, key), value, expression=key == "select")
            if key in fields and not _templated(value):
                try:
                    fields[key].codec.read(value, Context())
                except FieldError as error:
                    self._wrong(source, (*at, key, *error.path), f"{key}: {error.summary}", error.hint)
        return data if len(self.problems) == before else None

    def _named(self, source: Source, at: tuple[str | int, ...], key: str, value: Json) -> None:
        fits = isinstance(value, str) or (key == "select" and isinstance(value, bool))
        if not fits:
            self._wrong(source, at, f"{key}: expected text, got {type(value).__name__}", "put it in quotes")
        elif value == "":
            self._wrong(source, at, f"{key}: is empty")

    def _syntax(self, source: Source, at: tuple[str | int, ...], value: Json, *, expression: bool = False) -> None:
        for path, one in walk(value):
            if isinstance(one, str) and (wrong := check_syntax(one, expression=expression)):
                self._wrong(source, (*at, *path), wrong)

    def _missing(self, source: Source, at: tuple[str | int, ...], target: Path, folder: Path) -> None:
        known = [str(one.relative_to(folder)) for glob in ("*.y*ml", "*/*.y*ml") for one in folder.glob(glob)]
        wanted = source.data
        for part in at:
            wanted = wanted[part]
        self._wrong(source, at, f"there is no file {target}", nearest(wanted, known))

    def _wrong(
        self, source: Source, at: tuple[str | int, ...], summary: str, hint: str = "", *, key: bool = False
    ) -> None:
        self.problems.append(Problem("error", str(source.place(*at, key=key)), summary, hint))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        # A name that is too long for the file system, or a folder that may not be looked into.
        return False


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        # A circle of symbolic links; reading the file will tell.
        return path.absolute()


def _replaced(task: Task, **fields: object) -> Task:
    from dataclasses import replace

    return replace(task, **fields)  # type: ignore[arg-type]


def _templated(value: Json) -> bool:
    return any(isinstance(one, str) and ("{{" in one or "{%" in one) for _, one in walk(value)) or (
        isinstance(value, dict) and any("{{" in str(key) for key in value)
    )


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else tuple(value)


def _template_roots(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the templates/ folders beside the playbooks and above them, then the shipped one."""
    roots: dict[Path, None] = {}
    for path in paths:
        for folder in _resolved(path).parents:
            if (folder / "templates").is_dir():
                roots[folder / "templates"] = None
            if (folder / ".git").exists() or (folder / "pyproject.toml").exists():
                break
    from iamfix.starter import starter_folder

    shipped = starter_folder("templates")
    if shipped is not None:
        roots[shipped] = None
    return tuple(roots)


def _template_texts(roots: Sequence[Path]) -> Iterator[str]:
    for root in roots:
        for file in sorted(root.rglob("*")):
            if file.is_file():
                yield file.read_text(encoding="utf-8", errors="replace")
