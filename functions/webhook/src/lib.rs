//! The function that Bitbucket calls: verify, fold, store, answer.
//!
//! The status is the retry contract: Bitbucket sends again on 5xx only, twice, and waits at most 10 seconds for an answer
//! (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>). So 2xx is said of what is durable or was
//! known already, 4xx of what will never be accepted, and 5xx of whatever may pass.
//!
//! | module | holds |
//! | --- | --- |
//! | [`app`] | the routes |
//! | [`receive`] | one delivery, from its bytes to its answer |
//! | `builds` | a build as a fact of the pull requests whose head it is about |
//! | [`request`] | what is read from an HTTP request, and what is refused before it is read |
//! | [`answer`] | outcomes and errors as status and body |
//! | [`oauth`] | the pages on which a person authorizes an OAuth consumer |

pub mod answer;
pub mod app;
mod builds;
pub mod oauth;
pub mod receive;
pub mod request;

pub use app::{App, router};
