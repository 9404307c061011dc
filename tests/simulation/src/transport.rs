//! The way from the poller to Bitbucket's API: through the router, in this process.

use std::sync::Arc;

use axum::body::Body;
use bitbucket::client::{Sent, Transport, Unreachable};
use http::StatusCode;
use jiff::SignedDuration;
use reqwest::{Request, Response};
use simulator::{InProcess, Sight};

use crate::instance::{Faults, Instance};
use crate::time::second;
use crate::wrong_answers::WrongAnswers;

/// The longest that an API call takes.
const LONGEST_CALL_MS: u64 = 2_000;

/// The largest answer that is carried.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// Statuses of a Bitbucket in trouble. All of them are wrong: the pull request exists and may be read.
const FAILURES: [StatusCode; 6] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::TOO_MANY_REQUESTS,
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::SERVICE_UNAVAILABLE,
];

/// One instance's way to Bitbucket.
#[derive(Debug)]
pub struct InProcessTransport {
    pub(crate) bitbucket: Arc<InProcess>,
    pub(crate) instance: Instance,
    pub(crate) faults: Arc<Faults>,
    pub(crate) wrong_answers: Arc<WrongAnswers>,
    /// Age of the copy that answers half of the calls.
    pub(crate) lag: SignedDuration,
}

impl Transport for InProcessTransport {
    fn send(&self, request: Request) -> Sent<'_> {
        Box::pin(async move {
            let call = async { Ok(self.call(request).await) };
            self.instance.io(LONGEST_CALL_MS, call, || Unreachable("a fault was injected")).await
        })
    }
}

impl InProcessTransport {
    async fn call(&self, request: Request) -> Response {
        let (method, url) = (request.method().clone(), request.url());
        let path =
            url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        let mut carried = http::Request::new(Body::empty());
        *carried.method_mut() = method;
        *carried.uri_mut() = path.parse().unwrap_or_default();
        *carried.headers_mut() = request.headers().clone();
        let now = second(self.bitbucket.clock().now());
        let lag = (self.lag.is_positive() && self.faults.dice.percent(50)).then_some(self.lag);
        let lacks = self.wrong_answers.lacks(now);
        let answer = if lag.is_some() || !lacks.is_empty() {
            self.bitbucket.call_on(&Sight::new(lag, lacks), carried).await
        } else {
            self.bitbucket.call(carried).await
        };
        if let Some(status) = self.wrong_answers.refusal(now) {
            return refused(status);
        }
        if self.faults.happens(self.faults.failing_calls) {
            return refused(self.faults.dice.pick(&FAILURES).copied().unwrap_or_default());
        }
        let (parts, body) = answer.into_parts();
        let bytes = axum::body::to_bytes(body, MAX_ANSWER_BYTES).await.unwrap_or_default();
        Response::from(http::Response::from_parts(parts, bytes))
    }
}

/// An answer without a body.
fn refused(status: StatusCode) -> Response {
    let mut answer = http::Response::new(Vec::new());
    *answer.status_mut() = status;
    Response::from(answer)
}
