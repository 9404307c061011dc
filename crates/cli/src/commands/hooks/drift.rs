//! Compares the hooks in Bitbucket with the hook that a link should have. Pure.

use std::fmt;

use bitbucket::EventKey;
use bitbucket::client::{Hook, HookPlace};
use relay::LinkId;
use serde_json::{Value, json};
use url::Url;

use crate::output::plain;

/// The hook that a link should have at each of its places.
pub(super) struct Wanted {
    /// The URL to deliver to.
    pub(super) url: Url,
    /// All URLs of this stack and link.
    pub(super) own_urls: Vec<Url>,
    pub(super) link: LinkId,
    pub(super) all_events: bool,
    pub(super) signed: bool,
}

impl Wanted {
    pub(super) fn description(&self) -> String {
        format!("bitrelay {}", self.link)
    }

    /// True if the hook delivers to this stack and link. Its description proves nothing: another stack can have a link
    /// of the same name.
    fn owns(&self, hook: &Hook) -> bool {
        Url::parse(&hook.url).is_ok_and(|url| self.own_urls.contains(&url))
    }

    fn delivers_to(&self, hook: &Hook) -> bool {
        Url::parse(&hook.url).is_ok_and(|url| url == self.url)
    }

    /// Returns the URLs of hooks that have this link's description and deliver elsewhere, such as to a deleted stack.
    pub(super) fn lookalikes(&self, hooks: &[Hook]) -> Vec<String> {
        let described = hooks.iter().filter(|hook| hook.description == self.description());
        described.filter(|hook| !self.owns(hook)).map(|hook| hook.url.clone()).collect()
    }
}

/// One difference between a hook and the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Drift {
    Missing,
    WrongUrl(String),
    MissingEvents(Vec<EventKey>),
    Inactive,
    NoSecret,
    Duplicate(usize),
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("no hook"),
            Self::WrongUrl(url) => write!(f, "wrong URL {}", plain(url)),
            Self::MissingEvents(events) => {
                let names: Vec<_> = events.iter().map(EventKey::as_str).collect();
                write!(f, "missing events {}", names.join(", "))
            }
            Self::Inactive => f.write_str("inactive"),
            Self::NoSecret => f.write_str("no secret"),
            Self::Duplicate(count) => write!(f, "{count} duplicates"),
        }
    }
}

impl Drift {
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Missing => json!({ "type": "missing" }),
            Self::WrongUrl(url) => json!({ "type": "wrong_url", "url": url }),
            Self::MissingEvents(events) => json!({ "type": "missing_events", "events": events }),
            Self::Inactive => json!({ "type": "inactive" }),
            Self::NoSecret => json!({ "type": "no_secret" }),
            Self::Duplicate(count) => json!({ "type": "duplicate", "count": count }),
        }
    }
}

/// Returns the link's hooks at a place, the best first, and their differences from the wanted hook.
pub(super) fn compare<'h>(
    hooks: &'h [Hook],
    wanted: &Wanted,
    place: &HookPlace,
) -> (Vec<&'h Hook>, Vec<Drift>) {
    let mut ours: Vec<_> = hooks.iter().filter(|hook| wanted.owns(hook)).collect();
    // `hooks sync` keeps the first hook and deletes the others, because two active hooks deliver everything twice. The
    // first one has the right URL, if any has it.
    ours.sort_by_key(|hook| (!wanted.delivers_to(hook), !hook.active));
    let Some((first, others)) = ours.split_first() else { return (ours, vec![Drift::Missing]) };
    let missing: Vec<_> =
        events(place, wanted.all_events).into_iter().filter(|key| !first.events.contains(key)).collect();
    let drift = [
        (!wanted.delivers_to(first)).then(|| Drift::WrongUrl(first.url.clone())),
        (!missing.is_empty()).then_some(Drift::MissingEvents(missing)),
        (!first.active).then_some(Drift::Inactive),
        (wanted.signed && !first.secret_set).then_some(Drift::NoSecret),
        (!others.is_empty()).then_some(Drift::Duplicate(others.len())),
    ];
    let drift = drift.into_iter().flatten().collect();
    (ours, drift)
}

