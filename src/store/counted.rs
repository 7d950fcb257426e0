//! Which cases an indicator's figure counted: the same conditions as [`crate::domain::indicator::counts`], as queries.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    Connection, StoreError, indicators,
    tallies::{self, Subject},
};
use crate::domain::{
    division,
    indicator::{Dimension, Measure},
};

/// What a figure counted and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub measure: Measure,
    /// The same days in the calendar, both of which belong to them.
    pub days: (NaiveDate, NaiveDate),
    pub from: DateTime<Utc>,
    /// Exclusive.
    pub until: DateTime<Utc>,
    /// The beginning of today: duties whose last day is not over are not due yet.
    pub today: DateTime<Utc>,
}

impl Counted {
    /// True if filings are counted, not cases.
    pub const fn is_of_filings(&self) -> bool {
        self.measure.is_of_filings()
    }

    /// True if it is cheaper to gather what was counted in the whole nation than to go through all cases, newest first, until `wanted`
    /// are found: if `figure` is less than `wanted · cases / figure`.
    pub(super) fn is_rare(&self, connection: &mut Connection<'_>, wanted: i64) -> Result<bool, StoreError> {
        let (from, until) = self.days;
        let sums = indicators::sums(connection, division::NATION, Dimension::All, from, until)?;
        let figure: i64 = sums.values().map(|tally| tally.get(self.measure)).sum();
        let cases = tallies::total(connection, Subject::Case)?;
        Ok(figure.saturating_mul(figure) <= wanted.saturating_mul(cases))
    }
}

/// Narrows a query of cases to those a query of rows that name their case finds; `gather`: find the rows first.
macro_rules! among {
    ($query:expr, $gather:expr, $rows:expr, $case:expr) => {
        if $gather {
            $query.filter(cases::id.eq_any($rows.select($case)))
        } else {
            $query.filter(diesel::dsl::exists($rows.filter($case.eq(cases::id))))
        }
    };
}
pub(super) use among;

