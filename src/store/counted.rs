//! Which cases an indicator's figure counted: the same conditions as [`crate::domain::indicator::counts`], as queries.

use chrono::{DateTime, Utc};

use crate::domain::indicator::Measure;

/// What a figure counted and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    pub measure: Measure,
    pub from: DateTime<Utc>,
    /// Exclusive.
    pub until: DateTime<Utc>,
    /// The beginning of today: duties whose last day is not over are not due yet.
    pub today: DateTime<Utc>,
}

/// Puts the conditions of a figure onto a boxed query of cases. For figures of filings, `platform` and `channel` are the filing's.
macro_rules! counted {
    ($query:expr, $counted:expr, $filter:expr) => {{
        use crate::domain::{deadline::Clock, indicator::{Measure, ONLINE}, rating::Satisfaction};
        use crate::store::schema::{case_deadlines as clocks, ratings, submissions};
        let (mut query, counted) = ($query, $counted);
        let (from, until) = (stored(counted.from), stored(counted.until));
        let duty = |clock: Clock| {
            clocks::table
                .filter(clocks::clock.eq(clock.as_str()))
                // The last day is the one before the moment it is over.
                .filter(clocks::due_at.gt(from).and(clocks::due_at.le(until)).and(clocks::due_at.le(stored(counted.today))))
                .select(clocks::case_id)
        };
        let met = clocks::ended_at.lt(clocks::due_at.nullable());
        let late = clocks::ended_at.ge(clocks::due_at.nullable());
        let answered = clocks::table
            .filter(clocks::clock.eq(Clock::ReviewRequest.as_str()))
            .filter(clocks::started_at.ge(from).and(clocks::started_at.lt(until)))
            .select(clocks::case_id);
        query = match counted.measure {
            Measure::Cases => query.filter(cases::created_at.ge(from).and(cases::created_at.lt(until))),
            Measure::AcceptDue => query.filter(cases::id.eq_any(duty(Clock::Accept))),
            Measure::AcceptMet => query.filter(cases::id.eq_any(duty(Clock::Accept).filter(met))),
            Measure::AcceptLate => query.filter(cases::id.eq_any(duty(Clock::Accept).filter(late))),
            Measure::AnswerDue => query.filter(cases::id.eq_any(duty(Clock::Answer))),
            Measure::AnswerMet => query.filter(cases::id.eq_any(duty(Clock::Answer).filter(met))),
            Measure::AnswerLate => query.filter(cases::id.eq_any(duty(Clock::Answer).filter(late))),
            Measure::Answered => query.filter(cases::id.eq_any(answered)),
            Measure::Rated => {
                query.filter(cases::id.eq_any(answered)).filter(cases::id.eq_any(ratings::table.select(ratings::case_id)))
            }
            Measure::Satisfied => {
                let newer = diesel::alias!(ratings as newer);
                let is_later = newer
                    .field(ratings::rated_at)
                    .gt(ratings::rated_at)
                    .or(newer.field(ratings::rated_at).eq(ratings::rated_at).and(newer.field(ratings::received_at).gt(ratings::received_at)));
                let overtaken = newer.filter(newer.field(ratings::case_id).eq(ratings::case_id)).filter(is_later);
                let words = Satisfaction::ALL.into_iter().filter(|rating| rating.is_satisfied()).map(Satisfaction::as_str);
                let satisfied = ratings::table
                    .filter(ratings::satisfaction.eq_any(words.collect::<Vec<_>>()))
                    .filter(diesel::dsl::not(diesel::dsl::exists(overtaken)))
                    .select(ratings::case_id);
                query.filter(cases::id.eq_any(answered)).filter(cases::id.eq_any(satisfied))
            }
            Measure::Submissions | Measure::Online | Measure::Duplicates => {
                let mut filings = links::table
                    .inner_join(submissions::table.on(submissions::seq.eq(links::submission_seq)))
                    .filter(submissions::received_at.ge(from).and(submissions::received_at.lt(until)))
                    .select(links::case_id)
                    .into_boxed();
                if counted.measure == Measure::Online {
                    filings = filings.filter(submissions::channel.eq_any(ONLINE.map(|channel| channel.as_str())));
                }
                if counted.measure == Measure::Duplicates {
                    filings = filings.filter(links::decision.eq("duplicate"));
                }
                if let Some(platform) = &$filter.platform {
                    filings = filings.filter(links::platform.eq(platform));
                }
                if let Some(channel) = $filter.channel {
                    filings = filings.filter(submissions::channel.eq(channel.as_str()));
                }
                query.filter(cases::id.eq_any(filings))
            }
        };
        query
    }};
}
pub(super) use counted;

impl Counted {
    /// True if filings are counted, not cases.
    pub const fn is_of_filings(&self) -> bool {
        self.measure.is_of_filings()
    }
}
