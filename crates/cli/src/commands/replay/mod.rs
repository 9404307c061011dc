//! `replay`: publishes events of the log again.

mod progress;
mod publish;
mod selection;

use relay::Replay;
use serde_json::json;
use store::reading::{Cursor, EventSummary};

use super::events::{head_json, row};
use crate::Error;
use crate::args::ReplayArgs;
use crate::output::{Report, table};
use crate::session::Session;
use progress::{Progress, ProgressFile};
use publish::publish;
use selection::Selection;

/// Number of events that are published without asking.
const UNASKED: u64 = 100;

/// Runs `replay`.
pub(crate) async fn replay(session: &mut Session<'_, '_>, args: &ReplayArgs) -> Result<(), Error> {
    let file = ProgressFile::of_table(session.environment.variable, &session.table_name().await?);
    let stopped = file.as_ref().map(ProgressFile::read).transpose()?.flatten();
    if args.forget {
        return forget(session, file.as_ref(), stopped.as_ref());
    }
    if args.resume {
        let progress = stopped.ok_or_else(|| Error::NotFound {
            message: "no stopped replay".to_owned(),
            advice: "`bitrelay replay --since TIME` starts one".to_owned(),
        })?;
        session.warn(&format!(
            "resuming the replay {}: {} of {} events are done",
            progress.replay.name,
            progress.done(),
            progress.total
        ));
        return publish(session, args, progress, file.as_ref()).await;
    }
    if let Some(stopped) = stopped.filter(|_| !args.dry_run) {
        return Err(Error::Usage(format!(
            "the replay {} was stopped after {} of {} events; publish the rest with `bitrelay replay --resume`, or forget it with \
             `bitrelay replay --forget`",
            stopped.replay.name,
            stopped.done(),
            stopped.total
        )));
    }
    let Some(progress) = begin(session, args).await? else { return Ok(()) };
    if file.is_none() {
        session.warn("warning: this replay cannot be resumed: neither XDG_STATE_HOME nor HOME is set");
    }
    publish(session, args, progress, file.as_ref()).await
}

fn forget(
    session: &mut Session<'_, '_>,
    file: Option<&ProgressFile>,
    stopped: Option<&Progress>,
) -> Result<(), Error> {
    file.map_or(Ok(()), ProgressFile::delete)?;
    let text = stopped.map_or_else(
        || "no replay was stopped".to_owned(),
        |stopped| {
            format!(
                "forgot the replay {} after {} of {} events",
                stopped.replay.name,
                stopped.done(),
                stopped.total
            )
        },
    );
    session.show(&Report { text, json: json!({ "forgot": stopped.map(|stopped| &stopped.replay) }) });
    Ok(())
}

/// Selects the events, counts them and asks. `None` if nothing is to be published.
async fn begin(session: &mut Session<'_, '_>, args: &ReplayArgs) -> Result<Option<Progress>, Error> {
    let reader = session.reader().await?;
    let selection = Selection::from_args(session, &reader, args).await?;
    let (total, first) = match &selection {
        Some(selection) => selection.count(&reader).await?,
        None => (0, Vec::new()),
    };
    if args.dry_run {
        show_selected(session, total, &first);
        return Ok(None);
    }
    let Some(selection) = selection.filter(|_| total > 0) else {
        return Err(Error::NotFound {
            message: "no event matches".to_owned(),
            advice: "`bitrelay events list` with the same filters shows events".to_owned(),
        });
    };
    let bus = session.bus_name().await?;
    if total > UNASKED && !args.yes && !confirmed(session, total, &bus)? {
        session.warn("nothing was published");
        return Ok(None);
    }
    let at = session.now();
    let name = args.name.clone().unwrap_or_else(|| at.strftime("%Y%m%dT%H%M%SZ").to_string());
    let replay = Replay { name, at };
    Ok(Some(Progress { replay, bus, selection, total, published: 0, left_out: 0, cursor: Cursor::default() }))
}

fn show_selected(session: &mut Session<'_, '_>, total: u64, first: &[EventSummary]) {
    let rows: Vec<_> = first.iter().map(row).collect();
    let text = table(["OBSERVED", "KEY", "SOURCE", "SUBJECT", "SEQ", "ACTOR", "ID"], &rows);
    let counted = if total > rows.len() as u64 {
        format!("{total} events; the first {}:", rows.len())
    } else {
        format!("{total} events:")
    };
    let first: Vec<_> = first.iter().map(head_json).collect();
    session.show(&Report {
        text: format!("{counted}\n{text}"),
        json: json!({ "count": total, "first": first }),
    });
}

fn confirmed(session: &mut Session<'_, '_>, total: u64, bus: &str) -> Result<bool, Error> {
    let advice = format!("{total} events match; --yes publishes more than {UNASKED} without asking");
    session.confirms(&format!("publish {total} events again on the bus {bus}?"), advice)
}
