//! The parts that serve the pages.

use std::sync::OnceLock;

use bitbucket::client::Api;
use bitbucket::oauth::{Consumer, OAuth};
use http::request::Parts;
use relay::LinkId;
use store::Clock;
use store::links::{Flow, LinkCredential, LinkDocument, LinkSource};
use url::Url;

use super::Error;
use super::settings::PagesSettings;
use crate::event::DomainName;

/// The stores, clock and settings of the pages, and the clients of Bitbucket.
#[derive(Debug)]
pub struct Pages<T, L, G, C> {
    /// Storage of pending authorizations.
    pub table: T,
    /// The links, uncached: the consumer may have changed a moment ago.
    pub links: L,
    /// Storage of grants.
    pub grants: G,
    /// Source of the current time.
    pub clock: C,
    settings: PagesSettings,
    bitbucket: OnceLock<Bitbucket>,
}

/// Clients of Bitbucket.
#[derive(Debug)]
pub(super) struct Bitbucket {
    pub(super) oauth: OAuth,
    pub(super) api: Api,
}

impl<T, L, G, C> Pages<T, L, G, C> {
    /// Makes the pages, without any HTTP client yet.
    pub const fn new(table: T, links: L, grants: G, clock: C, settings: PagesSettings) -> Self {
        Self { table, links, grants, clock, settings, bitbucket: OnceLock::new() }
    }

    /// Returns the clients of Bitbucket. They are made at their first use, because a delivery would wait for them at
    /// start.
    pub(super) fn bitbucket(&self) -> Result<&Bitbucket, Error> {
        if let Some(bitbucket) = self.bitbucket.get() {
            return Ok(bitbucket);
        }
        let (oauth, api) = (OAuth::new(&self.settings.oauth_url)?, Api::new(&self.settings.api_url)?);
        Ok(self.bitbucket.get_or_init(|| Bitbucket { oauth, api }))
    }

    /// Returns the URL of a page. Without `public_url`, it has the domain name that API Gateway adds to each request
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>).
    /// A forged name would not help: Bitbucket compares the URL with the consumer's callback URL.
    pub(super) fn address(&self, request: &Parts, page: &str) -> Result<Url, Error> {
        let unset = Error::Setting("BITRELAY_PUBLIC_URL");
        let mut url = match (&self.settings.public_url, domain(request)) {
            (Some(public), _) => public.clone(),
            (None, Some(domain)) => Url::parse(&format!("https://{domain}")).map_err(|_| unset)?,
            (None, None) => return Err(unset),
        };
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(page);
        }
        Ok(url)
    }
}

impl<T, L: LinkSource, G, C: Clock> Pages<T, L, G, C> {
    /// Loads the OAuth consumer of a link.
    pub(super) async fn consumer(&self, link: &LinkId) -> Result<Consumer, Error> {
        let secret = self.links.load(link).await?.ok_or(Error::NoConsumer)?;
        match LinkDocument::parse(link, &secret)?.at(self.clock.now())?.credential {
            Some(LinkCredential::OAuth(consumer)) if consumer.flow == Flow::AppOauth => {
                Ok(Consumer { id: consumer.client_id, secret: consumer.client_secret })
            }
            _ => Err(Error::NoConsumer),
        }
    }
}

fn domain(request: &Parts) -> Option<&str> {
    request.extensions.get::<DomainName>().map(|domain| domain.0.as_str())
}
