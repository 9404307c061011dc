//! Questions to a person, and the standard input.

use std::io::{BufRead, Read, Write};

use secrecy::SecretString;

/// Largest input from the standard input, in bytes.
const MAX_INPUT_BYTES: u64 = 64 * 1024;

/// Answers questions and reads the standard input.
pub trait Terminal {
    /// Asks a question whose answer is shown while it is typed. Returns an empty text for an empty line.
    ///
    /// # Errors
    ///
    /// Fails if there is no terminal, or the input has ended.
    fn ask(&mut self, question: &str) -> std::io::Result<String>;

    /// Asks for a secret, which is not shown while it is typed.
    ///
    /// # Errors
    ///
    /// Fails if there is no terminal, or the input has ended.
    fn ask_secret(&mut self, question: &str) -> std::io::Result<SecretString>;

    /// Reads the standard input, up to 64 KiB.
    ///
    /// # Errors
    ///
    /// Fails if the standard input cannot be read.
    fn input(&mut self) -> std::io::Result<SecretString>;
}

/// The process's terminal. Questions go to the error stream, because a program may read the output.
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
