"""The playbooks, templates and sample inventory that come with iamfix."""

from __future__ import annotations

from pathlib import Path

PARTS = ("playbooks", "templates", "inventory")


def starter_folder(part: str) -> Path | None:
    """Return the shipped folder of `playbooks`, `templates` or `inventory`: in the wheel, or in a checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "starter" / part, here.parents[1] / part):
        if folder.is_dir():
            return folder
    return None
