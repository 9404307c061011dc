//! Metrics of deliveries that were refused, or kept without being folded, for the alarms of the template. Bitbucket does
//! not resend after 4xx, so a wrong secret loses every delivery.

use axum::Router;
use jiff::Timestamp;
use metrics::{Metric, Metrics, Scope};

use crate::event::{self, HttpAnswer, HttpEvent};

/// Answers one event at time `now` through `routes`, and counts it if it is a refused or a kept delivery. A delivery
/// that was folded writes no line, because each line costs.
pub async fn answer(
    routes: Router,
    metrics: Option<&Metrics>,
    event: HttpEvent,
    now: Timestamp,
) -> HttpAnswer {
    let delivery = event.is_delivery();
    let answer = event::answer(routes, event).await;
    if let (Some(metrics), true, Some(name)) = (metrics, delivery, metric(answer.status())) {
        metrics.write(now, Scope::Stack, &[Metric::count(name, 1_u32)]);
    }
    answer
}

/// Returns the name of the metric that counts answers with this status. API Gateway counts 5xx. A 405 is a request that
/// is not POST, so no delivery.
const fn metric(status: u16) -> Option<&'static str> {
    match status {
        202 => Some("DeliveriesKept"),
        401 => Some("DeliveriesUnauthorized"),
        404 => Some("DeliveriesToUnknownLinks"),
        400 | 406..=499 => Some("DeliveriesMalformed"),
        _ => None,
    }
}
