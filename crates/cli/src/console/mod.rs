//! `console`: pages about the log, served on 127.0.0.1 to the person who started the command.
//!
//! The pages are HTML from the server. A little script adds new events to the feed; without it they work too.
//!
//! | module | holds |
//! | --- | --- |
//! | [`door`] | who comes in: token, cookie, host, headers |
//! | [`routes`] | the addresses |
//! | [`live`] | new events for open pages |
//! | [`desk`] | answers of the command itself: links, budgets, the checks of `doctor` |
//! | [`page`], [`words`], [`plot`], [`query`] | the frame, events in words, scales, filters |
//! | [`feed`], [`pull_request`], [`reviews`], [`health`], [`event_page`] | the pages |

mod desk;
mod door;
mod event_page;
mod feed;
mod health;
mod live;
mod page;
mod plot;
mod pull_request;
mod query;
mod reviews;
mod routes;
mod words;

use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::json;
use tokio::net::TcpListener;

use self::desk::Desk;
use self::door::Door;
use self::live::Live;
use self::routes::{App, router};
use crate::Error;
use crate::args::ConsoleArgs;
use crate::environment::SharedClock;
use crate::log::{TableLog, follow};
use crate::output::Report;
use crate::session::Session;

/// Serves the console until the user presses Ctrl-C.
pub(crate) async fn console(session: &mut Session<'_, '_>, args: &ConsoleArgs) -> Result<(), Error> {
    let log = Arc::new(TableLog::open(session).await?);
    // Before the address is known, so that no event after a page is missed.
    let tail = log.tail(session.now()).await?;
    let clock = SharedClock(session.environment.clock.clone());
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port)).await.map_err(|error| {
        Error::Usage(format!("cannot listen on 127.0.0.1:{}: {error}; choose another --port", args.port))
    })?;
    let door = Arc::new(Door::new(listener.local_addr()?.port())?);
    let (desk, mut questions) = Desk::open();
    let live = Arc::new(Live::new());
    let app = App {
        log: Arc::clone(&log),
        live: Arc::clone(&live),
        door: Arc::clone(&door),
        desk,
        clock: clock.clone(),
        settings: session.settings().await?,
        link: session.config.link.clone(),
    };
    let server = tokio::spawn(async move { axum::serve(listener, router(app)).await });
    let follower = tokio::spawn(async move {
        follow(log, tail, clock, |news| live.pass_on(news)).await;
    });
    let address = door.address();
    session.show_line(&Report { text: address.clone(), json: json!({ "address": address }) });
    session.warn("open this address in a browser of this machine; end with Ctrl-C");
    if args.open && !open(&address).await {
        session.warn("warning: no browser could be started");
    }
    loop {
        tokio::select! {
            Some(question) = questions.recv() => desk::answer(session, question).await,
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    server.abort();
    follower.abort();
    Ok(())
}

/// Opens an address in the user's browser. False if that failed.
async fn open(address: &str) -> bool {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let mut command = tokio::process::Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests;
