"""AWS's service models, as botocore has them: read once for the process, for that costs more than all the rest."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session


@cache
def shared_loader() -> Any:
    """Return botocore's loader of models. A new one looks through thousands of files before it reads the first."""
    return botocore.session.get_session().get_component("data_loader")
