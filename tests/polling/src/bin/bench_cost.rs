//! `make bench-cost`: DynamoDB's write units, for a delivery over real payloads, and for hours of reviews with the
//! polls that they cause.
//!
//! The payloads are those of the folder `BITRELAY_SHARED` if it exists, else the project's own, which are half as long.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, reason = "a program for people")]

use polling::cost::{self, Cost};
use polling::ours;
use polling::workloads::{self, Edits};

#[path = "../../../../crates/bitbucket/tests/support/mod.rs"]
mod payloads;

fn main() -> anyhow::Result<()> {
    deliveries()?;
    println!(
        "\n| reviews, with their polls | events | calls to Bitbucket | units | units an event | of it deliveries | polls | budget and leases |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for workload in [workloads::quiet_team(Edits::Early), workloads::big_review(Edits::Early)] {
        let outcome = ours::run(&workload)?;
        let units = |kind: &str| outcome.written.of(kind).all();
        let (events, all) = (outcome.written.of("event").writes, outcome.written.total().all());
        let overhead = units("budget") + units("lease");
        let stored: usize = ["event", "fact", "delivery", "head"].map(units).iter().sum();
        println!(
            "| ({}) {} | {events} | {} | {all} | {:.0} | {stored} | {} | {overhead} |",
            workload.name,
            workload.title,
            outcome.calls.len(),
            all as f64 / events as f64,
            units("state"),
        );
    }
    Ok(())
}

fn deliveries() -> anyhow::Result<()> {
    let real = payloads::corpus_webhooks();
    let (whose, webhooks) = if real.is_empty() { ("own", payloads::fixtures()) } else { ("real", real) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut costs = Vec::new();
    for webhook in webhooks {
        costs.extend(runtime.block_on(cost::of_delivery(&webhook.key, &webhook.body))?);
    }
    println!("{} {whose} payloads of pull requests\n", costs.len());
    println!("| a delivery | median | 90th percentile | largest |\n| --- | ---: | ---: | ---: |");
    row("payload (bytes)", &costs, |cost| cost.payload_bytes);
    for kind in ["event", "state"] {
        row(&format!("its item `{kind}` (bytes)"), &costs, |cost| cost.written.of(kind).bytes);
    }
    for kind in ["event", "state", "delivery", "fact", "head"] {
        row(&format!("write units of `{kind}`"), &costs, |cost| cost.written.of(kind).table);
    }
    row("write units of the indexes", &costs, |cost| cost.written.total().index);
    row("**write units**", &costs, |cost| cost.written.total().all());
    Ok(())
}

fn row(name: &str, costs: &[Cost], figure: impl Fn(&Cost) -> usize) {
    let mut figures: Vec<_> = costs.iter().map(figure).collect();
    figures.sort_unstable();
    let at = |percent: usize| figures.get((figures.len() * percent / 100).min(figures.len() - 1)).copied();
    let [median, most, all] = [50, 90, 100].map(|percent| at(percent).unwrap_or_default());
    println!("| {name} | {median} | {most} | {all} |");
}
