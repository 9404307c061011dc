//! `dlq`: the dead-letter queue.

mod letter;
mod look;
mod redrive;

use serde_json::json;

use crate::Error;
use crate::args::DlqCommand;
use crate::output::{Report, fields, pretty, table};
use crate::session::Session;
use letter::Letter;
use look::{look, no_message};

/// Runs `dlq`.
pub(crate) async fn run(command: DlqCommand, session: &mut Session<'_, '_>) -> Result<(), Error> {
    match command {
        DlqCommand::List { limit } => list(session, limit.into()).await,
        DlqCommand::Show { id } => show(session, &id).await,
        DlqCommand::Redrive { ids, per_second, .. } => redrive::redrive(session, &ids, per_second).await,
    }
}

async fn list(session: &mut Session<'_, '_>, limit: usize) -> Result<(), Error> {
    let queue = session.dead_letter_queue().await?;
    let mut letters = look(&queue, |letters| letters.len() >= limit).await?;
    letters.truncate(limit);
    letters.sort_by_key(|letter| letter.message.sent_at_ms);
    let rows: Vec<_> = letters.iter().map(Letter::row).collect();
    let text = table(["SENT", "WHY", "KEY", "SUBJECT", "SEQ", "ID"], &rows);
    session.show(&Report { text, json: letters.iter().map(Letter::json).collect() });
    Ok(())
}

async fn show(session: &mut Session<'_, '_>, id: &str) -> Result<(), Error> {
    let queue = session.dead_letter_queue().await?;
    let letters = look(&queue, |letters| letters.iter().any(|letter| letter.message.id == id)).await?;
    let letter = letters.into_iter().find(|letter| letter.message.id == id).ok_or_else(|| no_message(id))?;
    let in_log = match letter.item_key() {
        Some(key) => !session.reader().await?.stored(&[key]).await?.is_empty(),
        None => false,
    };
    let mut lines = letter.fields();
    if letter.item_key().is_some() {
        lines.push(("in the log", if in_log { "yes" } else { "no" }.to_owned()));
    }
    let body = letter.body();
    let text = format!("{}\n\nmessage {}", fields(&lines), pretty(&body));
    let mut json = letter.json();
    if let Some(json) = json.as_object_mut() {
        json.insert("in_log".to_owned(), json!(letter.item_key().map(|_| in_log)));
        json.insert("message".to_owned(), body);
    }
    session.show(&Report { text, json });
    Ok(())
}
