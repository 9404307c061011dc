//! A terminal with prepared answers.

use std::collections::VecDeque;

use cli::Terminal;
use secrecy::SecretString;

/// Prepared answers, in order, and the standard input.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) answers: VecDeque<String>,
    pub(crate) input: String,
    pub(crate) asked: Vec<String>,
}

impl Script {
    pub(crate) fn answering(answers: &[&str]) -> Self {
        Self { answers: answers.iter().map(|answer| (*answer).to_owned()).collect(), ..Self::default() }
    }

    pub(crate) fn piping(input: &str) -> Self {
        Self { input: input.to_owned(), ..Self::default() }
    }

    fn next(&mut self, question: &str) -> std::io::Result<String> {
        self.asked.push(question.to_owned());
        self.answers.pop_front().ok_or_else(|| std::io::Error::other("there is nobody to ask"))
    }
}

impl Terminal for Script {
    fn ask(&mut self, question: &str) -> std::io::Result<String> {
        self.next(question)
    }

    fn ask_secret(&mut self, question: &str) -> std::io::Result<SecretString> {
        self.next(question).map(Into::into)
    }

    fn input(&mut self) -> std::io::Result<SecretString> {
        Ok(std::mem::take(&mut self.input).into())
    }
}
