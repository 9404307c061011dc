//! Events of API Gateway, through the routes of the webhook function to a table in memory.
//!
//! The table works, so nothing is answered 5xx and nothing is merely kept: either would be a defect (G2). 2xx for a
//! delivery means that its signature is genuine (G1) and that it is stored.

use axum::Router;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use relay::Settings;
use serde_json::{Value, json};
use store::memory::{MemoryLinks, MemoryTable};
use tokio::runtime::Runtime;
use webhook::event::{HttpAnswer, HttpEvent, answer};
use webhook::{App, router};

use super::support::{PausedClock, SECRET, body, cached_links, list, runtime, secret, shared};
use crate::target::Target;
use crate::traits::Traits;

/// Statuses of answers while the table works.
const STATUSES: [u16; 7] = [200, 400, 401, 404, 405, 413, 415];

/// An answer with one of these statuses stored nothing.
const FIRST_REFUSAL: u16 = 300;

#[derive(Debug)]
struct Gateway {
    runtime: Runtime,
}

/// Makes the target. An input is a list of events. A `body` that is no text is sent as JSON; `{signed}` in a header
/// stands for the signature of the body, and `"isBase64Encoded": "yes"` encodes the body.
pub fn make() -> Box<dyn Target> {
    Box::new(Gateway { runtime: runtime() })
}

/// An event as the function gets it, and whether a delivery in it has a genuine signature.
struct Sent {
    event: Value,
    is_genuine: bool,
}

impl Target for Gateway {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        self.runtime.block_on(async {
            let table = MemoryTable::default();
            let routes = routes(table.clone());
            for event in list(input, "events") {
                let sent = prepare(event);
                let Ok(event) = serde_json::from_value::<HttpEvent>(sent.event.clone()) else {
                    traits.note("no event");
                    continue;
                };
                let (is_delivery, before) = (event.is_delivery(), table.items().len());
                let answered = answer(routes.clone(), event).await;
                let after = table.items().len();
                check(&answered, is_delivery, &sent, before, after);
                traits.note((is_delivery, message(&answered), after - before));
            }
        });
        traits
    }
}

fn routes(table: MemoryTable) -> Router {
    let app: App<MemoryTable, MemoryLinks, PausedClock> =
        App { table, links: cached_links(), clock: PausedClock::start(), settings: Settings::default() };
    router(shared(app))
}

/// Writes out the short forms of an event.
fn prepare(event: &Value) -> Sent {
    let mut event = event.clone();
    let mut body = body(event.get("body").filter(|body| !body.is_null()));
    let encodes = event["isBase64Encoded"] == "yes";
    if event.is_object() {
        let text = String::from_utf8_lossy(&body).into_owned();
        event["body"] = if encodes { STANDARD.encode(&body).into() } else { text.into() };
        if encodes {
            event["isBase64Encoded"] = true.into();
        }
    }
    if !encodes && event["isBase64Encoded"] == true {
        body = STANDARD.decode(&body).unwrap_or_default();
    }
    let signature = secret().sign(&body);
    let mut is_genuine = false;
    for (name, value) in event.get_mut("headers").and_then(Value::as_object_mut).into_iter().flatten() {
        if let Value::String(text) = value {
            *text = text.replace("{signed}", &signature);
            is_genuine |= name.eq_ignore_ascii_case("x-hub-signature") && *text == signature;
        }
    }
    Sent { event, is_genuine }
}

fn check(answered: &HttpAnswer, is_delivery: bool, sent: &Sent, before: usize, after: usize) {
    let (status, event) = (answered.status(), &sent.event);
    assert!(STATUSES.contains(&status), "{status} was answered to {event}");
    let is_accepted = status < FIRST_REFUSAL && is_delivery;
    assert!(!is_accepted || sent.is_genuine, "accepted without a genuine signature: {event}");
    assert!(after == before || is_accepted, "{status} was answered, and something was stored: {event}");
    let shown = json!(answered).to_string();
    assert!(!shown.contains(SECRET), "the answer to {event} shows a secret");
}

/// Returns the answer's status and text, without the ids in it.
fn message(answered: &HttpAnswer) -> (u16, String) {
    let answer = json!(answered);
    let mut text = answer["body"].as_str().unwrap_or_default().to_owned();
    text.retain(|c| !c.is_ascii_digit());
    text.truncate(text.find("events").unwrap_or(text.len()));
    (answered.status(), text)
}
