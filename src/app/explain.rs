//! Why two filings of a store are, or are not, one case.

use super::link::{LinkError, decode};
use crate::{
    matching::{Evidence, Linker, Model},
    store::{Page, Store, StoreError, cases, links, reviews, submissions},
};

/// Fingerprints read at a time.
const CHUNK: i64 = 10_000;

#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no filing or case {0}; name it by its id, its case code, or PLATFORM/SOURCE_ID")]
    Unknown(String),
    #[error("both are the filing {0}")]
    Same(String),
    #[error("the stored evidence between {0} and {1} cannot be read")]
    Evidence(String, String, #[source] serde_json::Error),
}

/// The evidence between two filings.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Explained {
    /// The later filing's id, and the other's.
    pub submission: String,
    pub other: String,
    /// Who decided on this evidence; absent if the two were not compared, and the evidence is made for the occasion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    pub model: String,
    pub model_digest: String,
    #[serde(flatten)]
    pub evidence: Evidence,
}

/// The evidence on which two filings, or two cases, were decided: the strongest stored. Where none is stored, the two (of a
/// case its first filing) are compared now, under a model and what the log so far says is common. Blocks.
pub fn explain(store: &Store, model: Model, a: &str, b: &str) -> Result<Explained, ExplainError> {
    let (ours, theirs) = (named(store, a)?, named(store, b)?);
    let (Some(first), Some(other)) = (ours.first(), theirs.first()) else { return Err(ExplainError::Unknown(a.to_owned())) };
    if first == other {
        return Err(ExplainError::Same(a.to_owned()));
    }
    if let Some(found) = store.read(|c| reviews::strongest_between(c, &ours, &theirs))? {
        let evidence = serde_json::from_value(found.evidence)
            .map_err(|source| ExplainError::Evidence(found.submission_id.clone(), found.other_id.clone(), source))?;
        return Ok(Explained {
            submission: found.submission_id,
            other: found.other_id,
            decided_by: Some(found.decided_by),
            model: found.model_name,
            model_digest: found.model_digest,
            evidence,
        });
    }
    compare(store, model, (*first).max(*other), (*first).min(*other))
}

fn compare(store: &Store, model: Model, later: i64, earlier: i64) -> Result<Explained, ExplainError> {
    let (name, digest) = (model.name().to_owned(), model.digest().to_owned());
    let mut linker = Linker::new(model);
    let mut position = 0;
    loop {
        let rows = store.read(|c| submissions::fold(c, position, CHUNK))?;
        let full = rows.len() as i64 == CHUNK;
        for row in rows {
            linker.learn(&decode(row.seq, &row.fingerprint)?);
            position = row.seq;
        }
        if !full {
            break;
        }
    }
    linker.settle();
    let found = store.read(|c| submissions::find_many(c, store.sealer(), &[later, earlier]))?;
    let of = |seq: i64| found.iter().find(|found| found.seq == seq).ok_or_else(|| ExplainError::Unknown(seq.to_string()));
    let (later, earlier) = (of(later)?, of(earlier)?);
    let evidence = linker.explain(&decode(later.seq, &later.fingerprint)?, &decode(earlier.seq, &earlier.fingerprint)?);
    let (submission, other) = (later.id.clone(), earlier.id.clone());
    Ok(Explained { submission, other, decided_by: None, model: name, model_digest: digest, evidence })
}

/// Positions of what a name stands for: a filing, or the first filings of a case.
fn named(store: &Store, name: &str) -> Result<Vec<i64>, ExplainError> {
    let found = store.read(|c| {
        if let Some(filing) = submissions::find(c, store.sealer(), name)? {
            return Ok(vec![filing.seq]);
        }
        if let Some(case) = cases::find(c, name)? {
            return Ok(links::of_case(c, &case.id, Page::beyond(0))?.iter().map(|link| link.submission_seq).collect());
        }
        let Some((platform, source_id)) = name.split_once('/') else { return Ok(Vec::new()) };
        let filter = submissions::SubmissionFilter {
            platform: Some(platform.to_owned()),
            source_id: Some(source_id.to_owned()),
            ..submissions::SubmissionFilter::default()
        };
        let found = submissions::list(c, store.sealer(), &filter, Page::new(None, 1))?;
        Ok::<_, StoreError>(found.iter().map(|filing| filing.seq).collect())
    })?;
    if found.is_empty() { Err(ExplainError::Unknown(name.to_owned())) } else { Ok(found) }
}
