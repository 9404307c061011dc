//! The scheduled function that finds what Bitbucket never reports.
//!
//! Once a minute it asks the table which watches are due, reads those pull requests, folds what they show and stores
//! it. While something is hot it makes several passes within its minute; where nothing is due it is back at once.
//!
//! What is for *safety*: the transaction, whose version condition lets two pollers do no harm to each other; the watch,
//! which stays due until a complete poll was stored. What is for *economy* only: the leases, the allowance of calls, the
//! pauses after failures.
//!
//! | module | holds |
//! | --- | --- |
//! | [`run`] | one invocation: its shards, the passes, the summary |
//! | [`call`] | what an invocation is for |
//! | [`fan_out`] | more links than one run serves: shards go to other invocations |
//! | [`sqs`] | the queue that they go through |
//! | `passes` | which links are polled when, and when there is nothing left to wait for |
//! | `leases` | one invocation at a time for a shard |
//! | `link` | one link in one pass |
//! | `credential` | what a link is polled with |
//! | `poll` | one pull request: read, fold, store |
//! | `commit` | one commit: its comments |
//! | `sweep` | one repository: which of its open pull requests moved without a webhook |
//! | `places` | one link: the repositories and workspaces that it names to be swept |
//! | [`reader`] | one pull request, read from Bitbucket |
//! | `figures` | what a run says of itself in metrics |
//! | [`pauses`] | what is left alone for a while after it failed |
//! | [`settings`] | calls a run, time a run |

pub mod call;
mod commit;
mod credential;
mod error;
pub mod fan_out;
mod figures;
mod leases;
mod link;
mod passes;
pub mod pauses;
mod places;
mod poll;
pub mod reader;
pub mod run;
pub mod settings;
mod sqs;
mod sweep;

pub use call::Call;
pub use error::Error;
pub use run::{Poller, Summary};
pub use settings::PollerSettings;
