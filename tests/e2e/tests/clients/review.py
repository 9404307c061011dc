"""Plays a review with `atlassian-python-api`, a client of Bitbucket that knows nothing of this project.

Usage: review.py URL, with the address of a simulator that has the default accounts. Fails at the first surprise.
"""

import sys

from atlassian.bitbucket import Cloud
from requests import HTTPError


def main(url):
    alice = Cloud(url, username="alice@example.com", password="alice-api-token")
    bob = Cloud(url, username="bob@example.com", password="bob-api-token")
    repository = find(alice)
    hook = repository.hooks.create("http://127.0.0.1:9/", "Nobody listens", EVENTS)
    assert [one.uuid() for one in repository.hooks.each()] == [hook.uuid()]
    pull_request = repository.pullrequests.create("Add a gear", "gear", description="It is round.")
    assert pull_request.is_open and pull_request.source_branch == "gear"
    assert [one.id for one in repository.pullrequests.each()] == [pull_request.id]
    seen_by_bob = bob.repositories.get("acme", "widgets").pullrequests.get(pull_request.id)
    assert seen_by_bob.author.nickname == "alice" and seen_by_bob.created_on.year >= 2026
    comment_on(seen_by_bob)
    work_on_tasks(seen_by_bob)
    review(seen_by_bob, repository)
    build(repository, pull_request)
    pull_request.merge(merge_strategy=pull_request.MERGE_COMMIT)
    assert repository.pullrequests.get(pull_request.id).is_merged
    another = repository.pullrequests.create("Add a wheel", "wheel")
    another.decline()
    assert repository.pullrequests.get(another.id).is_declined
    refusals(alice, repository)


EVENTS = [
    "pullrequest:created",
    "pullrequest:comment_created",
    "pullrequest:comment_deleted",
    "pullrequest:approved",
    "pullrequest:unapproved",
    "pullrequest:changes_request_created",
    "pullrequest:changes_request_removed",
    "pullrequest:fulfilled",
    "pullrequest:rejected",
]


def find(alice):
    """The repository, on each way to it."""
    workspace = alice.workspaces.get("acme")
    assert [one.uuid for one in alice.workspaces.each()] == [workspace.uuid]
    repository = workspace.repositories.get("widgets")
    assert [one.name for one in workspace.repositories.each()] == [repository.name]
    assert alice.repositories.get("acme", "widgets").uuid == repository.uuid
    return repository


def comment_on(pull_request):
    for text in ["Is it oiled?", "Is it round?"]:
        pull_request.comment(text)
    first, second = pull_request.comments(sort="created_on")
    assert (first.raw, first.user.nickname) == ("Is it oiled?", "bob")
    first.update(content={"raw": "Is it well oiled?"})
    second.delete()
    assert [one.raw for one in pull_request.comments()] == ["Is it well oiled?"]


def work_on_tasks(pull_request):
    task = pull_request.add_task("Oil it")
    task.update("Oil it well")
    task.put(None, data={"state": task.STATE_RESOLVED})
    (task,) = pull_request.tasks()
    assert task.is_resolved and task.description == "Oil it well" and task.resolved_by.nickname == "bob"
    task.delete()
    assert list(pull_request.tasks()) == []


def review(pull_request, repository):
    def opinions():
        shown = repository.pullrequests.get(pull_request.id)
        return [(one.user.nickname, one.has_approved, one.has_changes_requested) for one in shown.participants()]

    pull_request.approve()
    assert ("bob", True, False) in opinions()
    pull_request.unapprove()
    pull_request.request_changes()
    assert ("bob", False, True) in opinions()
    pull_request.unrequest_changes()
    assert ("bob", False, False) in opinions()


def build(repository, pull_request):
    commit = repository.commits.get(pull_request.source_commit)
    commit.add_build("CI", url="http://ci.example.com/1")
    (status,) = pull_request.builds()
    assert status.inprogress and [one.hash for one in pull_request.commits] == [commit.hash]


def refusals(alice, repository):
    assert not alice.workspaces.exists("nobody")
    try:
        repository.pullrequests.get(99)
    except HTTPError as error:
        assert error.response.status_code == 404, error
    else:
        raise AssertionError("pull request 99 exists")


main(sys.argv[1])
