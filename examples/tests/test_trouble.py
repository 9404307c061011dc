"""Failures make no bookmark wrong, doubled or expensive."""

from __future__ import annotations

from bookmarks.keeper import CLAIM_SECONDS, BusyError
from bookmarks.slack import DEFAULT_RETRY_SECONDS, MAX_RETRY_SECONDS, RateLimitedError, Slack, SlackError
from bookmarks.store import ConflictError

from tests import samples
from tests.samples import later
from tests.world import CHANNEL, World


class SlackTroubleTest(World):
    """Slack limits the rate or refuses, or people change bookmarks there."""

    def test_too_many_calls_end_the_attempt_and_the_next_does_only_the_rest(self) -> None:
        # Given a Slack that takes a list and three more calls
        created = samples.detail("pullrequest.created")
        self.slack.takes_only(4, retry_after="20")
        with self.assertRaises(RateLimitedError) as raised:
            self.hears(created)
        self.assertEqual(raised.exception.retry_after, 20)
        # When the event arrives again too early, Slack is not called
        self.time += 19
        with self.assertRaises(BusyError):
            self.hears(created)
        self.assertEqual((len(self.slack.calls), len(self.slack.refused)), (4, 1))
        # When it comes again after that
        self.slack.takes_all_again()
        self.time += 2
        calls = self.hears(created)
        # Then only what was missing is made
        self.assertEqual(calls, ["bookmarks.list"] + ["bookmarks.add"] * 4)
        self.assertEqual(len(self.titles()), 7)

    def test_a_refusal_that_does_not_say_how_long_or_far_too_long_is_taken_for_less(self) -> None:
        cases = {None: DEFAULT_RETRY_SECONDS, "soon": DEFAULT_RETRY_SECONDS, "86400": MAX_RETRY_SECONDS}
        for header, seconds in cases.items():
            with self.subTest(header=header), self.assertRaises(RateLimitedError) as raised:
                self.slack.takes_only(0, retry_after=header)
                Slack("any", self.slack.url).list(CHANNEL)
            self.assertEqual(raised.exception.retry_after, seconds)

    def test_news_while_slack_rests_is_shown_afterwards(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.slack.takes_only(0, retry_after="20")
        first, second = later(created, comments=1), later(later(created), comments=2)
        with self.assertRaises(RateLimitedError):
            self.hears(first)
        with self.assertRaises(BusyError):
            self.hears(second)
        self.slack.takes_all_again()
        self.time += 21
        self.assertEqual(self.hears(first), ["bookmarks.edit"])
        self.assertEqual(self.hears(second), [])
        self.assertIn("Comments: 2", self.titles())

    def test_a_bookmark_that_was_deleted_by_hand_is_added_again(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.slack.deletes_by_hand("Comments")
        calls = self.hears(later(created, comments=1))
        self.assertEqual(calls, ["bookmarks.edit", "bookmarks.list", "bookmarks.add"])
        self.assertEqual((len(self.titles()), self.titles()[-1]), (7, "Comments: 1"))

    def test_a_bookmark_that_is_known_to_be_deleted_is_not_edited_again(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.slack.deletes_by_hand("Comments")
        news = later(created, comments=1)
        self.slack.takes_only(1, retry_after="1")
        with self.assertRaises(RateLimitedError):
            self.hears(news)
        self.slack.takes_all_again()
        self.time += 2
        self.assertEqual(self.hears(news), ["bookmarks.list", "bookmarks.add"])

    def test_another_no_is_told_and_what_was_shown_before_it_is_not_shown_again(self) -> None:
        # Given a bookmark that must not be edited
        created = samples.detail("pullrequest.created")
        self.hears(created)
        self.slack.locked.add("#7 Comments: 0")
        news = later(created, reviewers=2, comments=1)
        with self.assertRaises(SlackError) as raised:
            self.hears(news)
        self.assertEqual(raised.exception.code, "permission_denied")
        # When it may be again, and at once
        self.slack.locked.clear()
        # Then the one before it is not edited twice
        self.assertEqual(self.hears(news), ["bookmarks.edit"])
        self.assertEqual(self.titles()[:2], ["Reviewers: 2", "Comments: 1"])

    def test_no_error_shows_the_token(self) -> None:
        client = Slack("xoxb-very-secret", self.slack.url)
        with self.assertRaises(SlackError) as raised:
            client.list(CHANNEL)
        self.assertEqual(raised.exception.code, "invalid_auth")
        for text in (str(raised.exception), repr(raised.exception), repr(client)):
            self.assertNotIn("very-secret", text)

    def test_after_a_no_the_pull_request_is_free_at_once(self) -> None:
        created = samples.detail("pullrequest.created")
        with self.assertRaises(SlackError):
            self.keeper(channel="not an id").keep(created)
        self.assertEqual(len(self.hears(created)), 8)


class ManyInvocationsTest(World):
    """Lambda runs two at once, or one dies."""

    def test_two_at_once_make_no_bookmark_twice_and_both_are_shown(self) -> None:
        # Given an invocation that is in the middle of its first call
        created = samples.detail("pullrequest.created")
        news = later(created, comments=1)
        outcomes: list[BaseException] = []

        def the_second_invocation() -> None:
            try:
                self.keeper().keep(news)
            except BusyError as error:
                outcomes.append(error)

        self.slack.before_answer = the_second_invocation
        # When another event comes
        calls = self.hears(created)
        # Then the second goes away, for another time, and the first shows its news
        self.assertEqual(len(outcomes), 1)
        self.assertEqual(calls, ["bookmarks.list"] + ["bookmarks.add"] * 7 + ["bookmarks.edit"])
        self.assertIn("Comments: 1", self.titles())
        self.assertEqual(self.hears(news), [])

    def test_news_without_end_ends_an_invocation_all_the_same(self) -> None:
        created = samples.detail("pullrequest.created")
        self.hears(created)
        newest = later(created, comments=1)

        def somebody_comments_again() -> None:
            nonlocal newest
            newest = later(newest, comments=newest["counters"]["comments"] + 1)
            self.slack.before_answer = somebody_comments_again
            with self.assertRaises(BusyError):
                self.keeper().keep(newest)

        self.slack.before_answer = somebody_comments_again
        with self.assertRaises(BusyError):
            self.hears(newest)
        self.slack.before_answer = lambda: None
        # The next attempt may begin at once.
        self.assertEqual(self.hears(newest), ["bookmarks.edit"])
        self.assertIn("Comments: 4", self.titles())

    def test_one_that_died_leaves_its_claim_until_it_is_certainly_dead(self) -> None:
        # Given one that died before it could write down what it had made
        created = samples.detail("pullrequest.created")
        self.slack.before_answer = lambda: setattr(self.store, "failures", 1)
        with self.assertRaises(OSError):
            self.hears(created)
        made = list(self.slack.bookmarks)
        # When its event comes again too soon
        self.time += CLAIM_SECONDS - 1
        with self.assertRaises(BusyError):
            self.hears(created)
        # And later
        self.time += 2
        calls = self.hears(created)
        # Then what had been made is found, and nothing is made twice
        self.assertEqual(calls, ["bookmarks.list"])
        self.assertEqual(list(self.slack.bookmarks), made)

    def test_what_a_dead_one_made_is_not_only_found_but_brought_up_to_date(self) -> None:
        created = samples.detail("pullrequest.created")
        self.slack.before_answer = lambda: setattr(self.store, "failures", 1)
        with self.assertRaises(OSError):
            self.hears(created)
        self.time += CLAIM_SECONDS + 1
        self.assertEqual(self.hears(later(created, comments=1)), ["bookmarks.list", "bookmarks.edit"])
        self.assertIn("Comments: 1", self.titles())

    def test_one_that_lived_too_long_does_not_write_over_its_successor(self) -> None:
        # Given one so slow that its claim ends in the middle of a call
        created = samples.detail("pullrequest.created")
        slow = later(created, reviewers=2)
        news = later(slow, comments=1)

        def much_later() -> None:
            self.time += CLAIM_SECONDS + 1
            self.keeper().keep(news)

        self.hears(created)
        self.slack.before_answer = much_later
        with self.assertRaises(BusyError):
            self.hears(slow)
        # Then what its successor wrote stands, and its own event comes again to see that all is shown
        after = self.state(created)
        self.assertTrue(after.settled())
        self.assertIsNone(after.claim)
        self.assertEqual(self.hears(slow), [])
        self.assertEqual((self.titles()[0], self.titles()[1]), ("Reviewers: 2", "Comments: 1"))

    def test_a_write_that_lost_is_made_again_on_top_of_the_other(self) -> None:
        self.store.conflicts = 2
        self.hears(samples.detail("pullrequest.created"))
        self.assertEqual(len(self.titles()), 7)

    def test_a_write_that_loses_always_is_given_up(self) -> None:
        self.store.conflicts = 1000
        with self.assertRaises(ConflictError):
            self.hears(samples.detail("pullrequest.created"))
        self.assertEqual(self.slack.calls, [], "nothing is shown that nobody could write down")
