//! The answers, as a table and as JSON.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::question::{Question, Setup};

/// The answer to a question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It was measured.
    Seen {
        /// The answer in JSON.
        value: Value,
        /// The answer in words.
        text: String,
        /// The parameter to set, if the deployment's does not fit.
        advice: Option<String>,
    },
    /// It could not be measured, for this reason.
    Unmeasured(String),
}

impl Answer {
    /// The answer yes or no.
    pub(crate) fn yes(is_so: bool) -> Self {
        Self::seen(is_so.into(), if is_so { "yes" } else { "no" })
    }

    /// An answer without advice.
    pub(crate) fn seen(value: Value, text: impl Into<String>) -> Self {
        Self::Seen { value, text: text.into(), advice: None }
    }

    pub(crate) fn advise(self, new: Option<String>) -> Self {
        match self {
            Self::Seen { value, text, .. } => Self::Seen { value, text, advice: new },
            unmeasured @ Self::Unmeasured(_) => unmeasured,
        }
    }
}

/// The answers to all questions so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Findings(BTreeMap<Question, Answer>);

impl Findings {
    pub(crate) fn add(&mut self, question: Question, answer: Answer) {
        self.0.insert(question, answer);
    }

    /// Gives the questions that have no answer yet a reason.
    pub(crate) fn give_up(&mut self, questions: &[Question], reason: &str) {
        for question in questions {
            self.0.entry(*question).or_insert_with(|| Answer::Unmeasured(reason.to_owned()));
        }
    }

    /// The answer to a question.
    pub fn answer(&self, question: Question) -> Answer {
        self.0
            .get(&question)
            .cloned()
            .unwrap_or_else(|| Answer::Unmeasured("the probe ended before".to_owned()))
    }

    /// The value of an answer; `Null` if it was not measured.
    pub fn value(&self, question: Question) -> Value {
        match self.answer(question) {
            Answer::Seen { value, .. } => value,
            Answer::Unmeasured(_) => Value::Null,
        }
    }

    /// Number of questions without an answer.
    pub fn unmeasured(&self) -> usize {
        Question::ALL
            .iter()
            .filter(|question| matches!(self.answer(**question), Answer::Unmeasured(_)))
            .count()
    }

    /// The report as cells of a table: question, assumed, seen, and the parameter to set.
    pub fn rows(&self, setup: Setup) -> Vec<[String; 4]> {
        let row = |question: &Question| {
            let (seen, advice) = match self.answer(*question) {
                Answer::Seen { text, advice, .. } => (text, advice.unwrap_or_default()),
                Answer::Unmeasured(reason) => (format!("not measured: {reason}"), String::new()),
            };
            [question.text().to_owned(), question.assumed(setup), seen, advice]
        };
        Question::ALL.iter().map(row).collect()
    }

    /// The report as JSON: an object for each question.
    pub fn json(&self, setup: Setup) -> Value {
        let object = |question: &Question| {
            let (id, text, assumed) = (question.id(), question.text(), question.assumed(setup));
            match self.answer(*question) {
                Answer::Seen { value, text: seen_text, advice } => json!({
                    "question": id, "text": text, "assumed": assumed,
                    "seen": value, "seen_text": seen_text, "set": advice,
                }),
                Answer::Unmeasured(reason) => {
                    json!({ "question": id, "text": text, "assumed": assumed, "unmeasured": reason })
                }
            }
        };
        Question::ALL.iter().map(object).collect()
    }
}
