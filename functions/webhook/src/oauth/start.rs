//! `/start`: from the address that the command printed to Bitbucket's page.

use http::request::Parts;
use relay::LinkId;
use store::authorization::{Nonce, begin};
use store::links::LinkSource;
use store::links::tokens::GrantStore;
use store::{Clock, Table};
use url::Url;

use super::Error;
use super::pages::Pages;
use super::parameters::Parameters;

/// Where the browser goes next.
pub(super) async fn start<T: Table, L: LinkSource, G: GrantStore, C: Clock>(
    pages: &Pages<T, L, G, C>,
    request: &Parts,
) -> Result<Url, Error> {
    let parameters = Parameters::of(&request.uri)?;
    let (id, nonce) = (parameters.required("id")?, parameters.required("nonce")?);
    let malformed = |_| Error::Refused("it has another form");
    let link: LinkId = id.parse().map_err(|_| Error::Refused("the link is none"))?;
    let nonce: Nonce = nonce.parse().map_err(malformed)?;
    let callback = pages.callback(request)?;
    // First the nonce: a stranger gets no further than one read of the table, whether there is such a link or not.
    let state = begin(&pages.table, &link, &nonce, pages.clock.now()).await?;
    let consumer = pages.consumer(&link).await?;
    tracing::info!(%link, "authorization begun");
    Ok(pages.bitbucket()?.oauth.authorize_url(&consumer, state.secret(), &callback))
}
