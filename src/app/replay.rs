//! Folding the log again from nothing, to see that it gives the cases and matters that are stored.

use serde::Serialize;

use super::link::{LinkError, Rulings, decode, signed, unsigned};
use crate::{
    matching::{Linker, Model},
    store::{
        Page, Store,
        consistency::{self, Placed},
        rulings, submissions,
    },
};

/// Rows read at a time.
const CHUNK: i64 = 10_000;
/// Differences told one by one; the others are counted.
const TOLD: usize = 20;

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Replay {
    /// Submissions folded in again.
    pub submissions: u64,
    /// Registered, but not linked yet; no difference.
    pub unlinked: u64,
    pub rulings: u64,
    pub cases: u64,
    pub matters: u64,
    pub model: String,
    pub model_digest: String,
    /// Models that stored matches name beside this one, by digest.
    pub other_models: Vec<String>,
    pub differences: u64,
    /// The first few of them.
    pub first: Vec<Difference>,
}

/// One thing that the replay and the store do not agree about. Cases and matters are named by founding positions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: What,
    /// Position in the log of submissions, or the ruling's number.
    pub position: i64,
    /// The submission, case or matter it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    pub stored: String,
    pub replayed: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The matcher put the submission elsewhere.
    Decision,
    /// The submission belongs to another case, rulings folded in.
    Case,
    /// The submission's case belongs to another matter.
    Matter,
    /// A ruling cannot be folded in.
    Ruling,
    /// A submission has no link, though later ones do.
    NotLinked,
    /// A case says that it has another number of submissions than it has.
    CaseSize,
    /// A matter says that it has another number of cases than it has.
    MatterSize,
}

impl Replay {
    fn differs(&mut self, what: What, position: i64, subject: Option<&str>, stored: &dyn ToString, replayed: &dyn ToString) {
        self.differences += 1;
        if self.first.len() < TOLD {
            let (stored, replayed) = (stored.to_string(), replayed.to_string());
            self.first.push(Difference { what, position, subject: subject.map(str::to_owned), stored, replayed });
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error("people made rulings while the log was replayed; replay again")]
    RulingBetween,
}

/// Folds the stored log and rulings under a model and compares. Changes nothing. `progress` is told how many submissions
/// are done. Blocks; memory as the linker's.
pub fn replay(store: &Store, model: Model, mut progress: impl FnMut(u64)) -> Result<Replay, ReplayError> {
    let mut found =
        Replay { model: format!("{} {}", model.name(), model.version()), model_digest: model.digest().to_owned(), ..Replay::default() };
    let mut linker = Linker::new(model);
    let mut rulings = Rulings::after(store, 0);
    let mut position = 0;
    loop {
        let rows = store.read(|c| consistency::placed(c, position, CHUNK))?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            fold_rulings(&mut rulings, &mut linker, position, &mut found)?;
            decide(&mut linker, row, &mut found)?;
            position = row.seq;
        }
        progress(found.submissions);
    }
    fold_rulings(&mut rulings, &mut linker, position, &mut found)?;
    found.rulings = rulings.count;
    compare(store, &linker, position, &mut found)?;
    count(store, position, &mut found)?;
    if store.read(rulings::last)? != rulings.folded {
        return Err(ReplayError::RulingBetween);
    }
    let own = found.model_digest.clone();
    found.other_models = store.read(consistency::model_digests)?.into_iter().filter(|digest| *digest != own).collect();
    Ok(found)
}

/// A ruling that does not fit what was replayed is a difference; the fold goes on without it.
fn fold_rulings(rulings: &mut Rulings<'_>, linker: &mut Linker, position: i64, found: &mut Replay) -> Result<(), LinkError> {
    while let Some(order) = rulings.next_up_to(position)? {
        if let Err(error) = linker.apply(&order.ruling) {
            found.differs(What::Ruling, order.seq, None, &"folded in", &error);
        }
    }
    Ok(())
}

fn decide(linker: &mut Linker, row: &Placed, found: &mut Replay) -> Result<(), LinkError> {
    let fingerprint = decode(row.seq, &row.fingerprint)?;
    let outcome = linker.decide(&fingerprint);
    let seq = unsigned(row.seq);
    let case = outcome.case.unwrap_or(seq);
    linker.insert(seq, &fingerprint, case, outcome.matter);
    found.submissions += 1;
    let (stored, replayed) = ((row.decided_case, row.decided_matter), (signed(case), outcome.matter.map(signed)));
    if stored != replayed {
        found.differs(What::Decision, row.seq, Some(&row.id), &place(stored), &place(replayed));
    }
    Ok(())
}

fn place((case, matter): (i64, Option<i64>)) -> String {
    let matter = matter.map_or_else(|| "of its own".to_owned(), |matter| matter.to_string());
    format!("case {case}, matter {matter}")
}

/// Where every submission is after all rulings, against where the store has it.
fn compare(store: &Store, linker: &Linker, last: i64, found: &mut Replay) -> Result<(), ReplayError> {
    let mut position = 0;
    while position < last {
        let rows = store.read(|c| consistency::placed(c, position, CHUNK))?;
        let Some(end) = rows.last() else { break };
        position = end.seq;
        for row in rows.iter().take_while(|row| row.seq <= last) {
            let (case, matter) = (linker.case_of(unsigned(row.seq)).map(signed), linker.matter_of(unsigned(row.seq)).map(signed));
            let case = case.unwrap_or_default();
            let stored_matter = row.matter.unwrap_or(row.case);
            if case != row.case {
                found.differs(What::Case, row.seq, Some(&row.id), &row.case, &case);
            }
            if matter != Some(stored_matter) {
                found.differs(What::Matter, row.seq, Some(&row.id), &stored_matter, &matter.unwrap_or_default());
            }
            found.cases += u64::from(row.seq == row.case);
            found.matters += u64::from(row.seq == row.case && row.case == stored_matter);
        }
    }
    Ok(())
}

/// Nothing is dropped, and what cases and matters say of their size is true.
fn count(store: &Store, last: i64, found: &mut Replay) -> Result<(), ReplayError> {
    let registered = store.read(submissions::last_seq)?;
    found.unlinked = registered.saturating_sub(last).unsigned_abs();
    for (seq, id) in store.read(|c| consistency::missing(c, last, Page::MAX_LIMIT))? {
        found.differs(What::NotLinked, seq, Some(&id), &"no link", &"a case");
    }
    for (case, said, counted) in store.read(consistency::wrong_sizes)? {
        found.differs(What::CaseSize, 0, Some(&case), &said, &counted);
    }
    for (matter, said, counted) in store.read(consistency::wrong_matter_sizes)? {
        found.differs(What::MatterSize, 0, Some(&matter), &said, &counted);
    }
    Ok(())
}
