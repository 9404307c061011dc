//! Sample payloads, one for every key that Bitbucket reports. All people and the pull request are invented.

use bitbucket::EventKey;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Returns a sample body for a key, about the repository `bitrelay/samples`. `number` is the number of the pull
/// request, the comment and the issue, and makes the sample unique. For a key that Bitbucket does not report, the body
/// has only the fields that all bodies have.
pub(crate) fn payload(key: &EventKey, number: u64, now: Timestamp) -> Value {
    let mut body = json!({ "actor": account("alice"), "repository": repository() });
    for (name, value) in parts(key, number, now) {
        if let Some(fields) = body.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    }
    body
}

fn parts(key: &EventKey, number: u64, now: Timestamp) -> Vec<(&'static str, Value)> {
    let dated = |name: &str| json!({ "date": now, "user": account("bob"), "type": name });
    let pull_request = |state: &str| ("pullrequest", pull_request(number, state, now));
    let open = || pull_request("OPEN");
    match key {
        EventKey::PullRequestFulfilled => vec![pull_request("MERGED")],
        EventKey::PullRequestRejected => vec![pull_request("DECLINED")],
        EventKey::PullRequestApproved | EventKey::PullRequestUnapproved => {
            vec![open(), ("approval", dated("approval"))]
        }
        EventKey::ChangesRequestCreated | EventKey::ChangesRequestRemoved => {
            vec![open(), ("changes_request", dated("changes_request"))]
        }
        EventKey::CommentCreated
        | EventKey::CommentUpdated
        | EventKey::CommentDeleted
        | EventKey::CommentResolved
        | EventKey::CommentReopened => vec![open(), ("comment", comment(key, number, now))],
        key if key.is_pull_request() => vec![open()],
        EventKey::RepositoryPush => vec![("push", push(number, now))],
        EventKey::RepositoryFork => vec![("fork", repository())],
        EventKey::RepositoryUpdated | EventKey::RepositoryTransfer => {
            vec![("changes", json!({ "name": { "old": "sample", "new": "samples" } }))]
        }
        EventKey::CommitCommentCreated => {
            vec![
                ("commit", json!({ "hash": hash(number), "type": "commit" })),
                ("comment", comment(key, number, now)),
            ]
        }
        EventKey::CommitStatusCreated | EventKey::CommitStatusUpdated => {
            vec![("commit_status", status(key, number, now))]
        }
        EventKey::IssueCreated => vec![("issue", issue(number, now))],
        EventKey::IssueUpdated => {
            let changes = json!({ "state": { "old": "new", "new": "open" } });
            vec![("issue", issue(number, now)), ("changes", changes)]
        }
        EventKey::IssueCommentCreated => {
            vec![("issue", issue(number, now)), ("comment", comment(key, number, now))]
        }
        _ => Vec::new(),
    }
}

fn account(name: &str) -> Value {
    json!({ "type": "user", "display_name": name, "nickname": name, "uuid": format!("{{00000000-0000-4000-8000-{name:0>12}}}") })
}

fn repository() -> Value {
    json!({
        "type": "repository", "full_name": "bitrelay/samples", "name": "samples",
        "uuid": "{00000000-0000-4000-8000-000000000001}",
        "workspace": { "type": "workspace", "slug": "bitrelay", "uuid": "{00000000-0000-4000-8000-000000000002}" },
    })
}

fn pull_request(number: u64, state: &str, now: Timestamp) -> Value {
    let side = |branch: &str, hash: String| json!({ "branch": { "name": branch }, "commit": { "hash": hash, "type": "commit" }, "repository": repository() });
    json!({
        "type": "pullrequest", "id": number, "title": "A sample pull request", "description": "Sent by `bitrelay trigger`",
        "state": state, "draft": false, "author": account("alice"),
        "source": side("sample", hash(number)), "destination": side("main", hash(0)),
        "reviewers": [account("bob")], "participants": [], "comment_count": 1, "task_count": 0,
        "created_on": now, "updated_on": now,
    })
}

fn comment(key: &EventKey, number: u64, now: Timestamp) -> Value {
    let mut comment = json!({
        "id": number, "user": account("bob"), "content": { "raw": "A sample comment", "markup": "markdown" },
        "inline": { "path": "src/lib.rs", "to": 1 }, "created_on": now, "updated_on": now,
        "deleted": *key == EventKey::CommentDeleted,
    });
    if let (EventKey::CommentResolved, Some(fields)) = (key, comment.as_object_mut()) {
        fields.insert("resolution".to_owned(), json!({ "user": account("alice"), "created_on": now }));
    }
    comment
}

fn push(number: u64, now: Timestamp) -> Value {
    let target = |hash: String| json!({ "name": "main", "type": "branch", "target": { "hash": hash, "date": now, "type": "commit" } });
    json!({ "changes": [{ "old": target(hash(0)), "new": target(hash(number)), "created": false, "closed": false, "forced": false }] })
}

fn status(key: &EventKey, number: u64, now: Timestamp) -> Value {
    let state = if *key == EventKey::CommitStatusCreated { "INPROGRESS" } else { "SUCCESSFUL" };
    json!({
        "key": "sample", "name": "A sample build", "state": state, "type": "build", "created_on": now, "updated_on": now,
        "commit": { "hash": hash(number), "type": "commit" },
    })
}

fn issue(number: u64, now: Timestamp) -> Value {
    json!({ "id": number, "title": "A sample issue", "state": "new", "reporter": account("alice"), "created_on": now, "updated_on": now })
}

fn hash(number: u64) -> String {
    format!("{number:040x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitbucket::Payload;
    use relay::Subject;

    #[test]
    fn each_reported_key_has_a_sample_with_its_subject() {
        for key in EventKey::KNOWN.iter().filter(|key| key.is_reported()) {
            let body = payload(key, 7, Timestamp::UNIX_EPOCH).to_string();
            let subject = Subject::from_payload(&Payload::parse(body.as_bytes()).unwrap());
            let expected = match key.as_str() {
                name if name.starts_with("pullrequest:") => "pullrequest",
                name if name.starts_with("issue:") => "issue",
                name if name.starts_with("repo:commit_") => "commit",
                _ => "repository",
            };
            assert_eq!(subject.kind(), expected, "{key}");
        }
    }
}
