"""Keeps seven Slack bookmarks of a pull request current, by bitrelay's events alone."""
