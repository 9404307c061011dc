//! Write units of one delivery, over real payloads.

use bitbucket::{EventKey, Payload};
use jiff::Timestamp;
use relay::{LinkId, Report, Settings, Subject};
use serde_json::{Value, json};
use store::memory::{ManualClock, MemoryTable};
use store::units::Written;
use store::{DeliveryMark, Recorder, sha256_hex};

/// Comments that the pull request has before the delivery that is measured.
const EARLIER_COMMENTS: usize = 5;

const HOOK: &str = "{0a1b2c3d-0000-4000-8000-000000000000}";

/// The cost of one delivery.
#[derive(Debug)]
pub struct Cost {
    /// Length of the payload in bytes.
    pub payload_bytes: usize,
    /// Everything that it stored.
    pub written: Written,
}

/// Returns what a delivery about a pull request in its mid-life costs; `None` if it is not about a pull request.
///
/// # Errors
///
/// If the payload cannot be delivered.
pub async fn of_delivery(key: &str, body: &[u8]) -> anyhow::Result<Option<Cost>> {
    let json: Value = serde_json::from_slice(body)?;
    let subject = Subject::from_payload(&Payload::parse(body)?);
    if !key.starts_with("pullrequest:") || !matches!(subject, Subject::PullRequest { .. }) {
        return Ok(None);
    }
    let table = MemoryTable::default();
    let clock = ManualClock::at("2026-11-24T10:00:00Z".parse::<Timestamp>()?);
    deliver(&table, &clock, "pullrequest:updated", &earlier(&json, None)).await?;
    for number in 0..EARLIER_COMMENTS {
        clock.advance_seconds(600);
        deliver(&table, &clock, "pullrequest:comment_created", &earlier(&json, Some(number))).await?;
    }
    clock.advance_seconds(3_600);
    let before = table.written();
    deliver(&table, &clock, key, body).await?;
    Ok(Some(Cost { payload_bytes: body.len(), written: table.written().since(&before) }))
}

/// Returns the body of an earlier delivery about the same pull request: an update, or a comment.
fn earlier(json: &Value, comment: Option<usize>) -> Vec<u8> {
    let field = |name: &str| json.get(name).cloned().unwrap_or_default();
    let mut pull_request = field("pullrequest");
    if let Some(fields) = pull_request.as_object_mut() {
        fields.insert("state".to_owned(), "OPEN".into());
        fields.insert("updated_on".to_owned(), "2015-11-24T10:00:00+00:00".into());
    }
    let mut body =
        json!({ "repository": field("repository"), "actor": field("actor"), "pullrequest": pull_request });
    if let (Some(number), Some(fields)) = (comment, body.as_object_mut()) {
        let comment = json!({
            "id": 1_000_000 + number, "content": { "raw": format!("Comment {number}") }, "user": field("actor"),
            "created_on": "2015-11-24T10:00:00+00:00", "updated_on": "2015-11-24T10:00:00+00:00",
        });
        fields.insert("comment".to_owned(), comment);
    }
    body.to_string().into_bytes()
}

async fn deliver(table: &MemoryTable, clock: &ManualClock, key: &str, body: &[u8]) -> anyhow::Result<()> {
    let (link, settings): (LinkId, _) = ("acme".parse()?, Settings::default());
    let body_sha256 = sha256_hex(body);
    let report = Report {
        signed: true,
        key: EventKey::parse(key)?,
        payload: Payload::parse(body)?,
        body: body.to_vec(),
        hook: HOOK.to_owned(),
        delivery: body_sha256.chars().take(36).collect(),
    };
    let mark = DeliveryMark {
        hook: HOOK.to_owned(),
        request: report.delivery.clone(),
        key: report.key.clone(),
        body_sha256,
        attempt: 1,
    };
    Recorder { table, clock, settings: &settings }.receive(&link, report, &mark).await?;
    Ok(())
}
