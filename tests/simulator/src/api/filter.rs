//! The filter language of `q`: comparisons joined by AND and OR
//! (<https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering>).

use jiff::Timestamp;
use serde_json::Value;

const MAX_LENGTH: usize = 2_000;
const MAX_DEPTH: usize = 16;

/// A condition on one item of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Compare { path: String, operator: Operator, literal: Literal },
    Among { path: String, literals: Vec<Literal>, negated: bool },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Is,
    IsNot,
    Contains,
    ContainsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    Text(String),
    Number(f64),
    Time(Timestamp),
    Bool(bool),
    Null,
}

impl Filter {
    /// Parses a filter, or returns the reason for a failure.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("q is longer than {MAX_LENGTH} bytes"));
        }
        let mut parser = Parser { words: words(text)?.into_iter().peekable(), depth: 0 };
        let filter = parser.any()?;
        match parser.words.next() {
            None => Ok(filter),
            Some(word) => Err(format!("Invalid q: unexpected {word:?}")),
        }
    }

    /// True if an item meets the condition. A missing field counts as null.
    pub(crate) fn matches(&self, item: &Value) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(item)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(item)),
            Self::Compare { path, operator, literal } => operator.holds(lookup(item, path), literal),
            Self::Among { path, literals, negated } => {
                let among = literals.iter().any(|literal| Operator::Is.holds(lookup(item, path), literal));
                among != *negated
            }
        }
    }
}

fn lookup<'a>(item: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(item, |value, name| value.get(name).unwrap_or(&Value::Null))
}

impl Operator {
    fn holds(self, value: &Value, literal: &Literal) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let order = order(value, literal);
        match self {
            Self::Is => order == Some(Equal),
            Self::IsNot => order != Some(Equal),
            Self::Contains => contains(value, literal),
            Self::ContainsNot => !contains(value, literal),
            Self::Above => order == Some(Greater),
            Self::AtLeast => matches!(order, Some(Greater | Equal)),
            Self::Below => order == Some(Less),
            Self::AtMost => matches!(order, Some(Less | Equal)),
        }
    }
}

fn order(value: &Value, literal: &Literal) -> Option<std::cmp::Ordering> {
    match literal {
        Literal::Text(text) => value.as_str().map(|value| value.cmp(text)),
        Literal::Number(number) => value.as_f64().and_then(|value| value.partial_cmp(number)),
        Literal::Time(time) => value.as_str()?.parse::<Timestamp>().ok().map(|value| value.cmp(time)),
        Literal::Bool(literal) => value.as_bool().map(|value| value.cmp(literal)),
        Literal::Null => value.is_null().then_some(std::cmp::Ordering::Equal),
    }
}

fn contains(value: &Value, literal: &Literal) -> bool {
    let Literal::Text(text) = literal else { return false };
    value.as_str().is_some_and(|value| value.to_lowercase().contains(&text.to_lowercase()))
}

