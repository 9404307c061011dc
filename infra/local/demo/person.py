"""A person who acts through Bitbucket's own REST API (https://developer.atlassian.com/cloud/bitbucket/rest/)."""

from __future__ import annotations

from typing import Any

import requests

from devstack.errors import StackError
from devstack.settings import COMMAND

CALL_SECONDS = 10.0


class Person:
    """One user's calls. Each returns Bitbucket's answer."""

    def __init__(self, name: str, username: str, token: str, url: str, repository: str) -> None:
        self.name = name
        self._auth = (username, token)
        self._pull_requests = f"{url}/2.0/repositories/{repository}/pullrequests"

    def open_pull_request(self, title: str, branch: str) -> dict[str, Any]:
        """Opens a pull request from `branch` to `main`."""
        source = {"branch": {"name": branch}}
        destination = {"branch": {"name": "main"}}
        return self._call("POST", "", {"title": title, "source": source, "destination": destination})

    def comment(self, pull_request: int, text: str, parent: int | None = None) -> dict[str, Any]:
        """Comments, or replies to the comment `parent`."""
        body: dict[str, Any] = {"content": {"raw": text}}
        if parent is not None:
            body["parent"] = {"id": parent}
        return self._call("POST", f"/{pull_request}/comments", body)

    def edit_comment(self, pull_request: int, comment: int, text: str) -> dict[str, Any]:
        """Replaces a comment's text."""
        return self._call("PUT", f"/{pull_request}/comments/{comment}", {"content": {"raw": text}})

    def add_task(self, pull_request: int, comment: int, text: str) -> dict[str, Any]:
        """Creates a task on a comment."""
        return self._call(
            "POST", f"/{pull_request}/tasks", {"content": {"raw": text}, "comment": {"id": comment}}
        )

    def edit_task(self, pull_request: int, task: int, text: str) -> dict[str, Any]:
        """Replaces a task's text."""
        return self._call("PUT", f"/{pull_request}/tasks/{task}", {"content": {"raw": text}})

    def resolve_task(self, pull_request: int, task: int) -> dict[str, Any]:
        """Marks a task as done."""
        return self._call("PUT", f"/{pull_request}/tasks/{task}", {"state": "RESOLVED"})

    def approve(self, pull_request: int) -> dict[str, Any]:
        """Approves."""
        return self._call("POST", f"/{pull_request}/approve", None)

    def merge(self, pull_request: int) -> dict[str, Any]:
        """Merges."""
        return self._call("POST", f"/{pull_request}/merge", {"type": "pullrequest"})

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        url = self._pull_requests + path
        try:
            answer = requests.request(method, url, json=body, auth=self._auth, timeout=CALL_SECONDS)
        except requests.RequestException as error:
            raise StackError(
                f"the simulated Bitbucket does not answer ({error}); see `{COMMAND} status`"
            ) from error
        if not answer.ok:
            raise StackError(
                f"the simulated Bitbucket refused {method} {url}: {answer.status_code} {answer.text[:300]}"
            )
        value = answer.json()
        return value if isinstance(value, dict) else {}
