//! How many there are of what is too much to count. Triggers of the store note every change as it is made, in the same transaction;
//! [`sum_up`] keeps the notes few. A count is exact at any time, and nobody waits for anybody else's.

use diesel::{QueryableByName, RunQueryDsl, prelude::*, sql_types};

use super::{Connection, StoreError, connection::each_backend, schema::tallies};

/// Notes that are left lying; reading so many takes less than a millisecond.
const FEW: i64 = 1_000;

/// What is counted, by platform, detail and state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// By platform and channel.
    Submission,
    /// By platform and decision.
    Link,
    /// Those that are not part of others, by the handling platform and status.
    Case,
    /// By platform, kind and state.
    Delivery,
    Matter,
    Gap,
    /// Possible duplicates that nobody has settled.
    Review,
    /// By the platforms of the later and the earlier filing, and decision.
    Match,
    /// By platform.
    Quarantined,
}

impl Subject {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Link => "link",
            Self::Case => "case",
            Self::Delivery => "delivery",
            Self::Matter => "matter",
            Self::Gap => "gap",
            Self::Review => "review",
            Self::Match => "match",
            Self::Quarantined => "quarantined",
        }
    }
}

/// A count; what a subject is not told apart by is empty.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(super) struct Counted {
    #[diesel(sql_type = sql_types::Text)]
    pub platform: String,
    #[diesel(sql_type = sql_types::Text)]
    pub detail: String,
    #[diesel(sql_type = sql_types::Text)]
    pub state: String,
    #[diesel(sql_type = sql_types::BigInt)]
    pub count: i64,
}

const READ: &str = "SELECT platform, detail, state, CAST(SUM(count) AS BIGINT) AS count FROM tallies WHERE subject = ";
const BY: &str = " GROUP BY platform, detail, state HAVING SUM(count) <> 0 ORDER BY platform, detail, state";

/// The counts of a subject, in order.
pub(super) fn of(connection: &mut Connection<'_>, subject: Subject) -> Result<Vec<Counted>, StoreError> {
    let query = format!("{READ}'{}'{BY}", subject.as_str());
    Ok(each_backend!(connection, c => diesel::sql_query(query).load(c))?)
}

/// The count of a subject, whatever it is told apart by.
pub(super) fn total(connection: &mut Connection<'_>, subject: Subject) -> Result<i64, StoreError> {
    Ok(of(connection, subject)?.iter().map(|counted| counted.count).sum())
}

/// Puts notes together once there are many; `false` if there were few. Call inside a transaction.
pub fn sum_up(connection: &mut Connection<'_>) -> Result<bool, StoreError> {
    const SUM: &str = "INSERT INTO tallies (subject, platform, detail, state, count) SELECT subject, platform, detail, state, SUM(count)";
    const BY: &str = "GROUP BY subject, platform, detail, state HAVING SUM(count) <> 0";
    let notes: i64 = each_backend!(connection, c => tallies::table.count().get_result(c))?;
    if notes <= FEW {
        return Ok(false);
    }
    match connection {
        Connection::Sqlite(c) => {
            let last: Option<i64> = tallies::table.select(diesel::dsl::max(tallies::id)).first(*c)?;
            let last = last.unwrap_or_default();
            diesel::sql_query(format!("{SUM} FROM tallies WHERE id <= {last} {BY}")).execute(*c)?;
            diesel::delete(tallies::table.filter(tallies::id.le(last))).execute(*c)?;
        }
        // What another transaction has noted and not committed is not seen, and stays.
        Connection::Postgres(c) => {
            diesel::sql_query(format!("WITH gone AS (DELETE FROM tallies RETURNING *) {SUM} FROM gone {BY}")).execute(*c)?;
        }
    }
    Ok(true)
}

/// The newest note; each change makes one.
pub fn newest(connection: &mut Connection<'_>) -> Result<i64, StoreError> {
    let last: Option<i64> = each_backend!(connection, c => tallies::table.select(diesel::dsl::max(tallies::id)).first(c))?;
    Ok(last.unwrap_or_default())
}