#[derive(Debug, Clone, PartialEq)]
enum Word {
    /// In quotes.
    Quoted(String),
    /// A name, number, time or keyword.
    Plain(String),
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["!=", "!~", ">=", "<=", "=", "~", ">", "<", "(", ")", ","];

fn words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let (inside, after) = quoted.split_once('"').ok_or("Invalid q: a quote is not closed")?;
            words.push(Word::Quoted(inside.to_owned()));
            rest = after;
        } else if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            words.push(Word::Sign(sign));
            rest = rest.strip_prefix(sign).unwrap_or_default();
        } else {
            let end = rest.find(|end: char| end.is_whitespace() || "!=~<>(),\"".contains(end));
            let (plain, after) = rest.split_at(end.unwrap_or(rest.len()));
            if plain.is_empty() {
                return Err(format!("Invalid q: cannot read {rest:?}"));
            }
            words.push(Word::Plain(plain.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(words)
}

struct Parser {
    words: std::iter::Peekable<std::vec::IntoIter<Word>>,
    depth: usize,
}

impl Parser {
    fn any(&mut self) -> Result<Filter, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("Invalid q: more than {MAX_DEPTH} parentheses"));
        }
        let mut parts = vec![self.all()?];
        while self.takes_keyword("OR") {
            parts.push(self.all()?);
        }
        self.depth -= 1;
        Ok(Filter::Any(parts))
    }

    fn all(&mut self) -> Result<Filter, String> {
        let mut parts = vec![self.one()?];
        while self.takes_keyword("AND") {
            parts.push(self.one()?);
        }
        Ok(Filter::All(parts))
    }

    fn one(&mut self) -> Result<Filter, String> {
        match self.words.next() {
            Some(Word::Sign("(")) => {
                let inside = self.any()?;
                self.expect(")")?;
                Ok(inside)
            }
            Some(Word::Plain(path)) => self.comparison(path),
            other => Err(format!("Invalid q: expected a field, found {other:?}")),
        }
    }

    fn comparison(&mut self, path: String) -> Result<Filter, String> {
        let negated = self.takes_keyword("NOT");
        if self.takes_keyword("IN") {
            self.expect("(")?;
            let mut literals = vec![self.literal()?];
            while self.words.next_if_eq(&Word::Sign(",")).is_some() {
                literals.push(self.literal()?);
            }
            self.expect(")")?;
            return Ok(Filter::Among { path, literals, negated });
        }
        let operator = match self.words.next() {
            Some(Word::Sign("=")) => Operator::Is,
            Some(Word::Sign("!=")) => Operator::IsNot,
            Some(Word::Sign("~")) => Operator::Contains,
            Some(Word::Sign("!~")) => Operator::ContainsNot,
            Some(Word::Sign(">")) => Operator::Above,
            Some(Word::Sign(">=")) => Operator::AtLeast,
            Some(Word::Sign("<")) => Operator::Below,
            Some(Word::Sign("<=")) => Operator::AtMost,
            other => return Err(format!("Invalid q: expected an operator after {path}, found {other:?}")),
        };
        Ok(Filter::Compare { path, operator, literal: self.literal()? })
    }

    fn literal(&mut self) -> Result<Literal, String> {
        let word = match self.words.next() {
            Some(Word::Quoted(text)) => return Ok(Literal::Text(text)),
            Some(Word::Plain(word)) => word,
            other => return Err(format!("Invalid q: expected a value, found {other:?}")),
        };
        match word.to_ascii_lowercase().as_str() {
            "true" => Ok(Literal::Bool(true)),
            "false" => Ok(Literal::Bool(false)),
            "null" => Ok(Literal::Null),
            _ => {
                word.parse().map(Literal::Number).or_else(|_| word.parse().map(Literal::Time)).map_err(|_| {
                    format!("Invalid q: {word} is no number and no time with an offset; quote texts")
                })
            }
        }
    }

    fn takes_keyword(&mut self, keyword: &str) -> bool {
        let is = |word: &Word| matches!(word, Word::Plain(plain) if plain.eq_ignore_ascii_case(keyword));
        self.words.next_if(is).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.words.next() {
            Some(Word::Sign(found)) if found == sign => Ok(()),
            other => Err(format!("Invalid q: expected {sign}, found {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(filter: &str) -> bool {
        let item = json!({
            "id": 7, "deleted": false, "content": { "raw": "Please Fix" },
            "updated_on": "2026-11-24T10:00:00.000001+00:00", "state": "OPEN"
        });
        Filter::parse(filter).unwrap().matches(&item)
    }

    #[test]
    fn comparisons_follow_the_kind_of_value() {
        for yes in [
            "id = 7",
            "id>6 AND id<=7",
            "deleted=false",
            r#"content.raw ~ "please""#,
            r#"content.raw !~ "nothing""#,
            "inline = null",
            r#"state IN ("OPEN", "MERGED")"#,
            r#"state NOT IN ("MERGED")"#,
            "updated_on > 2026-11-24T12:00:00+02:00",
            r#"id = 1 OR (state = "OPEN" AND id != 8)"#,
        ] {
            assert!(matches(yes), "{yes}");
        }
        for no in ["id=8", "inline != null", "updated_on > 2026-11-24T10:00:00.000001Z", r#"state = "open""#]
        {
            assert!(!matches(no), "{no}");
        }
    }

    #[test]
    fn malformed_filter_is_refused() {
        let deep = "(".repeat(50);
        for bad in
            ["id", "id =", "= 3", "id = 3 x", "(id = 3", r#"a = "b"#, "a = yesterday", "!", deep.as_str()]
        {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
    }
}