/// Puts the conditions of a figure onto a boxed query of cases. For figures of filings, `platform` and `channel` are the filing's.
macro_rules! counted {
    ($query:expr, $counted:expr, $gather:expr, $filter:expr) => {{
        use crate::domain::{deadline::Clock, indicator::{Measure, ONLINE}, rating::Satisfaction, supervision::{SupervisionKind, SupervisionState}};
        use crate::store::{counted::among, schema::{case_deadlines as clocks, ratings, submissions, supervisions}};
        use diesel::sql_types::Bool;
        let (query, counted, gather) = ($query, $counted, $gather);
        let (from, until) = (stored(counted.from), stored(counted.until));
        let duty = |clock: Clock| {
            clocks::table
                .filter(clocks::clock.eq(clock.as_str()))
                // The last day is the one before the moment it is over.
                .filter(clocks::due_at.gt(from).and(clocks::due_at.le(until)).and(clocks::due_at.le(stored(counted.today))))
        };
        let met = clocks::ended_at.lt(clocks::due_at.nullable());
        let late = clocks::duty.and(clocks::ended_at.ge(clocks::due_at.nullable()).assume_not_null());
        // Written out, so that the index of these rows alone is used.
        let answered = clocks::table
            .filter(diesel::dsl::sql::<Bool>("clock = 'review_request'"))
            .filter(clocks::started_at.ge(from).and(clocks::started_at.lt(until)));
        let called_for = supervisions::table.filter(supervisions::raised_at.ge(from).and(supervisions::raised_at.lt(until)));
        let raised = |kind: SupervisionKind| called_for.filter(supervisions::kind.eq(kind.as_str()));
        let rated = ratings::table.filter(ratings::case_id.eq(cases::id));
        match counted.measure {
            Measure::Cases => query.filter(cases::created_at.ge(from).and(cases::created_at.lt(until))),
            Measure::AcceptDue => among!(query, gather, duty(Clock::Accept), clocks::case_id),
            Measure::AcceptMet => among!(query, gather, duty(Clock::Accept).filter(met), clocks::case_id),
            Measure::AcceptLate => among!(query, gather, duty(Clock::Accept).filter(late), clocks::case_id),
            Measure::AnswerDue => among!(query, gather, duty(Clock::Answer), clocks::case_id),
            Measure::AnswerMet => among!(query, gather, duty(Clock::Answer).filter(met), clocks::case_id),
            Measure::AnswerLate => among!(query, gather, duty(Clock::Answer).filter(late), clocks::case_id),
            Measure::Answered => among!(query, gather, answered, clocks::case_id),
            Measure::Rated => among!(query, gather, answered, clocks::case_id).filter(diesel::dsl::exists(rated)),
            Measure::Satisfied => {
                let newer = diesel::alias!(ratings as newer);
                let is_later = newer
                    .field(ratings::rated_at)
                    .gt(ratings::rated_at)
                    .or(newer.field(ratings::rated_at).eq(ratings::rated_at).and(newer.field(ratings::received_at).gt(ratings::received_at)));
                let overtaken = newer.filter(newer.field(ratings::case_id).eq(ratings::case_id)).filter(is_later);
                let words = Satisfaction::ALL.into_iter().filter(|rating| rating.is_satisfied()).map(Satisfaction::as_str);
                let satisfied = rated
                    .filter(ratings::satisfaction.eq_any(words.collect::<Vec<_>>()))
                    .filter(diesel::dsl::not(diesel::dsl::exists(overtaken)));
                among!(query, gather, answered, clocks::case_id).filter(diesel::dsl::exists(satisfied))
            }
            Measure::Reminders => among!(query, gather, raised(SupervisionKind::Reminder), supervisions::case_id),
            Measure::ReturnCalls => among!(query, gather, raised(SupervisionKind::ReturnCall), supervisions::case_id),
            Measure::Supervisions => among!(query, gather, raised(SupervisionKind::Supervision), supervisions::case_id),
            Measure::Proposals => among!(query, gather, raised(SupervisionKind::Accountability), supervisions::case_id),
            Measure::SupervisionAnswers => {
                let answered = called_for.filter(supervisions::state.eq(SupervisionState::Answered.as_str()));
                among!(query, gather, answered, supervisions::case_id)
            }
            Measure::Adopted => {
                let adopted = raised(SupervisionKind::Accountability).filter(supervisions::adopted.eq(true).assume_not_null());
                among!(query, gather, adopted, supervisions::case_id)
            }
            Measure::Submissions | Measure::Online | Measure::Duplicates => {
                let any = |asked: bool| (!asked).into_sql::<Bool>();
                let (platform, channel) = ($filter.platform.as_deref(), $filter.channel.map(|channel| channel.as_str()));
                let filings = submissions::table
                    .filter(submissions::received_at.ge(from).and(submissions::received_at.lt(until)))
                    .filter(any(counted.measure == Measure::Online).or(submissions::channel.eq_any(ONLINE.map(|channel| channel.as_str()))))
                    .filter(any(platform.is_some()).or(submissions::platform.eq(platform.unwrap_or_default())))
                    .filter(any(channel.is_some()).or(submissions::channel.eq(channel.unwrap_or_default())));
                let linked = links::table.filter(any(counted.measure == Measure::Duplicates).or(links::decision.eq("duplicate")));
                if gather {
                    let linked = linked.filter(links::submission_seq.eq_any(filings.select(submissions::seq)));
                    query.filter(cases::id.eq_any(linked.select(links::case_id)))
                } else {
                    let filing = filings.filter(submissions::seq.eq(links::submission_seq));
                    query.filter(diesel::dsl::exists(linked.filter(links::case_id.eq(cases::id)).filter(diesel::dsl::exists(filing))))
                }
            }
        }
    }};
}
pub(super) use counted;
