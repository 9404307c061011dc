//! The pages on which a person lets an OAuth consumer act as them.
//!
//! | page | does |
//! | --- | --- |
//! | `GET /start?id=…&nonce=…` | uses up the nonce that `bitrelay link start-oauth` opened, and leads to Bitbucket |
//! | `GET /callback?code=…&state=…` | uses up the state, exchanges the code, asks who this is, stores the grant |
//! | `GET /success?id=…` | says that it is done |
//!
//! A nonce, a state and a code have to be in an address: that is how OAuth works (RFC 6749, section 4.1). Each is good once
//! and for minutes, a redirect takes the browser away from it at once, no page repeats it, no log line has it, and no other
//! site is told of it (`Referrer-Policy`). No token is ever in an address.

mod answers;
mod callback;
mod error;
mod page;
mod pages;
mod parameters;
mod settings;
mod start;

pub use error::Error;
pub use pages::{Pages, router};
pub use settings::PagesSettings;
