//! Reads the log for people and programs outside the functions: by link and time, in pages, or live.
//!
//! | to read | use |
//! | --- | --- |
//! | events of links between two times, newest or oldest first, in pages | [`Reader::log`], then [`Log::next`] |
//! | from a position that was reached before | [`Log::from`] with a [`Cursor`] |
//! | the payloads of events that were found | [`Reader::stored`] |
//! | new events, as they come | [`Tail`] |
//!
//! The index `log` has each event without its payload. A read costs what lies between its times, not the whole log. A
//! filter for one pull request by the repository's id reads only the log of that pull request. The index lags behind
//! the table by a moment.
//!
//! ```no_run
//! # async fn newest(reader: store::reading::Reader, link: relay::LinkId) -> Result<(), store::Error> {
//! use store::reading::{EventFilter, Order};
//! let mut log = reader.log(&[link], EventFilter::default(), Order::NewestFirst);
//! while let Some(page) = log.next().await? {
//!     for event in page {
//!         println!("{} {}", event.observed_at, event.key);
//!     }
//! }
//! # Ok(())
//! # }
//! ```

mod cursor;
mod filter;
mod lane;
mod log;
mod reader;
mod stored;
mod summary;
mod tail;

pub use cursor::Cursor;
pub use filter::{EventFilter, RepositoryFilter};
pub use log::{Log, Order};
pub use reader::Reader;
pub use stored::ItemKey;
pub use summary::EventSummary;
pub use tail::Tail;
