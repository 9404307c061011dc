//! The published envelopes, word for word.

use bitbucket::EventKey::CommentCreated;
use serde_json::json;

use crate::world::{a_polled_pull_request, report};

#[test]
fn envelope_of_a_reported_event() {
    let mut world = a_polled_pull_request();
    world.waits(7).writes(4001, "Why so round?").waits(1).reports_about(CommentCreated, 4001);
    insta::assert_json_snapshot!(world.last().envelope(None), @r#"
    {
      "version": 1,
      "id": "238b76bd74dc8fe447a42d5296176651",
      "key": "pullrequest:comment_created",
      "source": "webhook",
      "link": "acme",
      "subject": {
        "type": "pullrequest",
        "repository": {
          "id": "ab",
          "full_name": "acme/widgets"
        },
        "id": 7
      },
      "sequence": 2,
      "occurred_at": "2026-11-02T09:00:10Z",
      "observed_at": "2026-11-02T09:00:11Z",
      "actor": {
        "type": "user",
        "uuid": "{bob}",
        "nickname": "bob"
      },
      "changes": [],
      "counters": {
        "reviewers": null,
        "approvals": null,
        "changes_requested": null,
        "comments": 1,
        "unresolved_threads": 0,
        "tasks_open": 0,
        "tasks_resolved": 0,
        "commits": null,
        "files_changed": null,
        "builds": null
      },
      "payload": {
        "actor": {
          "type": "user",
          "uuid": "{bob}",
          "nickname": "bob"
        },
        "repository": {
          "uuid": "{ab}",
          "full_name": "acme/widgets"
        },
        "pullrequest": {
          "id": 7,
          "title": "Round corners",
          "created_on": "2026-11-02T09:00:00Z",
          "updated_on": "2026-11-02T09:00:10Z"
        },
        "comment": {
          "type": "pullrequest_comment",
          "id": 4001,
          "content": {
            "raw": "Why so round?"
          },
          "user": {
            "type": "user",
            "uuid": "{bob}",
            "nickname": "bob"
          },
          "created_on": "2026-11-02T09:00:10Z",
          "updated_on": "2026-11-02T09:00:10Z",
          "deleted": false,
          "pending": false
        }
      }
    }
    "#);
}

#[test]
fn envelope_of_an_event_found_by_a_poll() {
    let mut world = a_polled_pull_request();
    world.waits(7).writes(4001, "Why so round?").reports_about(CommentCreated, 4001);
    world.waits(30).edits(4001, "Why so very round?").waits(5).polls();
    insta::assert_json_snapshot!(world.last().envelope(None), @r#"
    {
      "version": 1,
      "id": "54858f2b058b70b5d8dc731a1841f1a5",
      "key": "pullrequest:comment_updated",
      "source": "poll",
      "link": "acme",
      "subject": {
        "type": "pullrequest",
        "repository": {
          "id": "ab",
          "full_name": "acme/widgets"
        },
        "id": 7
      },
      "sequence": 3,
      "occurred_at": "2026-11-02T09:00:40Z",
      "observed_at": "2026-11-02T09:00:45Z",
      "actor": {
        "type": "user",
        "uuid": "{bob}",
        "nickname": "bob"
      },
      "changes": null,
      "counters": {
        "reviewers": null,
        "approvals": null,
        "changes_requested": null,
        "comments": 1,
        "unresolved_threads": 0,
        "tasks_open": 0,
        "tasks_resolved": 0,
        "commits": null,
        "files_changed": null,
        "builds": null
      },
      "payload": {
        "actor": {
          "type": "user",
          "uuid": "{bob}",
          "nickname": "bob"
        },
        "repository": {
          "uuid": "{ab}",
          "full_name": "acme/widgets"
        },
        "pullrequest": {
          "id": 7,
          "title": "Round corners",
          "created_on": "2026-11-02T09:00:00Z",
          "updated_on": "2026-11-02T09:00:10Z"
        },
        "comment": {
          "type": "pullrequest_comment",
          "id": 4001,
          "content": {
            "raw": "Why so very round?"
          },
          "user": {
            "type": "user",
            "uuid": "{bob}",
            "nickname": "bob"
          },
          "created_on": "2026-11-02T09:00:10Z",
          "updated_on": "2026-11-02T09:00:40Z",
          "deleted": false,
          "pending": false
        }
      }
    }
    "#);
}

#[test]
fn envelope_of_an_event_with_its_payload_elsewhere() {
    let mut world = a_polled_pull_request();
    world.waits(7).writes(4001, "Why so round?").reports_about(CommentCreated, 4001);
    let reference = relay::PayloadReference {
        table: "t".to_owned(),
        pk: "p".to_owned(),
        sk: "s".to_owned(),
        bytes: 300_000,
    };
    let envelope = world.last().envelope(Some(reference)).to_json();
    assert_eq!(
        (&envelope["payload"], &envelope["payload_reference"]),
        (&json!(null), &json!({ "table": "t", "pk": "p", "sk": "s", "bytes": 300_000 }))
    );
}

#[test]
fn envelope_in_a_replay_names_it() {
    let mut world = a_polled_pull_request();
    world.writes(1, "a").reports_about(CommentCreated, 1);
    let replay = relay::Replay { name: "audit".to_owned(), at: world.now };
    let first = world.last().envelope(None).to_json();
    assert_eq!(first.get("replay"), None);
    let mut again = world.last().envelope(None).in_replay(Some(&replay)).to_json();
    let named = again.as_object_mut().unwrap().remove("replay");
    assert_eq!(named, Some(json!({ "name": "audit", "at": world.now })));
    assert_eq!(again, first, "everything else is as it was");
}

#[test]
fn envelope_names_every_kind_of_subject() {
    let repository = json!({ "uuid": "{ab}", "full_name": "acme/widgets" });
    let cases = [
        (json!({ "repository": repository }), json!({ "type": "repository" })),
        (
            json!({ "repository": repository, "commit": { "hash": "c0ffee" } }),
            json!({ "type": "commit", "hash": "c0ffee" }),
        ),
        (json!({ "repository": repository, "issue": { "id": 3 } }), json!({ "type": "issue", "id": 3 })),
        (json!({ "project": {} }), json!({ "type": "link" })),
    ];
    for (body, expected) in cases {
        let report = report(bitbucket::EventKey::RepositoryUpdated, &body);
        let mut world = crate::world::a_repository();
        world.subject = relay::Subject::from_payload(&report.payload);
        world.receives(&report);
        let mut subject = world.last().envelope(None).to_json()["subject"].clone();
        let repository = subject.as_object_mut().unwrap().shift_remove("repository");
        assert_eq!(subject, expected);
        let named = (expected["type"] != "link").then(|| json!({ "id": "ab", "full_name": "acme/widgets" }));
        assert_eq!(repository, named);
    }
}
