//! `link` and `hooks`.

use bitbucket::client::HookPlace;
use clap::{Args, Subcommand};
use relay::{LinkId, SweepTarget};
use store::links::Template;

use super::Span;

/// Make, look at and change links.
#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Make a link: one connection to Bitbucket, with a webhook secret of its own
    #[command(after_help = "\
Templates:
  bitbucket-user-token          e-mail address and API token of a person
  bitbucket-access-token        access token of a repository, project or workspace
  bitbucket-client-credentials  OAuth consumer that acts as itself
  bitbucket-app-oauth           OAuth consumer that a person allows to act as them
  bitbucket-webhook             receives only: edits in a comment's first ten minutes, tasks and lost webhooks are NOT caught

What the template needs is asked for. With --stdin it is read from lines KEY=VALUE: username and password, token, or client_id and
client_secret; webhook_secret in place of one that is made up.

Examples:
  bitrelay link create acme --template bitbucket-user-token
  bitrelay link create acme --template bitbucket-access-token --stdin
  bitrelay link create acme --template bitbucket-user-token --sweep acme
  bitrelay link create acme --template bitbucket-webhook")]
    Create {
        /// The link's id: lower-case letters, digits and dashes
        id: LinkId,
        /// The kind of credential
        #[arg(long)]
        template: Template,
        /// Where secrets come from.
        #[command(flatten)]
        from: SecretsFrom,
        /// Take deliveries without a signature: anybody who knows the URL can forge events
        #[arg(long)]
        unsigned: bool,
        /// Sweep this repository, or all of this workspace, without waiting for a webhook; may be given several times
        #[arg(long, value_name = "WORKSPACE[/SLUG]")]
        sweep: Vec<SweepTarget>,
    },
    /// List the links
    #[command(after_help = "Examples:\n  bitrelay link list\n  bitrelay link list --format json")]
    List,
    /// Show a link, without its secrets
    #[command(
        after_help = "Examples:\n  bitrelay link show acme\n  bitrelay link show acme --reveal-webhook-secret"
    )]
    Show {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
        /// Show the webhook secret too, to be typed into Bitbucket
        #[arg(long)]
        reveal_webhook_secret: bool,
    },
    /// Change a link's credential
    #[command(after_help = "\
Examples:
  bitrelay link set-creds acme
  bitrelay link set-creds acme --stdin
  bitrelay link set-creds acme --template bitbucket-access-token")]
    SetCreds {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
        /// Another kind of credential than before
        #[arg(long)]
        template: Option<Template>,
        /// Where secrets come from.
        #[command(flatten)]
        from: SecretsFrom,
    },
    /// Change or show what is swept without waiting for a webhook: repositories, or whole workspaces
    #[command(after_help = "\
The poller begins within a minute. It finds the new repositories of a workspace within an hour. Without --add and --remove, what is
swept is shown.

Examples:
  bitrelay link sweep acme
  bitrelay link sweep acme --add acme/widgets --add acme/gears
  bitrelay link sweep acme --add acme --remove acme/widgets")]
    Sweep {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
        /// Sweep this repository, or all of this workspace; may be given several times
        #[arg(long, value_name = "WORKSPACE[/SLUG]")]
        add: Vec<SweepTarget>,
        /// Name it no longer; a repository that is swept already stays so
        #[arg(long, value_name = "WORKSPACE[/SLUG]")]
        remove: Vec<SweepTarget>,
    },
    /// Try a link's credential: who is it, and may it read pull requests
    #[command(
        after_help = "Examples:\n  bitrelay link test acme\n  bitrelay link test acme --repository acme/widgets"
    )]
    Test {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
        /// A repository whose hooks it should be able to see
        #[arg(long, value_name = "WORKSPACE/SLUG")]
        repository: Option<HookPlace>,
    },
    /// Let a person allow the link's OAuth consumer, in a browser
    #[command(after_help = "\
Prints an address that works once and for ten minutes. Whoever opens it and presses Grant access is who the link acts as. For links of
the template bitbucket-app-oauth.

Examples:
  bitrelay link start-oauth acme
  bitrelay link start-oauth acme --format json")]
    StartOauth {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
    },
    /// Add a new webhook secret, keep the old ones valid for a while, and give the new one to the link's hooks
    #[command(after_help = "\
