"""The simulated Bitbucket: its process, and the webhook that is registered with it over REST."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from devstack import aws, processes, waiting
from devstack.errors import StackError
from devstack.processes import Process
from devstack.settings import HOST, Settings
from devstack.state import State

READY_SECONDS = 15.0
CALL_SECONDS = 10.0

# `up` connects the first repository. The other is for a person who tries the command line.
REPOSITORIES = ("widgets", "gears")

# Every event that Bitbucket can report about a repository
# (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/).
EVENTS = [
    *(
        f"pullrequest:{name}"
        for name in (
            "created", "updated", "approved", "unapproved", "changes_request_created", "changes_request_removed",
            "fulfilled", "rejected", "comment_created", "comment_updated", "comment_deleted", "comment_resolved",
            "comment_reopened",
        )
    ),
    *(
        f"repo:{name}"
        for name in ("push", "commit_comment_created", "commit_status_created", "commit_status_updated")
    ),
]  # fmt: skip


@dataclass(frozen=True)
class User:
    """A person who can act on the simulated Bitbucket."""

    name: str
    username: str
    token: str


@dataclass(frozen=True)
class Bitbucket:
    """The simulator's own description, which it prints when it is ready. `users`: the people."""

    url: str
    repository: str
    users: list[User]


def start(settings: Settings, state: State) -> tuple[Process, Bitbucket]:
    """Starts the simulator and waits for its first line."""
    if not settings.simulator.is_file():
        raise StackError(f"{settings.simulator} is missing; `make up` builds it")
    announced = state.work / "simulator.json"
    argv: list[str | Path] = [settings.simulator, "--listen", f"{HOST}:{settings.simulator_port}"]
    argv += ["--window-seconds", str(settings.window_seconds)]
    argv += [word for name in REPOSITORIES for word in ("--repository", name)]
    env = aws.clean_environment() | {"RUST_LOG": "info"}
    process = processes.start(state, "simulator", argv, env, settings.simulator_port, stdout=announced)
    bitbucket = waiting.until(process, READY_SECONDS, lambda: _announcement(announced))
    return process, bitbucket


def register_webhook(bitbucket: Bitbucket, url: str, secret: str) -> str:
    """Registers the webhook as a person would, over Bitbucket's REST API. Returns its uuid.

    https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/#api-repositories-workspace-repo-slug-hooks-post
    """
    user = bitbucket.users[0]
    body: dict[str, Any] = {
        "description": "bitrelay",
        "url": url,
        "active": True,
        "events": EVENTS,
        "secret": secret,
    }
    answer = requests.post(
        f"{bitbucket.url}/2.0/repositories/{bitbucket.repository}/hooks",
        json=body, auth=(user.username, user.token), timeout=CALL_SECONDS,
    )  # fmt: skip
    if answer.status_code != 201:
        raise StackError(f"the simulator refused the webhook: {answer.status_code} {answer.text[:300]}")
    return str(answer.json()["uuid"])


def _announcement(file: Path) -> Bitbucket | None:
    """Returns the first whole line that the simulator printed, or None."""
    text = file.read_text()
    if "\n" not in text:
        return None
    try:
        value = json.loads(text.partition("\n")[0])
        # Bots have no user name; they are not people who act.
        people = [user for user in value["users"] if user["username"]]
        users = [User(user["name"], user["username"], user["token"]) for user in people]
        return Bitbucket(value["url"].rstrip("/"), value["repository"], users)
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(
            f"the simulator's first line is not what was agreed ({error}): {text[:300]}"
        ) from error
