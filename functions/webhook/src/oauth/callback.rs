//! `/callback`: exchanges Bitbucket's code for a grant and stores it.

use bitbucket::Credential;
use bitbucket::oauth::Grant;
use bitbucket::payload::Account;
use http::request::Parts;
use relay::LinkId;
use secrecy::SecretString;
use store::authorization::{OAuthState, complete};
use store::links::LinkSource;
use store::links::tokens::{GrantStore, authorized};
use store::{Clock, Documents};

use super::Error;
use super::pages::{Bitbucket, Pages};
use super::parameters::Parameters;

/// Error code if the person denies access (RFC 6749, section 4.1.2.1).
const DENIED: &str = "access_denied";

/// Stores the grant and returns the authorized link.
pub(super) async fn callback<T: Documents, L: LinkSource, G: GrantStore, C: Clock>(
    pages: &Pages<T, L, G, C>,
    request: &Parts,
) -> Result<LinkId, Error> {
    let parameters = Parameters::from_uri(&request.uri)?;
    let malformed = |_| Error::Refused("malformed state".to_owned());
    let state: OAuthState = parameters.required("state")?.parse().map_err(malformed)?;
    let answer = answer(&parameters)?;
    let callback = pages.address(request, "callback")?;
    // Any answer uses up the state, also a denial.
    let link = complete(&pages.table, &state, pages.clock.now()).await?;
    let code = answer?;
    let consumer = pages.consumer(&link).await?;
    let bitbucket = pages.bitbucket()?;
    let grant = bitbucket.oauth.exchange_code(&consumer, &code, Some(&callback), pages.clock.now()).await?;
    let account = account(bitbucket, &grant).await?;
    let generation = authorized(&pages.grants, &link, &consumer.id, &grant, &account).await?;
    tracing::info!(
        %link, generation, account = account.uuid.as_deref().unwrap_or_default(), scope = grant.scope,
        "link authorized"
    );
    Ok(link)
}

/// Returns the code, or the reason for its absence as the inner error.
///
/// # Errors
///
/// [`Error::Address`] if there is neither a code nor an error.
fn answer(parameters: &Parameters) -> Result<Result<SecretString, Error>, Error> {
    match parameters.optional("error")? {
        Some(DENIED) => Ok(Err(Error::Denied)),
        Some(_) => Ok(Err(Error::NotGranted)),
        None => Ok(Ok(parameters.required("code")?.into())),
    }
}

async fn account(bitbucket: &Bitbucket, grant: &Grant) -> Result<Account, Error> {
    let credential = Credential::Bearer { token: grant.access_token.clone() };
    bitbucket.api.client(credential, 1).whoami().await?.account.ok_or(Error::AccountUnreadable)
}
