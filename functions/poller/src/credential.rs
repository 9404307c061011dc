//! The credential of a link: from its document, or a token of its OAuth consumer.

use bitbucket::Credential;
use bitbucket::client::Client;
use relay::{Account, LinkId};
use secrecy::SecretString;
use store::Clock;
use store::links::{LinkCredential, LinkSource, OAuthCredential};

use crate::error::Error;
use crate::poller::Poller;

/// Loads the credential of a link, and the account that its calls count for: both from one read of the link.
pub(crate) async fn load<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<(Credential, Account), Error> {
    let stored = stored(poller, link).await?;
    let account = stored.account();
    let credential = match stored {
        LinkCredential::Fixed(credential) => credential,
        LinkCredential::OAuth(consumer) => token(poller, link, &consumer, None).await?,
    };
    Ok((credential, account))
}

/// Returns another credential of the same account after the API refused this client's; `None` if the link has no
/// other. No calls are reserved for another account.
pub(crate) async fn renew<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
    client: &Client,
    account: &Account,
) -> Result<Option<Credential>, Error> {
    let stored = stored(poller, link).await?;
    let is_same = stored.account() == *account;
    match stored {
        LinkCredential::OAuth(consumer) if is_same => {
            Ok(Some(token(poller, link, &consumer, client.token()).await?))
        }
        _ => Ok(None),
    }
}

async fn stored<T, L: LinkSource, C: Clock>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
) -> Result<LinkCredential, Error> {
    let document = poller.links.get(link, poller.clock.now()).await?.ok_or(Error::NoLink)?;
    document.credential.ok_or(Error::NoCredential)
}

/// A token of a consumer. `rejected` is a token that the API has just refused.
async fn token<T, L, C>(
    poller: &Poller<T, L, C>,
    link: &LinkId,
    consumer: &OAuthCredential,
    rejected: Option<&SecretString>,
) -> Result<Credential, Error> {
    let tokens = poller.tokens.as_ref();
    let none = || {
        bitbucket::Error::Configuration("no source of OAuth tokens is configured for the poller".to_owned())
    };
    let token = tokens.ok_or_else(none)?.token(link, consumer, rejected).await?;
    Ok(Credential::Bearer { token })
}

#[cfg(test)]
mod tests {
    use relay::AccountKind;

    use super::*;
    use crate::testing::{client, poller};

    #[tokio::test]
    async fn no_token_is_requested_for_another_account() {
        let poller = poller(
            r#""credential":{"type":"client-credentials","client_id":"key","client_secret":"secret"}"#,
        );
        let link = "acme".parse().unwrap();
        let client = client(&poller, "token", 1);
        let renewed = renew(&poller, &link, &client, &Account::new(AccountKind::User, "alice")).await;
        assert!(renewed.unwrap().is_none());
        // For its own account it asks; this poller has no source of tokens.
        let own = Account::new(AccountKind::Consumer, "key");
        assert!(matches!(renew(&poller, &link, &client, &own).await, Err(Error::Bitbucket(_))));
    }
}