/// Returns the keys that a hook subscribes to: all of pull requests and repositories. With `all` also those of projects
/// and pipelines, which need further scopes. Some keys exist for workspaces only.
pub(super) fn events(place: &HookPlace, all: bool) -> Vec<EventKey> {
    let of_workspace = matches!(place, HookPlace::Workspace(_));
    let only_workspace = |key: &EventKey| {
        matches!(
            key,
            EventKey::RepositoryCreated
                | EventKey::RepositoryDeleted
                | EventKey::RepositoryImported
                | EventKey::RepositoryTransfer
                | EventKey::ProjectUpdated
        )
    };
    let usual = |key: &EventKey| key.is_pull_request() || key.as_str().starts_with("repo:");
    // Bitbucket removed its issue tracker on 2026-08-20 (<https://github.com/0pilatos0/bitbucket-cli/issues/325>).
    let is_of_issue = |key: &EventKey| key.as_str().starts_with("issue:");
    let reported = EventKey::KNOWN.iter().filter(|key| key.is_reported() && !is_of_issue(key));
    let wanted = reported.filter(|key| (all || usual(key)) && (of_workspace || !only_workspace(key)));
    wanted.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        let url: Url = "https://hooks.example.com/webhook/acme".parse().unwrap();
        let of_gateway = "https://a1b2.execute-api.eu-west-1.amazonaws.com/webhook/acme".parse().unwrap();
        let own_urls = vec![url.clone(), of_gateway];
        Wanted { url, own_urls, link: "acme".parse().unwrap(), all_events: false, signed: true }
    }

    fn place() -> HookPlace {
        "acme/widgets".parse().unwrap()
    }

    fn good() -> Hook {
        Hook {
            uuid: "{1}".to_owned(),
            url: wanted().url.to_string(),
            description: "bitrelay acme".to_owned(),
            active: true,
            events: events(&place(), false),
            secret_set: true,
        }
    }

    fn found(hooks: &[Hook]) -> Vec<String> {
        compare(hooks, &wanted(), &place()).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_kind_of_drift_is_found() {
        let stranger =
            Hook { url: "https://ci.example.com/".to_owned(), description: String::new(), ..good() };
        let none: [&str; 0] = [];
        assert_eq!(found(&[good(), stranger.clone()]), none);
        assert_eq!(found(&[stranger]), ["no hook"]);
        assert_eq!(found(&[Hook { active: false, ..good() }]), ["inactive"]);
        assert_eq!(found(&[Hook { secret_set: false, ..good() }]), ["no secret"]);
        assert_eq!(found(&[good(), good(), good()]), ["2 duplicates"]);
        let moved = Hook { url: wanted().own_urls[1].to_string(), ..good() };
        assert_eq!(found(std::slice::from_ref(&moved)), [format!("wrong URL {}", moved.url)]);
        let deaf = Hook { events: events(&place(), false)[1..].to_vec(), ..good() };
        assert_eq!(found(&[deaf]), ["missing events pullrequest:created"]);

        let hooks = [moved, good()];
        let (ours, _) = compare(&hooks, &wanted(), &place());
        assert_eq!(ours[0], &good(), "the one that delivers to the right place is kept");
    }

    #[test]
    fn hook_of_another_stack_is_not_ours() {
        let theirs = Hook { url: "https://other.example.com/webhook/acme".to_owned(), ..good() };
        assert_eq!(found(std::slice::from_ref(&theirs)), ["no hook"]);
        let hooks = [theirs.clone(), good()];
        let (ours, drift) = compare(&hooks, &wanted(), &place());
        assert_eq!((ours, drift), (vec![&good()], vec![]));
        assert_eq!(wanted().lookalikes(&hooks), [theirs.url]);
        let other_link = Hook { url: "https://hooks.example.com/webhook/globex".to_owned(), ..good() };
        assert_eq!(found(&[other_link]), ["no hook"]);
    }

    #[test]
    fn hooks_subscribe_to_the_events_of_their_place() {
        let names = |place: &str, all| {
            events(&place.parse().unwrap(), all).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names("acme/widgets", false).len(), 20);
        assert_eq!(names("acme/widgets", true).len(), 21);
        assert_eq!(names("acme", false).len(), 24);
        assert_eq!(names("acme", true).len(), 26, "Bitbucket's whole list without issues");
        assert!(!names("acme", true).contains(&"pullrequest:task_created".to_owned()));
    }
}
