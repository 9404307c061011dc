"""`run`: starts the stack if it is down, plays the story, then prints further events until Ctrl-C."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

from demo import rows
from demo.expectation import problems
from demo.pages import Pages
from demo.scenario import Story
from demo.screen import Screen
from demo.subscriber import Subscriber
from devstack import lifecycle
from devstack.console import complain, say
from devstack.errors import StackError
from devstack.settings import COMMAND, Settings
from devstack.state import State

LEGEND = """
A line beginning with ">" is an action of a person on the simulated Bitbucket. Each other line is an event as a
subscriber receives it: an SQS queue behind a rule on the EventBridge bus. "webhook": Bitbucket reported it. "poll":
Bitbucket sent nothing and bitrelay found it. "known after": from the fact to its arrival at the subscriber.
This Bitbucket reports no edits for {window} s after a comment's last change; the real one for 10 minutes.
"""

PLAY = """
Play with it; events appear here as they arrive. In another terminal, as {user}:

  as_alice() {{ curl -s -u '{user}:{token}' -H 'content-type: application/json' "$@"; echo; }}
  PRS={url}/2.0/repositories/{repository}/pullrequests
  as_alice $PRS -d '{{"title":"Mine","source":{{"branch":{{"name":"mine"}}}}}}'
  as_alice $PRS/{next}/comments -d '{{"content":{{"raw":"Hello"}}}}'
  as_alice -X PUT $PRS/{next}/comments/ID -d '{{"content":{{"raw":"Hello!"}}}}'     # silent, for {window} s
  as_alice $PRS/{next}/tasks -d '{{"content":{{"raw":"Do it"}}}}'                   # silent, always

(ID is the comment's number, in its line here.) Bitrelay finds silent changes by polling, within a minute.
All of this in your browser: the live feed, each pull request's story, delays and reviews:

  {console}

`{command} status` shows what runs{down}.
"""


def run(settings: Settings, once: bool) -> int:
    """Plays the demo. Returns 0 when every event arrived, once and in order. Stops the stack if it started it."""
    state = State(settings.state_dir)
    started_here = lifecycle.up(settings)
    try:
        program = settings.simulator.with_name("bitrelay")
        return _play(_stack(state), program, state.config_file, once, started_here)
    finally:
        # A second Ctrl-C must not interrupt the stopping.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        if started_here:
            say("\nStopping the stack ...")
            lifecycle.down(state)
            say("Stopped.")
        else:
            say(f"\nThe stack was up before and stays up (`{COMMAND} down` stops it).")


def _stack(state: State) -> dict[str, Any]:
    stack = state.read_stack()
    if stack is None:
        raise StackError(f"{state.stack_file} is gone: the stack was stopped")
    return stack


def _play(stack: dict[str, Any], program: Path, config: Path, once: bool, started_here: bool) -> int:
    """Plays the story and checks it; then, unless `once`, prints further events until Ctrl-C."""
    screen = Screen()
    subscriber = Subscriber(stack, screen)
    subscriber.empty_queue()
    subscriber.start()
    for line in [*LEGEND.format(window=stack["window_seconds"]).splitlines(), "", *rows.header()]:
        screen.line(line)
    story = Story(stack, screen, subscriber)
    try:
        number = story.play()
        found = problems(story.expected, story.arrived())
        _give_verdict(found, story)
        if once or found:
            return 1 if found else 0
        with Pages(program, config) as pages:
            _explain(stack, number, started_here, pages.address or f"{COMMAND} console")
            _listen(subscriber)
    except KeyboardInterrupt:
        screen.status("")
        return 0
    finally:
        subscriber.stop()
    return 0


def _give_verdict(found: list[str], story: Story) -> None:
    if not found:
        arrived = story.arrived()
        by_poll = sum(detail["source"] == "poll" for detail in arrived)
        say(f"\nAll {len(arrived)} events arrived, each once, in order, without a gap.")
        say(f"Bitbucket never reported {by_poll} of them.")
        return
    complain("\nThe demo failed:")
    for problem in found:
        complain(f"  - {problem}")


def _explain(stack: dict[str, Any], number: int, started_here: bool, console: str) -> None:
    down = (
        "; Ctrl-C stops everything"
        if started_here
        else f", `{COMMAND} down` stops it; Ctrl-C ends only this list"
    )
    say(
        PLAY.format(
            user=stack["simulator_user"],
            token=stack["simulator_token"],
            url=stack["simulator_url"],
            repository=stack["simulator_repository"],
            window=stack["window_seconds"],
            next=number + 1,
            command=COMMAND,
            down=down,
            console=console,
        )
    )


def _listen(subscriber: Subscriber) -> None:
    """Waits for Ctrl-C, or until the stack is gone."""
    while subscriber.failure is None:
        time.sleep(0.5)
    raise StackError(f"{subscriber.failure}\nThe stack seems to be down.")
