//! The one transaction of an observation.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use crate::Error;
use crate::aws::{DYNAMODB, failure};
use crate::commit::CommitError;
use crate::transaction::{Condition, Role, Write, WriteRefusal, commit_error};

/// Executes all of the writes or none. A single write needs no transaction, which would cost double.
///
/// The SDK gives each call its own `ClientRequestToken` and keeps it in retries. If the answer to the first attempt is
/// lost, the retry therefore does not look like a conflict
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html>).
pub(super) async fn write(client: &Client, table: &str, writes: Vec<Write>) -> Result<(), CommitError> {
    if let [only] = writes.as_slice() {
        return write_alone(client, table, only).await;
    }
    let puts = writes.iter().map(|write| put(table, write)).collect::<Result<Vec<_>, Error>>()?;
    let sent = client.transact_write_items().set_transact_items(Some(puts)).send().await;
    let Err(error) = sent else { return Ok(()) };
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            Err(cancellation(&writes, cancelled.cancellation_reasons(), cancelled.message()))
        }
        // These pass in moments. Folding again costs little and starts from the then current state.
        Some(
            TransactWriteItemsError::TransactionInProgressException(_)
            | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
            | TransactWriteItemsError::RequestLimitExceeded(_)
            | TransactWriteItemsError::ThrottlingException(_),
        ) => Err(CommitError::Conflict),
        _ => Err(failure(DYNAMODB, "TransactWriteItems", &error).into()),
    }
}

/// If the answer to a first attempt is lost, the SDK's next one looks like a conflict, and the observation is folded
/// again on the state that has it already. That concludes nothing new: only another poll, a grace period later, confirms
/// what a poll found.
async fn write_alone(client: &Client, table: &str, write: &Write) -> Result<(), CommitError> {
    let (condition, version) = condition(write);
    let put = client
        .put_item()
        .table_name(table)
        .set_item(Some(write.item.clone().into()))
        .set_condition_expression(condition)
        .set_expression_attribute_values(version);
    match put.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => {
                Err(commit_error([(write, WriteRefusal::Condition(None))]))
            }
            Some(
                PutItemError::TransactionConflictException(_)
                | PutItemError::ProvisionedThroughputExceededException(_)
                | PutItemError::RequestLimitExceeded(_)
                | PutItemError::ThrottlingException(_),
            ) => Err(CommitError::Conflict),
            _ => Err(failure(DYNAMODB, "PutItem", &error).into()),
        },
    }
}

/// Returns a condition as an expression, and its values.
fn condition(write: &Write) -> (Option<String>, Option<HashMap<String, AttributeValue>>) {
    match write.condition {
        Condition::None => (None, None),
        Condition::Absent => (Some("attribute_not_exists(pk)".to_owned()), None),
        Condition::VersionIs(version) => {
            let version = (":version".to_owned(), AttributeValue::N(version.to_string()));
            (Some("version = :version".to_owned()), Some(HashMap::from([version])))
        }
    }
}

fn put(table: &str, write: &Write) -> Result<TransactWriteItem, Error> {
    let (condition, version) = condition(write);
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(write.item.clone().into()))
        .set_condition_expression(condition)
        .set_expression_attribute_values(version);
    let put = match write.role {
        // The stored mark distinguishes a resend from another delivery with an equal body.
        Role::Delivery(_) => {
            put.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        }
        _ => put,
    };
    let put = put.build().map_err(|error| Error::Refused {
        service: DYNAMODB,
        operation: "TransactWriteItems",
        code: None,
        reason: error.to_string(),
    })?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Reasons come in the order of the writes, one for each; `None` for a write that was not refused.
fn cancellation(writes: &[Write], reasons: &[CancellationReason], words: Option<&str>) -> CommitError {
    let refused = writes.iter().zip(reasons).filter_map(|(write, reason)| Some((write, refusal(reason)?)));
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() {
        let reason = format!("the transaction was cancelled: {}", words.unwrap_or("no reason was given"));
        return Error::Refused { service: DYNAMODB, operation: "TransactWriteItems", code: None, reason }
            .into();
    }
    commit_error(refused)
}

/// The codes are listed in
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html#API_TransactWriteItems_Errors>.
fn refusal(reason: &CancellationReason) -> Option<WriteRefusal> {
    match reason.code().unwrap_or("None") {
        "None" => None,
        "ConditionalCheckFailed" => {
            let there = reason.item().filter(|item| !item.is_empty());
            Some(WriteRefusal::Condition(there.map(|item| item.clone().into())))
        }
        "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded" => {
            Some(WriteRefusal::Busy)
        }
        code => {
            Some(WriteRefusal::Other(format!("{code}: {}", reason.message().unwrap_or("no explanation"))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No emulator returns these codes; they are as DynamoDB documents them.
    fn cancelled_with(codes: &[&str]) -> CommitError {
        let write = |role| Write { role, condition: Condition::Absent, item: serde_dynamo::Item::default() };
        let writes = [write(Role::State), write(Role::Event)];
        let reasons: Vec<_> =
            codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        cancellation(&writes, &reasons, Some("words"))
    }

    #[test]
    fn passing_code_is_a_conflict() {
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            assert_eq!(cancelled_with(&["None", code]), CommitError::Conflict, "{code}");
        }
    }

    #[test]
    fn lasting_code_is_an_error() {
        for codes in [&["ValidationError", "None"][..], &["None", "AccessDenied"], &["None", "None"], &[]] {
            let CommitError::Failed(error) = cancelled_with(codes) else { panic!("{codes:?}") };
            assert_eq!((error.status(), error.retryable()), (500, false), "{error}");
        }
        assert!(matches!(cancelled_with(&["ItemCollectionSizeLimitExceeded"]), CommitError::Failed(_)));
    }
}
