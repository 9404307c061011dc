//! Asking a person, and reading what is piped in.

use std::io::{BufRead, Read, Write};

use secrecy::SecretString;

/// The most that is read from the standard input.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// Whoever answers questions.
pub trait Terminal {
    /// Asks for something that may be seen. Empty where nothing was typed.
    ///
    /// # Errors
    ///
    /// Where there is nobody to ask.
    fn ask(&mut self, question: &str) -> std::io::Result<String>;

    /// Asks for a secret; what is typed is not shown.
    ///
    /// # Errors
    ///
    /// Where there is nobody to ask.
    fn ask_secret(&mut self, question: &str) -> std::io::Result<SecretString>;

    /// Everything that is piped in, up to 64 KiB.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    fn input(&mut self) -> std::io::Result<SecretString>;
}

/// The person at the machine's terminal. Questions go to the error stream: the output may be read by a program.
#[derive(Debug, Clone, Copy, Default)]
pub struct Console;

impl Terminal for Console {
    fn ask(&mut self, question: &str) -> std::io::Result<String> {
        write!(std::io::stderr(), "{question}: ")?;
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().take(MAX_INPUT_BYTES).read_line(&mut answer)?;
        if answer.is_empty() {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "there is nobody to ask"));
        }
        Ok(answer.trim().to_owned())
    }

    fn ask_secret(&mut self, question: &str) -> std::io::Result<SecretString> {
        Ok(rpassword::prompt_password(format!("{question} (not shown): "))?.into())
    }

    fn input(&mut self) -> std::io::Result<SecretString> {
        let mut text = String::new();
        std::io::stdin().lock().take(MAX_INPUT_BYTES).read_to_string(&mut text)?;
        Ok(text.into())
    }
}
