//! Possible duplicates that wait for a person, and that a person settled.

use diesel::{prelude::*, sql_types::Bool};

use super::{
    Connection, StoreError,
    cases::begins_with,
    connection::each_backend,
    links::decision_word,
    matches::{Match, MatchRow, both_within},
    schema::{links, matches, submissions},
    tallies::{self, Subject},
};
use crate::{domain::division, matching::Decision};

/// Possible duplicates that nobody has settled, of a division if one is named, the most probable first: while one waits, two bodies work on one case.
pub fn open(connection: &mut Connection<'_>, within: Option<&str>, limit: i64) -> Result<Vec<Match>, StoreError> {
    let rows: Vec<MatchRow> = each_backend!(connection, c => {
        let mut query = matches::table
            .filter(matches::decision.eq(decision_word(Decision::PossibleDuplicate)))
            .filter(matches::settled_by.is_null())
            .select(MatchRow::as_select())
            .into_boxed();
        if let Some(own) = within {
            query = both_within!(query, own);
        }
        query
            .order((matches::probability.desc(), matches::submission_seq.desc(), matches::other_seq.desc()))
            .limit(limit)
            .load(c)
    })?;
    rows.into_iter().map(Match::try_from).collect()
}

/// How many possible duplicates nobody has settled, in a division if one is named.
pub fn count_open(connection: &mut Connection<'_>, within: Option<&str>) -> Result<i64, StoreError> {
    if let Some(own) = within {
        return Ok(each_backend!(connection, c => {
            let waiting = matches::table
                .filter(matches::decision.eq(decision_word(Decision::PossibleDuplicate)))
                .filter(matches::settled_by.is_null())
                .count()
                .into_boxed();
            both_within!(waiting, own).get_result(c)
        })?);
    }
    tallies::total(connection, Subject::Review)
}

/// What was found between two submissions, whichever came first.
pub fn find(connection: &mut Connection<'_>, one: &str, other: &str) -> Result<Option<Match>, StoreError> {
    let seqs = links::table.filter(links::submission_id.eq_any([one, other])).select(links::submission_seq);
    let row: Option<MatchRow> = each_backend!(connection, c => matches::table
        .filter(matches::submission_seq.eq_any(seqs))
        .filter(matches::other_id.eq_any([one, other]))
        .select(MatchRow::as_select())
        .first(c)
        .optional())?;
    row.map(Match::try_from).transpose()
}

/// Marks the possible duplicates between two sets of submissions as settled by a ruling.
pub fn settle(connection: &mut Connection<'_>, one: &[i64], other: &[i64], ruling: &str) -> Result<(), StoreError> {
    each_backend!(connection, c => diesel::update(matches::table)
        .filter(
            matches::submission_seq.eq_any(one).and(matches::other_seq.eq_any(other))
                .or(matches::submission_seq.eq_any(other).and(matches::other_seq.eq_any(one))),
        )
        .set(matches::settled_by.eq(ruling))
        .execute(c))?;
    Ok(())
}

/// The match of most weight between filings of two sides, whichever came first.
pub fn strongest_between(connection: &mut Connection<'_>, ours: &[i64], theirs: &[i64]) -> Result<Option<Match>, StoreError> {
    let row: Option<MatchRow> = each_backend!(connection, c => matches::table
        .filter(
            matches::submission_seq.eq_any(ours).and(matches::other_seq.eq_any(theirs))
                .or(matches::submission_seq.eq_any(theirs).and(matches::other_seq.eq_any(ours))),
        )
        .order((matches::weight.desc(), matches::submission_seq, matches::other_seq))
        .select(MatchRow::as_select())
        .first(c)
        .optional())?;
    row.map(Match::try_from).transpose()
}
