"""The paths of AWS managed policies, so that a playbook can name them without asking AWS."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files


@cache
def aws_managed_paths() -> Mapping[str, str]:
    """Return path by policy name, of the policies in the shipped list (AWS adds some each month)."""
    paths: dict[str, str] = {}
    path = "/"
    for line in files("iamfix").joinpath("data/aws_managed_policies.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("/"):
            path = line
        elif line.startswith("  "):
            paths[line.strip()] = path
    return paths
