//! The API calls that a credential may still make (G8): its account, its spending, and the limit that Bitbucket names.

mod account;
mod named_limit;
mod spending;

pub use account::{Account, AccountKind};
pub use named_limit::NamedLimit;
pub use spending::{Budget, Reservation};
