//! Visits every state of a world, and tells what was found.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use stateright::{Checker as _, HasDiscoveries, Model as _};

use crate::explored::Explored;
use crate::world::World;

/// The outcome of exploring a world.
#[derive(Debug, Clone)]
pub struct Report {
    /// Name of the world.
    pub world: &'static str,
    /// Number of different states.
    pub states: usize,
    /// Number of steps between them.
    pub steps: usize,
    /// Number of steps of the longest story.
    pub longest: usize,
    /// Number of durable states from which everything was let run to the end.
    pub recoveries: usize,
    /// The number of times that things happened.
    pub seen: BTreeMap<String, u64>,
    /// The story of a broken guarantee, if there is one.
    pub counterexample: Option<String>,
    /// The time that it took.
    pub took: Duration,
}

/// Time between two lines of progress.
const PROGRESS: Duration = Duration::from_secs(10);

/// Visits every state of a world, in this number of threads. With one thread the shortest story is found. `progress`
/// is called now and then with the numbers of states and steps so far.
pub fn explore(world: World, threads: usize, progress: impl Fn(usize, usize)) -> Report {
    let begun = Instant::now();
    let explored = Explored::new(world);
    let checker = explored.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    let mut checker = checker.spawn_bfs();
    let handles = checker.handles();
    let mut shown = Instant::now();
    while !handles.iter().all(std::thread::JoinHandle::is_finished) {
        std::thread::sleep(Duration::from_millis(10));
        if shown.elapsed() > PROGRESS {
            shown = Instant::now();
            progress(checker.unique_state_count(), checker.state_count());
        }
    }
    for handle in handles {
        handle.join().unwrap();
    }
    let discoveries = checker.discoveries();
    let story = discoveries.into_iter().min_by_key(|(guarantee, _)| *guarantee).map(|(guarantee, path)| {
        let states = path.into_states();
        let why = states.last().and_then(|state| state.broken.as_ref()).map_or("", |broken| &broken.why);
        let mut story = format!("{}\n", states[0].line);
        for (number, state) in states.iter().enumerate().skip(1) {
            let _ = writeln!(story, "{number:>4}. {}", state.line);
        }
        format!("{story}{guarantee} does not hold: {why}\n")
    });
    Report {
        world: world.name,
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        longest: checker.max_depth(),
        recoveries: checker.model().recoveries(),
        seen: checker.model().seen(),
        counterexample: story,
        took: begun.elapsed(),
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.world)?;
        writeln!(
            f,
            "  {} states, {} steps, at most {} in a row; from {} durable states everything ran to its end; {:.0} s",
            self.states,
            self.steps,
            self.longest,
            self.recoveries,
            self.took.as_secs_f64()
        )?;
        for (what, times) in &self.seen {
            writeln!(f, "  {what}: {times} times")?;
        }
        match &self.counterexample {
            None => writeln!(f, "  no counterexample to G2, G3, G5, G6, G7"),
            Some(story) => writeln!(f, "\n{story}"),
        }
    }
}
