//! What the linker decided: which case each submission belongs to, on what evidence, and the matters cases share.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use super::{
    Connection, INSERT_CHUNK, Page, StoreError,
    connection::each_backend,
    schema::{cases, links, matches, submissions},
    stored, word,
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
    let probabilities = best_probabilities(connection, &seqs)?;
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

/// Submissions by platform and decision.
pub fn counts(connection: &mut Connection<'_>) -> Result<Vec<(String, Decision, i64)>, StoreError> {
    let rows: Vec<(String, String, i64)> = each_backend!(connection, c => links::table
        .group_by((links::platform, links::decision))
        .select((links::platform, links::decision, diesel::dsl::count_star()))
        .load(c))?;
    rows.into_iter().map(|(platform, decision, count)| Ok((platform, word("decision", decision)?, count))).collect()
}

pub fn counts_by_decision(connection: &mut Connection<'_>) -> Result<Vec<(Decision, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = each_backend!(connection, c => links::table
        .group_by(links::decision)
        .select((links::decision, diesel::dsl::count_star()))
        .load(c))?;
    rows.into_iter().map(|(decision, count)| Ok((word("decision", decision)?, count))).collect()
}

/// The evidence between two submissions and what was decided on it (比对结果).
#[derive(Clone, Debug)]
pub struct Match {
    pub submission_seq: i64,
    pub other_seq: i64,
    pub submission_id: String,
    pub other_id: String,
    pub platform: String,
    pub other_platform: String,
    /// The case the other submission belongs to.
    pub case_id: String,
    pub decision: Decision,
    pub probability: f64,
    /// log2 of the odds.
    pub weight: f64,
    pub evidence: serde_json::Value,
    pub model_name: String,
    pub model_digest: String,
    /// `model`, or who decided.
    pub decided_by: String,
    pub decided_at: DateTime<Utc>,
    /// The ruling that settled a possible duplicate.
    pub settled_by: Option<String>,
}

#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = matches, treat_none_as_default_value = false)]
pub(super) struct MatchRow {
    submission_seq: i64,
    other_seq: i64,
    submission_id: String,
    other_id: String,
    platform: String,
    other_platform: String,
    case_id: String,
    decision: String,
    probability: f64,
    weight: f64,
    evidence: String,
    model_name: String,
    model_digest: String,
    decided_by: String,
    decided_at: NaiveDateTime,
    settled_by: Option<String>,
}

impl TryFrom<MatchRow> for Match {
    type Error = StoreError;

    fn try_from(row: MatchRow) -> Result<Self, StoreError> {
        Ok(Self {
            decision: word("decision", row.decision)?,
            evidence: serde_json::from_str(&row.evidence).map_err(|source| StoreError::corrupt("match", source))?,
            submission_seq: row.submission_seq,
            other_seq: row.other_seq,
            submission_id: row.submission_id,
            other_id: row.other_id,
            platform: row.platform,
            other_platform: row.other_platform,
            case_id: row.case_id,
            probability: row.probability,
            weight: row.weight,
            model_name: row.model_name,
            model_digest: row.model_digest,
            decided_by: row.decided_by,
            decided_at: row.decided_at.and_utc(),
            settled_by: row.settled_by,
        })
    }
}

pub fn insert_matches(connection: &mut Connection<'_>, new: &[Match]) -> Result<(), StoreError> {
    let rows: Vec<MatchRow> = new
        .iter()
        .map(|m| MatchRow {
            submission_seq: m.submission_seq,
            other_seq: m.other_seq,
            submission_id: m.submission_id.clone(),
            other_id: m.other_id.clone(),
            platform: m.platform.clone(),
            other_platform: m.other_platform.clone(),
            case_id: m.case_id.clone(),
            decision: decision_word(m.decision).to_owned(),
            probability: m.probability,
            weight: m.weight,
            evidence: m.evidence.to_string(),
            model_name: m.model_name.clone(),
            model_digest: m.model_digest.clone(),
            decided_by: m.decided_by.clone(),
            decided_at: stored(m.decided_at),
            settled_by: m.settled_by.clone(),
        })
        .collect();
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(matches::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Which matches a list shows; every part narrows it.
#[derive(Clone, Debug, Default)]
pub struct MatchFilter {
    /// Empty: all.
    pub decisions: Vec<Decision>,
    /// Either submission came by it.
    pub platform: Option<String>,
    /// The case the later submission belongs to.
    pub case_id: Option<String>,
    pub submission_id: Option<String>,
    /// The other of two platforms.
    pub other_platform: Option<String>,
    /// Only pairs from two platforms.
    pub across_platforms: bool,
    pub min_probability: Option<f64>,
    pub decided_from: Option<DateTime<Utc>>,
}

/// Matches, newest submission first; positions are those of both submissions.
pub fn list_matches(connection: &mut Connection<'_>, filter: &MatchFilter, page: Page) -> Result<Vec<Match>, StoreError> {
    let (seq, other) = page.below();
    let rows: Vec<MatchRow> = each_backend!(connection, c => {
        let mut query = matches::table.select(MatchRow::as_select()).into_boxed();
        if !filter.decisions.is_empty() {
            query = query.filter(matches::decision.eq_any(filter.decisions.iter().map(|d| decision_word(*d))));
        }
        if let Some(platform) = &filter.platform {
            query = query.filter(matches::platform.eq(platform).or(matches::other_platform.eq(platform)));
        }
        if let Some(case_id) = &filter.case_id {
            let of_case = links::table.filter(links::case_id.eq(case_id)).select(links::submission_seq);
            query = query.filter(matches::submission_seq.eq_any(of_case));
        }
        if let Some(submission_id) = &filter.submission_id {
            query = query.filter(matches::submission_id.eq(submission_id));
        }
        if let Some(platform) = &filter.other_platform {
            query = query.filter(matches::platform.eq(platform).or(matches::other_platform.eq(platform)));
        }
        if filter.across_platforms {
            query = query.filter(matches::platform.ne(matches::other_platform));
        }
        if let Some(probability) = filter.min_probability {
            query = query.filter(matches::probability.ge(probability));
        }
        if let Some(from) = filter.decided_from {
            query = query.filter(matches::decided_at.ge(stored(from)));
        }
        query
            .filter(matches::submission_seq.lt(seq).or(matches::submission_seq.eq(seq).and(matches::other_seq.lt(other))))
            .order((matches::submission_seq.desc(), matches::other_seq.desc()))
            .limit(page.limit)
            .load(c)
    })?;
    rows.into_iter().map(Match::try_from).collect()
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

/// The highest probability among each submission's matches.
pub fn best_probabilities(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<std::collections::HashMap<i64, f64>, StoreError> {
    let rows: Vec<(i64, Option<f64>)> = each_backend!(connection, c => matches::table
        .filter(matches::submission_seq.eq_any(seqs))
        .group_by(matches::submission_seq)
        .select((matches::submission_seq, diesel::dsl::max(matches::probability)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(seq, probability)| Some((seq, probability?))).collect())
}

/// How many entries of the log are not linked yet.
pub fn backlog(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let after = last_linked(connection)?;
    Ok(each_backend!(connection, c => submissions::table.filter(submissions::seq.gt(after)).count().get_result(c))?)
}
