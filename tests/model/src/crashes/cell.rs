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

/// The answer of a function that is the same as without a fault.
const UNNOTICED: &str = "unnoticed";

/// The consequences of one call that goes wrong in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The answer of the function; empty if it crashed.
    answer: String,
    /// The part of an undisturbed run's work that is done.
    done: &'static str,
    /// The step that does the rest; `None` if nothing is missing.
    healed_by: Option<&'static str>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answer, done, healed_by } = self;
        if answer == UNNOTICED && healed_by.is_none() {
            return f.write_str(UNNOTICED);
        }
        if !answer.is_empty() {
            write!(f, "{answer}, ")?;
        }
        write!(f, "{done} done")?;
        healed_by.map_or(Ok(()), |healed_by| write!(f, "; {healed_by}"))
    }
}

/// One call, and what follows when it goes wrong.
#[derive(Debug, Clone)]
pub struct Row {
    /// The call.
    pub call: Call,
    /// For each way of going wrong: if the call is not carried out, and if it is. The second is `None` for a read,
    /// which changes nothing.
    pub cells: [(Cell, Option<Cell>); 3],
}

/// An undisturbed run, to compare with.
struct Expected {
    before: Content,
    after: Content,
    ended: Ended,
    /// After each healing step.
    healing: Vec<Content>,
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
    let (ended, made) = site.disturb(None).await;
    let after = site.content().await;
    let ended = ended.expect("an undisturbed run ends");
    let mut healing = Vec::new();
    for (second, step, _) in scenario.healed_by {
        heal(&mut site, *second, *step, Some(&ended)).await;
        healing.push(site.content().await);
    }
    let later = later(&mut site).await;
    let expected = Expected { before, after, ended, healing, later };
    let mut rows = Vec::new();
    for (number, call) in made.into_iter().enumerate() {
        let one = async |fate| disturbed(begun().await, number, fate, &expected).await;
        let both = async |[not_done, done]: [Fate; 2]| {
            (one(not_done).await, if call.is_write() { Some(one(done).await) } else { None })
        };
        let [fails, times_out, crashes] = FATES;
        let cells = [both(fails).await, both(times_out).await, both(crashes).await];
        rows.push(Row { call, cells });
    }
    assert!(!rows.is_empty(), "{} makes no call", scenario.title);
    rows
}

/// Disturbs a deployment, heals it, and says what it took.
async fn disturbed<T: Streamed>(mut site: Site<T>, number: usize, fate: Fate, expected: &Expected) -> Cell {
    let (ended, calls) = site.disturb(Some((number, fate))).await;
    let fault = format!("{}: {fate:?} of call {number} ({})", site.scenario.title, calls[number]);
    let content = site.content().await;
    let done = if content == expected.after {
        "all"
    } else if content == expected.before {
        "nothing"
    } else {
        "part"
    };
    let is_durable = content.events() + content.kept > expected.before.events() + expected.before.kept;
    assert!(
        !is_accepted(ended.as_ref()) || is_durable,
        "G2: answered with 2xx, and neither stored nor kept: {fault}"
    );
    let mut healed_by = (done == "all").then_some(None);
    for ((second, step, name), undisturbed) in site.scenario.healed_by.iter().zip(&expected.healing) {
        heal(&mut site, *second, *step, ended.as_ref()).await;
        if healed_by.is_none() && site.content().await.has_all_of(undisturbed) {
            healed_by = Some(Some(*name));
        }
    }
    let healed_by = healed_by.unwrap_or_else(|| panic!("nothing heals it: {fault}, {ended:?}"));
    later(&mut site).await.assert_same(&expected.later, T::HAS_STREAM, &fault);
    Cell { answer: answer(ended.as_ref(), &expected.ended), done, healed_by }
}

/// Takes a healing step. Bitbucket does not send a delivery again that was answered with 2xx.
async fn heal<T: Streamed>(site: &mut Site<T>, second: i64, step: Step, ended: Option<&Ended>) {
    if !(matches!(step, Step::Resend(_)) && is_accepted(ended)) {
        site.heal(second, step).await;
    }
}

fn is_accepted(ended: Option<&Ended>) -> bool {
    matches!(ended, Some(Ended::Answered(status)) if status.is_success())
}

/// Runs everything some more times, and reads what is there then.
async fn later<T: Streamed>(site: &mut Site<T>) -> Content {
    for second in LATER {
        site.heal(second, Step::Poll).await;
        site.heal(second, Step::Publish).await;
    }
    site.content().await
}

fn answer(ended: Option<&Ended>, undisturbed: &Ended) -> String {
    match ended {
        None => String::new(),
        Some(Ended::Answered(status)) => status.as_u16().to_string(),
        Some(Ended::Polled(Err(_))) => "the run fails".to_owned(),
        Some(ended) if ended.to_string() == undisturbed.to_string() => UNNOTICED.to_owned(),
        Some(Ended::Polled(Ok(summary))) if summary.failed > 0 => "the poll fails".to_owned(),
        Some(Ended::Polled(Ok(_))) => "the fold fails".to_owned(),
        Some(Ended::Published(_)) => "the attempt fails".to_owned(),
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
