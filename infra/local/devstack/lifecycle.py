"""Starting, stopping and describing a stack."""

from __future__ import annotations

import shutil
import time
from typing import Any

from devstack import deploy, emulator, processes, public_url, routes, simulator, wiring
from devstack.console import say, step
from devstack.processes import Process
from devstack.settings import REGION, STACK_NAME, Settings
from devstack.simulator import Bitbucket
from devstack.state import State

PROCESSES = ("ministack", "simulator")


def up(settings: Settings) -> bool:
    """Starts the stack; False if it was up already. A failed start leaves no process running."""
    state = State(settings.state_dir)
    with state.lock():
        if is_up(state):
            return False
        for name in _stop_all(state):
            say(f"  stopped a remaining process of an earlier {name}")
        shutil.rmtree(state.work, ignore_errors=True)
        state.make()
        try:
            stack = _start(settings, state)
            state.write_config(_command_line(stack))
        except BaseException:
            _stop_all(state)
            raise
        state.write_stack(stack)
    return True


def down(state: State) -> list[str]:
    """Stops everything that runs. Returns the names of the stopped processes."""
    with state.lock():
        stopped = _stop_all(state)
        shutil.rmtree(state.work, ignore_errors=True)
    return stopped


def is_up(state: State) -> bool:
    """True if every process of the stack runs and the emulator answers."""
    stack = state.read_stack()
    alive = {process.name: process for process in processes.known(state) if process.alive()}
    return (
        stack is not None
        and set(PROCESSES) <= set(alive)
        and emulator.is_healthy(state, alive["ministack"].port)
    )


def _stop_all(state: State) -> list[str]:
    """Stops the processes in reverse order, so that none sends to a stopped one."""
    state.forget_stack()
    found = sorted(processes.known(state), key=lambda process: process.since, reverse=True)
    return [process.name for process in found if processes.stop(state, process)]


def _start(settings: Settings, state: State) -> dict[str, Any]:
    """Starts the parts in their order. Each step prints its progress."""
    with step("package the functions (sam build)"):
        original = deploy.build(settings, state)
    with step("start the AWS emulator"):
        process = emulator.start(settings, state)
        endpoint_url = emulator.endpoint_url(process.port)
    with step("start the simulated Bitbucket"):
        _, bitbucket = simulator.start(settings, state)
    with step("deploy template.yaml (sam deploy)"):
        outputs = deploy.deploy(settings, state, endpoint_url, bitbucket.url)
        routes.create(original, outputs["ApiId"], endpoint_url)
        public_url.tell(outputs["WebhookFunction"], _public_url(endpoint_url, outputs), endpoint_url)
    with step("create the link, a subscriber's queue and the webhook"):
        return _connect(settings, endpoint_url, outputs, bitbucket)


def _connect(
    settings: Settings, endpoint_url: str, outputs: dict[str, str], bitbucket: Bitbucket
) -> dict[str, Any]:
    """Connects the deployment with Bitbucket and with a subscriber. Returns the contents of `stack.json`."""
    secret = wiring.create_link(endpoint_url, outputs["LinkSecretPrefix"], settings.link, bitbucket.users[-1])
    queue_url = wiring.create_subscriber(endpoint_url, outputs["BusName"])
    webhook_url = f"{_public_url(endpoint_url, outputs)}/webhook/{settings.link}"
    simulator.register_webhook(bitbucket, webhook_url, secret)
    actor = bitbucket.users[0]
    return {
        "webhook_url": webhook_url,
        "public_url": _public_url(endpoint_url, outputs),
        "link": settings.link,
        "webhook_secret": secret,
        "table": outputs["TableName"],
        "link_secret_prefix": outputs["LinkSecretPrefix"],
        "bus": outputs["BusName"],
        "events_queue_url": queue_url,
        "endpoint_url": endpoint_url,
        "region": REGION,
        "simulator_url": bitbucket.url,
        "simulator_user": actor.username,
        "simulator_token": actor.token,
        "simulator_repository": bitbucket.repository,
        "simulator_users": [vars(user) for user in bitbucket.users],
        "dead_letter_queue_url": outputs["DeadLetterQueueUrl"],
        "webhook_function": outputs["WebhookFunction"],
        "poller_function": outputs["PollerFunction"],
        "publisher_function": outputs["PublisherFunction"],
        "window_seconds": settings.window_seconds,
        "window_margin_seconds": settings.window_margin_seconds,
        "poll_interval_seconds": settings.poll_interval_seconds,
        "grace_seconds": settings.grace_seconds,
        "task_interval_seconds": settings.task_interval_seconds,
        "sweep_seconds": settings.sweep_seconds,
        "started_at": int(time.time()),
    }


def _command_line(stack: dict[str, Any]) -> dict[str, str]:
    """Returns the settings that `bitrelay` needs for a local stack.

    The webhook URL is among them, because the stack's outputs have AWS's addresses, which do not work here.
    """
    return {
        "stack": STACK_NAME,
        "region": stack["region"],
        "endpoint_url": stack["endpoint_url"],
        "webhook_url": f"{stack['public_url']}/webhook",
    }


def _public_url(endpoint_url: str, outputs: dict[str, str]) -> str:
    """Returns the URL of the HTTP API in the emulator."""
    return f"{endpoint_url}/_aws/execute-api/{outputs['ApiId']}/$default"


def describe(state: State) -> list[str]:
    """Describes the running processes, one line each."""
    lines = []
    for process in processes.known(state):
        condition = "running" if process.alive() else "DEAD"
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(process.since))
        lines.append(
            f"  {process.name:<10} {condition:<8} pid {process.pid:<8} since {since}  log {process.log}"
        )
    stack = state.read_stack()
    for name in (
        "endpoint_url",
        "webhook_url",
        "simulator_url",
        "events_queue_url",
        "table",
        "bus",
        "region",
    ):
        if stack and name in stack:
            lines.append(f"  {name:<17} {stack[name]}")
    return lines


def process_named(state: State, name: str) -> Process | None:
    """Returns a process of the stack, if it runs."""
    return next(
        (process for process in processes.known(state) if process.name == name and process.alive()), None
    )
