//! The review queue: possible duplicates that nobody has decided on.

use std::collections::{BTreeSet, HashMap};

use super::assemble;
use crate::{
    app::{
        AppError, Gateway,
        view::{CaseView, DuplicateView, ReviewQueue, ReviewView},
        worth::{work, worth},
    },
    domain::case::CaseStatus,
    store::{Connection, StoreError, cases, links, matches::Match, reviews},
};

/// The most probable open matches, among which the most valuable are found.
const CONSIDERED: i64 = 1_000;

/// A pair of cases with the strongest match between them.
struct Pair {
    older: CaseView,
    younger: CaseView,
    strongest: Match,
    matches: u64,
    worth: f64,
}

impl Gateway {
    /// The most valuable decisions, at most `limit`, of pairs that both lie in a division if one is named. `with_text` adds the words filed.
    pub async fn reviews(&self, limit: usize, with_text: bool, within: Option<String>) -> Result<ReviewQueue, AppError> {
        self.read(move |gateway, c| {
            let open = reviews::count_open(c, within.as_deref())?;
            let found = reviews::open(c, within.as_deref(), CONSIDERED)?;
            let mut pairs = pairs(gateway, c, found)?;
            pairs.sort_by(|a, b| b.worth.total_cmp(&a.worth).then(a.strongest.submission_seq.cmp(&b.strongest.submission_seq)));
            pairs.truncate(limit);
            Ok(ReviewQueue { items: views(gateway, c, pairs, with_text)?, open: u64::try_from(open).unwrap_or_default() })
        })
        .await
    }

    /// The cases of two filings that were compared, as a review; `None` if they were not, or are one case by now.
    pub async fn review(&self, submission: &str, other: &str) -> Result<Option<ReviewView>, AppError> {
        let (submission, other) = (submission.to_owned(), other.to_owned());
        self.read(move |gateway, c| {
            let found = reviews::find(c, &submission, &other)?;
            let pairs = pairs(gateway, c, found.into_iter().collect())?;
            Ok(views(gateway, c, pairs, true)?.pop())
        })
        .await
    }
}

/// One entry for every pair of cases, whichever filings were compared.
fn pairs(gateway: &Gateway, c: &mut Connection<'_>, found: Vec<Match>) -> Result<Vec<Pair>, StoreError> {
    let seqs: Vec<i64> = found.iter().flat_map(|m| [m.submission_seq, m.other_seq]).collect::<BTreeSet<_>>().into_iter().collect();
    let case_of: HashMap<i64, String> = links::find_many(c, &seqs)?.into_iter().map(|link| (link.submission_seq, link.case_id)).collect();
    let ids: Vec<String> = case_of.values().cloned().collect::<BTreeSet<_>>().into_iter().collect();
    let stored = cases::find_many(c, &ids)?;
    let founded: HashMap<String, i64> = stored.iter().map(|case| (case.id.clone(), case.founding_seq)).collect();
    let views: HashMap<String, CaseView> = assemble::cases(gateway, c, stored)?.into_iter().map(|case| (case.id.clone(), case)).collect();
    let mut pairs: HashMap<(String, String), Pair> = HashMap::new();
    for found in found {
        let (Some(one), Some(other)) = (case_of.get(&found.submission_seq), case_of.get(&found.other_seq)) else { continue };
        let (older, younger) = if founded.get(one) < founded.get(other) { (one, other) } else { (other, one) };
        if older == younger {
            continue;
        }
        let (Some(older), Some(younger)) = (views.get(older), views.get(younger)) else { continue };
        let unanswered = [older, younger].into_iter().filter(|case| !is_answered(case.status)).count();
        let worth = worth(found.probability, work(unanswered, older.submissions + younger.submissions));
        let key = (older.id.clone(), younger.id.clone());
        match pairs.get_mut(&key) {
            Some(known) => {
                known.matches += 1;
                if found.probability > known.strongest.probability {
                    known.worth = worth;
                    known.strongest = found;
                }
            }
            None => {
                pairs.insert(key, Pair { older: older.clone(), younger: younger.clone(), strongest: found, matches: 1, worth });
            }
        }
    }
    Ok(pairs.into_values().collect())
}

fn views(gateway: &Gateway, c: &mut Connection<'_>, pairs: Vec<Pair>, with_text: bool) -> Result<Vec<ReviewView>, StoreError> {
    let strongest = pairs.iter().map(|pair| pair.strongest.clone()).collect();
    let evidence: Vec<DuplicateView> = assemble::duplicates(gateway, c, strongest, with_text)?;
    let view = |(pair, evidence): (Pair, DuplicateView)| ReviewView {
        worth: pair.worth,
        probability: pair.strongest.probability,
        case: pair.older,
        other: pair.younger,
        evidence,
        pairs: pair.matches,
        waiting_since: pair.strongest.decided_at,
    };
    Ok(pairs.into_iter().zip(evidence).map(view).collect())
}

/// True if nothing more is done about the case for now.
fn is_answered(status: CaseStatus) -> bool {
    matches!(status, CaseStatus::Refused | CaseStatus::Answered | CaseStatus::Closed | CaseStatus::Concluded)
}
