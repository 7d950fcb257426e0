//! What the linker decided: which case each submission belongs to, on what evidence, and the matters cases share.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    connection::each_backend,
    schema::{cases, links, submissions},
    stored,
    tallies::{self, Subject},
    word,
};
use crate::matching::Decision;

pub(super) fn decision_word(decision: Decision) -> &'static str {
    match decision {
        Decision::Duplicate => "duplicate",
        Decision::PossibleDuplicate => "possible_duplicate",
        Decision::Related => "related",
        Decision::Distinct => "distinct",
    }
}

/// A submission's place in a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub submission_seq: i64,
    pub submission_id: String,
    pub platform: String,
    pub case_id: String,
    /// `Duplicate` for a submission that joined a case; otherwise the closest relation its new case has to an older one.
    pub decision: Decision,
    /// Founding position of the case the matcher put it into; rulings move the submission, not this.
    pub decided_case: i64,
    /// Founding position of the matter the matcher put it into; `None` is a matter of its own.
    pub decided_matter: Option<i64>,
    pub linked_at: DateTime<Utc>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = links, treat_none_as_default_value = false)]
struct LinkRow {
    submission_seq: i64,
    submission_id: String,
    platform: String,
    case_id: String,
    decision: String,
    decided_case: i64,
    decided_matter: Option<i64>,
    linked_at: NaiveDateTime,
}

impl TryFrom<LinkRow> for Link {
    type Error = StoreError;

    fn try_from(row: LinkRow) -> Result<Self, StoreError> {
        Ok(Self {
            submission_seq: row.submission_seq,
            submission_id: row.submission_id,
            platform: row.platform,
            case_id: row.case_id,
            decision: word("decision", row.decision)?,
            decided_case: row.decided_case,
            decided_matter: row.decided_matter,
            linked_at: row.linked_at.and_utc(),
        })
    }
}

