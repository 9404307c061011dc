//! The API calls that a credential may still make (G8): its account, its spending, and the limit that Bitbucket names.

mod account;
mod named_limit;
mod spending;

pub use account::{Account, AccountKind};
pub use named_limit::NamedLimit;
pub use spending::{Budget, Reservation};

/// Default of the most API calls with one credential in any rolling hour: 900 of the 1,000 that Bitbucket allows a user
/// (<https://support.atlassian.com/bitbucket-cloud/docs/api-request-limits/>). The others remain for the user's other
/// programs.
pub const DEFAULT_CALLS_PER_HOUR: u32 = 900;
