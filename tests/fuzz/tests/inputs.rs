//! Some thousand inputs in every test run, and the corpus. `make fuzz N=10000000` runs more.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "test code")]

use fuzz::attempt::attempt;
use fuzz::target::{self, Kind, Target};
use fuzz::traits::Traits;
use fuzz::{corpus, round, shrink};
use serde_json::{Value, json};

/// Inputs of each target: few, because this build is not optimised.
const INPUTS: u64 = 400;

const SEED: u64 = 1;

#[test]
fn no_input_breaks_a_target() {
    let broken: Vec<_> = std::thread::scope(|scope| {
        let rounds = target::ALL.map(|kind| {
            scope.spawn(move || {
                let ran = round::run(&kind, &corpus::load(&kind).unwrap(), SEED, INPUTS);
                assert!(ran.failed.is_some() || ran.traits.len() > 5, "{} does hardly anything", kind.name);
                ran.failed.map(|(input, failure)| {
                    let small = shrink::failing(&kind, &input, &failure);
                    format!("{}: {failure}\n{small}", kind.name)
                })
            })
        });
        rounds.into_iter().filter_map(|round| round.join().unwrap()).collect()
    });
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

#[test]
fn every_body_of_the_fixtures_is_folded() {
    let kind = target::named("fold").unwrap();
    for (name, body) in corpus::fixtures().unwrap() {
        let key = name.split('~').next().unwrap().replacen('.', ":", 1);
        let traits = attempt((kind.make)().as_mut(), &json!([{ "deliver": body, "key": key }]));
        assert!(traits.unwrap().len() > 2, "{name}");
    }
}

#[test]
fn a_seed_gives_the_same_round_again() {
    let kind = target::named("fold").unwrap();
    let corpus = corpus::load(&kind).unwrap();
    let round = |seed| round::run(&kind, &corpus, seed, 100);
    assert_eq!(round(7), round(7));
    assert_ne!(round(7), round(8));
}

/// Fails if a comment has the id 7 and is deleted, with any text. A stand-in for a defect.
#[derive(Debug)]
struct Defective;

impl Target for Defective {
    fn run(&mut self, input: &Value) -> Traits {
        let mut traits = Traits::default();
        for comment in input["comments"].as_array().into_iter().flatten() {
            let is_deleted = comment["deleted"] == true;
            assert!(comment["id"] != 7 || !is_deleted, "a planted defect");
            traits.note((comment["id"].as_u64(), is_deleted));
        }
        traits
    }
}

const DEFECTIVE: Kind = Kind { name: "defective", reads: "comments", make: || Box::new(Defective) };

#[test]
fn a_planted_defect_is_found_and_shrunk() {
    let comment = |id: u64| json!({ "id": id, "deleted": false, "content": { "raw": "text" }, "user": null });
    let corpus = [json!({ "comments": [comment(5), comment(7)], "next": "https://api.bitbucket.org/2.0/" })];
    let ran = round::run(&DEFECTIVE, &corpus, 1, 5_000);
    let (input, failure) = ran.failed.expect("the defect is found");
    assert_eq!(failure.message, "a planted defect");
    let small = shrink::failing(&DEFECTIVE, &input, &failure);
    assert_eq!(small, json!({ "comments": [{ "id": 7, "deleted": true }] }));
}
