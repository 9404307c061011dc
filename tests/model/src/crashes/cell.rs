//! One cell of the table: one call that goes wrong in one way.

use std::fmt;

use store::memory::MemoryTable;

use crate::call::Call;
use crate::crashes::Scenario;
use crate::crashes::content::Content;
use crate::crashes::scenario::Step;
use crate::crashes::site::{Site, Streamed};
use crate::functions::Ended;
use crate::gate::{Failure, Fate};

/// Seconds at which everything runs once more after it is healed. What is stored then is compared too.
const LATER: [i64; 3] = [2_000, 2_100, 7_000];

/// The ways in which a call goes wrong: each without being carried out, and carried out.
pub(crate) const FATES: [[Fate; 2]; 3] = [
    [Fate::Fails(Failure::Unavailable), Fate::AnswerLost],
    [Fate::TimesOut { done: false }, Fate::TimesOut { done: true }],
    [Fate::Crashes { done: false }, Fate::Crashes { done: true }],
];

/// What follows when one call goes wrong in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The answer of the function.
    answer: String,
    /// How much of what an undisturbed run stores or publishes is there.
    there: &'static str,
    /// What brings the rest; `None` if nothing is missing.
    healed_by: Option<&'static str>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.answer, self.there)?;
        self.healed_by.map_or(Ok(()), |healed_by| write!(f, "; {healed_by}"))
    }
}

/// One call, and what follows when it goes wrong.
#[derive(Debug, Clone)]
pub struct Row {
    /// The call.
    pub call: Call,
    /// For each way of going wrong: if the call is not carried out, and if it is. The second is `None` for a read, which
    /// changes nothing.
    pub cells: Vec<(Cell, Option<Cell>)>,
}

/// An undisturbed run, to compare with.
struct Expected {
    before: Content,
    after: Content,
    ended: Ended,
    later: Content,
}

/// The rows of a scenario. `begun` makes a deployment just before the invocation.
///
/// # Panics
///
/// If a guarantee does not hold, or if something stays different from an undisturbed run.
pub async fn table<T: Streamed>(scenario: Scenario, begun: impl AsyncFn() -> Site<T>) -> Vec<Row> {
    let mut site = begun().await;
    let before = site.content().await;
    let (ended, calls) = site.disturb(None).await;
    let after = site.content().await;
    for (second, step, _) in scenario.healed_by {
        site.take(*second, *step).await;
    }
    let (ended, later) = (ended.expect("an undisturbed run ends"), later(&mut site).await);
    let expected = Expected { before, after, ended, later };
    let mut rows = Vec::new();
    for (number, call) in calls.into_iter().enumerate() {
        let mut cells = Vec::new();
        for [not_done, done] in FATES {
            let not_done = disturbed(begun().await, number, not_done, &expected).await;
            let done = match call.is_write() {
                true => Some(disturbed(begun().await, number, done, &expected).await),
                false => None,
            };
            cells.push((not_done, done));
        }
        rows.push(Row { call, cells });
    }
    assert!(!rows.is_empty(), "{} makes no call", scenario.title);
    rows
}

/// Disturbs a deployment, heals it, and says what it took.
async fn disturbed<T: Streamed>(mut site: Site<T>, number: usize, fate: Fate, expected: &Expected) -> Cell {
    let (ended, _) = site.disturb(Some((number, fate))).await;
    let content = site.content().await;
    let there = if content == expected.after {
        "all there"
    } else if content == expected.before {
        "nothing there"
    } else {
        "part there"
    };
    let is_accepted = matches!(&ended, Some(Ended::Answered(status)) if status.is_success());
    let is_durable = content.events() + content.kept > expected.before.events() + expected.before.kept;
    assert!(!is_accepted || is_durable, "G2: answered with 2xx, and neither stored nor kept: {fate:?}");
    let mut healed_by = expected.is_met_by(&content).then_some(None);
    for (second, step, name) in site.scenario.healed_by {
        site.take(*second, *step).await;
        if healed_by.is_none() && expected.is_met_by(&site.content().await) {
            healed_by = Some(Some(*name));
        }
    }
    let healed_by = healed_by.unwrap_or_else(|| panic!("nothing heals it: {fate:?} of call {number}, {ended:?}"));
    later(&mut site).await.assert_same(&expected.later);
    Cell { answer: answer(ended.as_ref(), &expected.ended), there, healed_by }
}

impl Expected {
    /// True if nothing is missing of what an undisturbed run stores or publishes.
    fn is_met_by(&self, content: &Content) -> bool {
        let out = |content: &Content| content.published.len() + content.parked.len();
        content.events() >= self.after.events() && content.kept <= self.after.kept && out(content) >= out(&self.after)
    }
}

/// Runs everything some more times, and reads what is there then.
async fn later<T: Streamed>(site: &mut Site<T>) -> Content {
    for second in LATER {
        site.take(second, Step::Poll).await;
        site.take(second, Step::Publish).await;
    }
    site.content().await
}

fn answer(ended: Option<&Ended>, undisturbed: &Ended) -> String {
    match ended {
        None => "no answer".to_owned(),
        Some(Ended::Answered(status)) => status.as_u16().to_string(),
        Some(Ended::Polled(Err(_))) => "the run fails".to_owned(),
        Some(ended) if ended.to_string() == undisturbed.to_string() => "unnoticed".to_owned(),
        Some(ended) => ended.to_string(),
    }
}

/// The rows of a scenario over the table in memory.
///
/// # Panics
///
/// As for [`table`].
pub fn in_memory(scenario: Scenario) -> Vec<Row> {
    crate::drive::block_on(Box::pin(async {
        let mut first = Site::new(scenario, MemoryTable::with_stream(), None);
        first.begin().await;
        table(scenario, async || first.copy()).await
    }))
}
