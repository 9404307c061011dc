//! The commands, one module each.

mod dlq;
pub(crate) mod doctor;
mod events;
mod hooks;
mod init;
mod link;
mod pr;
mod replay;
mod restore;
mod stats;
mod status;
mod tail;
mod trigger;
mod wait;
mod watch;

use crate::Error;
use crate::args::{Command, EventsCommand, HooksCommand, PrCommand, StatsCommand, WatchCommand};
use crate::console;
use crate::session::Session;

/// Runs a command.
pub(crate) async fn run(command: Command, session: &mut Session<'_, '_>) -> Result<(), Error> {
    match command {
        Command::Link(command) => Box::pin(link::run(command, session)).await,
        Command::Hooks(HooksCommand::Sync(places)) => hooks::sync(session, &places).await,
        Command::Hooks(HooksCommand::Check(places)) => hooks::check(session, &places).await,
        Command::Hooks(HooksCommand::Remove(places)) => hooks::remove(session, &places).await,
        Command::Doctor(args) if args.probe => Box::pin(doctor::probe(session, &args.sandbox)).await,
        Command::Doctor(args) => Box::pin(doctor::doctor(session, !args.no_delivery)).await,
        Command::Init => Box::pin(init::init(session)).await,
        Command::Trigger(args) => trigger::trigger(session, &args).await,
        Command::Events(EventsCommand::List { filters, limit }) => {
            events::list(session, &filters, limit.into()).await
        }
        Command::Events(EventsCommand::Show { id, since }) => events::show(session, &id, since).await,
        Command::Events(EventsCommand::Tail { filters, limit, every }) => {
            tail::tail(session, &filters, limit, every).await
        }
        Command::Replay(args) => Box::pin(replay::replay(session, &args)).await,
        Command::Dlq(command) => Box::pin(dlq::run(command, session)).await,
        Command::Restore { from } => restore::restore(session, &from).await,
        Command::Pr(PrCommand::Show { repository, number }) => pr::show(session, &repository, number).await,
        Command::Watch(WatchCommand::List { limit }) => watch::list(session, limit.into()).await,
        Command::Status => status::status(session).await,
        Command::Console(args) => Box::pin(console::console(session, &args)).await,
        Command::Stats(StatsCommand::Reviews { since, until, repository }) => {
            Box::pin(stats::show(session, since, until, repository.as_ref())).await
        }
        Command::Wait(args) => Box::pin(wait::wait(session, &args)).await,
        // Needs no session; the caller has already run it.
        Command::Completions { .. } => Ok(()),
    }
}
