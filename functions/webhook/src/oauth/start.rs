//! `/start`: redirects from the printed URL to Bitbucket's page.

use http::request::Parts;
use relay::LinkId;
use store::authorization::{Nonce, begin};
use store::links::LinkSource;
use store::links::tokens::GrantStore;
use store::{Clock, Documents};
use url::Url;

use super::Error;
use super::pages::Pages;
use super::parameters::Parameters;

/// Uses up the nonce and returns the URL of Bitbucket's page.
pub(super) async fn start<T: Documents, L: LinkSource, G: GrantStore, C: Clock>(
    pages: &Pages<T, L, G, C>,
    request: &Parts,
) -> Result<Url, Error> {
    let parameters = Parameters::from_uri(&request.uri)?;
    let (id, nonce) = (parameters.required("id")?, parameters.required("nonce")?);
    let link: LinkId = id.parse().map_err(|_| Error::Refused("invalid link id".to_owned()))?;
    let nonce: Nonce = nonce.parse().map_err(|_| Error::Refused("malformed nonce".to_owned()))?;
    let callback = pages.address(request, "callback")?;
    // The nonce comes first: a stranger causes one read of the table and does not learn which links exist.
    let state = begin(&pages.table, &link, &nonce, pages.clock.now()).await?;
    let consumer = pages.consumer(&link).await?;
    tracing::info!(%link, "authorization begun");
    Ok(pages.bitbucket()?.oauth.authorize_url(&consumer, state.secret(), &callback))
}
