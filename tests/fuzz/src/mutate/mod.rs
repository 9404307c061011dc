//! Random changes of JSON: of its structure, of its texts and of its numbers, with parts of other inputs.

mod text;
mod words;

use serde_json::{Map, Number, Value};
use simulation::dice::Dice;

/// Deepest nesting that a change adds; `serde_json` reads 127 levels.
const DEEPEST: u64 = 130;

/// Most copies of an item that a change adds to a list.
const MOST_COPIES: u64 = 150;

/// Most bytes that a change adds as copies. Without this limit some changes in a row make an input of gigabytes.
const MOST_COPIED_BYTES: usize = 8 * 1024 * 1024;

/// Changes inputs.
#[derive(Debug, Clone, Copy)]
pub struct Mutator<'i> {
    /// Source of chance.
    pub dice: &'i Dice,
    /// Inputs whose parts may be copied.
    pub corpus: &'i [Value],
    /// More of these.
    pub kept: &'i [Value],
}

/// A node of a JSON value.
#[derive(Debug)]
pub struct Node<'v> {
    /// Its name in the object that holds it, or that of the list that holds it.
    pub name: &'v str,
    /// The value.
    pub value: &'v mut Value,
}

impl Mutator<'_> {
    /// Changes one node of an input.
    pub fn change(&self, input: &mut Value) {
        let number = self.below(nodes(input));
        let Some(node) = nth_mut(input, &mut number.clone(), "") else { return };
        match self.dice.below(20) {
            0..=2 => self.graft(node.name, node.value),
            3 => *node.value = words::value(self.dice),
            4 => self.wrap(node.value),
            5 => *node.value = Value::String(node.value.to_string()),
            _ => self.change_value(node.value),
        }
    }

    /// Replaces a node by one with the same name in another input.
    fn graft(&self, name: &str, value: &mut Value) {
        let from = if self.dice.percent(50) { self.dice.pick(self.kept) } else { None };
        let Some(from) = from.or_else(|| self.dice.pick(self.corpus)) else { return };
        let mut same = Vec::new();
        collect(from, "", name, &mut same);
        if let Some(other) = self.dice.pick(&same) {
            *value = (*other).clone();
        }
    }

    fn wrap(&self, value: &mut Value) {
        let levels = if self.dice.percent(80) { 1 } else { self.dice.below(DEEPEST) };
        for _ in 0..levels {
            let inner = value.take();
            *value = if self.dice.percent(50) {
                Value::Array(vec![inner])
            } else {
                Value::Object(Map::from_iter([("raw".to_owned(), inner)]))
            };
        }
    }

    fn change_value(&self, value: &mut Value) {
        match value {
            Value::Array(items) => self.change_list(items),
            Value::Object(fields) => self.change_fields(fields),
            Value::String(text) => *text = text::change(self.dice, text),
            Value::Number(number) => *value = self.change_number(number),
            Value::Bool(flag) => *flag = !*flag,
            Value::Null => *value = words::value(self.dice),
        }
    }

    fn change_list(&self, items: &mut Vec<Value>) {
        let (one, other) = (self.below(items.len()), self.below(items.len()));
        match self.dice.below(6) {
            0 if !items.is_empty() => drop(items.remove(one)),
            1 | 2 if !items.is_empty() => items.insert(other, items[one].clone()),
            3 if !items.is_empty() => items.swap(one, other),
            4 if !items.is_empty() && self.dice.percent(20) => {
                let item = items[one].clone();
                let most = MOST_COPIED_BYTES / (item.to_string().len() + 1);
                items.extend((0..self.dice.below(MOST_COPIES)).take(most).map(|_| item.clone()));
            }
            4 => items.truncate(one),
            _ => items.push(words::value(self.dice)),
        }
    }

    fn change_fields(&self, fields: &mut Map<String, Value>) {
        let name = fields.keys().nth(self.below(fields.len())).cloned();
        match (self.dice.below(6), name) {
            (0..=2, Some(name)) => drop(fields.remove(&name)),
            (3, Some(name)) => {
                let value = fields.remove(&name).unwrap_or_default();
                fields.insert(words::name(self.dice).to_owned(), value);
            }
            (4, Some(name)) => {
                let other = fields.keys().nth(self.below(fields.len())).cloned().unwrap_or_default();
                let value = fields.get(&name).cloned().unwrap_or_default();
                fields.insert(other, value);
            }
            _ => drop(fields.insert(words::name(self.dice).to_owned(), words::value(self.dice))),
        }
    }

    fn change_number(&self, number: &Number) -> Value {
        let near = |number: i64| match self.dice.below(4) {
            0 => number.wrapping_add(1),
            1 => number.wrapping_sub(1),
            2 => number.wrapping_mul(60),
            _ => number.wrapping_neg(),
        };
        match number.as_i64() {
            Some(number) if self.dice.percent(60) => near(number).into(),
            _ => words::number(self.dice),
        }
    }

    fn below(&self, bound: usize) -> usize {
        below(self.dice, bound)
    }
}

fn below(dice: &Dice, bound: usize) -> usize {
    usize::try_from(dice.below(bound as u64)).unwrap_or_default()
}

/// Counts the nodes of a value, itself included.
fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(fields) => 1 + fields.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

/// Returns a node by its number, counted from the root on, parents before their children. `name` is that of the root.
pub fn nth_mut<'v>(value: &'v mut Value, number: &mut usize, name: &'v str) -> Option<Node<'v>> {
    if *number == 0 {
        return Some(Node { name, value });
    }
    *number -= 1;
    match value {
        Value::Array(items) => items.iter_mut().find_map(|item| nth_mut(item, number, name)),
        Value::Object(fields) => fields.iter_mut().find_map(|(name, field)| nth_mut(field, number, name)),
        _ => None,
    }
}

fn collect<'v>(value: &'v Value, name: &str, wanted: &str, found: &mut Vec<&'v Value>) {
    if name == wanted {
        found.push(value);
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, name, wanted, found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| collect(field, name, wanted, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_node_is_reached_by_its_number() {
        let mut value = json!({ "a": [1, 2], "b": { "c": null } });
        let reached: Vec<_> = (0..nodes(&value))
            .map(|number| {
                let node = nth_mut(&mut value, &mut number.clone(), "").unwrap();
                format!("{} {}", node.name, node.value)
            })
            .collect();
        let whole = r#" {"a":[1,2],"b":{"c":null}}"#;
        assert_eq!(reached, [whole, "a [1,2]", "a 1", "a 2", r#"b {"c":null}"#, "c null"]);
    }

    #[test]
    fn changes_follow_from_the_seed_and_end() {
        let corpus = [json!({ "values": [{ "id": 1, "updated_on": "2026-11-24T10:00:00Z" }], "next": "x" })];
        let changed = |seed| {
            let dice = Dice::new(seed);
            let mutator = Mutator { dice: &dice, corpus: &corpus, kept: &[] };
            let mut input = corpus[0].clone();
            for _ in 0..20 {
                mutator.change(&mut input);
            }
            input
        };
        assert_eq!(changed(1), changed(1));
        let distinct: std::collections::BTreeSet<_> =
            (0..100).map(|seed| changed(seed).to_string()).collect();
        assert!(distinct.len() > 90);
    }
}
