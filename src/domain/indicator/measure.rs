//! What is counted, and a count of all of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::supervision::SupervisionKind;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Filings, by the day they came in.
    Submissions,
    /// Those of them from the web, a mobile application or WeChat.
    Online,
    /// Those of them linked to a case that was there.
    Duplicates,
    /// Cases, by the day they were registered.
    Cases,
    /// Decisions on acceptance, by the last day for them; made in time; made late.
    AcceptDue,
    AcceptMet,
    AcceptLate,
    /// Answers, by the last day for them; given in time; given late.
    AnswerDue,
    AnswerMet,
    AnswerLate,
    /// Cases, by the day they were first answered.
    Answered,
    /// Cases with a rating, by the day they were first answered; their newest rating says satisfied.
    Rated,
    Satisfied,
    /// Supervisions of each kind, by the day they were raised.
    Reminders,
    ReturnCalls,
    Supervisions,
    Proposals,
    /// Those of them that the body answered in time.
    SupervisionAnswers,
    /// Proposals to hold accountable that were adopted.
    Adopted,
}

impl Measure {
    pub const ALL: [Self; 19] = [
        Self::Submissions,
        Self::Online,
        Self::Duplicates,
        Self::Cases,
        Self::AcceptDue,
        Self::AcceptMet,
        Self::AcceptLate,
        Self::AnswerDue,
        Self::AnswerMet,
        Self::AnswerLate,
        Self::Answered,
        Self::Rated,
        Self::Satisfied,
        Self::Reminders,
        Self::ReturnCalls,
        Self::Supervisions,
        Self::Proposals,
        Self::SupervisionAnswers,
        Self::Adopted,
    ];

    /// That of a kind of supervision.
    pub const fn of_supervision(kind: SupervisionKind) -> Self {
        match kind {
            SupervisionKind::Reminder => Self::Reminders,
            SupervisionKind::ReturnCall => Self::ReturnCalls,
            SupervisionKind::Supervision => Self::Supervisions,
            SupervisionKind::Accountability => Self::Proposals,
        }
    }

    /// True if filings are counted, not cases: one case may count several times.
    pub const fn is_of_filings(self) -> bool {
        matches!(self, Self::Submissions | Self::Online | Self::Duplicates)
    }

    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submissions => "submissions",
            Self::Online => "online",
            Self::Duplicates => "duplicates",
            Self::Cases => "cases",
            Self::AcceptDue => "accept_due",
            Self::AcceptMet => "accept_met",
            Self::AcceptLate => "accept_late",
            Self::AnswerDue => "answer_due",
            Self::AnswerMet => "answer_met",
            Self::AnswerLate => "answer_late",
            Self::Answered => "answered",
            Self::Rated => "rated",
            Self::Satisfied => "satisfied",
            Self::Reminders => "reminders",
            Self::ReturnCalls => "return_calls",
            Self::Supervisions => "supervisions",
            Self::Proposals => "proposals",
            Self::SupervisionAnswers => "supervision_answers",
            Self::Adopted => "adopted",
        }
    }

    /// True for what counts by the last day of a duty.
    pub const fn is_of_duty(self) -> bool {
        matches!(self, Self::AcceptDue | Self::AcceptMet | Self::AcceptLate | Self::AnswerDue | Self::AnswerMet | Self::AnswerLate)
    }
}

/// A count of every measure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally([i64; Measure::ALL.len()]);

impl Tally {
    /// In the order of [`Measure::ALL`].
    pub const fn new(counts: [i64; Measure::ALL.len()]) -> Self {
        Self(counts)
    }

    pub const fn counts(&self) -> &[i64; Measure::ALL.len()] {
        &self.0
    }

    pub const fn get(&self, measure: Measure) -> i64 {
        self.0[measure as usize]
    }

    pub const fn add(&mut self, measure: Measure, amount: i64) {
        self.0[measure as usize] += amount;
    }

    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|count| *count == 0)
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (count, more) in self.0.iter_mut().zip(other.0) {
            *count += more;
        }
    }
}
