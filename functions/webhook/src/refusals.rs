//! Metrics of deliveries that were refused, or kept without being folded, for the alarms of the template, and of states
//! at their limit. Bitbucket does not resend after 4xx, so a wrong secret loses every delivery.

use axum::Router;
use jiff::Timestamp;
use metrics::{Metric, Metrics, Scope};

use crate::answer::LetGo;
use crate::event::{self, HttpAnswer, HttpEvent};

/// Answers one event at time `now` through `routes`, and counts it if it is a refused or a kept delivery, or if a state
/// at its limit let go of items. Any other accepted delivery writes no line, because each line costs.
pub async fn answer(
    routes: Router,
    metrics: Option<&Metrics>,
    event: HttpEvent,
    now: Timestamp,
) -> HttpAnswer {
    let delivery = event.is_delivery();
    let answer = event::answer(routes, event).await;
    let LetGo(let_go) = answer.let_go();
    let refused = metric(&answer).filter(|_| delivery).map(|name| Metric::count(name, 1_u32));
    let let_go = (let_go > 0).then(|| Metric::count("ItemsLetGo", let_go));
    let counted: Vec<Metric> = refused.into_iter().chain(let_go).collect();
    if let Some(metrics) = metrics.filter(|_| !counted.is_empty()) {
        metrics.write(now, Scope::Stack, &counted);
    }
    answer
}

/// Returns the name of the metric that counts such answers. API Gateway counts 5xx. A 405 is a request that is not
/// POST, so no delivery.
const fn metric(answer: &HttpAnswer) -> Option<&'static str> {
    match answer.status() {
        202 => Some("DeliveriesKept"),
        401 if answer.is_to_unknown_link() => Some("DeliveriesToUnknownLinks"),
        401 => Some("DeliveriesUnauthorized"),
        404 => Some("DeliveriesToUnknownLinks"),
        400 | 406..=499 => Some("DeliveriesMalformed"),
        _ => None,
    }
}
