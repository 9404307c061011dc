//! Figures of reviews, from the log alone.
//!
//! | module | holds |
//! | --- | --- |
//! | [`review`] | the figures of one pull request, from its events; pure |
//! | [`weeks`] | the figures of many, by repository and week; pure |
//! | `read` | reads the events of the pull requests that were active in a time |

mod read;
pub(crate) mod review;
pub(crate) mod weeks;

pub(crate) use read::{Limits, Reviews, reviews};
