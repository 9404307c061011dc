"""The patterns of docs/RULES.md and of the templates, matched on an emulated EventBridge."""

from __future__ import annotations

import json
import re
import unittest
from typing import Any

from bookmarks.keeper import CLAIM_SECONDS
from devstack import template

from emulated import aws
from tests import EXAMPLES, samples

ABOUT_SEVEN = {
    "pullrequest.approved",
    "pullrequest.comment_created",
    "pullrequest.comment_updated",
    "pullrequest.counters_changed",
    "pullrequest.created",
    "pullrequest.fulfilled~large",
    "pullrequest.task_created",
    "pullrequest.task_resolved",
    "pullrequest.updated",
    "repo.commit_status_updated",
}
# The task is there, and not resolved.
WITH_A_TASK = {
    "pullrequest.counters_changed",
    "pullrequest.task_created",
    "pullrequest.updated",
    "repo.commit_status_updated",
}
ELSEWHERE = {"pullrequest.created~another-workspace"}
REPLAYED = {"repo.push~replayed"}
OF_WIDGETS = ABOUT_SEVEN | {"repo.push"} | REPLAYED
ALL = OF_WIDGETS | ELSEWHERE
BY_BOB = {
    "pullrequest.approved",
    "pullrequest.comment_created",
    "pullrequest.comment_updated",
    "pullrequest.task_created",
}

# Samples that each row of the table matches.
MATCHED = {
    "all": ALL,
    "with one key": {"pullrequest.task_created"},
    "with one of some keys": {"pullrequest.approved", "pullrequest.fulfilled~large"},
    "about comments": {"pullrequest.comment_created", "pullrequest.comment_updated"},
    "with any key but one": ALL - {"pullrequest.counters_changed"},
    "of a workspace": OF_WIDGETS,
    "of a repository": OF_WIDGETS,
    "of a repository, also after it was renamed": OF_WIDGETS,
    "of a pull request": ABOUT_SEVEN,
    "about pull requests, whatever the key": ABOUT_SEVEN | ELSEWHERE,
    "by an actor": BY_BOB,
    "by anybody but an actor, a bot for example": ALL - BY_BOB - {"pullrequest.counters_changed"},
    "found by a poll": {
        "pullrequest.comment_updated",
        "pullrequest.counters_changed",
        "pullrequest.task_created",
        "pullrequest.task_resolved",
    },
    "that Bitbucket signed, or that a poll found": ALL,
    "through a link": ELSEWHERE,
    "with a new reviewer": {"pullrequest.updated"},
    "after which no task is open": ALL - WITH_A_TASK - {"repo.push"} - REPLAYED,
    "after which a build has failed": {"repo.commit_status_updated"},
    "published for the first time, no replays": ALL - REPLAYED,
    "of one replay": REPLAYED,
}


def rows() -> dict[str, str]:
    """Returns the table of docs/RULES.md: pattern by events."""
    text = (EXAMPLES.parent / "docs" / "RULES.md").read_text()
    return dict(re.findall(r"^\| ([^|`]+) \| `(\{.+\})` \|$", text, re.MULTILINE))


def matched(pattern: str) -> set[str]:
    """Returns the samples that a pattern matches."""
    events = aws.client("events")

    def matches(event: dict[str, Any]) -> bool:
        return bool(events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"])

    return {name for name, event in samples.all_events().items() if matches(event)}


class RulesTest(unittest.TestCase):
    """Each pattern, on each sample."""

    def test_the_patterns_of_the_documentation(self) -> None:
        table = rows()
        self.assertEqual(list(table), list(MATCHED))
        for events, pattern in table.items():
            with self.subTest(events=events):
                self.assertEqual(matched(pattern), MATCHED[events])

    def test_a_workspace_is_not_another_whose_name_begins_alike(self) -> None:
        event = samples.all_events()["repo.push"]
        event["detail"]["subject"]["repository"]["full_name"] = "acme-labs/widgets"
        pattern = rows()["of a workspace"]
        answer = aws.client("events").test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
        self.assertFalse(answer["Result"])

    def test_an_unsigned_event_can_be_left_out(self) -> None:
        event = samples.all_events()["pullrequest.created"]
        event["detail"]["signed"] = False
        for row, matches in [("all", True), ("that Bitbucket signed, or that a poll found", False)]:
            answer = aws.client("events").test_event_pattern(EventPattern=rows()[row], Event=json.dumps(event))
            self.assertEqual(answer["Result"], matches, row)

    def test_the_patterns_of_the_templates(self) -> None:
        notify = template.load(EXAMPLES / "notify" / "template.yaml")["Resources"]["Notify"]["Properties"]
        pattern = notify["Events"]["Everything"]["Properties"]["Pattern"]
        self.assertEqual(matched(json.dumps(pattern)), ALL)
        bookmarks = template.load(EXAMPLES / "bookmarks" / "template.yaml")["Resources"]
        pattern = bookmarks["Rule"]["Properties"]["EventPattern"]
        self.assertEqual(matched(json.dumps(pattern)), ABOUT_SEVEN | ELSEWHERE)

    def test_a_claim_outlives_its_owner(self) -> None:
        resources = template.load(EXAMPLES / "bookmarks" / "template.yaml")["Resources"]
        timeout = resources["Keeper"]["Properties"]["Timeout"]
        self.assertLess(timeout, CLAIM_SECONDS)
        self.assertGreater(resources["Queue"]["Properties"]["VisibilityTimeout"], CLAIM_SECONDS)
