//! `link start-oauth`.

use relay::LinkId;
use serde_json::json;
use store::authorization;
use store::links::{Flow, LinkCredential, LinkDocument};

use crate::Error;
use crate::output::{Report, time};
use crate::session::Session;

/// Opens an authorization and shows the address at which a person grants access.
pub(super) async fn start(session: &mut Session<'_, '_>, id: &LinkId) -> Result<(), Error> {
    let document = LinkDocument::parse(id, &session.document(id).await?)?;
    let asks_a_person = |credential: &LinkCredential| matches!(credential, LinkCredential::OAuth(of) if of.flow == Flow::AppOauth);
    if !document.credential().is_some_and(asks_a_person) {
        let advice = "the command is for links with an OAuth consumer: `bitrelay link set-creds --template bitbucket-app-oauth`";
        return Err(Error::Usage(format!("the link {id} cannot be authorized in a browser; {advice}")));
    }
    let mut url = session.start_url().await?;
    let (table, now) = (session.table().await?, session.now());
    let nonce = store::open_authorization(&table, id, now).await?;
    url.query_pairs_mut().append_pair("id", id.as_str()).append_pair("nonce", nonce.expose());
    let ends_at = authorization::expires_at(now);
    let text = format!(
        "Open this address until {}, in a browser that is signed in to Bitbucket as the account of the link:\n\n  {url}\n\n\
         It works once. Then `bitrelay link test {id}` shows the account.",
        time(ends_at)
    );
    session.show(&Report { text, json: json!({ "link": id, "url": url, "expires_at": ends_at }) });
    Ok(())
}
