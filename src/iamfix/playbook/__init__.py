"""Playbooks: plays and tasks read from YAML, checked as far as that goes without AWS.

`parts.py` says what a playbook is made of. `plays.py` reads one with `tasks.py`, through the files of `reading.py`, by
the words that `iamfix.words` lists; all mistakes are told at once. `tags.py` tells which tasks run.
"""

from iamfix.playbook.parts import Play, Playbooks, Task
from iamfix.playbook.plays import load_playbooks, read_playbooks
from iamfix.playbook.tags import check_tags, selected, words_to_enforce

__all__ = [
    "Play",
    "Playbooks",
    "Task",
    "check_tags",
    "load_playbooks",
    "read_playbooks",
    "selected",
    "words_to_enforce",
]
