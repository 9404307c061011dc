//! `trigger` and `doctor`.

use bitbucket::EventKey;
use clap::Args;
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
  bitrelay doctor --link acme --no-delivery --format json")]
pub struct DoctorArgs {
    /// Send no test delivery
    #[arg(long)]
    pub no_delivery: bool,
}
