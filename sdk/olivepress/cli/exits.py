"""From an exception to an exit code and a message."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum
from functools import wraps
from typing import Any, ParamSpec

import typer

from olivepress.errors import (
    OlivepressError,
    OutcomeUnknown,
    TransactionError,
    TransportError,
)

P = ParamSpec("P")


class Exit(IntEnum):
    """Exit codes of the command; the table is in the package docstring of olivepress.cli."""

    OK = 0
    FAILED = 1
    USAGE = 2
    CONNECTION = 3
    REFUSED = 4
    UNKNOWN = 5
    INTERRUPTED = 130


def exit_code(error: BaseException) -> Exit:
    """The exit code for an exception that ends a command."""
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return Exit.INTERRUPTED
    if isinstance(error, OutcomeUnknown):
        return Exit.UNKNOWN
    if isinstance(error, TransportError):
        return Exit.CONNECTION
    if isinstance(error, TransactionError):
        return Exit.REFUSED
    if isinstance(error, OlivepressError):
        return Exit.USAGE
    return Exit.FAILED


def as_document(error: BaseException) -> dict[str, Any]:
    """An error as a JSON document: type, message, exit code and, where the error has them, its fields."""
    document: dict[str, Any] = {
        "error": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "exit_code": int(exit_code(error)),
    }
    for field in ("field", "value", "allowed", "expected", "url", "name", "values"):
        content = getattr(error, field, None)
        if content not in (None, "", {}):
            document[field] = content if isinstance(content, int | dict) else str(content)
    return document


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """The command with every error turned into a message on stderr and its exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt as error:
            print(str(error) or "Interrupted.", file=sys.stderr)
            raise typer.Exit(Exit.INTERRUPTED) from None
        except OlivepressError as error:
            _show(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(exit_code(error)) from None
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except Exception as error:
            traceback.print_exc()
            _show(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(Exit.FAILED) from None

    return run


def _show(error: Exception, *, as_json: bool) -> None:
    print(json.dumps(as_document(error)) if as_json else f"error: {error}", file=sys.stderr)
