"""Keeps seven bookmarks of a pull request true in Slack, from bitrelay's events alone."""
