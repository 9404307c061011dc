//! A simulated Bitbucket Cloud.
//!
//! An HTTP server that people act on through Bitbucket's own REST API and that sends webhooks as Bitbucket does:
//! signed, sent again after a 5xx, and **not sent at all if Bitbucket stays silent**. Such silences are edits of a
//! comment inside its window, every change of a task, likes, and edits and deletions of commit comments.
//!
//! - [`Simulator::start`] runs it inside a test; the binary `simulator` runs it on its own.
//! - [`Settings`] has everything that can be set, [`settings::Rules`] the behaviour of Bitbucket that is not
//!   documented.
//! - [`InProcess`] is the same API without sockets, for simulations in virtual time; [`world::World`] also does
//!   without a clock.
//! - OAuth is at `/site/oauth2`, for consumers that were registered; see [`oauth`].
//! - The control API (`/_control`, or the methods of [`Simulator`]) has the actions that REST lacks: time, faults,
//!   likes, and the records of webhooks and calls. `README.md` shows each call with `curl`.
//!
//! It imitates what is documented or was captured; if Atlassian's documentation has a gap, a setting chooses. It is
//! not a copy: repositories have no files, diffs, merge checks or permissions, and every account may do everything
//! that needs no authorship.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use serde_json::json;
//! use simulator::{Settings, Simulator};
//!
//! let simulator = Simulator::start(Settings { window_seconds: 60, ..Settings::default() }).await?;
//! let alice = simulator.person("alice")?;
//! let (status, hook) = alice
//!     .post("/hooks", json!({ "url": "http://127.0.0.1:1234/", "events": ["pullrequest:created"], "secret": "s" }))
//!     .await?;
//! let (status, pull_request) = alice
//!     .post("/pullrequests", json!({ "title": "Add a gear", "source": { "branch": { "name": "gear" } } }))
//!     .await?;
//! simulator.settle(std::time::Duration::from_secs(5)).await?;
//! simulator.shutdown().await;
//! # Ok(()) }
//! ```

mod api;
pub mod calls;
pub mod clock;
mod control;
pub mod deliveries;
pub mod faults;
mod hub;
mod in_process;
pub mod oauth;
mod person;
mod sender;
pub mod settings;
pub mod sight;
pub mod signature;
mod simulator;
mod view;
pub mod world;

pub use clock::ClockStart;
pub use faults::{FaultRequest, Omission, ScaledLimit, StaleReads, StatusFault};
pub use in_process::InProcess;
pub use oauth::{OAuthConsumer, TokenCall};
pub use person::{Answer, Person};
pub use settings::{Rules, Sending, Settings, Side, User};
pub use sight::{Lack, Sight};
pub use simulator::Simulator;
