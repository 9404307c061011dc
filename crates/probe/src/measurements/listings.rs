//! Listings: sorting, filters and states.

use crate::Error;
use crate::bench::{Bench, time_of};
use crate::findings::Answer;
use crate::question::Question;
use crate::sandbox::{id_of, refused};

pub(super) async fn listings(bench: &Bench<'_>) -> Result<(), Error> {
    let mut ids = Vec::new();
    for text in ["The older one", "The newer one"] {
        ids.push(id_of(&bench.pr.comment(text).await?)?);
        bench.settle().await;
    }
    let [older, newer] = ids.as_slice() else { return Ok(()) };

    let (status, sorted) = bench.pr.comments(&[("sort", "-updated_on"), ("pagelen", "100")]).await?;
    let place = |id: u64| sorted.iter().position(|comment| id_of(comment).ok() == Some(id));
    let is_sorted = place(*newer).is_some() && place(*newer) < place(*older);
    bench.add(Question::SortByTime, outcome(status, is_sorted));

    let shown = bench.pr.read_comment(*older).await?.ok_or(Error::Missing("comment"))?;
    let written_at = time_of(&shown)?;
    let later = format!("updated_on > \"{written_at}\"");
    let (status, later) = bench.pr.comments(&[("q", &later), ("pagelen", "100")]).await?;
    let has = |id: u64| later.iter().any(|comment| id_of(comment).ok() == Some(id));
    bench.add(Question::FilterByTime, outcome(status, has(*newer) && !has(*older)));

    let query = [("state", "QUEUED"), ("pagelen", "1")];
    let (status, answer) = bench.pr.sandbox.list(&["pullrequests"], &query).await?;
    match status {
        200 => bench.add(Question::QueuedState, Answer::yes(true)),
        400 => bench.add(Question::QueuedState, outcome(status, false)),
        _ => return Err(refused("list queued pull requests", status, &answer)),
    }
    Ok(())
}

fn outcome(status: u16, works: bool) -> Answer {
    match (status, works) {
        (400, _) => Answer::seen(false.into(), "no: it is answered 400"),
        (_, true) => Answer::yes(true),
        (_, false) => Answer::seen(false.into(), "no: it is ignored"),
    }
}
