"""The seven bookmarks are correct, and Slack is called only if a title changes."""

from __future__ import annotations

import itertools

from bookmarks.titles import SEVEN

from tests import samples
from tests.samples import later
from tests.world import CHANNEL, World

UNKNOWN_HEAD = ["Commits: ?", "Files changed: ?", "Builds: ?"]


class BookmarksTest(World):
    """Titles, and the calls that they cost."""

    def test_the_first_event_makes_all_seven(self) -> None:
        calls = self.hears(samples.detail("pullrequest.created"))
        self.assertEqual(calls, ["bookmarks.list"] + ["bookmarks.add"] * 7)
        self.assertEqual(
            self.titles(),
            ["Reviewers: 1", "Comments: 0", "Tasks: 0 open", "Approvals: 0", *UNKNOWN_HEAD],
        )

    def test_each_opens_its_page_and_no_two_have_one_link(self) -> None:
        self.hears(samples.detail("pullrequest.created"))
        links = [bookmark["link"] for bookmark in self.slack.bookmarks.values()]
        self.assertEqual(links[4], "https://bitbucket.org/acme/widgets/pull-requests/7/commits#commits")
        self.assertEqual(len(set(links)), 7)

    def test_a_counter_that_moved_is_one_call(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.assertEqual(self.hears(later(created, comments=1)), ["bookmarks.edit"])
        self.assertIn("Comments: 1", self.titles())

    def test_an_event_that_moves_no_title_is_no_call(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.assertEqual(self.hears(later(created)), [])

    def test_an_event_that_comes_again_is_no_call_and_no_write(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        before = self.state(created)
        self.assertEqual(self.hears(created, created), [])
        self.assertEqual(self.state(created), before)

    def test_what_is_not_known_keeps_what_was_said(self) -> None:
        created = samples.detail("pullrequest.created")
        known = later(created, commits={"count": 3, "at": "2026-11-02T09:11:05Z"})
        self.hears(created, known)
        self.assertEqual(self.hears(later(known, commits=None)), [])
        self.assertIn("Commits: 3", self.titles())

    def test_a_push_makes_what_was_said_of_the_old_head_unknown(self) -> None:
        before, pushed = samples.detail("repo.commit_status_updated"), samples.detail("pullrequest.updated")
        self.hears(before)
        self.assertEqual(self.titles()[4:], ["Commits: 1", "Files changed: 2", "Builds: 1 failed"])
        self.hears(pushed)
        self.assertEqual(self.titles()[4:], UNKNOWN_HEAD)

    def test_a_whole_review(self) -> None:
        calls = self.hears(*samples.story())
        self.assertEqual(self.titles(), samples.END)
        # By event: all seven are added; comments; comments, commits, files and builds; tasks; builds; reviewers,
        # commits, files and builds; commits, files and builds; tasks; approvals; nothing (the merge).
        self.assertEqual(calls.count("bookmarks.edit"), 1 + 4 + 1 + 1 + 4 + 3 + 1 + 1)
        self.assertEqual(len(calls), 1 + 7 + calls.count("bookmarks.edit"))

    def test_in_whatever_order_events_come_the_end_is_the_same(self) -> None:
        story = samples.story()[5:9]
        for order in itertools.permutations(story):
            with self.subTest(order=[detail["sequence"] for detail in order]):
                self.doCleanups()
                self.setUp()
                self.hears(*order)
                self.assertEqual(self.titles(), samples.END)

    def test_an_old_event_that_comes_late_fills_only_what_no_newer_one_knew(self) -> None:
        created = samples.detail("pullrequest.created")
        old = later(created, comments=1, commits={"count": 3, "at": "2026-11-02T09:11:05Z"})
        new = later(old, comments=2, commits=None)
        self.hears(created, new)
        self.assertEqual(self.hears(old), ["bookmarks.edit"])
        self.assertIn("Comments: 2", self.titles())
        self.assertIn("Commits: 3", self.titles())

    def test_every_counter_is_told(self) -> None:
        builds = {"successful": 1, "failed": 2, "in_progress": 3, "stopped": 4}
        moved = {"unresolved_threads": 2, "comments": 5, "tasks_resolved": 3, "changes_requested": 1}
        self.hears(later(samples.detail("pullrequest.created"), builds=builds, **moved))
        titles = self.titles()
        self.assertIn("Comments: 5, 2 unresolved", titles)
        self.assertIn("Tasks: 0 open, 3 done", titles)
        self.assertIn("Approvals: 0, 1 against", titles)
        self.assertIn("Builds: 2 failed, 4 stopped, 3 running, 1 passed", titles)

    def test_a_head_without_builds_says_so(self) -> None:
        none = {"successful": 0, "failed": 0, "in_progress": 0, "stopped": 0}
        self.hears(later(samples.detail("pullrequest.created"), builds=none))
        self.assertIn("Builds: none", self.titles())

    def test_what_is_about_no_pull_request_is_left_alone(self) -> None:
        self.assertEqual(self.hears(samples.detail("repo.push")), [])

    def test_each_pull_request_has_its_own(self) -> None:
        created = samples.detail("pullrequest.created")
        next_one = samples.detail("pullrequest.created")
        next_one["subject"]["id"] = 8
        self.hears(created, next_one, samples.detail("pullrequest.created~another-workspace"))
        titles = self.slack.titles(CHANNEL)
        self.assertEqual(len(titles), 21)
        for title in ("#7 Reviewers: 1", "#8 Reviewers: 1", "#3 Reviewers: 0"):
            self.assertIn(title, titles)

    def test_a_channel_that_is_named_later_is_filled_by_the_next_event(self) -> None:
        # Given a pull request that has no channel
        created = samples.detail("pullrequest.created")
        self.keeper(channel=None).keep(created)
        self.assertEqual(self.slack.calls, [])
        # When it is given one
        self.store.names_channel(self.key(created), "C7")
        self.keeper(channel=None).keep(later(created, comments=1))
        # Then all seven are there
        self.assertEqual(len(self.slack.titles("C7")), len(SEVEN))
