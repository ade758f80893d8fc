"""The command line: options in, text and exit code out. It decides nothing.

Everything heavy is imported inside the commands, so that `iamfix --help` is quick.
"""

from __future__ import annotations

import signal
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run iamfix and end the process with its exit code. What ends it politely (SIGTERM) is taken as Ctrl-C is."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run iamfix and return its exit code: 0 done, 1 error, 2 differences, 3 some accounts failed, 130 interrupted."""
    from iamfix.cli.errors import explained

    def command() -> object:
        from iamfix.cli.app import app

        return app(arguments, standalone_mode=False, prog_name="iamfix")

    return explained(command)
