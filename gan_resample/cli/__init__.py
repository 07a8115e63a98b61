"""The command ``gan-resample``: compare samplers on a table, or resample one.

gan-resample compare DATA --target COLUMN --out DIR
gan-resample resample IN --target COLUMN --sampler spread --out OUT
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from signal import SIGINT, raise_signal
from threading import Timer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]

DIED, USAGE_ERROR, STOPPED = 1, 2, 130


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; imports are here so that ``main`` catches a Ctrl-C during them."""
    import argparse

    import gan_resample
    from gan_resample.cli import compare, resample
    from gan_resample.cli.options import join_values

    parser = argparse.ArgumentParser(
        prog="gan-resample", description="Find out whether resampling helps on a table."
    )
    parser.add_argument("--version", action="version", version=gan_resample.__version__)
    commands = parser.add_subparsers(required=True, metavar="compare | resample")
    compare.add_command(commands)
    resample.add_command(commands)
    return parser.parse_args(join_values(arguments))


@contextmanager
def repeating_lost_interrupts() -> Iterator[None]:
    """Send a Ctrl-C again if Python loses it.

    An exception in a finalizer (``__del__``) is only printed, a KeyboardInterrupt too, and imports
    run many finalizers. Python hands what it would print to ``sys.unraisablehook``.
    """
    usual = sys.unraisablehook

    def send_again(lost: Any) -> None:
        if lost.exc_type is KeyboardInterrupt:
            # later, as the finalizer, in which it would be lost again, has not returned yet
            Timer(0.05, raise_signal, [SIGINT]).start()
        else:
            usual(lost)

    sys.unraisablehook = send_again
    try:
        yield
    finally:
        sys.unraisablehook = usual


@contextmanager
def _printing() -> Iterator[None]:
    """Say in a sentence that what is printed goes nowhere: a full disk, a pipe that was closed."""
    try:
        yield
        print(end="", flush=True)
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        sys.stdout = io.StringIO()  # or Python would try again when it ends, and say so
        raise OSError(f"what is printed cannot be written: {error.strerror}") from error


def show_warning(message: Warning | str, *about: object, **more: object) -> None:
    """Print a warning without the line of code that gave it."""
    print(f"warning: {message}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return 0, 1 if a process died, 2 for a usage error, 130 if stopped."""
    arguments = sys.argv[1:] if arguments is None else arguments
    when_stopped = ""
    try:
        with repeating_lost_interrupts():
            options = parse(arguments)
            options.arguments, when_stopped = arguments, options.when_stopped
            with warnings.catch_warnings(), _printing():
                warnings.showwarning = show_warning
                options.run(options)  # imports torch and others, which takes seconds
    except (ValueError, TypeError, OSError, ImportError) as error:
        print(f"gan-resample: {error}", file=sys.stderr)
        return USAGE_ERROR
    except RuntimeError as error:
        print(f"gan-resample: {error}", file=sys.stderr)
        return DIED
    except KeyboardInterrupt:
        print(f"\nstopped{when_stopped}", file=sys.stderr)
        # after a Ctrl-C inside an exec of text, as in the import of a dataclass, Python ends by
        # the signal whatever is returned here, unless it executes another text
        exec("")
        return STOPPED
    return 0
