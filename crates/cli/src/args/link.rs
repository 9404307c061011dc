//! `link` and `hooks`.

use bitbucket::client::HookPlace;
use clap::{Args, Subcommand};
use relay::{LinkId, SweepTarget};
use store::links::Template;

use super::Span;

/// Create, show and change links.
#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Create a link: one connection to Bitbucket, with its own webhook secret
    #[command(after_help = "\
Templates:
  bitbucket-user-token          e-mail address and API token of a person
  bitbucket-access-token        access token of a repository, project or workspace
  bitbucket-client-credentials  OAuth consumer that acts as itself
  bitbucket-app-oauth           OAuth consumer that a person allows to act as them
  bitbucket-webhook             only receives webhooks: MISSES edits in a comment's first ten minutes, tasks and lost webhooks

The command asks for the parts of the credential. With --stdin it reads them from lines KEY=VALUE: username and password, token,
or client_id and client_secret. Without webhook_secret it generates one.

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
        /// Source of the secrets.
        #[command(flatten)]
        from: SecretsFrom,
        /// Accept deliveries without a signature: anybody who knows the URL can forge events
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
        /// The link; by default the one of --link
        id: Option<LinkId>,
        /// Show the webhook secret too, to copy into Bitbucket
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
        /// The link; by default the one of --link
        id: Option<LinkId>,
        /// The new kind of credential
        #[arg(long)]
        template: Option<Template>,
        /// Source of the secrets.
        #[command(flatten)]
        from: SecretsFrom,
    },
    /// Show or change which repositories or workspaces are swept without waiting for a webhook
    #[command(after_help = "\
The poller starts within a minute. It finds new repositories of a workspace within an hour. Without --add and --remove, the command
shows the names.

Examples:
  bitrelay link sweep acme
  bitrelay link sweep acme --add acme/widgets --add acme/gears
  bitrelay link sweep acme --add acme --remove acme/widgets")]
    Sweep {
        /// The link; by default the one of --link
        id: Option<LinkId>,
        /// Sweep this repository, or all of this workspace; may be given several times
        #[arg(long, value_name = "WORKSPACE[/SLUG]")]
        add: Vec<SweepTarget>,
        /// Remove the name; a repository that is already swept stays swept
        #[arg(long, value_name = "WORKSPACE[/SLUG]")]
        remove: Vec<SweepTarget>,
    },
    /// Test a link's credential: show its account and scopes
    #[command(
        after_help = "Examples:\n  bitrelay link test acme\n  bitrelay link test acme --repository acme/widgets"
    )]
    Test {
        /// The link; by default the one of --link
        id: Option<LinkId>,
        /// Also list the hooks of this repository
        #[arg(long, value_name = "WORKSPACE/SLUG")]
        repository: Option<HookPlace>,
    },
    /// Authorize the link's OAuth consumer in a browser
    #[command(after_help = "\
Prints an address that works once, within ten minutes. The link then acts as the person who opens it and presses Grant access.
Only for links of the template bitbucket-app-oauth.

Examples:
  bitrelay link start-oauth acme
  bitrelay link start-oauth acme --format json")]
    StartOauth {
        /// The link; by default the one of --link
        id: Option<LinkId>,
    },
    /// Add a new webhook secret, keep the old ones valid for a while, and give the new one to the link's hooks
    #[command(after_help = "\
The functions cache secrets for five minutes. The hooks therefore get the new secret after --wait; until then Bitbucket signs with
the old one.

Examples:
  bitrelay link rotate-secret acme
  bitrelay link rotate-secret acme --overlap 24h --wait 5m")]
    RotateSecret {
        /// The link; by default the one of --link
        id: Option<LinkId>,
        /// Time for which the old secrets stay valid
        #[arg(long, default_value = "24h")]
        overlap: Span,
        /// Time for the functions to read the new secret before Bitbucket gets it
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
        /// Do not ask for confirmation
        #[arg(long)]
        yes: bool,
        /// Delete permanently, without the seven days
        #[arg(long)]
        at_once: bool,
    },
}

/// Source of the secrets.
#[derive(Debug, Clone, Default, Args)]
pub struct SecretsFrom {
    /// Read lines KEY=VALUE from the standard input
    #[arg(long)]
    pub stdin: bool,
    /// KEY=VALUE; it stays in your shell's history and in the list of processes, so prefer --stdin
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
    /// Reads `KEY=VALUE`. Returns `None` for other text, which is never repeated: it may be a secret.
    pub fn read(text: &str) -> Option<Self> {
        let (key, value) = text.split_once('=')?;
        Some(Self { key: key.trim().to_owned(), value: value.trim().into() })
    }
}

/// Never fails, because an error of clap would repeat the argument. An empty key is refused later.
impl From<String> for KeyValue {
    fn from(text: String) -> Self {
        Self::read(&text).unwrap_or(Self { key: String::new(), value: "".into() })
    }
}

/// Create, check and remove the hooks of a link.
#[derive(Debug, Subcommand)]
pub enum HooksCommand {
    /// Create or repair the hook: URL, secret, events, status; remove duplicates
    #[command(after_help = "\
The link's credential needs the scope `webhook` (API tokens: read:webhook:bitbucket, write:webhook:bitbucket and
delete:webhook:bitbucket). Without it, the command prints the steps to take in Bitbucket.

Examples:
  bitrelay hooks sync --link acme --repository acme/widgets
  bitrelay hooks sync --link acme --repository acme/widgets --repository acme/gears
  bitrelay hooks sync --link acme --workspace acme --all-events")]
    Sync(HookPlaces),
    /// Show what is wrong with the hooks; exit code 6 if something is
    #[command(
        after_help = "Examples:\n  bitrelay hooks check --link acme\n  bitrelay hooks check --link acme --repository acme/widgets --format json"
    )]
    Check(HookPlaces),
    /// Remove the link's hooks
    #[command(after_help = "Examples:\n  bitrelay hooks remove --link acme --repository acme/widgets")]
    Remove(HookPlaces),
}

/// Places of hooks.
#[derive(Debug, Clone, Default, Args)]
pub struct HookPlaces {
    /// The repository; may be given several times. Without this and --workspace: all places where the link has hooks
    #[arg(long, value_name = "WORKSPACE/SLUG", value_parser = repository)]
    pub repository: Vec<HookPlace>,
    /// The whole workspace; needs its owner's credential
    #[arg(long, value_parser = workspace)]
    pub workspace: Vec<HookPlace>,
    /// Also subscribe to projects and pipelines; they need further scopes
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
