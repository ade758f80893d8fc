"""A practice AWS on this machine: moto made strict.

How it works
    `server.Sandbox` listens on 127.0.0.1. Every request goes through the same steps (`dispatch`): its caller is told
    from the access key (`identity`), it is written into the log (`log`), faults may strike (`faults`: latency,
    throttling, one-off errors, hooks for tests that kill their client), the caller's policies are asked
    (`authorization`), and then it is answered: by a handler in `services/`, or, for every operation without a handler,
    by moto.

    The services iamfix depends on most (IAM, STS, Organizations) have handlers for all that is used of them and
    keep their own state, because moto differs from AWS there in nearly every operation. Their records are immutable
    and live in `store.Store`, which can show a write to some requests later than to others (`consistency_delay`).

How a service is added or made stricter
    1. `services/<service>.py` (or a package, when it is larger) with functions `handler(call) -> dict | None`.
       `call.params` are the parameters as botocore names them; the answer has the operation's output members.
       `raise AwsError(code, message)` for an error. Return None to let moto answer: so a handler can just check
       something that moto does not, and pass on.
    2. `SERVICE = Service("<botocore service name>", {"OperationName": handler, …})` at its end.
       All parameters are checked against botocore's model (lengths, patterns, enums, ranges) for the operations that
       have a handler.
    3. One line in `services/__init__.py`.
    State of one's own: a class with `__init__(self, visibility)` holding `Store`s, got with `call.state(TheClass)`;
    there is one for each account and partition. Lists are cut with `call.page(…)`, which follows the page faults.
    Time is `call.cloud.now()`, ids `call.cloud.new_id("PREFIX")`; nothing else is random or timed.

Nothing here is imported by the product but by its commands `sandbox` and `demo`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from iamfix.sandbox.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from iamfix.sandbox.clock import SystemClock, TurnableClock
    from iamfix.sandbox.log import Record
    from iamfix.sandbox.server import Sandbox
    from iamfix.sandbox.world import inventory_yaml

__all__ = ["Record", "Sandbox", "SandboxUnavailableError", "SystemClock", "TurnableClock", "inventory_yaml"]

_HOMES = {
    "Record": "log",
    "Sandbox": "server",
    "SystemClock": "clock",
    "TurnableClock": "clock",
    "inventory_yaml": "world",
}


def __getattr__(name: str) -> Any:
    """Import the rest when it is first used, with one clear error when the extra is not installed."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        return getattr(import_module(f"{__name__}.{home}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] in ("moto", "flask", "flask_cors", "werkzeug"):
            raise SandboxUnavailableError(
                f"The sandbox needs the package {error.name}. Install it with: pip install 'iamfix[sandbox]'"
            ) from None
        raise
