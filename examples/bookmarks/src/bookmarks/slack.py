"""The three methods of Slack's Web API that bookmarks need (https://docs.slack.dev/reference/methods/bookmarks.add)."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from bookmarks.state import Shown

TIMEOUT_SECONDS = 5
# A channel has at most 100 bookmarks, of about a kilobyte each.
MAX_ANSWER_BYTES = 1024 * 1024
# Used if a 429 has no `Retry-After`: Slack counts its tiers over a minute.
DEFAULT_RETRY_SECONDS = 30.0
# A longer `Retry-After` is cut: the queue gives up an event after a quarter of an hour.
MAX_RETRY_SECONDS = 600.0


class SlackError(Exception):
    """Slack refused a call. `code` is its error, for example `channel_not_found`."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(f"{method}: {code}")
        self.code = code


class RateLimitedError(SlackError):
    """Slack accepts no calls for some seconds (https://docs.slack.dev/apis/web-api/rate-limits)."""

    def __init__(self, method: str, retry_after: float) -> None:
        super().__init__(method, f"rate limited for {retry_after:.0f} s")
        self.retry_after = retry_after


class Slack:
    """A client. It never waits and never retries; Lambda does."""

    def __init__(self, token: str, base_url: str = "https://slack.com/api") -> None:
        self._token = token
        self._base_url = base_url

    def list(self, channel: str) -> dict[str, Shown]:
        """Returns the channel's bookmarks by their links."""
        answer = self._call("bookmarks.list", {"channel_id": channel})
        return {found["link"]: Shown(found["id"], found["title"]) for found in answer["bookmarks"]}

    def add(self, channel: str, title: str, link: str, emoji: str) -> Shown:
        """Creates a bookmark."""
        fields = {"channel_id": channel, "type": "link", "title": title, "link": link, "emoji": emoji}
        return Shown(self._call("bookmarks.add", fields)["bookmark"]["id"], title)

    def edit(self, channel: str, bookmark_id: str, title: str) -> Shown | None:
        """Changes a title. Returns None if the bookmark does not exist (any more)."""
        fields = {"channel_id": channel, "bookmark_id": bookmark_id, "title": title}
        try:
            self._call("bookmarks.edit", fields)
        except SlackError as error:
            if error.code == "not_found":
                return None
            raise
        return Shown(bookmark_id, title)

    def _call(self, method: str, fields: dict[str, str]) -> dict[str, Any]:
        body = urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(f"{self._base_url}/{method}", body)
        # Not sent to the target of a redirect.
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                result = json.loads(answer.read(MAX_ANSWER_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 429:
                    raise RateLimitedError(method, _seconds(error.headers.get("Retry-After"))) from None
                raise SlackError(method, f"http_{error.code}") from None
        if not result.get("ok"):
            raise SlackError(method, str(result.get("error")))
        return result


def _seconds(text: str | None) -> float:
    return min(float(text), MAX_RETRY_SECONDS) if text and text.isdecimal() else DEFAULT_RETRY_SECONDS
