//! `trigger` and `doctor`.

use std::net::SocketAddr;
use std::path::PathBuf;

use bitbucket::EventKey;
use bitbucket::client::HookPlace;
use clap::Args;
use relay::LinkId;
use url::Url;

use super::events::event_key;

/// Send a sample delivery, signed as Bitbucket signs.
#[derive(Debug, Args)]
#[command(after_help = "\
Without --url, the sample goes to the link's own webhook URL. There it becomes an event of the repository
bitrelay/samples, and subscribers receive it.

Examples:
  bitrelay trigger pullrequest:comment_created --link acme --url http://127.0.0.1:8080/hook
  bitrelay trigger repo:push --link acme
  bitrelay trigger pullrequest:fulfilled --unsigned --url http://127.0.0.1:8080/hook")]
pub struct TriggerArgs {
    /// The event key, such as repo:push
    #[arg(value_parser = event_key)]
    pub key: EventKey,
    /// URL to send the sample to
    #[arg(long)]
    pub url: Option<Url>,
    /// Send the sample without a signature
    #[arg(long, requires = "url")]
    pub unsigned: bool,
}

/// Check everything that a link needs; exit code 6 if something is wrong.
#[derive(Debug, Args)]
#[command(after_help = "\
The test delivery goes to the link's webhook URL. It becomes an event with the key `bitrelay:doctor` and without a
repository.

Examples:
  bitrelay doctor --link acme
  bitrelay doctor --link acme --no-delivery --format json

With --probe it measures instead what Bitbucket does not document, such as the time in which edits are silent. It opens
a pull request in a sandbox repository, acts on it with the link's credential, and cleans up after itself, also after
Ctrl-C. It takes about 25 minutes and at most 100 API calls. Bitbucket has to reach the listener: start a tunnel to it
and give the tunnel's address.

  bitrelay doctor --probe --link acme --repository acme/sandbox --listen 127.0.0.1:4350 --public-url https://abc.example.com
  bitrelay doctor --probe --link acme --reviewer-link second --repository acme/sandbox --public-url https://abc.example.com")]
pub struct DoctorArgs {
    /// Send no test delivery
    #[arg(long, conflicts_with = "probe")]
    pub no_delivery: bool,
    /// Measure what Bitbucket does not document
    #[arg(long, requires = "repository")]
    pub probe: bool,
    /// The sandbox of the probe.
    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

/// The sandbox of a probe.
#[derive(Debug, Args)]
pub struct SandboxArgs {
    /// The sandbox, `workspace/slug`: a repository that nobody uses
    #[arg(long, requires = "probe")]
    pub repository: Option<HookPlace>,
    /// Another link, whose credential approves; without it approvals are not measured
    #[arg(long, requires = "probe")]
    pub reviewer_link: Option<LinkId>,
    /// Address to receive webhooks on
    #[arg(long, requires = "probe", default_value = "127.0.0.1:4350")]
    pub listen: SocketAddr,
    /// Address at which Bitbucket reaches the listener; by default the listener's own, if Bitbucket is simulated here
    #[arg(long, requires = "probe")]
    pub public_url: Option<Url>,
    /// File to write the answers to, as JSON
    #[arg(long, requires = "probe", default_value = "bitrelay-probe.json")]
    pub save: PathBuf,
    /// Do not ask before acting on the sandbox
    #[arg(long, requires = "probe")]
    pub yes: bool,
}
