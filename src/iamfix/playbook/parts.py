"""What a playbook is made of: plays and tasks as written; nothing in them is rendered yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from iamfix.model import Json, Place
from iamfix.yamlfile import Source


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
