//! Accounts and their reviews of a pull request.

use super::{View, encoded};
use crate::clock::written;
use crate::world::state::{Account, Participant, PullRequest, Verdict};
use jiff::Timestamp;
use serde_json::{Value, json};

impl View<'_> {
    /// An account, as all answers and payloads show it.
    pub(crate) fn account(self, account: &Account) -> Value {
        let uuid = encoded(&account.uuid);
        let links = json!({
            "self": self.api(&format!("users/{uuid}")),
            "avatar": self.page(&format!("account/{uuid}/avatar")),
            "html": self.page(&format!("{uuid}/")),
        });
        if account.is_app {
            return json!({
                "display_name": account.name,
                "links": links,
                "type": "app_user",
                "uuid": account.uuid,
                "account_id": account.account_id,
                "account_status": "active",
                "kind": "repository_access_token",
            });
        }
        json!({
            "display_name": account.name,
            "links": links,
            "type": "user",
            "uuid": account.uuid,
            "account_id": account.account_id,
            "nickname": account.name,
        })
    }

    /// An account, as `GET /2.0/user` shows it to itself.
    pub(crate) fn current_user(self, account: &Account) -> Value {
        let mut shown = self.account(account);
        if let Some(fields) = shown.as_object_mut() {
            fields.insert("created_on".to_owned(), json!(written(account.created_on)));
            fields.insert("account_status".to_owned(), json!("active"));
            if !account.is_app {
                fields.insert("username".to_owned(), json!(account.name));
                fields.insert("is_staff".to_owned(), json!(false));
            }
        }
        shown
    }

    /// A participant of a pull request.
    pub(crate) fn participant(self, pull_request: &PullRequest, entry: &Participant) -> Value {
        let is_reviewer = pull_request.reviewers.contains(&entry.account);
        let state = entry.verdict.map(|verdict| match verdict {
            Verdict::Approved => "approved",
            Verdict::ChangesRequested => "changes_requested",
        });
        json!({
            "type": "participant",
            "user": self.account(&entry.account),
            "role": if is_reviewer { "REVIEWER" } else { "PARTICIPANT" },
            "approved": entry.verdict == Some(Verdict::Approved),
            "state": state,
            "participated_on": entry.participated_on.map(written),
        })
    }

    /// `approval` or `changes_request` of a payload.
    pub(crate) fn verdict(self, account: &Account, at: Timestamp) -> Value {
        json!({ "date": written(at), "user": self.account(account) })
    }
}
