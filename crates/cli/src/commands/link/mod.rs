//! `link ...`.

mod authorize;
mod change;
mod secrets;
mod show;
mod sweep;

use relay::LinkId;

use crate::Error;
use crate::args::LinkCommand;
use crate::session::Session;

/// Runs a command of `link`.
pub(crate) async fn run(command: LinkCommand, session: &mut Session<'_, '_>) -> Result<(), Error> {
    match command {
        LinkCommand::Create { id, template, from, unsigned, sweep } => {
            change::create(session, &id, template, from, unsigned, &sweep).await
        }
        LinkCommand::List => show::list(session).await,
        LinkCommand::Show { id, reveal_webhook_secret } => {
            let id = one(session, id)?;
            show::show(session, &id, reveal_webhook_secret).await
        }
        LinkCommand::SetCreds { id, template, from } => {
            let id = one(session, id)?;
            change::set_credential(session, &id, template, from).await
        }
        LinkCommand::Sweep { id, add, remove } => {
            let id = one(session, id)?;
            sweep::change(session, &id, &add, &remove).await
        }
        LinkCommand::Test { id, repository } => {
            let id = one(session, id)?;
            show::test(session, &id, repository.as_ref()).await
        }
        LinkCommand::StartOauth { id } => {
            let id = one(session, id)?;
            authorize::start(session, &id).await
        }
        LinkCommand::RotateSecret { id, overlap, wait } => {
            let id = one(session, id)?;
            change::rotate(session, &id, overlap, wait).await
        }
        LinkCommand::Delete { id, yes, at_once } => change::delete(session, &id, yes, at_once).await,
    }
}

/// Returns the given link, else the one of `--link`.
fn one(session: &Session<'_, '_>, named: Option<LinkId>) -> Result<LinkId, Error> {
    named.map_or_else(|| session.link(), Ok)
}
