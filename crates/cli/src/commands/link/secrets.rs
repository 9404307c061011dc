//! Sources of a link's secrets: questions, the standard input, arguments, or random bytes.

use secrecy::{ExposeSecret, SecretString};
use store::links::{Given, Template};

use crate::Error;
use crate::args::{KeyValue, SecretsFrom};
use crate::session::Session;

/// Random bytes of a webhook secret: as many as HMAC-SHA256 uses. In hex they have 64 characters; Bitbucket takes 128.
const SECRET_BYTES: usize = 32;

/// Parts of a credential, and the webhook secret if one was given.
pub(super) struct Answers {
    pub(super) credential: Given,
    pub(super) webhook_secret: Option<SecretString>,
}

/// Reads the parts of a credential from the standard input, from arguments, or by questions.
pub(super) fn answers(
    session: &mut Session<'_, '_>,
    template: Template,
    from: SecretsFrom,
) -> Result<Answers, Error> {
    let mut credential = if from.stdin {
        lines(session.environment.terminal.input()?.expose_secret())?
    } else if from.kv.is_empty() {
        asked(session, template)?
    } else {
        session.warn(
            "warning: a secret in an argument stays in your shell's history and shows in the list of processes; use --stdin",
        );
        if from.kv.iter().any(|given| given.key.is_empty()) {
            return Err(Error::Usage("--kv takes KEY=VALUE".to_owned()));
        }
        from.kv.into_iter().map(|KeyValue { key, value }| (key, value)).collect()
    };
    let webhook_secret = credential.remove("webhook_secret");
    Ok(Answers { credential, webhook_secret })
}

/// Parses lines KEY=VALUE. An error names the line's number only, because its text may be a secret.
fn lines(text: &str) -> Result<Given, Error> {
    let wrong = |number: usize| Error::Usage(format!("line {} of the input is not KEY=VALUE", number + 1));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let KeyValue { key, value } = KeyValue::read(line).ok_or_else(|| wrong(number))?;
            Ok((key, value))
        })
        .collect()
}

fn asked(session: &mut Session<'_, '_>, template: Template) -> Result<Given, Error> {
    let mut given = Given::new();
    for part in template.parts() {
        let terminal = &mut session.environment.terminal;
        let answer =
            if part.secret { terminal.ask_secret(part.label)? } else { terminal.ask(part.label)?.into() };
        given.insert(part.name.to_owned(), answer);
    }
    Ok(given)
}

/// Returns a new random webhook secret.
pub(super) fn random_secret() -> Result<SecretString, Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(format!("no random bytes: {error}")))?;
    Ok(hex::encode(bytes).into())
}
