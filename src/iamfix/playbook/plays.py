"""Playbooks as they are read: plays, other playbooks that they import, files of variables, folders of templates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from iamfix import words
from iamfix.kinds.protocol import Kind
from iamfix.model import InputError, Json, Problem
from iamfix.playbook.parts import Play, Playbooks
from iamfix.playbook.reading import Reading, is_file, resolved
from iamfix.playbook.tasks import Tasks, listed
from iamfix.yamlfile import Source


def load_playbooks(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> Playbooks:
    """Read playbooks and all that they include. Raises InputError with every mistake in all of them."""
    found, problems = read_playbooks(paths, kinds)
    if problems:
        raise InputError(*problems)
    return found


def read_playbooks(paths: Sequence[Path], kinds: Mapping[str, Kind]) -> tuple[Playbooks, tuple[Problem, ...]]:
    """Read playbooks and all that they include; return what is right in them, and every mistake."""
    reading = Reading()
    reader = _Plays(reading, Tasks(reading, kinds))
    plays = [play for path in paths for play in reader.playbook(path, ())]
    roots = _template_roots(paths)
    digest = hashlib.sha256()
    for text in (*reading.texts, *_template_texts(roots)):
        digest.update(text.encode())
    found = Playbooks(tuple(plays), f"sha256:{digest.hexdigest()}", tuple(reading.files), roots)
    return found, tuple(dict.fromkeys(reading.problems))


def _meant_to_import(item: Mapping[str, Json]) -> str | None:
    """Return the key that is a slip of the pen for import_playbook, which stands alone."""
    others = [key for key in item if key != "name"]
    return others[0] if len(others) == 1 and get_close_matches(others[0], ["import_playbook"]) else None


class _Plays:
    """Reads plays, and the playbooks that they import."""

    def __init__(self, reading: Reading, tasks: Tasks) -> None:
        self.reading, self.tasks = reading, tasks

    def playbook(self, path: Path, above: tuple[Path, ...]) -> Iterator[Play]:
        source = self.reading.load(path, above)
        if source is None:
            return
        if not isinstance(source.data, list) or not source.data:
            self.reading.wrong(source, (), "a playbook is a list of plays", "- accounts: all\n  tasks: […]")
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
            self.reading.wrong(source, (*at, key), f"unknown key {key!r}", "import_playbook stands alone", key=True)
        name = item["import_playbook"]
        if not isinstance(name, str):
            self.reading.wrong(source, (*at, "import_playbook"), "import_playbook names a file")
            return
        target = path.parent / name
        if not is_file(target):
            self.reading.missing(source, (*at, "import_playbook"), target, path.parent)
            return
        yield from self.playbook(target, (*above, resolved(path)))

    def _play(self, source: Source, at: tuple[str | int, ...], item: Json, path: Path) -> Play | None:
        if isinstance(item, dict) and (near := _meant_to_import(item)):
            self.reading.wrong(
                source, (*at, near), f"unknown key {near!r}", "did you mean 'import_playbook'?", key=True
            )
            return None
        problems = words.check(words.PlayWords, item, source, at)
        self.reading.problems += problems
        if problems or not isinstance(item, dict):
            if isinstance(item, dict) and isinstance(item.get("tasks"), list):
                self.tasks.read(source, (*at, "tasks"), item["tasks"], path, ())
            return None
        serial = item.get("serial", [])
        serial = tuple(serial) if isinstance(serial, list) else (serial,)
        for one in serial:
            text = str(one).removesuffix("%")
            number = r"[0-9]{1,9}(\.[0-9]{1,9})?" if str(one).endswith("%") else r"[0-9]{1,9}"
            if not re.fullmatch(number, text) or float(text) <= 0:
                self.reading.wrong(source, (*at, "serial"), f"{one!r} is no number or share", 'such as 5 or "25%"')
        self.reading.syntax(source, (*at, "vars"), item.get("vars", {}))
        return Play(
            name=item.get("name") or item["accounts"],
            accounts=item["accounts"],
            tasks=self.tasks.read(source, (*at, "tasks"), item["tasks"], path, ()),
            serial=serial,
            max_fail_percentage=item.get("max_fail_percentage"),
            vars={**item.get("vars", {}), **self._vars_files(source, (*at, "vars_files"), item, path)},
            tags=listed(item.get("tags", [])),
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
            if not is_file(target):
                self.reading.missing(source, place, target, path.parent)
            elif (loaded := self.reading.load(target, ())) is not None:
                data = {} if loaded.data is None else loaded.data
                if isinstance(data, dict):
                    self.reading.syntax(loaded, (), data)
                    found |= data
                else:
                    self.reading.wrong(loaded, (), "a file of variables is names with values", "name: value")
        return found


def _template_roots(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Return the templates/ folders beside the playbooks and above them, then the shipped one."""
    roots: dict[Path, None] = {}
    for path in paths:
        for folder in resolved(path).parents:
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
