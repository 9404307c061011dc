//! `doctor --probe`: measures in a sandbox repository what Bitbucket does not document.

use std::cell::RefCell;
use std::path::Path;
use std::pin::pin;

use bitbucket::client::{Client, HookPlace, RepositoryPath};
use jiff::Timestamp;
use probe::{Findings, Listener, Probe, Setup};
use relay::LinkId;
use serde_json::json;
use tokio::sync::mpsc;
use url::Url;

use crate::Error;
use crate::args::SandboxArgs;
use crate::interrupt::interrupted;
use crate::output::{Report, pretty, table};
use crate::session::{Access, Session};

/// The most API calls of a probe, with its cleaning up.
const CALLS: u32 = 100;

/// The most API calls of the person who approves.
const REVIEWER_CALLS: u32 = 2;

/// Runs a probe, shows and saves its answers, and cleans up in any case.
pub(crate) async fn probe(session: &mut Session<'_, '_>, args: &SandboxArgs) -> Result<(), Error> {
    let link = session.link()?;
    let repository = repository(args)?;
    if !args.yes && !confirmed(session, &repository)? {
        return Ok(());
    }
    let setup = setup(session).await?;
    let author = opened(session, &link, CALLS).await?;
    let reviewer = match &args.reviewer_link {
        Some(reviewer) => Some(opened(session, reviewer, REVIEWER_CALLS).await?),
        None => None,
    };
    let approves = reviewer.as_ref().map(|access| access.client.clone());
    let measuring = measured(session, args, repository, setup, author.client.clone(), approves);
    let outcome = Box::pin(measuring).await;
    author.close().await;
    if let Some(reviewer) = reviewer {
        reviewer.close().await;
    }
    outcome
}

async fn measured(
    session: &mut Session<'_, '_>,
    args: &SandboxArgs,
    repository: RepositoryPath,
    setup: Setup,
    author: Client,
    reviewer: Option<Client>,
) -> Result<(), Error> {
    let listener = Listener::open(args.listen).await?;
    let public_url = public_url(session, args, &listener).await?;
    let time = session.environment.time;
    let began_at = time.now();
    let (sender, mut lines) = mpsc::unbounded_channel();
    let progress = |line: &str| {
        let seconds = time.now().duration_since(began_at).as_secs();
        // Nobody reads the progress any more once the probe has ended.
        let _ = sender.send(format!("{:>2}:{:02}  {line}", seconds / 60, seconds % 60));
    };
    let findings = RefCell::default();
    let probe = Probe {
        author,
        reviewer,
        repository,
        listener,
        public_url,
        setup,
        time,
        progress: &progress,
        findings,
    };
    let outcome = {
        let (mut measuring, mut interrupt) = (pin!(probe.measure()), pin!(interrupted()));
        loop {
            tokio::select! {
                biased;
                Some(line) = lines.recv() => session.warn(&line),
                outcome = &mut measuring => break outcome.map_err(Error::from),
                () = &mut interrupt => break Err(Error::Interrupted),
            }
        }
    };
    progress("cleaning up");
    let cleaned = probe.clean_up().await;
    while let Ok(line) = lines.try_recv() {
        session.warn(&line);
    }
    if let Err(error) = cleaned {
        session.warn(&format!("not cleaned up, the next probe in this repository will: {error}"));
    }
    if matches!(&outcome, Err(Error::Probe(_))) {
        return outcome;
    }
    let reason = if outcome.is_err() { "interrupted" } else { "the probe ended before" };
    report(session, &probe.conclude(reason), &probe, began_at, &args.save)?;
    outcome
}

fn repository(args: &SandboxArgs) -> Result<RepositoryPath, Error> {
    match &args.repository {
        Some(HookPlace::Repository(path)) => Ok(path.clone()),
        _ => Err(Error::Usage("--repository takes one repository, `workspace/slug`".to_owned())),
    }
}

fn confirmed(session: &mut Session<'_, '_>, repository: &RepositoryPath) -> Result<bool, Error> {
    let name = format!("{}/{}", repository.workspace, repository.repository);
    let question = format!("open and decline a pull request in {name}, for about 25 minutes?");
    session.confirms(&question, "--yes begins a probe without asking")
}

async fn setup(session: &mut Session<'_, '_>) -> Result<Setup, Error> {
    let settings = session.settings().await?;
    Ok(Setup {
        window_seconds: settings.window_seconds,
        margin_seconds: settings.margin_seconds,
        grace_seconds: settings.grace_seconds,
    })
}

/// Opens Bitbucket with a link's credential and all calls that the probe may need: half a probe tells little.
async fn opened(session: &mut Session<'_, '_>, link: &LinkId, calls: u32) -> Result<Access, Error> {
    let access = session.bitbucket(link, calls).await?;
    let left = access.client.calls_left();
    if left < calls {
        access.close().await;
        return Err(Error::TooFewCalls { left, needed: calls });
    }
    Ok(access)
}

/// Returns the address that Bitbucket gets. Only a simulated Bitbucket on this machine reaches the listener itself.
async fn public_url(
    session: &mut Session<'_, '_>,
    args: &SandboxArgs,
    listener: &Listener,
) -> Result<Url, Error> {
    if let Some(url) = args.public_url.clone() {
        return Ok(url);
    }
    let api = session.deployment().await?.bitbucket_api(session.environment.variable);
    let is_here = Url::parse(&api).is_ok_and(|api| matches!(api.host_str(), Some("127.0.0.1" | "localhost")));
    let own = format!("http://{}/", listener.address());
    match Url::parse(&own) {
        Ok(url) if is_here => Ok(url),
        _ => Err(Error::Usage(format!(
            "Bitbucket does not reach {own}; start a tunnel to it, and give its address with --public-url"
        ))),
    }
}

fn report(
    session: &mut Session<'_, '_>,
    findings: &Findings,
    probe: &Probe<'_>,
    began_at: Timestamp,
    save: &Path,
) -> Result<(), Error> {
    let report = Report {
        text: table(["question", "assumed", "seen", "set"], &findings.rows(probe.setup)),
        json: json!({
            "repository": format!("{}/{}", probe.repository.workspace, probe.repository.repository),
            "began_at": began_at,
            "ended_at": probe.time.now(),
            "answers": findings.json(probe.setup),
        }),
    };
    session.show(&report);
    std::fs::write(save, pretty(&report.json) + "\n").map_err(|error| {
        Error::Usage(format!(
            "cannot write the answers to {}: {error}; --save names another file",
            save.display()
        ))
    })?;
    let count = findings.unmeasured();
    session.warn(&format!(
        "{} of {} questions answered; saved in {}",
        probe::Question::ALL.len() - count,
        probe::Question::ALL.len(),
        save.display()
    ));
    Ok(())
}
