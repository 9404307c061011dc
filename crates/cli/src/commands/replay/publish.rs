//! Publishing the events of a replay, batch by batch, with its progress in a file.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};

use serde_json::json;
use store::reading::EventSummary;

use super::progress::{Progress, ProgressFile};
use crate::Error;
use crate::args::ReplayArgs;
use crate::interrupt::interrupted;
use crate::output::Report;
use crate::republish::{Outcome, Pace, Republisher};
use crate::session::Session;

/// Number of lines that report the progress.
const REPORTS: u64 = 10;

/// Publishes the events that are not done yet. Keeps the progress after each batch.
pub(super) async fn publish(
    session: &mut Session<'_, '_>,
    args: &ReplayArgs,
    mut progress: Progress,
    file: Option<&ProgressFile>,
) -> Result<(), Error> {
    let mut republisher = session.republisher(&progress.bus, Pace::new(args.per_second)).await?;
    // From the start, so that a stop before the first batch can be resumed too.
    file.map_or(Ok(()), |file| file.write(&progress))?;
    let before = progress.published;
    let interrupt = pin!(interrupted());
    let published = batches(session, &mut republisher, &mut progress, file, interrupt).await;
    let replayed = progress.published - before;
    if let Err(error) = published {
        let resumable = file.is_some();
        let (published, total) = (progress.published, progress.total);
        return Err(Error::ReplayStopped {
            published,
            total,
            resumable,
            exit: error.exit(),
            reason: error.to_string(),
        });
    }
    file.map_or(Ok(()), ProgressFile::delete)?;
    let with_before = if before > 0 {
        format!(", {} with those before the stop", progress.published)
    } else {
        String::new()
    };
    let text = format!("replayed {replayed} events{with_before}, as {}", progress.replay.name);
    let json = json!({
        "replay": progress.replay, "replayed": replayed, "published": progress.published, "left_out": progress.left_out,
    });
    session.show(&Report { text, json });
    match progress.left_out {
        0 => Ok(()),
        left_out => {
            Err(Error::Unsound(format!("{left_out} events are not on the bus; the reasons are above")))
        }
    }
}

async fn batches(
    session: &mut Session<'_, '_>,
    republisher: &mut Republisher,
    progress: &mut Progress,
    file: Option<&ProgressFile>,
    mut interrupt: Pin<&mut impl Future<Output = ()>>,
) -> Result<(), Error> {
    let mut log = progress.selection.log(&republisher.reader).from(&progress.cursor);
    let mut waiting: VecDeque<EventSummary> = VecDeque::new();
    loop {
        let page = log.next().await?;
        let is_over = page.is_none();
        waiting.extend(page.into_iter().flatten());
        while waiting.len() >= republisher.batch() || (is_over && !waiting.is_empty()) {
            tokio::select! {
                biased;
                () = interrupt.as_mut() => return Err(Error::Interrupted),
                () = std::future::ready(()) => {}
            }
            let batch: Vec<_> = waiting.drain(..republisher.batch().min(waiting.len())).collect();
            let reported = progress.done() * REPORTS / progress.total.max(1);
            publish_batch(session, republisher, progress, &batch).await?;
            file.map_or(Ok(()), |file| file.write(progress))?;
            if progress.done() * REPORTS / progress.total.max(1) > reported {
                session.warn(&format!("replayed {} of {} events", progress.done(), progress.total));
            }
        }
        if is_over {
            return Ok(());
        }
    }
}

/// Publishes one batch. After an error that can pass, the whole batch is published again: each event at least once.
async fn publish_batch(
    session: &mut Session<'_, '_>,
    republisher: &mut Republisher,
    progress: &mut Progress,
    batch: &[EventSummary],
) -> Result<(), Error> {
    let keys: Vec<_> = batch.iter().map(EventSummary::item_key).collect();
    let outcomes = republisher.publish(&keys, Some(&progress.replay)).await?;
    let passing = |outcome: &Outcome| match outcome {
        Outcome::Refused(error) if error.retryable() => Some(error.clone()),
        _ => None,
    };
    if let Some(error) = outcomes.iter().find_map(passing) {
        return Err(Error::Bus(error));
    }
    for (event, outcome) in batch.iter().zip(outcomes) {
        match outcome {
            Outcome::Published => progress.published += 1,
            Outcome::Missing => {
                progress.left_out += 1;
                session.warn(&format!("event {} is not in the log any more", event.id));
            }
            Outcome::Refused(error) => {
                progress.left_out += 1;
                session.warn(&format!("event {} was not published: {error}", event.id));
            }
        }
        progress.cursor.pass(event);
    }
    Ok(())
}
