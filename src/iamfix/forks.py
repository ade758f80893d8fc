"""Accounts side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Found = TypeVar("_Found")


def side_by_side(
    items: Sequence[_Item], one: Callable[[_Item], _Found], forks: int, stop: threading.Event
) -> list[_Found]:
    """Do one thing for each item, `forks` at once; return what came of each, in order.

    An interrupt sets `stop`, lets what is under way end, and drops what has not begun.
    """
    with ThreadPoolExecutor(max(1, forks), thread_name_prefix="account") as pool:
        try:
            return [future.result() for future in [pool.submit(one, item) for item in items]]
        except KeyboardInterrupt:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
