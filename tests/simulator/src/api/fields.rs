//! Partial answers: `fields=a,b.c`, `+x`, `-y`, `*`
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#partial-response>).

use super::errors::ApiError;
use serde_json::{Map, Value};

/// Deepest path and longest list of paths that are read.
const MAX_PATHS: usize = 100;

/// Selection of an answer's fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    only: Vec<Path>,
    also: Vec<Path>,
    without: Vec<Path>,
}

type Path = Vec<String>;

impl Fields {
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ApiError> {
        let mut fields = Self::default();
        let names = text.unwrap_or_default().split(',').filter(|name| !name.trim().is_empty());
        for (count, name) in names.enumerate() {
            // A plus that was not encoded arrives as a space.
            let (list, path) = match name.strip_prefix(['+', ' ']) {
                Some(path) => (&mut fields.also, path),
                None => match name.strip_prefix('-') {
                    Some(path) => (&mut fields.without, path),
                    None => (&mut fields.only, name),
                },
            };
            let path: Path = path.trim().split('.').map(str::to_owned).collect();
            if count >= MAX_PATHS || path.len() >= MAX_PATHS || path.iter().any(String::is_empty) {
                return Err(ApiError::bad_request(format!("Invalid fields: {name}")));
            }
            list.push(path);
        }
        Ok(fields)
    }

    /// The answer with the chosen fields; `hidden` ones only if asked for.
    pub(crate) fn choose(&self, answer: Value, hidden: &[String]) -> Value {
        let mut answer = if self.only.is_empty() {
            let hidden = hidden.iter().map(|path| path.split('.').map(str::to_owned).collect::<Path>());
            hidden.filter(|path| !self.asks_for(path)).fold(answer, |mut answer, path| {
                remove(&mut answer, &path);
                answer
            })
        } else {
            let paths: Vec<&[String]> = self.only.iter().chain(&self.also).map(Vec::as_slice).collect();
            keep(answer, &paths)
        };
        for path in &self.without {
            remove(&mut answer, path);
        }
        answer
    }

    fn asks_for(&self, hidden: &[String]) -> bool {
        self.also.iter().any(|path| path.starts_with(hidden) || hidden.starts_with(path))
    }
}

fn is(segment: &str, name: &str) -> bool {
    segment == "*" || segment == name
}

/// Keeps only the fields that the paths name. A list is passed through: a path goes on in each of its items.
fn keep(value: Value, paths: &[&[String]]) -> Value {
    if paths.iter().any(|path| path.is_empty()) {
        return value;
    }
    match value {
        Value::Array(items) => items.into_iter().map(|item| keep(item, paths)).collect(),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, field) in fields {
                let below: Vec<&[String]> = paths
                    .iter()
                    .filter_map(|path| path.split_first())
                    .filter(|(segment, _)| is(segment, &name))
                    .map(|(_, rest)| rest)
                    .collect();
                if !below.is_empty() {
                    kept.insert(name, keep(field, &below));
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

fn remove(value: &mut Value, path: &[String]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| remove(item, path)),
        Value::Object(fields) => {
            let Some((segment, rest)) = path.split_first() else { return };
            if rest.is_empty() {
                fields.retain(|name, _| !is(segment, name));
            } else {
                let below = fields.iter_mut().filter(|(name, _)| is(segment, name));
                below.for_each(|(_, field)| remove(field, rest));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chosen(fields: &str) -> Value {
        let answer = json!({
            "next": "n", "size": 1,
            "values": [{ "id": 1, "title": "t", "reviewers": [], "author": { "name": "a", "uuid": "u" } }]
        });
        Fields::parse(Some(fields)).unwrap().choose(answer, &["values.reviewers".to_owned()])
    }

    #[test]
    fn plain_names_select_only_those_fields() {
        assert_eq!(chosen("next,values.id"), json!({ "next": "n", "values": [{ "id": 1 }] }));
        assert_eq!(
            chosen("values.author.*"),
            json!({ "values": [{ "author": { "name": "a", "uuid": "u" } }] })
        );
    }

    #[test]
    fn hidden_field_is_shown_on_request() {
        assert!(chosen("")["values"][0].get("reviewers").is_none());
        assert!(chosen("+values.reviewers")["values"][0].get("reviewers").is_some());
        assert!(chosen(" values.reviewers")["values"][0].get("reviewers").is_some());
        assert!(chosen("values.reviewers")["values"][0].get("reviewers").is_some());
    }

    #[test]
    fn a_minus_removes_a_field() {
        let answer = chosen("-values.author.uuid,-size");
        assert_eq!(
            answer,
            json!({ "next": "n", "values": [{ "id": 1, "title": "t", "author": { "name": "a" } }] })
        );
    }
}
