//! Smaller inputs that still fail, or still show the same traits.

use serde_json::Value;

use crate::attempt::{Failure, attempt};
use crate::target::Kind;
use crate::traits::Traits;

/// The most runs for one input.
const MAX_RUNS: usize = 5_000;

/// Returns a smaller input that fails at the same place.
pub fn failing(kind: &Kind, input: &Value, failure: &Failure) -> Value {
    shrink(input, |smaller| {
        // A target that failed is not used again.
        let mut target = (kind.make)();
        attempt(target.as_mut(), smaller).is_err_and(|found| found.place == failure.place)
    })
}

/// Returns a smaller input that still shows all of these traits.
pub fn showing(kind: &Kind, input: &Value, traits: &Traits) -> Value {
    let mut target = (kind.make)();
    shrink(input, |smaller| attempt(target.as_mut(), smaller).is_ok_and(|found| found.covers(traits)))
}

fn shrink(input: &Value, mut is_good: impl FnMut(&Value) -> bool) -> Value {
    let mut smallest = input.clone();
    let mut runs = 0;
    loop {
        let before = runs;
        let mut number = 0;
        let mut has_shrunk = false;
        // The first node is the input itself; large parts come before their own parts.
        while let Some(smaller) = without_node(&smallest, number) {
            let candidates = smaller.into_iter().filter(|smaller| *smaller != smallest);
            let good =
                candidates.take(MAX_RUNS.saturating_sub(runs)).inspect(|_| runs += 1).find(|it| is_good(it));
            match good {
                Some(good) => {
                    smallest = good;
                    has_shrunk = true;
                }
                None => number += 1,
            }
            if runs >= MAX_RUNS {
                return smallest;
            }
        }
        if !has_shrunk || runs == before {
            return smallest;
        }
    }
}

/// Returns the value with its node `number` made smaller, in some ways; `None` if it has fewer nodes.
fn without_node(value: &Value, number: usize) -> Option<Vec<Value>> {
    let node = nth(value, &mut number.clone())?;
    let smaller = match node {
        Value::Array(items) => {
            let halves = [items[..items.len() / 2].to_vec(), items[items.len() / 2..].to_vec()];
            let mut ways: Vec<Value> =
                halves.into_iter().filter(|half| half.len() < items.len()).map(Value::from).collect();
            ways.extend((0..items.len()).map(|gone| {
                let kept = items.iter().enumerate().filter(|(place, _)| *place != gone);
                Value::from(kept.map(|(_, item)| item.clone()).collect::<Vec<_>>())
            }));
            ways.push(Value::Null);
            ways
        }
        Value::Object(fields) => {
            let mut ways: Vec<Value> = Vec::new();
            for gone in fields.keys() {
                let kept = fields.iter().filter(|(name, _)| *name != gone);
                ways.push(Value::Object(kept.map(|(name, field)| (name.clone(), field.clone())).collect()));
            }
            ways.push(Value::Null);
            ways
        }
        Value::String(text) if !text.is_empty() => {
            let chars: Vec<char> = text.chars().collect();
            let half = chars.len() / 2;
            let mut ways: Vec<Value> = vec!["".into()];
            ways.push(chars[..half].iter().collect::<String>().into());
            ways.push(chars[half..].iter().collect::<String>().into());
            if chars.len() <= 40 {
                ways.extend((0..chars.len()).map(|gone| {
                    let kept = chars.iter().enumerate().filter(|(place, _)| *place != gone);
                    Value::from(kept.map(|(_, c)| *c).collect::<String>())
                }));
            }
            ways
        }
        Value::Number(_) => vec![0.into(), 1.into()],
        Value::Null | Value::Bool(_) | Value::String(_) => Vec::new(),
    };
    let with = |replaced: Value| {
        let mut whole = value.clone();
        if let Some(node) = crate::mutate::nth_mut(&mut whole, &mut number.clone(), "") {
            *node.value = replaced;
        }
        whole
    };
    Some(smaller.into_iter().map(with).collect())
}

/// Returns a node by its number, counted from the root on, parents before their children.
fn nth<'v>(value: &'v Value, number: &mut usize) -> Option<&'v Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter().find_map(|item| nth(item, number)),
        Value::Object(fields) => fields.values().find_map(|field| nth(field, number)),
        _ => None,
    }
}
