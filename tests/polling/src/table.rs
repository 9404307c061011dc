//! The figures as tables in Markdown, which a terminal also shows legibly.

use crate::outcome::{Figures, Found};
use crate::workload::{Calls, Workload};

/// The figures of both policies on one workload.
#[derive(Debug, Clone)]
pub struct Row {
    /// Name of the workload.
    pub name: &'static str,
    /// One line that describes it.
    pub title: &'static str,
    /// Limits of the API calls.
    pub calls: Calls,
    /// Figures of a schedule for each comment.
    pub per_comment: Figures,
    /// Figures of bitrelay.
    pub ours: Figures,
}

impl Row {
    /// Joins the figures of both policies.
    pub fn new(workload: &Workload, per_comment: Figures, ours: Figures) -> Self {
        let Workload { name, title, calls, .. } = *workload;
        Self { name, title, calls, per_comment, ours }
    }

    fn policies(&self) -> [(&'static str, &Figures); 2] {
        [("per comment", &self.per_comment), ("bitrelay", &self.ours)]
    }
}

/// Returns both tables, below a list that describes each workload.
pub fn tables(rows: &[Row]) -> String {
    let names: Vec<String> = rows.iter().map(|row| format!("- **{}**: {}", row.name, row.title)).collect();
    [names.join("\n") + "\n", calls(rows), delays(rows)].join("\n")
}

/// Table of the calls that each policy made, and of the changes that it found and lost.
fn calls(rows: &[Row]) -> String {
    let mut table = table_head(&[
        "",
        "policy",
        "calls",
        "refused",
        "busiest hour",
        "edits found",
        "edits lost",
        "task changes found",
        "task changes lost",
        "calls per change found",
    ]);
    for row in rows {
        for (policy, figures) in row.policies() {
            let found = |found: &Found| format!("{} of {}", found.found, found.made);
            table += &line(&[
                row.name.to_owned(),
                policy.to_owned(),
                figures.calls.to_string(),
                figures.refused.to_string(),
                figures.busiest_hour.to_string(),
                found(&figures.edits),
                figures.edits.lost.to_string(),
                found(&figures.tasks),
                figures.tasks.lost.to_string(),
                format!("{:.1}", figures.calls_per_change()),
            ]);
        }
    }
    table
}

/// Table of the delays of each policy.
fn delays(rows: &[Row]) -> String {
    let mut table = table_head(&[
        "",
        "policy",
        "edits p50",
        "p95",
        "max",
        "task changes p50",
        "p95",
        "max",
        "latest edit after its window's end",
    ]);
    for row in rows {
        for (policy, figures) in row.policies() {
            let mut cells = vec![row.name.to_owned(), policy.to_owned()];
            for found in [&figures.edits, &figures.tasks] {
                cells.extend([50, 95, 100].map(|percent| seconds(found.percentile(percent))));
            }
            cells.push(match figures.latest_after_window {
                Some(late) if late <= 0.0 => "inside it".to_owned(),
                late => seconds(late),
            });
            table += &line(&cells);
        }
    }
    table
}

fn table_head(titles: &[&str]) -> String {
    let rule: String = titles.iter().map(|_| " --- |").collect();
    format!("| {} |\n|{rule}\n", titles.join(" | "))
}

fn line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn seconds(time: Option<f64>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| format!("{time:.0} s"))
}
