//! The function that Bitbucket calls. It verifies a delivery, stores its events, and answers.
//!
//! The status tells Bitbucket whether to resend. Bitbucket resends on 5xx only, twice, and waits at most 10 seconds
//! (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>). 2xx means that the delivery is
//! durable, 4xx that it will never be accepted, and 5xx that another attempt may succeed.
//!
//! | module | holds |
//! | --- | --- |
//! | [`event`] | events of API Gateway as HTTP requests |
//! | [`routes`] | the HTTP routes |
//! | [`app`] | the parts that handle a delivery: table, links, clock, settings |
//! | [`receive`] | one delivery, from the request to the answer |
//! | [`refusals`] | metrics of refused deliveries |
//! | [`request`] | reading of an HTTP request, within limits |
//! | [`answer`] | outcomes and errors as status and body |
//! | [`oauth`] | the pages on which a person authorizes an OAuth consumer |

pub mod answer;
pub mod app;
pub mod event;
pub mod oauth;
pub mod receive;
pub mod refusals;
pub mod request;
pub mod routes;

pub use app::App;
pub use routes::router;
