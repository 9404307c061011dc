//! The name of the stack, a dimension of every metric.

use std::str::FromStr;

use serde::Serialize;

use crate::error::Error;

/// Longest name of a stack.
const MAX_CHARS: usize = 128;

/// Name of a CloudFormation stack: letters, digits and dashes
/// (<https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Stack(String);

impl FromStr for Stack {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if text.is_empty() || text.len() > MAX_CHARS || !text.chars().all(allowed) {
            return Err(Error::StackInvalid(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}
