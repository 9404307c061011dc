"""The story: a pull request from its opening to its merge, with the changes that Bitbucket does not report."""

from __future__ import annotations

import time
from typing import Any

from demo import rows
from demo.expectation import Expectation, of_pull_request
from demo.person import Person
from demo.screen import Screen
from demo.subscriber import Subscriber
from devstack.errors import StackError

# A webhook's event is at the subscriber within a second or two; a busy machine may need longer.
WEBHOOK_SECONDS = 30.0
# A silent change waits for the poller's next run (once a minute), and at worst for the run after it.
POLL_SECONDS = 150.0
PAUSE_SECONDS = 1.0


class Story:
    """The actors, and the events that must have arrived at the end of the story."""

    def __init__(self, stack: dict[str, Any], screen: Screen, subscriber: Subscriber) -> None:
        people = [
            Person(
                user["name"],
                user["username"],
                user["token"],
                stack["simulator_url"],
                stack["simulator_repository"],
            )
            for user in stack["simulator_users"]
        ]
        if len(people) < 2:
            raise StackError("the story needs two people, and the simulator has one user")
        self._alice, self._bob = people[0], people[1]
        self._repository: str = stack["simulator_repository"]
        self._screen = screen
        self._subscriber = subscriber
        self._number = 0
        self.expected: list[Expectation] = []

    def arrived(self) -> list[dict[str, Any]]:
        """Returns the events of this story's pull request, in their order of arrival."""
        is_ours = of_pull_request(self._repository, self._number)
        return [event.detail for event in self._subscriber.received() if is_ours(event.detail)]

    def play(self) -> int:
        """Plays the story to its end. Returns the pull request's number and the comment that can be edited further."""
        comment = self._open_and_comment()
        self._edit_silently_and_reply(comment)
        self._work_on_a_task(comment)
        self._approve_and_merge()
        return self._number

    def _open_and_comment(self) -> int:
        self._says(self._alice, "opens a pull request")
        branch = f"parser-{int(time.time())}"
        self._number = int(self._alice.open_pull_request("Add the parser", branch)["id"])
        self._expect(Expectation("pullrequest:created", "webhook"))
        self._says(self._bob, "comments on it")
        comment = int(self._bob.comment(self._number, "Please add a tset.")["id"])
        self._expect(Expectation("pullrequest:comment_created", "webhook", "comment", comment))
        return comment

    def _edit_silently_and_reply(self, comment: int) -> None:
        self._says(self._bob, f"corrects comment {comment} at once", silent=True)
        text = "Please add a test."
        self._bob.edit_comment(self._number, comment, text)
        self.expected.append(Expectation("pullrequest:comment_updated", "poll", "comment", comment, text))
        self._says(self._alice, f"replies to comment {comment}")
        reply = int(self._alice.comment(self._number, "Will do.", parent=comment)["id"])
        self._expect(Expectation("pullrequest:comment_created", "webhook", "comment", reply))

    def _work_on_a_task(self, comment: int) -> None:
        self._says(self._alice, f"adds a task to comment {comment}", silent=True)
        task = int(self._alice.add_task(self._number, comment, "Test the parser")["id"])
        self._expect(Expectation("pullrequest:task_created", "poll", "task", task))
        self._says(self._alice, f"edits task {task}", silent=True)
        text = "Test it with empty input"
        self._alice.edit_task(self._number, task, text)
        self._expect(Expectation("pullrequest:task_updated", "poll", "task", task, text))
        self._says(self._bob, f"resolves task {task}", silent=True)
        self._bob.resolve_task(self._number, task)
        self._expect(Expectation("pullrequest:task_resolved", "poll", "task", task))

    def _approve_and_merge(self) -> None:
        self._says(self._bob, "approves")
        self._bob.approve(self._number)
        self._expect(Expectation("pullrequest:approved", "webhook"))
        self._says(self._alice, "merges")
        self._alice.merge(self._number)
        self._expect(Expectation("pullrequest:fulfilled", "webhook"))
        self._wait_for(self.expected, POLL_SECONDS)

    def _says(self, person: Person, text: str, silent: bool = False) -> None:
        time.sleep(PAUSE_SECONDS)
        self._screen.line(rows.action_row(person.name, text, silent))

    def _expect(self, expectation: Expectation) -> None:
        """Waits for one event before the story continues, so that each change gives its own event."""
        self.expected.append(expectation)
        self._wait_for([expectation], WEBHOOK_SECONDS if expectation.source == "webhook" else POLL_SECONDS)

    def _wait_for(self, expectations: list[Expectation], seconds: float) -> None:
        """Returns when all have arrived or the time is over. The verdict lists missing events."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._subscriber.failure is None:
            arrived = self.arrived()
            missing = [wanted for wanted in expectations if not any(map(wanted.matches, arrived))]
            if not missing:
                self._screen.status("")
                return
            by_poll = any(wanted.source == "poll" for wanted in missing)
            self._screen.status(
                "the poller runs once a minute" if by_poll else "waiting for the webhook's event"
            )
            self._subscriber.wait_for_news(0.5)
        self._screen.status("")
        raise StackError(self._subscriber.failure or f"{missing[0]} did not arrive within {seconds:.0f} s")
