//! The measured process. It prints the URL of its webhook function, waits for a line of input, measures a run, and
//! prints the figures.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bitbucket::client::Api;
use jiff::{SignedDuration, Timestamp};
use poller::{Poller, PollerSettings};
use relay::{LinkId, Settings, Subject};
use serde_json::json;
use store::links::CachedLinks;
use store::memory::{MemoryLinks, MemoryTable};
use store::{SubjectLog as _, SystemClock};
use system::mailbox::Mailbox;
use system::table::Different;
use webhook::{App, router};

use super::lateness::Lateness;
use super::report::Measured;
use super::{RUN_SECONDS, SECRET, bot, link, process};

type WatchedTable = Different<Lateness>;

type BenchPoller = Poller<WatchedTable, MemoryLinks, SystemClock>;

/// Length of the runs before the measured one.
const WARM_RUN_SECONDS: i64 = 5;

/// Serves webhooks, polls until a line of input arrives, and then measures a run.
///
/// # Errors
///
/// If the table or a system call fails.
pub async fn serve(links: usize, bitbucket_url: &str) -> anyhow::Result<()> {
    let table = Different { table: MemoryTable::default(), difference: Lateness::default() };
    let poller = begin(links, bitbucket_url, &table).await?;
    wait_for_line(&poller).await?;
    let measured = measure(links, &poller, &table).await?;
    print(&serde_json::to_string(&measured)?)
}

async fn begin(links: usize, bitbucket_url: &str, table: &WatchedTable) -> anyhow::Result<BenchPoller> {
    let documents = MemoryLinks::default();
    for number in 0..links {
        let document = json!({
            "version": 1,
            "template": "bitbucket-access-token",
            "webhook_secrets": [{ "value": SECRET, "created_at": "2026-11-24T00:00:00Z" }],
            "credential": { "type": "bearer", "token": format!("{}-access-token", bot(number)) },
        });
        documents.set(&link(number).parse::<LinkId>()?, document.to_string());
    }
    let app = App {
        table: table.clone(),
        links: CachedLinks::new(documents.clone()),
        clock: SystemClock,
        settings: Settings::default(),
    };
    let (_, url) = Mailbox::open(router(Arc::new(app))).await;
    print(&url)?;
    let limits = PollerSettings { links_per_run: u32::try_from(links)?, ..PollerSettings::default() };
    let api = Api::new(&format!("{bitbucket_url}/2.0"))?;
    let documents = CachedLinks::new(documents);
    Ok(Poller::new(table.clone(), documents, api, SystemClock, Settings::default(), limits))
}

/// Polls until a line of input arrives. The measured run then has warm caches, and no poll is the first of its pull
/// request, as in an instance that has been in use for a while.
async fn wait_for_line(poller: &BenchPoller) -> anyhow::Result<()> {
    let has_line = Arc::new(AtomicBool::new(false));
    let set_line = Arc::clone(&has_line);
    let line = std::thread::spawn(move || {
        let read = std::io::stdin().read_line(&mut String::new());
        set_line.store(true, Ordering::Release);
        read
    });
    while !has_line.load(Ordering::Acquire) {
        poller.run("warm", from_now(WARM_RUN_SECONDS)).await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    line.join().map_err(|_| anyhow::anyhow!("the thread that reads the input panicked"))??;
    Ok(())
}

async fn measure(links: usize, poller: &BenchPoller, table: &WatchedTable) -> anyhow::Result<Measured> {
    table.difference.take();
    process::forget_peak()?;
    let cpu_before = process::cpu_used()?;
    let end = from_now(RUN_SECONDS);
    let summary = poller.run("measured", end).await?;
    let cpu = process::cpu_used()?.saturating_sub(cpu_before);
    let mut lateness = table.difference.take();
    let polls = lateness.len();
    for due in table.due(end, usize::MAX).await? {
        if matches!(due.subject, Subject::PullRequest { .. }) {
            lateness.push(end.duration_since(due.watch.due_at));
        }
    }
    let mut late_ms: Vec<i64> =
        lateness.iter().map(|late| i64::try_from(late.as_millis()).unwrap_or(i64::MAX)).collect();
    late_ms.sort_unstable();
    let peak_mb = process::peak_mb()?;
    Ok(Measured { links, polls, failed: summary.failed, calls: summary.calls, late_ms, cpu, peak_mb })
}

fn from_now(seconds: i64) -> Timestamp {
    let now = Timestamp::now();
    now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

fn print(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
