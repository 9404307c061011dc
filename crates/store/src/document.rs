//! Versioned documents: one item each, with JSON as text.

use std::future::Future;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use crate::Error;
use crate::codec::{self, corrupt, item, json, read};

/// A document of the table, stored as a whole and only on top of the version that was read. Sealed: the table holds
/// budgets, authorizations and kept deliveries.
pub trait Document: Stored {
    /// The thing that the document is about.
    type Key: Sync;
}

/// The form of a document in the table. It cannot be named outside this crate, which seals [`Document`].
pub trait Stored: Default + Serialize + DeserializeOwned + Send + Sync {
    /// The `sk` and the `kind` of the item.
    const KIND: &'static str;

    /// The partition key of the item.
    fn pk(key: &Self::Key) -> String
    where
        Self: Document;

    /// Number of times that the document was stored.
    fn version(&self) -> u64;

    /// Time after which DynamoDB may delete the item.
    fn expires_at(&self) -> Timestamp;

    /// Partition and time at which the index `due` lists the document; `None` if it does not.
    fn due(&self) -> Option<(String, Timestamp)> {
        None
    }
}

/// Versioned documents: one item each, stored only on top of the version that was read.
pub trait Documents: Send + Sync {
    /// A document, by one strongly consistent read; the default (version 0) if none is stored.
    fn read_document<D: Document>(&self, key: &D::Key) -> impl Future<Output = Result<D, Error>> + Send;

    /// Stores a document, if the stored one is one version before it. False if it is not.
    fn store_document<D: Document>(
        &self,
        key: &D::Key,
        document: &D,
    ) -> impl Future<Output = Result<bool, Error>> + Send;
}

#[derive(Debug, Serialize, Deserialize)]
struct DocumentItem {
    pk: String,
    sk: String,
    kind: String,
    version: u64,
    /// JSON as text.
    document: String,
    /// DynamoDB deletes the item some time after this, in seconds since 1970.
    expires_at: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_partition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at_ms: Option<i64>,
}

pub(crate) fn encode<D: Document>(key: &D::Key, document: &D) -> Result<Item, Error> {
    let pk = D::pk(key);
    let (due_partition, due_at) = document.due().unzip();
    let stored = DocumentItem {
        pk: pk.clone(),
        sk: D::KIND.to_owned(),
        kind: D::KIND.to_owned(),
        version: document.version(),
        document: json(&pk, D::KIND, document)?,
        expires_at: document.expires_at().as_second(),
        due_partition,
        due_at_ms: due_at.map(codec::rounded_up_ms),
    };
    item(&pk, D::KIND, stored)
}

/// Reads a document's item; the default if there is none.
pub(crate) fn decode<D: Document>(item: Option<Item>) -> Result<D, Error> {
    let Some(item) = item else { return Ok(D::default()) };
    let stored: DocumentItem = read(item)?;
    serde_json::from_str(&stored.document).map_err(|error| corrupt(&stored.pk, &stored.sk, &error))
}

/// Reads a document, applies `step` and stores the result; repeats if another writer was faster.
///
/// A result is stored only on top of the document that `step` received: *safety* against two writers at once.
pub(crate) async fn update<T: Documents, D: Document, R, E: From<Error>>(
    table: &T,
    key: &D::Key,
    max_attempts: u32,
    mut step: impl FnMut(&mut D) -> Result<R, E>,
) -> Result<R, E> {
    for _ in 0..max_attempts {
        let mut document = table.read_document(key).await?;
        let outcome = step(&mut document)?;
        if table.store_document(key, &document).await? {
            return Ok(outcome);
        }
    }
    Err(Error::Contended { attempts: max_attempts }.into())
}
