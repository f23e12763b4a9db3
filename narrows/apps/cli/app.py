"""The program `narrows`: its commands, exit status, and the message of an error."""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from narrows.apps.cli import signals
from narrows.apps.cli.commands.data import data_app
from narrows.apps.cli.commands.demo import demo
from narrows.apps.cli.commands.denoise import denoise
from narrows.apps.cli.commands.detect import detect
from narrows.apps.cli.commands.diagnose import diagnose
from narrows.apps.cli.commands.doctor import doctor
from narrows.apps.cli.commands.drift import drift
from narrows.apps.cli.commands.encode import encode
from narrows.apps.cli.commands.export import export
from narrows.apps.cli.commands.fit import fit
from narrows.apps.cli.commands.generate import generate
from narrows.apps.cli.commands.impute import impute
from narrows.apps.cli.commands.inspect import inspect
from narrows.apps.cli.commands.lab import lab
from narrows.apps.cli.commands.reconstruct import reconstruct
from narrows.apps.cli.commands.report import report
from narrows.apps.cli.commands.reproduce import reproduce
from narrows.apps.cli.commands.score import score
from narrows.apps.cli.commands.serve import serve
from narrows.apps.cli.commands.sweep import sweep
from narrows.apps.cli.exit_codes import DONE, FAILED, INTERRUPTED, Interrupted, explain
from narrows.apps.cli.repeated_options import Command
from narrows.apps.cli.worker_processes import is_said_by_first, rank_and_size

app = typer.Typer(
    name="narrows",
    help="Autoencoders for real tables and images: fit, save, apply and inspect models.",
    epilog="Start with: narrows demo",
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from narrows.version import __version__

        print(f"narrows {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", metavar="", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Autoencoders for real tables and images: fit, save, apply and inspect models."""
    rank, size = rank_and_size()
    if size == 1 or context.invoked_subcommand == "fit":
        return
    if rank > 0:
        raise typer.Exit
    _say(f"narrows {context.invoked_subcommand} runs in one process; the other {size - 1} do nothing.")


_COMMANDS = (
    demo,
    inspect,
    fit,
    encode,
    reconstruct,
    impute,
    denoise,
    generate,
    score,
    detect,
    drift,
    diagnose,
    report,
    export,
    serve,
    sweep,
    lab,
    reproduce,
    doctor,
)
for _command in _COMMANDS:
    app.command(cls=Command)(_command)
app.add_typer(data_app, name="data")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `narrows` with `arguments` (default: the process's own) and return its exit status.

    No exception but `SystemExit` leaves it, unless `NARROWS_DEBUG` is set. With `--json` an error is also printed as
    one JSON object on standard output, `{"error": sentence, "kind": class}`. SIGTERM and SIGHUP have the effect of
    Ctrl-C while it runs.
    """
    with signals.listening():
        try:
            status = _run(arguments)
        except KeyboardInterrupt:  # while the last message was printed
            status = INTERRUPTED
        return signals.status(status)


def _run(arguments: Sequence[str] | None) -> int:
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that the terminal cannot show must not raise
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            status = app(args=arguments, prog_name="narrows", standalone_mode=False) or DONE
            if status == INTERRUPTED:  # Typer turns Ctrl-C into this status
                raise KeyboardInterrupt
            if sys.stdout is not None:  # None if closed by `>&-`
                sys.stdout.flush()
        except (KeyboardInterrupt, typer.Abort):
            if rank_and_size()[0] > 0:
                return INTERRUPTED
            sentence = f"{signals.interrupted()}; {signals.written() or 'nothing was written'}."
            status = _fail(sentence, INTERRUPTED, kind="Interrupted", arguments=arguments)
        except Interrupted as error:
            status = _fail(str(error), INTERRUPTED, kind="Interrupted", arguments=arguments)
        except BrokenPipeError:
            _swallow_stdout()
            status = FAILED
        except Exception as error:
            if os.environ.get("NARROWS_DEBUG"):
                raise
            sentence, status = explain(error)
            if is_said_by_first(error):
                return status
            if signals.written():
                sentence += f" {_capitalized(signals.written())}."
            _fail(sentence, status, kind=type(error).__name__, arguments=arguments)
    return int(status)


def _fail(sentence: str, status: int, *, kind: str, arguments: Sequence[str]) -> int:
    start = "" if status == INTERRUPTED else "Error: "
    if sentence:  # empty if the help was printed instead
        _say(f"{start}{sentence}")
    try:
        if "--json" in arguments:
            import json

            print(json.dumps({"error": sentence, "kind": kind}))
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # standard output may go to the full disk
        _swallow_stdout()
    return status


def _swallow_stdout() -> None:
    """Keep the interpreter from complaining when it flushes a closed or full standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show_warning(message: Warning | str, *_: object) -> None:
    _say(f"Warning: {' '.join(str(message).split())}")


def _capitalized(words: str) -> str:
    return words[:1].upper() + words[1:]


def _say(line: str) -> None:
    with suppress(OSError, ValueError):  # a closed standard error must not end the work
        print(line, file=sys.stderr, flush=True)
