//! `link start-oauth`.

use relay::LinkId;
use serde_json::json;
use store::authorization::open_authorization;
use store::links::{Flow, LinkCredential, LinkDocument};

use crate::Error;
use crate::output::Report;
use crate::session::Session;

/// Opens an authorization and shows its address. The nonce in it is for whoever was asked to open it.
pub(super) async fn start(session: &mut Session<'_, '_>, id: &LinkId) -> Result<(), Error> {
    let document = LinkDocument::parse(id, &session.document(id).await?)?;
    let by_a_person = |found: &&LinkCredential| matches!(found, LinkCredential::OAuth(consumer) if consumer.flow == Flow::AppOauth);
    if document.credential().filter(by_a_person).is_none() {
        return Err(Error::Usage(format!(
            "nobody has to allow what {id} calls with; `bitrelay link set-creds {id} --template bitbucket-app-oauth` changes that"
        )));
    }
    let mut address = session.start_url().await?;
    let nonce = open_authorization(&session.table().await?, id, session.now()).await?;
    address.query_pairs_mut().append_pair("id", id.as_str()).append_pair("nonce", nonce.expose());
    session.warn("the address works once and for ten minutes:");
    session.show(&Report { text: address.to_string(), json: json!({ "link": id, "address": address }) });
    Ok(())
}
