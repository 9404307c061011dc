//! `events tail`.

use std::time::Duration;

use store::reading::Tail;

use super::events::{filter, head_json, row};
use crate::Error;
use crate::args::{Filters, Span};
use crate::output::Report;
use crate::session::Session;

/// Follows the log until `limit` events were shown or the user presses Ctrl-C.
pub(crate) async fn tail(
    session: &mut Session<'_, '_>,
    filters: &Filters,
    limit: Option<u32>,
    every: Span,
) -> Result<(), Error> {
    let (reader, links) = (session.reader().await?, session.links_to_read().await?);
    let filter = filter(session, filters);
    let mut tail = Tail::open(reader, links, filter, session.now()).await?;
    session.warn("following the log; end with Ctrl-C");
    let pause = Duration::try_from(every.0).unwrap_or_default().max(Duration::from_millis(250));
    let mut left = limit;
    loop {
        for event in tail.next(session.now()).await? {
            if left == Some(0) {
                return Ok(());
            }
            left = left.map(|left| left.saturating_sub(1));
            session.show_line(&Report { text: row(&event).join("  "), json: head_json(&event) });
        }
        if left == Some(0) {
            return Ok(());
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = tokio::signal::ctrl_c() => return Ok(()),
        }
    }
}
