//! One event as it was stored.

use jiff::Timestamp;
use maud::{Markup, html};
use relay::Event;
use serde_json::Value;

use super::page::{self, Tab, moment, pull_request_address};
use super::words;
use crate::output::{length, pretty};

/// Renders an event with its payload.
pub(super) fn event(event: &Event, now: Timestamp) -> Markup {
    let envelope = event.envelope(None).to_json();
    let payload = envelope.get("payload").cloned().unwrap_or(Value::Null);
    let said = words::describe(event, &payload);
    let subject = words::subject(&event.subject, event.repository_name.as_deref());
    let title = format!("{} · event {}", subject, event.sequence);
    let who = words::name(event.actor.as_ref()).unwrap_or_else(|| "Somebody".to_owned());
    let part = |name: &str| envelope.get(name).filter(|value| !value.is_null()).map(pretty);
    let content = html! {
        p .crumbs {
            @if let Some(address) = pull_request_address(&event.link, &event.subject) { a href=(address) { (subject) } }
            @else { (subject) }
        }
        h1 { "Event " (event.sequence) ": " code { (event.key) } }
        p .lead { (who) " " (said.act) ". " (page::source(event.source)) }
        dl .facts {
            dt { "happened" }
            dd { @match event.occurred_at { Some(at) => (moment(at)), None => "Bitbucket gives no time" } }
            dt { "observed" }
            dd {
                (moment(event.observed_at))
                @if let Some(late) = words::lateness(event) { ", " (length(late)) " later" }
            }
            dt { "id" } dd { code { (event.id) } }
            dt { "link" } dd { (event.link) }
            dt { "subject" } dd { code { (event.subject) } }
            @if !event.trusted { dt { "trusted" } dd { "no: the body does not show what the event key says" } }
        }
        @for name in ["changes", "counters", "payload"] {
            @if let Some(json) = part(name) {
                details open[name == "payload"] {
                    summary { (name) }
                    pre tabindex="0" { code { (json) } }
                }
            }
        }
    };
    page::page(Tab::Other, &title, now, &content)
}
