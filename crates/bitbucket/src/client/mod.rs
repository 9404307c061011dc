//! The REST client: the few calls that a poll needs, and those about hooks and repositories.
//!
//! Every answer is limited in size, time and pages. `next` links are followed on the API's own origin only, because the
//! credential goes with them. The client never retries by itself: the caller knows its budget and its deadline.

mod account;
pub(crate) mod answer;
pub(crate) mod api;
mod calls;
mod hooks;
mod path;
mod repositories;
mod transport;

pub use account::Whoami;
pub use api::{Api, Client};
pub use hooks::{Hook, HookPlace, HookSpec};
pub use path::RepositoryPath;
pub use transport::{Sent, Transport, Unreachable};

use crate::payload::Document;

/// The most pages of one listing that are read: 2,000 comments.
pub const MAX_PAGES: usize = 20;

/// Items that a listing gave, over all its pages.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// The items, in the order asked for.
    pub items: Vec<Document<T>>,
    /// Whether the last page was reached; not so where there are too many pages, or the allowance of calls ended before.
    /// What is missing from an incomplete listing tells nothing.
    pub complete: bool,
}
