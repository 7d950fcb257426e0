//! What was found between two filings: the evidence, and what was decided on it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{prelude::*, sql_types::Bool};

use super::{
    Connection, INSERT_CHUNK, Page, Position, StoreError,
    cases::begins_with,
    connection::each_backend,
    deflate::{deflate, inflate},
    links::decision_word,
    schema::{cases, links, matches, rulings, submissions},
    stored,
    tallies::{self, Subject},
    word,
};
use crate::{
    domain::{division, submission::Channel},
    matching::Decision,
};

/// The evidence between two submissions and what was decided on it (比对结果).
#[derive(Clone, Debug)]
pub struct Match {
    pub submission_seq: i64,
    pub other_seq: i64,
    pub submission_id: String,
    pub other_id: String,
    pub platform: String,
    pub other_platform: String,
    /// Channels of the later and of the earlier submission.
    pub channel: Channel,
    pub other_channel: Channel,
    /// Of the later submission.
    pub division: Option<String>,
    /// The case the other submission belongs to.
    pub case_id: String,
    pub decision: Decision,
    pub probability: f64,
    /// log2 of the odds.
    pub weight: f64,
    /// Code of the rule that made the decision.
    pub rule: String,
    pub evidence: serde_json::Value,
    pub model_name: String,
    pub model_digest: String,
    /// `linker`, or who decided.
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
    channel: String,
    other_channel: String,
    division: Option<String>,
    case_id: String,
    decision: String,
    probability: f64,
    weight: f64,
    rule: String,
    evidence: Vec<u8>,
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
            channel: word("channel", row.channel)?,
            other_channel: word("channel", row.other_channel)?,
            evidence: unpacked(&row.evidence)?,
            submission_seq: row.submission_seq,
            other_seq: row.other_seq,
            submission_id: row.submission_id,
            other_id: row.other_id,
            platform: row.platform,
            other_platform: row.other_platform,
            division: row.division,
            case_id: row.case_id,
            probability: row.probability,
            weight: row.weight,
            rule: row.rule,
            model_name: row.model_name,
            model_digest: row.model_digest,
            decided_by: row.decided_by,
            decided_at: row.decided_at.and_utc(),
            settled_by: row.settled_by,
        })
    }
}

fn packed(evidence: &serde_json::Value) -> Result<Vec<u8>, StoreError> {
    deflate(evidence.to_string().as_bytes()).map_err(|source| StoreError::corrupt("match", source))
}

fn unpacked(packed: &[u8]) -> Result<serde_json::Value, StoreError> {
    let text = inflate(packed).map_err(|source| StoreError::corrupt("match", source))?;
    serde_json::from_slice(&text).map_err(|source| StoreError::corrupt("match", source))
}

pub fn insert(connection: &mut Connection<'_>, new: &[Match]) -> Result<(), StoreError> {
    let rows: Vec<MatchRow> = new
        .iter()
        .map(|m| {
            Ok(MatchRow {
                submission_seq: m.submission_seq,
                other_seq: m.other_seq,
                submission_id: m.submission_id.clone(),
                other_id: m.other_id.clone(),
                platform: m.platform.clone(),
                other_platform: m.other_platform.clone(),
                channel: m.channel.as_str().to_owned(),
                other_channel: m.other_channel.as_str().to_owned(),
                division: m.division.clone(),
                case_id: m.case_id.clone(),
                decision: decision_word(m.decision).to_owned(),
                probability: m.probability,
                weight: m.weight,
                rule: m.rule.clone(),
                evidence: packed(&m.evidence)?,
                model_name: m.model_name.clone(),
                model_digest: m.model_digest.clone(),
                decided_by: m.decided_by.clone(),
                decided_at: stored(m.decided_at),
                settled_by: m.settled_by.clone(),
            })
        })
        .collect::<Result<_, StoreError>>()?;
    for chunk in rows.chunks(INSERT_CHUNK) {
        each_backend!(connection, c => diesel::insert_into(matches::table).values(chunk).execute(c))?;
    }
    Ok(())
}

/// Which matches a list shows; every part narrows it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MatchFilter {
    /// Empty: all.
    pub decisions: Vec<Decision>,
    /// Either submission came by it.
    pub platform: Option<String>,
    /// The other of two platforms.
    pub other_platform: Option<String>,
    /// Only pairs from two platforms.
    pub across_platforms: bool,
    /// Either submission came by it.
    pub channel: Option<Channel>,
    /// First digits of the later submission's division.
    pub division_prefix: Option<String>,
    /// Both submissions lie in this division or inside it.
    pub within: Option<String>,
    /// The body responsible for the case.
    pub organization: Option<String>,
    /// The case the later submission belongs to.
    pub case_id: Option<String>,
    pub submission_id: Option<String>,
    pub rule: Option<String>,
    pub model_name: Option<String>,
    /// Its first characters.
    pub model_digest: Option<String>,
    /// Who settled it.
    pub reviewer: Option<String>,
    pub min_probability: Option<f64>,
    pub max_probability: Option<f64>,
    pub decided_from: Option<DateTime<Utc>>,
    /// Exclusive.
    pub decided_until: Option<DateTime<Utc>>,
    /// The submission that came first stands first.
    pub oldest_first: bool,
}

