//! URLs of the pages and of Bitbucket.

use bitbucket::oauth::BITBUCKET;
use url::Url;

use super::Error;

/// Root of Bitbucket's REST API.
const BITBUCKET_API: &str = "https://api.bitbucket.org/2.0";

/// URLs of the pages and of Bitbucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagesSettings {
    /// Public URL of the pages, without a trailing slash. `None`: the domain name that API Gateway adds to a request.
    pub public_url: Option<Url>,
    /// URL of Bitbucket's OAuth endpoints.
    pub oauth_url: String,
    /// Root of Bitbucket's REST API.
    pub api_url: String,
}

impl PagesSettings {
    /// Reads `BITRELAY_PUBLIC_URL`, `BITRELAY_BITBUCKET_OAUTH_URL` and `BITRELAY_BITBUCKET_API_URL` through `lookup`. A
    /// missing or empty variable keeps its default.
    ///
    /// # Errors
    ///
    /// [`Error::Setting`] if the public URL is invalid.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let given = |name| lookup(name).filter(|value| !value.is_empty());
        let parse = |url: String| {
            let parsed = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
            parsed.ok_or(Error::Setting("BITRELAY_PUBLIC_URL"))
        };
        Ok(Self {
            public_url: given("BITRELAY_PUBLIC_URL").map(parse).transpose()?,
            oauth_url: given("BITRELAY_BITBUCKET_OAUTH_URL").unwrap_or_else(|| BITBUCKET.to_owned()),
            api_url: given("BITRELAY_BITBUCKET_API_URL").unwrap_or_else(|| BITBUCKET_API.to_owned()),
        })
    }
}
