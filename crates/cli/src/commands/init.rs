//! `init`: creates a checked link for a deployed stack, step by step.

use bitbucket::client::HookPlace;
use relay::LinkId;
use store::links::Template;

use super::{doctor, hooks, link};
use crate::Error;
use crate::args::{HookPlaces, LinkCommand, SecretsFrom};
use crate::session::Session;

/// Largest number of times that one question is asked.
const MAX_QUESTIONS: u32 = 5;

/// Creates a link and its hook, and checks both.
pub(crate) async fn init(session: &mut Session<'_, '_>) -> Result<(), Error> {
    if session.config.stack.is_none() && session.config.table.is_none() {
        session.config.stack = Some(answer(session, "Name of the CloudFormation stack", not_empty)?);
    }
    // Reports a wrong stack before the next question.
    session.table_name().await?;
    let id: LinkId = match session.config.link.clone() {
        Some(id) => id,
        None => answer(session, "Id for the new link (lower-case letters, digits, dashes)", |text| {
            text.parse().map_err(|error: relay::Error| error.to_string())
        })?,
    };
    session.config.link = Some(id.clone());
    let template = answer(session, &choices(), template)?;
    let create = LinkCommand::Create {
        id: id.clone(),
        template,
        from: SecretsFrom::default(),
        unsigned: false,
        sweep: Vec::new(),
    };
    link::run(create, session).await?;
    if matches!(template, Template::Webhook | Template::AppOauth) {
        session.warn("then check the link: `bitrelay doctor`");
        return Ok(());
    }
    link::run(LinkCommand::Test { id: Some(id), repository: None }, session).await?;
    let question = "Place of the hook (WORKSPACE/SLUG, or WORKSPACE for all its repositories)";
    let place = answer(session, question, |text| text.parse::<HookPlace>().map_err(str::to_owned))?;
    let mut places = HookPlaces::default();
    match place {
        HookPlace::Repository(_) => places.repository.push(place),
        HookPlace::Workspace(_) => places.workspace.push(place),
    }
    hooks::sync(session, &places).await?;
    doctor::doctor(session, true).await
}

/// Asks until the answer can be used.
fn answer<T>(
    session: &mut Session<'_, '_>,
    question: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Error> {
    for _ in 0..MAX_QUESTIONS {
        let text = session.environment.terminal.ask(question)?;
        match read(text.trim()) {
            Ok(answer) => return Ok(answer),
            Err(reason) => session.warn(&reason),
        }
    }
    Err(Error::Usage("no valid answer after 5 questions; run `bitrelay init` again".to_owned()))
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("a name is needed".to_owned()) } else { Ok(text.to_owned()) }
}

fn choices() -> String {
    let lines = (1..).zip(Template::ALL).map(|(number, template)| format!("  {number} {template}\n"));
    format!("Which credential does the link use?\n{}Number or name", lines.collect::<String>())
}

fn template(text: &str) -> Result<Template, String> {
    let number: Option<usize> = text.parse().ok();
    let chosen = number.and_then(|number| Template::ALL.get(number.checked_sub(1)?).copied());
    chosen.map_or_else(|| text.parse(), Ok)
}
