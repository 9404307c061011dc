//! The REST client: the calls that bitrelay makes for polls, hooks and repositories.
//!
//! Every answer is limited in size, time and pages. `next` links are followed only on the origin of the API, because
//! the credential is sent with them. The client never retries: only the caller knows its budget and its deadline.

mod account;
mod acts;
pub(crate) mod answer;
pub(crate) mod api;
mod calls;
mod hooks;
mod pages;
mod path;
mod repositories;
mod transport;

pub use account::Whoami;
pub use api::{Api, Body, Client};
pub use hooks::{Hook, HookPlace, HookSpec};
pub use path::RepositoryPath;
pub use reqwest::Method;
pub use transport::{Sent, Transport, Unreachable};

use crate::payload::Document;

/// Largest number of pages read of one listing: 2,000 comments.
pub const MAX_PAGES: usize = 20;

/// Items of a listing, over all its pages.
#[derive(Debug, Clone)]
pub struct Listing<T> {
    /// Items in the requested order.
    pub items: Vec<Document<T>>,
    /// True if the last page was read. False if there are too many pages, or the allowance of calls was spent. An item
    /// that is missing from an incomplete listing may still exist.
    pub complete: bool,
    /// Address of the next page, if the listing is incomplete.
    pub next: Option<String>,
    /// Number of items that are too large to read. They are missing, also from a complete listing.
    pub too_large: usize,
}
