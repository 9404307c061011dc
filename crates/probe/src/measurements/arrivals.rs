//! Webhooks: signatures, texts, resends, and the lag of answers behind them.

use std::time::Duration;

use serde_json::Value;

use crate::Error;
use crate::bench::{Bench, LOOK};
use crate::findings::Answer;
use crate::question::Question;
use crate::sandbox::id_of;

/// A composed letter and a line break: the texts of webhooks and answers may differ in both.
const TEXT: &str = "A caf\u{e9}\nwith two lines";

/// Longest lag that is waited for.
const LONGEST_LAG: Duration = Duration::from_mins(2);

/// Longest wait for the next attempt of a webhook. Bitbucket does not document the interval.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);

/// Attempts after which no other is expected
/// (<https://support.atlassian.com/bitbucket-cloud/docs/troubleshoot-webhooks/>: "2 more times").
const ATTEMPTS: usize = 3;

pub(super) async fn signatures(bench: &Bench<'_>) -> Result<(), Error> {
    let delivery = bench.arrival("pullrequest:created", |_| true).await?;
    let right = bench.secret.sign(&delivery.raw);
    let (fitting, others): (Vec<_>, Vec<_>) =
        delivery.signatures.into_iter().partition(|(_, value)| *value == right);
    let names =
        |headers: Vec<(String, String)>| headers.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let (fitting, others) = (names(fitting), names(others));
    let mut text = if fitting.is_empty() { "none".to_owned() } else { fitting.join(", ") };
    if !others.is_empty() {
        text = format!("{text}; not as HMAC-SHA256: {}", others.join(", "));
    }
    bench.add(Question::Signatures, Answer::seen(fitting.into(), text));
    Ok(())
}

pub(super) async fn lag(bench: &Bench<'_>) -> Result<(), Error> {
    // Until it is known, a long one is assumed.
    bench.lag.set(LONGEST_LAG);
    let comment = id_of(&bench.pr.comment(TEXT).await?)?;
    let delivery = bench.arrival("pullrequest:comment_created", |one| one.is_about(comment)).await?;
    let (arrived_at, mut lag) = (bench.time.now(), Duration::ZERO);
    let shown = loop {
        if let Some(shown) = bench.pr.read_comment(comment).await? {
            break shown;
        }
        if lag > LONGEST_LAG {
            return Err(Error::Inconclusive("a new comment could not be read for two minutes"));
        }
        let is_short = lag < Duration::from_secs(5);
        bench.time.wait(if is_short { LOOK } else { 5 * LOOK }).await;
        lag = bench.time.now().duration_since(arrived_at).unsigned_abs();
    };
    bench.lag.set(lag);
    let seconds = lag.as_secs();
    let too_long = seconds > bench.setup.grace_seconds.min(bench.setup.margin_seconds).into();
    let advice =
        too_long.then(|| format!("GraceSeconds={0} and WindowMarginSeconds={0}, or more", seconds + 5));
    bench.add(Question::Lag, Answer::seen(seconds.into(), format!("{seconds} s")).advise(advice));

    let webhook = delivery.body.pointer("/comment/content/raw").and_then(Value::as_str);
    let answer = shown.pointer("/content/raw").and_then(Value::as_str);
    let text = match (webhook == answer, webhook == Some(TEXT), answer == Some(TEXT)) {
        (true, ..) => "yes",
        (_, true, _) => "no: answers change line ends or Unicode",
        (_, _, true) => "no: webhooks change line ends or Unicode",
        _ => "no: both change it, each in another way",
    };
    bench.add(Question::TextForm, Answer::seen((webhook == answer).into(), text));
    Ok(())
}

pub(super) async fn resend(bench: &Bench<'_>) -> Result<(), Error> {
    bench.listener.fail(true);
    let outcome = count_attempts(bench).await;
    bench.listener.fail(false);
    let requests = outcome?;
    let count = requests.len();
    bench.add(Question::Attempts, Answer::seen(count.into(), format!("{count} times")));
    let (Some(first), true) = (requests.first(), count > 1) else {
        return Err(Error::Inconclusive("no second attempt came within two minutes"));
    };
    let keeps = requests.iter().all(|request| request == first);
    let text = if keeps { "yes" } else { "no; bitrelay also compares bodies" };
    bench.add(Question::ResendId, Answer::seen(keeps.into(), text));
    Ok(())
}

/// Returns the request id of each attempt of one webhook.
async fn count_attempts(bench: &Bench<'_>) -> Result<Vec<String>, Error> {
    let comment = id_of(&bench.pr.comment("This webhook is answered 500").await?)?;
    bench.arrival("pullrequest:comment_created", |one| one.is_about(comment)).await?;
    let attempts = || {
        let deliveries = bench.listener.deliveries().into_iter().filter(|one| one.is_about(comment));
        deliveries.map(|one| one.request).collect::<Vec<_>>()
    };
    let (mut count, mut last_at) = (1, bench.time.now());
    while count < ATTEMPTS && bench.time.now().duration_since(last_at).unsigned_abs() < LONGEST_PAUSE {
        bench.time.wait(5 * LOOK).await;
        if attempts().len() > count {
            (count, last_at) = (attempts().len(), bench.time.now());
        }
    }
    Ok(attempts())
}