The functions keep what they read for five minutes. So the hooks get the new secret only after --wait; what Bitbucket signs in
between is signed with the old one.

Examples:
  bitrelay link rotate-secret acme
  bitrelay link rotate-secret acme --overlap 24h --wait 5m")]
    RotateSecret {
        /// The link; the usual one where it is not given
        id: Option<LinkId>,
        /// How long the old secrets stay valid
        #[arg(long, default_value = "24h")]
        overlap: Span,
        /// How long the functions are given to read the new secret before Bitbucket gets it
        #[arg(long, default_value = "5m")]
        wait: Span,
    },
    /// Delete a link; it can be restored for seven days
    #[command(
        after_help = "Examples:\n  bitrelay link delete acme --yes\n  bitrelay link delete acme --yes --at-once"
    )]
    Delete {
        /// The link
        id: LinkId,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Delete for good, without a way back
        #[arg(long)]
        at_once: bool,
    },
}

/// Where secrets come from.
#[derive(Debug, Clone, Default, Args)]
pub struct SecretsFrom {
    /// Read lines KEY=VALUE from the standard input
    #[arg(long)]
    pub stdin: bool,
    /// KEY=VALUE; it stays in your shell's history and shows in the list of processes, so prefer --stdin
    #[arg(long, value_name = "KEY=VALUE", conflicts_with = "stdin")]
    pub kv: Vec<KeyValue>,
}

/// A name and a value that may be a secret. It cannot be printed.
#[derive(Clone)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// The value.
    pub value: secrecy::SecretString,
}

impl std::fmt::Debug for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyValue").field("key", &self.key).finish_non_exhaustive()
    }
}

impl KeyValue {
    /// Reads `KEY=VALUE`; `None` where it is not that. What it is, nobody repeats: it may be a secret.
    pub fn read(text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        Some(Self { key: key.trim().to_owned(), value: value.trim().into() })
    }
}

/// Never an error, because clap's would repeat what was typed. An empty key is refused later.
impl From<String> for KeyValue {
    fn from(text: String) -> Self {
        Self::read(&text).unwrap_or(Self { key: String::new(), value: "".into() })
    }
}

/// Make, check and remove the hooks of a link.
#[derive(Debug, Subcommand)]
pub enum HooksCommand {
    /// Make the hook, or mend it: URL, secret, events, active; duplicates are removed
    #[command(after_help = "\
The link's credential needs the scope `webhook` (API tokens: read:webhook:bitbucket, write:webhook:bitbucket and
delete:webhook:bitbucket). Without it, what to click in Bitbucket is printed.

Examples:
  bitrelay hooks sync --link acme --repository acme/widgets
  bitrelay hooks sync --link acme --repository acme/widgets --repository acme/gears
  bitrelay hooks sync --link acme --workspace acme --all-events")]
    Sync(HookPlaces),
    /// Show what is wrong with the hooks; exit code 6 where something is
    #[command(
        after_help = "Examples:\n  bitrelay hooks check --link acme\n  bitrelay hooks check --link acme --repository acme/widgets --format json"
    )]
    Check(HookPlaces),
    /// Remove the link's hooks
    #[command(after_help = "Examples:\n  bitrelay hooks remove --link acme --repository acme/widgets")]
    Remove(HookPlaces),
}

/// Which hooks.
#[derive(Debug, Clone, Default, Args)]
pub struct HookPlaces {
    /// Of this repository; may be given several times. Neither this nor --workspace: wherever the link has hooks
    #[arg(long, value_name = "WORKSPACE/SLUG", value_parser = repository)]
    pub repository: Vec<HookPlace>,
    /// Of the whole workspace; its owners only
    #[arg(long, value_parser = workspace)]
    pub workspace: Vec<HookPlace>,
    /// Also issues, projects and pipelines, which need scopes of their own
    #[arg(long)]
    pub all_events: bool,
}

fn repository(text: &str) -> Result<HookPlace, &'static str> {
    match text.parse()? {
        HookPlace::Workspace(_) => Err("a repository is named `workspace/slug`"),
        place @ HookPlace::Repository(_) => Ok(place),
    }
}

fn workspace(text: &str) -> Result<HookPlace, &'static str> {
    match text.parse()? {
        HookPlace::Repository(_) => Err("a workspace has no slash"),
        place @ HookPlace::Workspace(_) => Ok(place),
    }
}
