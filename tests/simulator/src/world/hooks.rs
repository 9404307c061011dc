//! Subscriptions to webhooks, of a repository or of the whole workspace.

use super::World;
use super::event_keys::EVENT_KEYS;
use super::inputs::{HookInput, SecretInput};
use super::outcome::{Refusal, Secret};
use super::state::{Hook, HookSubject};
use jiff::Timestamp;

/// Hooks that a world will hold. Bitbucket's own number is not documented.
const MAX_HOOKS: usize = 1_000;

/// Longest secret: `webhook_subscription.secret` in Bitbucket's OpenAPI file.
const MAX_SECRET_CHARS: usize = 128;

const MAX_URL_BYTES: usize = 2_048;

impl World {
    /// Registers a hook and returns its uuid.
    ///
    /// # Errors
    /// [`Refusal::Invalid`]: no or a bad url, no or unknown or repeated events, a secret of more than 128 characters,
    /// too many hooks.
    pub(crate) fn create_hook(
        &mut self,
        subject: HookSubject,
        input: &HookInput,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        if self.hooks.len() >= MAX_HOOKS {
            return Err(Refusal::invalid("url", format!("The simulator holds at most {MAX_HOOKS} hooks.")));
        }
        let mut hook = Hook {
            uuid: self.ids.uuid(),
            subject,
            url: String::new(),
            description: String::new(),
            active: true,
            events: Vec::new(),
            secret: None,
            created_at: now,
        };
        change(&mut hook, input)?;
        if hook.url.is_empty() {
            return Err(Refusal::invalid("url", "This field is required."));
        }
        if hook.events.is_empty() {
            return Err(Refusal::invalid("events", "This field is required."));
        }
        let uuid = hook.uuid.clone();
        self.hooks.push(hook);
        Ok(uuid)
    }

    /// Changes the fields that the input gives. The others, the secret included, stay as they are.
    pub(crate) fn change_hook(
        &mut self,
        subject: &HookSubject,
        uuid: &str,
        input: &HookInput,
    ) -> Result<(), Refusal> {
        let position = self.hook_position(subject, uuid)?;
        let hook = self.hooks.get_mut(position).ok_or_else(|| no_hook(uuid))?;
        let mut changed = hook.clone();
        change(&mut changed, input)?;
        *hook = changed;
        Ok(())
    }

    pub(crate) fn delete_hook(&mut self, subject: &HookSubject, uuid: &str) -> Result<(), Refusal> {
        let position = self.hook_position(subject, uuid)?;
        self.hooks.remove(position);
        Ok(())
    }

    pub(crate) fn hook(&self, subject: &HookSubject, uuid: &str) -> Result<&Hook, Refusal> {
        let position = self.hook_position(subject, uuid)?;
        self.hooks.get(position).ok_or_else(|| no_hook(uuid))
    }

    pub(crate) fn hooks_of(&self, subject: &HookSubject) -> Vec<&Hook> {
        self.hooks.iter().filter(|hook| hook.subject.is_same(subject)).collect()
    }

    fn hook_position(&self, subject: &HookSubject, uuid: &str) -> Result<usize, Refusal> {
        let bare = |uuid: &str| uuid.trim_matches(['{', '}']).to_ascii_lowercase();
        let wanted = bare(uuid);
        let found =
            self.hooks.iter().position(|hook| bare(&hook.uuid) == wanted && hook.subject.is_same(subject));
        found.ok_or_else(|| no_hook(uuid))
    }
}

fn no_hook(uuid: &str) -> Refusal {
    Refusal::not_found(format!("{uuid} does not exist"))
}

fn change(hook: &mut Hook, input: &HookInput) -> Result<(), Refusal> {
    if let Some(url) = &input.url {
        let readable = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !readable || url.len() > MAX_URL_BYTES {
            return Err(Refusal::invalid("url", "Enter a valid http or https URL of at most 2,048 bytes."));
        }
        hook.url.clone_from(url);
    }
    if let Some(description) = &input.description {
        hook.description.clone_from(description);
    }
    hook.active = input.active.unwrap_or(hook.active);
    if let Some(events) = &input.events {
        hook.events = known_events(events)?;
    }
    match &input.secret {
        SecretInput::Keep => {}
        SecretInput::Remove => hook.secret = None,
        SecretInput::Set(secret) if secret.chars().count() > MAX_SECRET_CHARS => {
            return Err(Refusal::invalid("secret", "A secret has at most 128 characters."));
        }
        SecretInput::Set(secret) => hook.secret = Some(Secret(secret.clone())),
    }
    Ok(())
}

fn known_events(wanted: &[String]) -> Result<Vec<&'static str>, Refusal> {
    if wanted.is_empty() {
        return Err(Refusal::invalid("events", "Subscribe to at least one event."));
    }
    let mut events = Vec::with_capacity(wanted.len());
    for name in wanted {
        let event_key = EVENT_KEYS.iter().map(|(key, ..)| *key).find(|key| key == name);
        let key = event_key.ok_or_else(|| Refusal::invalid("events", format!("Unknown event: {name}")))?;
        if events.contains(&key) {
            return Err(Refusal::invalid("events", format!("{name} is given twice.")));
        }
        events.push(key);
    }
    Ok(events)
}
