//! The pages on which a person authorizes an OAuth consumer to act as them.
//!
//! | page | purpose |
//! | --- | --- |
//! | `GET /start?id=…&nonce=…` | uses up the nonce of `bitrelay link start-oauth`, then redirects to Bitbucket |
//! | `GET /callback?code=…&state=…` | uses up the state, exchanges the code, reads the account, stores the grant |
//! | `GET /success?id=…` | reports success |
//!
//! OAuth puts the nonce, the state and the code into URLs (RFC 6749, section 4.1). Each works once and for minutes. A
//! redirect removes it from the address bar at once, and no page or log line repeats it. `Referrer-Policy` hides it
//! from other sites. No URL ever contains a token.

mod answers;
mod callback;
mod error;
mod page;
mod pages;
mod parameters;
mod routes;
mod settings;
mod start;

pub use error::Error;
pub use pages::Pages;
pub use routes::router;
pub use settings::PagesSettings;