pub fn insert(connection: &mut Connection<'_>, new: &[Link]) -> Result<(), StoreError> {
    let rows: Vec<LinkRow> = new
        .iter()
        .map(|link| LinkRow {
            submission_seq: link.submission_seq,
            submission_id: link.submission_id.clone(),
            platform: link.platform.clone(),
            case_id: link.case_id.clone(),
            decision: decision_word(link.decision).to_owned(),
            decided_case: link.decided_case,
            decided_matter: link.decided_matter,
            linked_at: stored(link.linked_at),
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(links::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// The position up to which the log is linked; 0 for none.
pub fn last_linked(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => links::table.select(diesel::dsl::max(links::submission_seq)).first(c))?;
    Ok(last.unwrap_or(0))
}

pub fn find(connection: &mut Connection<'_>, submission_id: &str) -> Result<Option<Link>, StoreError> {
    let row: Option<LinkRow> = each_backend!(connection, c => links::table
        .filter(links::submission_id.eq(submission_id))
        .select(LinkRow::as_select())
        .first(c)
        .optional())?;
    row.map(Link::try_from).transpose()
}

pub fn find_many(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<Vec<Link>, StoreError> {
    let rows: Vec<LinkRow> = each_backend!(connection, c => links::table
        .filter(links::submission_seq.eq_any(seqs))
        .select(LinkRow::as_select())
        .load(c))?;
    rows.into_iter().map(Link::try_from).collect()
}

/// The submissions of a case in the order they came, at most [`Page::MAX_LIMIT`] after the position.
pub fn of_case(connection: &mut Connection<'_>, case_id: &str, page: Page) -> Result<Vec<Link>, StoreError> {
    let rows: Vec<LinkRow> = each_backend!(connection, c => links::table
        .filter(links::case_id.eq(case_id))
        .filter(links::submission_seq.gt(page.above()))
        .order(links::submission_seq)
        .limit(page.limit)
        .select(LinkRow::as_select())
        .load(c))?;
    rows.into_iter().map(Link::try_from).collect()
}

/// True if the platform has a submission in the case.
pub fn is_source(connection: &mut Connection<'_>, case_id: &str, platform: &str) -> Result<bool, StoreError> {
    Ok(each_backend!(connection, c => diesel::select(diesel::dsl::exists(
        links::table.filter(links::platform.eq(platform)).filter(links::case_id.eq(case_id))
    )).get_result(c))?)
}

/// The platforms the submissions of these cases came by.
pub fn source_platforms(connection: &mut Connection<'_>, case_ids: &[String]) -> Result<Vec<(String, String)>, StoreError> {
    Ok(each_backend!(connection, c => links::table
        .filter(links::case_id.eq_any(case_ids))
        .select((links::case_id, links::platform))
        .distinct()
        .order((links::case_id, links::platform))
        .load(c))?)
}

/// A submission's place, as files of links carry it.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportedLink {
    pub submission_seq: i64,
    pub source_id: String,
    pub case_id: String,
    pub matter_id: Option<String>,
    /// Of the submission's best match.
    pub probability: Option<f64>,
}

/// Links in the order of the log.
pub fn export(connection: &mut Connection<'_>, page: Page) -> Result<Vec<ExportedLink>, StoreError> {
    let rows: Vec<(i64, String, String, Option<String>)> = each_backend!(connection, c => links::table
        .inner_join(submissions::table.on(submissions::seq.eq(links::submission_seq)))
        .inner_join(cases::table.on(cases::id.eq(links::case_id)))
        .filter(links::submission_seq.gt(page.above()))
        .order(links::submission_seq)
        .limit(page.limit)
        .select((links::submission_seq, submissions::source_id, links::case_id, cases::matter_id))
        .load(c))?;
    let seqs: Vec<i64> = rows.iter().map(|row| row.0).collect();
    let probabilities = super::matches::best_probabilities(connection, &seqs)?;
    Ok(rows
        .into_iter()
        .map(|(submission_seq, source_id, case_id, matter_id)| ExportedLink {
            probability: probabilities.get(&submission_seq).copied(),
            submission_seq,
            source_id,
            case_id,
            matter_id,
        })
        .collect())
}

/// How many filings of each platform were linked how.
pub fn counts(connection: &mut Connection<'_>) -> Result<Vec<(String, Decision, i64)>, StoreError> {
    let counted = tallies::of(connection, Subject::Link)?;
    counted.into_iter().map(|counted| Ok((counted.platform, word("decision", counted.state)?, counted.count))).collect()
}

/// How many filings were linked how.
pub fn counts_by_decision(connection: &mut Connection<'_>) -> Result<Vec<(Decision, i64)>, StoreError> {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for counted in tallies::of(connection, Subject::Link)? {
        *sums.entry(counted.state).or_default() += counted.count;
    }
    sums.into_iter().map(|(decision, count)| Ok((word("decision", decision)?, count))).collect()
}

/// Submissions of a case move to another.
pub fn move_to(connection: &mut Connection<'_>, seqs: &[i64], case_id: &str) -> Result<usize, StoreError> {
    let mut moved = 0;
    for chunk in seqs.chunks(INSERT_CHUNK) {
        moved += each_backend!(connection, c => diesel::update(links::table.filter(links::submission_seq.eq_any(chunk)))
            .set(links::case_id.eq(case_id))
            .execute(c))?;
    }
    Ok(moved)
}

/// Positions of all submissions of a case, in order.
pub fn members(connection: &mut Connection<'_>, case_id: &str) -> Result<Vec<i64>, StoreError> {
    Ok(each_backend!(connection, c => links::table
        .filter(links::case_id.eq(case_id))
        .order(links::submission_seq)
        .select(links::submission_seq)
        .load(c))?)
}

/// Positions of the submissions with these ids.
pub fn positions(connection: &mut Connection<'_>, submission_ids: &[String]) -> Result<Vec<i64>, StoreError> {
    Ok(each_backend!(connection, c => links::table
        .filter(links::submission_id.eq_any(submission_ids))
        .select(links::submission_seq)
        .load(c))?)
}

/// How many entries of the log are not linked yet.
pub fn backlog(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let after = last_linked(connection)?;
    Ok(each_backend!(connection, c => submissions::table.filter(submissions::seq.gt(after)).count().get_result(c))?)
}

/// When the oldest filing came that waits to be linked.
pub fn oldest_waiting(connection: &mut Connection<'_>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let after = last_linked(connection)?;
    let at: Option<NaiveDateTime> = each_backend!(connection, c => submissions::table
        .filter(submissions::seq.gt(after))
        .order(submissions::seq)
        .select(submissions::received_at)
        .first(c)
        .optional())?;
    Ok(at.map(|at| at.and_utc()))
}
