//! Resolution and deletion of comments.

use serde_json::Value;

use crate::Error;
use crate::bench::{Bench, has_moved};
use crate::findings::Answer;
use crate::question::Question;
use crate::sandbox::id_of;

pub(super) async fn resolution(bench: &Bench<'_>) -> Result<(), Error> {
    let comment = id_of(&bench.pr.comment_on_line("To be resolved").await?)?;
    bench.settle().await;
    let before = bench.pr.read_comment(comment).await?.ok_or(Error::Missing("comment"))?;
    bench.pr.resolve(comment).await?;
    let delivery = bench.arrival("pullrequest:comment_resolved", |one| one.is_about(comment)).await?;
    let is_shown = delivery.body.pointer("/comment/resolution").is_some_and(Value::is_object);
    bench.add(Question::ResolutionShown, Answer::yes(is_shown));
    bench.settle().await;
    let after = bench.pr.read_comment(comment).await?.ok_or(Error::Missing("comment"))?;
    bench.add(Question::ResolutionMoves, Answer::yes(has_moved(&before, &after)?));
    Ok(())
}

pub(super) async fn deletion(bench: &Bench<'_>) -> Result<(), Error> {
    let comment = id_of(&bench.pr.comment("To be deleted").await?)?;
    bench.settle().await;
    let before = bench.pr.read_comment(comment).await?.ok_or(Error::Missing("comment"))?;
    bench.pr.delete(comment).await?;
    bench.arrival("pullrequest:comment_deleted", |one| one.is_about(comment)).await?;
    bench.settle().await;
    let read = bench.pr.read_comment(comment).await?;
    let (_, listed) = bench.pr.comments(&[("pagelen", "100")]).await?;
    let listed = listed.into_iter().find(|shown| shown["id"] == comment);
    bench.add(Question::DeletedReadable, Answer::yes(read.is_some()));
    bench.add(Question::DeletedListed, Answer::yes(listed.is_some()));
    let after = read.or(listed).ok_or(Error::Inconclusive("no answer shows the deleted comment"))?;
    bench.add(Question::DeletionMoves, Answer::yes(has_moved(&before, &after)?));
    Ok(())
}
