"""Which tasks run: tags, and the words that `enforce` takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from iamfix.model import InputError, Problem
from iamfix.playbook.parts import Play, Task
from iamfix.yamlfile import nearest


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
