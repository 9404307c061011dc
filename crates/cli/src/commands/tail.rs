//! `events tail`.

use std::time::Duration;

use store::reading::{EventSummary, Tail};

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
    let filter = filter(session, filters);
    let table = session.table_name().await?;
    let mut tail = Tail::open(&session.aws().await, &table).await?;
    session.warn("following the log; end with Ctrl-C");
    let pause = Duration::try_from(every.0).unwrap_or_default().max(Duration::from_millis(250));
    let mut left = limit;
    loop {
        for stored in tail.next().await? {
            let head = EventSummary::from(&stored.event);
            if !filter.passes(&head) {
                continue;
            }
            if left == Some(0) {
                return Ok(());
            }
            left = left.map(|left| left.saturating_sub(1));
            session.show_line(&Report { text: row(&head).join("  "), json: head_json(&head) });
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
