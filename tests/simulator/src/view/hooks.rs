//! Hooks. The secret is never shown, only its existence.

use super::{View, encoded};
use crate::world::state::{Hook, HookSubject};
use serde_json::{Value, json};

impl View<'_> {
    /// A subscription to webhooks.
    pub(crate) fn hook(self, hook: &Hook) -> Value {
        let (path, subject_type, subject) = match &hook.subject {
            HookSubject::Repository(repository) => (
                format!("repositories/{}", repository.full_name),
                "repository",
                self.repository_reference(repository),
            ),
            HookSubject::Workspace(workspace) => {
                (format!("workspaces/{}", workspace.slug), "workspace", self.workspace(workspace))
            }
        };
        json!({
            "type": "webhook_subscription",
            "uuid": hook.uuid,
            "url": hook.url,
            "description": hook.description,
            "subject_type": subject_type,
            "subject": subject,
            "active": hook.active,
            "created_at": hook.created_at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
            "events": hook.events,
            "secret_set": hook.secret.is_some(),
            "links": { "self": self.api(&format!("{path}/hooks/{}", encoded(&hook.uuid))) },
        })
    }
}
