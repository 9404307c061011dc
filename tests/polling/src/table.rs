//! The figures as tables in Markdown, which a terminal shows well enough.

use crate::outcome::{Figures, Found};
use crate::workload::Workload;

/// The figures of both policies with one workload.
#[derive(Debug, Clone)]
pub struct Row {
    /// How the workload is called.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// A schedule for each comment.
    pub per_comment: Figures,
    /// Bitrelay.
    pub ours: Figures,
}

impl Row {
    /// Both policies' figures.
    pub fn of(workload: &Workload, per_comment: Figures, ours: Figures) -> Self {
        Self { name: workload.name, title: workload.title, per_comment, ours }
    }

    fn policies(&self) -> [(&'static str, &Figures); 2] {
        [("per comment", &self.per_comment), ("bitrelay", &self.ours)]
    }
}

/// Both tables, with a line for each workload's name before them.
pub fn tables(rows: &[Row]) -> String {
    let names: Vec<String> = rows.iter().map(|row| format!("- **{}**: {}", row.name, row.title)).collect();
    [names.join("\n") + "\n", calls(rows), delays(rows)].join("\n")
}

/// What each policy spent and lost.
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

/// How late each policy was.
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
