"""The commands: `up`, `down`, `status`, `logs`, `run`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from devstack import lifecycle, logs
from devstack.console import complain, say
from devstack.errors import StackError
from devstack.settings import COMMAND, FUNCTIONS, ROOT, Settings, target_dir
from devstack.state import State

MANUAL = (
    "docs/CLI.md shows how to use `bitrelay` with it."
    if COMMAND == "make"
    else "`./run bitrelay --help` shows the command line, which is set up for it."
)
EXIT_FAILED = 1
# Exit code of `status` for a stack that is down, as for a stopped service.
EXIT_DOWN = 3
EXIT_INTERRUPTED = 130


def main(words: list[str]) -> int:
    """Runs one command. Returns the exit code."""
    arguments = _parser().parse_args(words)
    # SIGTERM cleans up as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(arguments.command(arguments))
    except StackError as error:
        complain(f"\nerror: {error.text()}")
        return EXIT_FAILED
    except KeyboardInterrupt:
        complain("\ninterrupted")
        return EXIT_INTERRUPTED


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _up(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    if lifecycle.up(settings):
        say(f"\nThe stack is up. {State(settings.state_dir).stack_file} has its addresses.")
        say(f"`{COMMAND} console` shows its events in your browser.")
        say(f"`{COMMAND} status` shows what runs, `{COMMAND} down` stops it.")
        say(MANUAL)
    else:
        say(f"The stack is already up (`{COMMAND} status` shows what runs, `{COMMAND} down` stops it).")
    return 0


def _down(arguments: argparse.Namespace) -> int:
    stopped = lifecycle.down(State(arguments.state_dir.resolve()))
    say(f"Stopped: {', '.join(stopped)}." if stopped else "Nothing was running.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    state = State(arguments.state_dir.resolve())
    up = lifecycle.is_up(state)
    lines = lifecycle.describe(state)
    broken = f"partly down; `{COMMAND} down` stops the remaining processes, `{COMMAND} up` starts a new stack"
    say(f"The stack is {'up' if up else broken if lines else 'down'}.")
    for line in lines:
        say(line)
    return 0 if up else EXIT_DOWN


def _logs(arguments: argparse.Namespace) -> int:
    stack = State(arguments.state_dir.resolve()).read_stack()
    if stack is None:
        say("The stack is down; the logs of its last start are in " + str(arguments.state_dir / "logs") + ".")
        return EXIT_DOWN
    logs.show(stack, arguments.function, arguments.follow)
    return 0


def _run(arguments: argparse.Namespace) -> int:
    # Only the demo needs this part.
    from demo import play

    settings = _settings(arguments)
    once = arguments.once or os.environ.get("DEMO_ONCE", "0") not in ("", "0") or not sys.stdin.isatty()
    return play.run(settings, once)


def _settings(arguments: argparse.Namespace) -> Settings:
    """The settings of a stack from the command line; options that are not given keep their defaults."""
    options = vars(arguments)
    given = {name: options[name] for name in Settings.__annotations__ if options.get(name) is not None}
    for name in ("state_dir", "template", "functions_dir", "simulator"):
        given[name] = given[name].resolve()
    return Settings(**given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="infra/local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, function, text in (
        ("up", _up, "start the stack in the background"),
        ("down", _down, "stop everything that `up` started"),
        ("status", _status, f"show what runs (exit code {EXIT_DOWN} if the stack is down)"),
        ("logs", _logs, "print the functions' logs"),
        ("run", _run, "start the stack if it is down, play the demo, and print events until Ctrl-C"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(command=function)
        command.add_argument(
            "--state-dir", type=Path, default=ROOT / ".local", help="folder for the stack's files"
        )
        if name in ("up", "run"):
            _add_stack_options(command)
        if name == "logs":
            command.add_argument("function", nargs="*", help=f"any of {', '.join(FUNCTIONS)} (default: all)")
            command.add_argument("--follow", action="store_true", help="continue until Ctrl-C")
        if name == "run":
            command.add_argument(
                "--once", action="store_true", help="end after the demo; fail if an event is missing"
            )
    return parser


def _add_stack_options(command: argparse.ArgumentParser) -> None:
    """Options of a new stack. `None` leaves the default of `Settings`."""
    command.add_argument("--template", type=Path, default=ROOT / "template.yaml")
    binaries = target_dir() / "lambda-local"
    command.add_argument(
        "--functions-dir", type=Path, default=binaries, help="folder with <function>/bootstrap"
    )
    command.add_argument("--simulator", type=Path, default=target_dir() / "debug" / "simulator")
    command.add_argument(
        "--port", type=int, help="the emulator's port; 0 finds one (default: 4566 if free, else any)"
    )
    command.add_argument("--simulator-port", type=int, help="default: any")
    command.add_argument("--link", help="id of the link that is created (default: demo)")
    command.add_argument("--log-level", choices=["debug", "info", "warn", "error"])
    for name in ("window", "window-margin", "poll-interval", "grace"):
        command.add_argument(f"--{name}-seconds", type=int, metavar="N")
    command.add_argument("--max-calls-per-run", type=int, metavar="N")