/// Narrows a query to pairs of submissions that both lie in a division.
macro_rules! both_within {
    ($query:expr, $own:expr) => {{
        let (query, own) = ($query, $own);
        let prefix = division::prefix(own);
        let (province, anywhere, pattern) = (division::province(own), prefix.len() <= 2, begins_with(prefix));
        let later = submissions::table
            .filter(submissions::seq.eq(matches::submission_seq))
            .filter(submissions::province.eq(province.clone()))
            .filter(anywhere.into_sql::<Bool>().or(submissions::division.like(pattern.clone()).escape('\\').assume_not_null()));
        let earlier = submissions::table
            .filter(submissions::seq.eq(matches::other_seq))
            .filter(submissions::province.eq(province))
            .filter(anywhere.into_sql::<Bool>().or(submissions::division.like(pattern).escape('\\').assume_not_null()));
        query.filter(diesel::dsl::exists(later)).filter(diesel::dsl::exists(earlier))
    }};
}
pub(super) use both_within;

/// Puts a filter's conditions onto a boxed query of either backend.
macro_rules! narrowed {
    ($query:expr, $filter:expr) => {{
        let (mut query, filter) = ($query, $filter);
        for platform in [&filter.platform, &filter.other_platform].into_iter().flatten() {
            query = query.filter(matches::platform.eq(platform).or(matches::other_platform.eq(platform)));
        }
        if filter.across_platforms {
            query = query.filter(matches::platform.ne(matches::other_platform));
        }
        match (&filter.platform, &filter.other_platform) {
            (Some(one), Some(other)) if one == other => query = query.filter(matches::platform.eq(matches::other_platform)),
            (Some(_), Some(_)) => query = query.filter(matches::platform.ne(matches::other_platform)),
            _ => {}
        }
        if let Some(channel) = filter.channel {
            query = query.filter(matches::channel.eq(channel.as_str()).or(matches::other_channel.eq(channel.as_str())));
        }
        if let Some(prefix) = &filter.division_prefix {
            query = query.filter(matches::division.like(begins_with(prefix)).escape('\\'));
        }
        if let Some(own) = &filter.within {
            query = both_within!(query, own);
        }
        if let Some(organization) = &filter.organization {
            let of_body = cases::table.filter(cases::organization.eq(organization)).select(cases::id);
            query = query.filter(matches::case_id.eq_any(of_body));
        }
        if let Some(case_id) = &filter.case_id {
            let of_case = links::table.filter(links::case_id.eq(case_id)).select(links::submission_seq);
            query = query.filter(matches::submission_seq.eq_any(of_case));
        }
        if let Some(submission_id) = &filter.submission_id {
            let named = links::table.filter(links::submission_id.eq(submission_id)).select(links::submission_seq);
            query = query.filter(matches::submission_seq.eq_any(named));
        }
        if let Some(rule) = &filter.rule {
            query = query.filter(matches::rule.eq(rule));
        }
        if let Some(name) = &filter.model_name {
            query = query.filter(matches::model_name.eq(name));
        }
        if let Some(digest) = &filter.model_digest {
            query = query.filter(matches::model_digest.like(begins_with(digest)).escape('\\'));
        }
        if let Some(reviewer) = &filter.reviewer {
            let theirs = rulings::table.filter(rulings::actor.eq(reviewer)).select(rulings::id.nullable());
            query = query.filter(matches::settled_by.eq_any(theirs));
        }
        if let Some(least) = filter.min_probability {
            query = query.filter(matches::probability.ge(least));
        }
        if let Some(most) = filter.max_probability {
            query = query.filter(matches::probability.le(most));
        }
        if let Some(from) = filter.decided_from {
            query = query.filter(matches::decided_at.ge(stored(from)));
        }
        if let Some(until) = filter.decided_until {
            query = query.filter(matches::decided_at.lt(stored(until)));
        }
        query
    }};
}

/// Matches, newest submission first unless the filter says otherwise; positions are those of both submissions.
///
/// Each decision is read in the order of its own index and the runs are merged, so that a page costs what it shows.
pub fn list(connection: &mut Connection<'_>, filter: &MatchFilter, page: Page) -> Result<Vec<Match>, StoreError> {
    let mut found = Vec::new();
    if filter.decisions.is_empty() {
        found = run(connection, filter, None, page)?;
    }
    for decision in &filter.decisions {
        found.extend(run(connection, filter, Some(*decision), page)?);
    }
    found.sort_by_key(|m| (m.submission_seq, m.other_seq));
    if !filter.oldest_first {
        found.reverse();
    }
    found.truncate(usize::try_from(page.limit).unwrap_or_default());
    Ok(found)
}

