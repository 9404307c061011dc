//! `restore`: puts items of a copy of the table back.

use serde_json::json;
use store::restore::{Restore, Restored, SEQUENCE_JUMP};

use crate::Error;
use crate::output::Report;
use crate::session::Session;

/// Puts back what the stack's table lacks of a copy.
pub(crate) async fn restore(session: &mut Session<'_, '_>, copy: &str) -> Result<(), Error> {
    let table = session.table_name().await?;
    if copy == table {
        return Err(Error::Usage(format!("{copy} is the stack's table; name the copy of it")));
    }
    let mut restore = Restore::new(&session.aws().await, copy, &table);
    let mut all = Restored::default();
    while let Some(page) = restore.next().await? {
        all += page;
        session.warn(&format!("{} items put back", all.put));
    }
    let Restored { put, present, passing } = all;
    session.show(&Report {
        text: format!(
            "Put {put} items of {copy} back into {table}. {present} were there and stay as they are; {passing} budgets, \
             leases and authorizations were left out. Restored subjects go on {SEQUENCE_JUMP} numbers higher."
        ),
        json: json!({ "table": table, "from": copy, "put": put, "present": present, "left_out": passing }),
    });
    Ok(())
}
