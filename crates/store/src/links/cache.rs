//! A cache of links, so that a delivery costs no call to Secrets Manager.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use relay::LinkId;

use super::unknown::UnknownLinks;
use super::{Link, LinkDocument, LinkSource};
use crate::Error;

/// Time after which a link is loaded again.
const FRESH: SignedDuration = SignedDuration::from_mins(5);
/// Time after which a missing link is looked up again.
const MISSING: SignedDuration = SignedDuration::from_secs(30);
/// Longest time that a link is used while it cannot be loaded.
const STALE: SignedDuration = SignedDuration::from_hours(1);
/// Shortest time between a failed load and the next one, and between two loads for signatures that do not match.
/// Forged deliveries must not cause a flood of calls.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);
/// Shortest time between two loads of a link without a cached copy, if the first failed. Bitbucket resends a delivery
/// twice, at unknown times, so a longer pause could lose deliveries.
const SHORT_PAUSE: SignedDuration = SignedDuration::from_secs(1);
/// Largest number of cached links, missing ones included: anybody can request links that do not exist.
const MAX_ENTRIES: usize = 1_000;

/// Links from a source, cached for 5 minutes.
#[derive(Debug)]
pub struct CachedLinks<S> {
    source: S,
    entries: Mutex<HashMap<LinkId, Entry>>,
    /// The bound on look-ups of links that may not exist, if anybody can request links.
    unknown: Option<UnknownLinks>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// `None` if the link does not exist.
    document: Option<Arc<LinkDocument>>,
    /// Time of the last successful load, if there was one.
    loaded_at: Option<Timestamp>,
    /// Time and error of the last load, if it failed.
    failed: Option<(Timestamp, Error)>,
    /// Time of the last load for a signature that did not match.
    refreshed_at: Option<Timestamp>,
}

impl Entry {
    fn is_fresh(&self, now: Timestamp) -> bool {
        let limit = if self.document.is_some() { FRESH } else { MISSING };
        self.loaded_within(limit, now)
    }

    fn loaded_within(&self, limit: SignedDuration, now: Timestamp) -> bool {
        self.loaded_at.is_some_and(|at| within(at, limit, now))
    }

    /// Returns the error of the last load if it is too early for another one.
    fn recent_failure(&self, now: Timestamp) -> Option<Error> {
        let (at, error) = self.failed.as_ref()?;
        let pause = if self.document.is_none() { SHORT_PAUSE } else { PAUSE };
        within(*at, pause, now).then(|| error.clone())
    }
}

impl<S: LinkSource> CachedLinks<S> {
    /// Returns an empty cache of links from `source`.
    pub fn new(source: S) -> Self {
        Self { source, entries: Mutex::default(), unknown: None }
    }

    /// As [`CachedLinks::new`], with a bound on look-ups of links that may not exist: for links that anybody can
    /// request. It is for economy only.
    pub fn bounded(source: S) -> Self {
        Self { unknown: Some(UnknownLinks::default()), ..Self::new(source) }
    }

    /// Returns a link with its currently valid secrets; `None` if the link does not exist.
    ///
    /// While the source cannot be reached, a link that was loaded within the last hour is still used.
    ///
    /// # Errors
    ///
    /// [`Error::LinkInvalid`], [`Error::LinkWithoutSecret`], [`Error::TooManyUnknownLinks`]; the source's errors.
    pub async fn get(&self, link: &LinkId, now: Timestamp) -> Result<Option<Link>, Error> {
        let kept = self.entries().get(link).cloned();
        let entry = match kept {
            Some(entry) if entry.is_fresh(now) => entry,
            Some(entry) => match entry.recent_failure(now) {
                Some(error) => usable(link, &entry, error, now)?,
                None => self.reload(link, Some(entry), now).await?,
            },
            None => self.reload(link, None, now).await?,
        };
        entry.document.map(|document| document.at(now)).transpose()
    }

    /// Loads the link again after a signature did not match: its secrets may have been rotated. `None` if it was loaded
    /// for this reason within the last 30 seconds (the signature is forged then), or does not exist any more.
    ///
    /// # Errors
    ///
    /// As for [`CachedLinks::get`]. For 30 seconds after a failed load the source's error: during that time nobody can
    /// tell if the signature is forged.
    pub async fn refresh_after_mismatch(&self, link: &LinkId, now: Timestamp) -> Result<Option<Link>, Error> {
        let kept = self.entries().get(link).cloned();
        if let Some(entry) = &kept
            && entry.refreshed_at.is_some_and(|at| within(at, PAUSE, now))
        {
            return entry.failed.clone().map_or(Ok(None), |(_, error)| Err(error));
        }
        self.note(link, |entry| entry.refreshed_at = Some(now));
        let loaded = self.load(link, now).await;
        let entry = loaded.inspect_err(|error| self.note_failure(link, error, now))?;
        let entry = self.keep(link, Entry { refreshed_at: Some(now), ..entry });
        entry.document.map(|document| document.at(now)).transpose()
    }

