//! Many runs of one target from one seed.

use serde_json::Value;
use simulation::dice::Dice;

use crate::attempt::{Failure, attempt};
use crate::mutate::Mutator;
use crate::target::{Kind, Target};
use crate::traits::Traits;

/// Largest number of inputs that a round adds to its corpus.
const MAX_KEPT: usize = 2_000;

/// Largest kept input, as JSON. A larger one runs, and no other is made from it.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// The most changes that make one input from another.
const MAX_CHANGES: u64 = 6;

/// The outcome of a round.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Round {
    /// Number of inputs that ran.
    pub inputs: u64,
    /// Inputs that showed a new trait.
    pub kept: Vec<Value>,
    /// All traits that were seen.
    pub traits: Traits,
    /// The first input that failed, and how. It ends the round.
    pub failed: Option<(Value, Failure)>,
}

/// Runs the corpus, and then `inputs` inputs that are made from it by chance.
pub fn run(kind: &Kind, corpus: &[Value], seed: u64, inputs: u64) -> Round {
    // Neighbouring seeds have nothing in common.
    let dice = Dice::new(seed.wrapping_mul(0xD134_2543_DE82_EF95));
    let mut target = (kind.make)();
    let mut round = Round::default();
    for input in corpus {
        if !round.takes(target.as_mut(), input) {
            return round;
        }
    }
    round.inputs = 0;
    round.kept.clear();
    while round.inputs < inputs {
        let input = change(&dice, corpus, &round.kept);
        let before = round.traits.len();
        if !round.takes(target.as_mut(), &input) {
            return round;
        }
        let is_new = round.traits.len() > before && round.kept.len() < MAX_KEPT;
        if is_new && input.to_string().len() <= MAX_KEPT_BYTES {
            round.kept.push(input);
        }
    }
    round
}

impl Round {
    /// Runs one input. False if it failed.
    fn takes(&mut self, target: &mut dyn Target, input: &Value) -> bool {
        self.inputs += 1;
        match attempt(target, input) {
            Ok(traits) => {
                self.traits.extend(&traits);
                true
            }
            Err(failure) => {
                self.failed = Some((input.clone(), failure));
                false
            }
        }
    }
}

/// Makes an input from one of the corpus, or from one that showed something new.
fn change(dice: &Dice, corpus: &[Value], kept: &[Value]) -> Value {
    let base = if dice.percent(50) { dice.pick(kept) } else { None };
    let mut input = base.or_else(|| dice.pick(corpus)).cloned().unwrap_or_default();
    let mutator = Mutator { dice, corpus, kept };
    for _ in 0..dice.between(1, MAX_CHANGES) {
        mutator.change(&mut input);
    }
    input
}
