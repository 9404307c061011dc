use serde_json::{Value, json};

use super::*;

/// True if a body about a pull request in a state, with `more` beside it, shows what the key says.
fn is_proven_by(key: &EventKey, state: &str, more: &Value) -> bool {
    let mut body = json!({ "pullrequest": { "id": 7, "state": state } });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    is_proven(key, &Payload::parse(body.to_string().as_bytes()).unwrap())
}

#[test]
fn body_needs_the_parts_of_its_key_and_no_others() {
    let (comment, approval) = (json!({ "comment": { "id": 1 } }), json!({ "approval": {} }));
    let both = json!({ "comment": { "id": 1 }, "approval": {} });
    for (key, more, expected) in [
        (EventKey::CommentCreated, &comment, true),
        (EventKey::CommentCreated, &json!({}), false),
        (EventKey::CommentCreated, &both, false),
        (EventKey::PullRequestApproved, &approval, true),
        (EventKey::PullRequestApproved, &comment, false),
        (EventKey::PullRequestUpdated, &json!({}), true),
        (EventKey::PullRequestUpdated, &comment, false),
        (EventKey::RepositoryPush, &json!({ "push": {} }), true),
        (EventKey::RepositoryPush, &json!({ "push": {}, "comment": {} }), true),
        (EventKey::RepositoryPush, &json!({}), false),
        (EventKey::Other("pullrequest:unknown".to_owned()), &both, true),
        (EventKey::Other("repo:unknown".to_owned()), &both, true),
    ] {
        assert_eq!(is_proven_by(&key, "OPEN", more), expected, "{key} {more}");
    }
}

#[test]
fn body_of_an_end_shows_it() {
    for (key, state, expected) in [
        (EventKey::PullRequestFulfilled, "MERGED", true),
        (EventKey::PullRequestFulfilled, "DECLINED", false),
        (EventKey::PullRequestFulfilled, "OPEN", false),
        (EventKey::PullRequestRejected, "DECLINED", true),
        (EventKey::PullRequestRejected, "SUPERSEDED", true),
        (EventKey::PullRequestRejected, "OPEN", false),
    ] {
        assert_eq!(is_proven_by(&key, state, &json!({})), expected, "{key} {state}");
    }
}

#[test]
fn body_of_a_comment_shows_its_deletion_or_reopening() {
    let deleted = |deleted: bool| json!({ "comment": { "id": 1, "deleted": deleted } });
    assert!(is_proven_by(&EventKey::CommentDeleted, "OPEN", &deleted(true)));
    assert!(!is_proven_by(&EventKey::CommentDeleted, "OPEN", &deleted(false)));
    let open = json!({ "comment": { "id": 1 } });
    let resolved = json!({ "comment": { "id": 1, "resolution": {} } });
    assert!(is_proven_by(&EventKey::CommentReopened, "OPEN", &open));
    assert!(!is_proven_by(&EventKey::CommentReopened, "OPEN", &resolved));
}

#[test]
fn body_of_a_review_lists_it() {
    use EventKey as K;
    for (key, part, listed, expected) in [
        (K::PullRequestApproved, "approval", "approved", true),
        (K::PullRequestApproved, "approval", "changes_requested", false),
        (K::PullRequestUnapproved, "approval", "approved", false),
        (K::PullRequestUnapproved, "approval", "", true),
        (K::ChangesRequestCreated, "changes_request", "changes_requested", true),
        (K::ChangesRequestCreated, "changes_request", "", false),
        (K::ChangesRequestRemoved, "changes_request", "changes_requested", false),
        (K::ChangesRequestRemoved, "changes_request", "approved", true),
    ] {
        let user = json!({ "uuid": "{bob}" });
        let participant = json!({ "user": user, "state": listed, "approved": listed == "approved" });
        let shows = |participants: Value| {
            let more = json!({
                "pullrequest": { "id": 7, "state": "OPEN", "participants": participants }, part: { "user": user },
            });
            is_proven_by(&key, "OPEN", &more)
        };
        assert_eq!(shows(json!([participant])), expected, "{key} {listed}");
        assert!(shows(json!([])), "{key}: a reviewer who is not listed proves nothing");
    }
}