    /// True if [`CachedLinks::get`] now refuses links that are not cached with [`Error::TooManyUnknownLinks`].
    pub fn has_no_look_up_left(&self, now: Timestamp) -> bool {
        self.unknown.as_ref().is_some_and(|unknown| unknown.left(now) == 0)
    }

    /// Loads a link that is not cached, or not fresh.
    async fn reload(&self, link: &LinkId, kept: Option<Entry>, now: Timestamp) -> Result<Entry, Error> {
        let known = kept.as_ref().is_some_and(|kept| kept.document.is_some());
        let unknown = self.unknown.as_ref().filter(|_| !known);
        // 5xx, not 4xx: the link may exist, and Bitbucket then sends the delivery again.
        if unknown.is_some_and(|unknown| !unknown.take(now)) {
            return Err(Error::TooManyUnknownLinks(link.clone()));
        }
        match (self.load(link, now).await, kept) {
            (Ok(entry), kept) => {
                if let Some(unknown) = unknown.filter(|_| entry.document.is_some()) {
                    unknown.give_back();
                }
                let refreshed_at = kept.and_then(|kept| kept.refreshed_at);
                Ok(self.keep(link, Entry { refreshed_at, ..entry }))
            }
            (Err(error), Some(kept)) => {
                self.note_failure(link, &error, now);
                usable(link, &kept, error, now)
            }
            (Err(error), None) => {
                let failed = Some((now, error.clone()));
                self.keep(link, Entry { document: None, loaded_at: None, failed, refreshed_at: None });
                Err(error)
            }
        }
    }

    async fn load(&self, link: &LinkId, now: Timestamp) -> Result<Entry, Error> {
        let secret = self.source.load(link).await?;
        let document = secret.map(|secret| LinkDocument::parse(link, &secret)).transpose()?.map(Arc::new);
        Ok(Entry { document, loaded_at: Some(now), failed: None, refreshed_at: None })
    }

    fn keep(&self, link: &LinkId, entry: Entry) -> Entry {
        let mut entries = self.entries();
        if entries.len() >= MAX_ENTRIES && !entries.contains_key(link) {
            // Missing links first, then the oldest.
            let dispensable =
                entries.iter().min_by_key(|(_, kept)| (kept.document.is_some(), kept.loaded_at));
            let dispensable = dispensable.map(|(link, _)| link.clone());
            dispensable.map(|link| entries.remove(&link));
        }
        entries.insert(link.clone(), entry.clone());
        entry
    }

    fn note(&self, link: &LinkId, change: impl FnOnce(&mut Entry)) {
        self.entries().get_mut(link).map(change);
    }

    fn note_failure(&self, link: &LinkId, error: &Error, now: Timestamp) {
        self.note(link, |entry| entry.failed = Some((now, error.clone())));
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<LinkId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the cached copy of a link that cannot be loaded, if it may still be used.
fn usable(link: &LinkId, kept: &Entry, error: Error, now: Timestamp) -> Result<Entry, Error> {
    // A link that somebody broke by hand must fail at once; only passing errors are bridged.
    if !error.retryable() || kept.document.is_none() || !kept.loaded_within(STALE, now) {
        return Err(error);
    }
    tracing::warn!(%link, %error, loaded_at = ?kept.loaded_at, "link could not be loaded; using the cached copy");
    Ok(kept.clone())
}

fn within(start: Timestamp, limit: SignedDuration, now: Timestamp) -> bool {
    now.duration_since(start) < limit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::links::memory::MemoryLinks;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    async fn loaded() -> (CachedLinks<MemoryLinks>, LinkId) {
        let (source, link) = (MemoryLinks::default(), "acme".parse().unwrap());
        source.set(&link, r#"{"version":1,"template":"t","unsigned":true}"#);
        let links = CachedLinks::new(source);
        links.get(&link, at(0)).await.unwrap();
        (links, link)
    }

    #[tokio::test]
    async fn missing_links_stay_bounded_and_push_out_no_other() {
        let (links, link) = loaded().await;
        for n in 0..1_500 {
            links.get(&format!("guess-{n}").parse().unwrap(), at(1)).await.unwrap();
        }
        assert_eq!(links.entries().len(), MAX_ENTRIES);
        let loads = links.source.loads();
        links.get(&link, at(2)).await.unwrap();
        assert_eq!(links.source.loads(), loads);
    }

    #[tokio::test]
    async fn load_between_mismatches_does_not_allow_a_flood() {
        let (links, link) = loaded().await;
        links.refresh_after_mismatch(&link, at(600)).await.unwrap();
        links.entries().get_mut(&link).unwrap().loaded_at = Some(at(0));
        links.get(&link, at(601)).await.unwrap();
        let loads = links.source.loads();
        assert!(links.refresh_after_mismatch(&link, at(602)).await.unwrap().is_none());
        assert_eq!(links.source.loads(), loads);
    }
}