fn run(connection: &mut Connection<'_>, filter: &MatchFilter, decision: Option<Decision>, page: Page) -> Result<Vec<Match>, StoreError> {
    let (seq, other) = if filter.oldest_first { page.after.unwrap_or_default() } else { page.below() };
    let rows: Vec<MatchRow> = each_backend!(connection, c => {
        let mut query = narrowed!(matches::table.select(MatchRow::as_select()).into_boxed(), filter);
        if let Some(decision) = decision {
            query = query.filter(matches::decision.eq(decision_word(decision)));
        }
        query = if filter.oldest_first {
            query
                .filter(matches::submission_seq.ge(seq))
                .filter(matches::submission_seq.gt(seq).or(matches::other_seq.gt(other)))
                .order((matches::submission_seq, matches::other_seq))
        } else {
            query
                .filter(matches::submission_seq.le(seq))
                .filter(matches::submission_seq.lt(seq).or(matches::other_seq.lt(other)))
                .order((matches::submission_seq.desc(), matches::other_seq.desc()))
        };
        query.limit(page.limit).load(c)
    })?;
    rows.into_iter().map(Match::try_from).collect()
}

/// How many matches there are between two platforms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairCount {
    pub decision: Decision,
    /// Of the later submission, and of the earlier.
    pub platforms: (String, String),
    pub count: i64,
}

impl MatchFilter {
    /// What it asks of platforms and decisions, which counts are noted by.
    fn holds(&self, decision: Decision, later: &str, earlier: &str) -> bool {
        let is_one = |platform: &Option<String>| platform.as_deref().is_none_or(|platform| platform == later || platform == earlier);
        let is_within = matches!((&self.platform, &self.other_platform), (Some(one), Some(other)) if one == other);
        let is_between = self.across_platforms || (self.platform.is_some() && self.other_platform.is_some() && !is_within);
        (self.decisions.is_empty() || self.decisions.contains(&decision))
            && is_one(&self.platform)
            && is_one(&self.other_platform)
            && (!is_within || later == earlier)
            && (!is_between || later != earlier)
    }

    /// True if it asks for nothing else.
    fn is_noted(&self) -> bool {
        let Self { decisions, platform, other_platform, across_platforms, oldest_first, .. } = self.clone();
        *self == Self { decisions, platform, other_platform, across_platforms, oldest_first, ..Self::default() }
    }
}

/// The matches of a filter by decision and platforms: as they were noted, or from the report's index alone.
pub fn count(connection: &mut Connection<'_>, filter: &MatchFilter) -> Result<Vec<PairCount>, StoreError> {
    if filter.is_noted() {
        let noted = tallies::of(connection, Subject::Match)?.into_iter();
        let pairs = noted.map(|noted| {
            Ok(PairCount { decision: word("decision", noted.state)?, platforms: (noted.platform, noted.detail), count: noted.count })
        });
        let wanted = |pair: &PairCount| filter.holds(pair.decision, &pair.platforms.0, &pair.platforms.1);
        return pairs.filter(|pair| pair.as_ref().map_or(true, wanted)).collect();
    }
    let words: Vec<&str> = filter.decisions.iter().map(|decision| decision_word(*decision)).collect();
    let rows: Vec<(String, String, String, i64)> = each_backend!(connection, c => {
        let grouped = matches::table
            .group_by((matches::decision, matches::platform, matches::other_platform))
            .select((matches::decision, matches::platform, matches::other_platform, diesel::dsl::count_star()));
        let mut query = narrowed!(grouped.into_boxed(), filter);
        if !words.is_empty() {
            query = query.filter(matches::decision.eq_any(words.clone()));
        }
        query.load(c)
    })?;
    rows.into_iter()
        .map(|(decision, later, earlier, count)| {
            Ok(PairCount { decision: word("decision", decision)?, platforms: (later, earlier), count })
        })
        .collect()
}

/// The highest probability among each submission's matches.
pub fn best_probabilities(connection: &mut Connection<'_>, seqs: &[i64]) -> Result<HashMap<i64, f64>, StoreError> {
    let rows: Vec<(i64, Option<f64>)> = each_backend!(connection, c => matches::table
        .filter(matches::submission_seq.eq_any(seqs))
        .group_by(matches::submission_seq)
        .select((matches::submission_seq, diesel::dsl::max(matches::probability)))
        .load(c))?;
    Ok(rows.into_iter().filter_map(|(seq, probability)| Some((seq, probability?))).collect())
}

/// Page position of a match.
pub fn position(found: &Match) -> Position {
    (found.submission_seq, found.other_seq)
}
