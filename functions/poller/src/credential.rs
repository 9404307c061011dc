//! What a link is polled with: what stands in its document, or a token of its OAuth consumer.

use bitbucket::Credential;
use bitbucket::client::Client;
use relay::{Account, LinkId};
use secrecy::SecretString;
use store::Clock;
use store::links::{LinkCredential, LinkSource, OAuthCredential};

use crate::error::Error;
use crate::run::Poller;

/// The credential of a link, and whose calls are counted with it: both of one reading of the link.
pub(crate) async fn of<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<(Credential, Account), Error> {
    let found = found(poller, link).await?;
    let account = found.account();
    let credential = match found {
        LinkCredential::Fixed(credential) => credential,
        LinkCredential::OAuth(consumer) => token(poller, link, &consumer, None).await?,
    };
    Ok((credential, account))
}

/// Another credential of the same account after this client's was refused; `None` where the link has no other: the calls of
/// another account were not reserved.
pub(crate) async fn renewed<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
    client: &Client,
    account: &Account,
) -> Result<Option<Credential>, Error> {
    let found = found(poller, link).await?;
    let same = found.account() == *account;
    match found {
        LinkCredential::OAuth(consumer) if same => {
            Ok(Some(token(poller, link, &consumer, client.token()).await?))
        }
        _ => Ok(None),
    }
}

async fn found<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<LinkCredential, Error> {
    let found = poller.links.get(link, poller.clock.now()).await?.ok_or(Error::NoLink)?;
    found.credential.ok_or(Error::NoCredential)
}

/// A token of a consumer. `rejected` is one that the API has just refused.
async fn token<T, L, C>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
    consumer: &OAuthCredential,
    rejected: Option<&SecretString>,
) -> Result<Credential, Error> {
    let tokens = poller.tokens.as_ref();
    let none = || bitbucket::Error::Configuration("this program has no source of OAuth tokens".to_owned());
    let token = tokens.ok_or_else(none)?.token(link, consumer, rejected).await?;
    Ok(Credential::Bearer { token })
}
