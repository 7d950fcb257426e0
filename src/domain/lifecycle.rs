//! The life cycle of a case (信访工作条例, articles 22 to 36) as one table: who may move it from where to where, and what the law
//! asks for besides. Whatever is not in the table is refused.

use chrono::{DateTime, Utc};

use super::{
    case::CaseStatus,
    deadline::{Clock, Deadline},
};

/// Who moves a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// The gateway, by its directory of bodies or a person's ruling.
    Gateway,
    /// The platform of the responsible body.
    Handler,
    /// Who sent the case to the body that objects: the platform of its superior, or a reviewer of the gateway.
    Sender,
    /// The platform of the body that reviews or re-reviews the answer.
    Reviewer,
    /// A platform that the petitioner filed on, in the petitioner's name.
    Source,
}

impl Party {
    pub const ALL: [Self; 5] = [Self::Gateway, Self::Handler, Self::Sender, Self::Reviewer, Self::Source];

    /// The name in documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Handler => "handler",
            Self::Sender => "sender",
            Self::Reviewer => "reviewer",
            Self::Source => "source",
        }
    }
}

/// A lawful move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    pub from: CaseStatus,
    pub to: CaseStatus,
    pub by: &'static [Party],
    /// Article of 信访工作条例.
    pub article: u8,
    /// The window in which it may be asked for. It must have been opened; whether it is still open is asked of the parties in
    /// [`Transition::must_be_in_time`].
    pub window: Option<Clock>,
}

impl Transition {
    /// True if the party comes too late once the window has closed. A body that reports that it reviews has decided for itself to
    /// take a late request.
    pub fn must_be_in_time(&self, by: Party) -> bool {
        by == Party::Source || self.window == Some(Clock::Object)
    }
}

const fn row(from: CaseStatus, to: CaseStatus, by: &'static [Party], article: u8) -> Transition {
    Transition { from, to, by, article, window: None }
}

const fn within(window: Clock, transition: Transition) -> Transition {
    Transition { window: Some(window), ..transition }
}

/// Every lawful move. A report of the status a case already has moves nothing and is always taken from whom it may come.
pub const TRANSITIONS: [Transition; 34] = {
    use CaseStatus::*;
    use Party::*;
    [
        row(Registered, Routed, &[Gateway], 22),
        within(Clock::Object, row(Routed, Objected, &[Handler], 23)),
        row(Routed, Accepted, &[Handler], 23),
        row(Routed, Refused, &[Handler], 23),
        // Bodies that keep no record of acceptance report what they do next: it says that they accepted.
        row(Routed, InProgress, &[Handler], 23),
        row(Routed, Answered, &[Handler], 32),
        row(Routed, Closed, &[Handler], 29),
        // The sender agrees and another body gets it, or the sender disagrees and it stays.
        row(Objected, Routed, &[Sender, Gateway], 23),
        // The body takes its objection back.
        row(Objected, Accepted, &[Handler], 23),
        // Two bodies were given the case, and their superior decided for the other one.
        row(Accepted, Routed, &[Gateway], 24),
        row(Accepted, InProgress, &[Handler], 32),
        row(Accepted, Extended, &[Handler], 34),
        row(Accepted, Answered, &[Handler], 32),
        row(Accepted, Closed, &[Handler], 29),
        row(InProgress, Routed, &[Gateway], 24),
        row(InProgress, Extended, &[Handler], 34),
        row(InProgress, Answered, &[Handler], 32),
        row(InProgress, Closed, &[Handler], 29),
        row(Extended, Routed, &[Gateway], 24),
        row(Extended, InProgress, &[Handler], 34),
        row(Extended, Answered, &[Handler], 34),
        row(Extended, Closed, &[Handler], 29),
        row(Refused, Closed, &[Handler], 23),
        // Another body has become competent.
        row(Refused, Routed, &[Gateway], 22),
        // The body mends its answer.
        row(Answered, InProgress, &[Handler], 32),
        row(Answered, Closed, &[Handler], 32),
        within(Clock::ReviewRequest, row(Answered, UnderReview, &[Handler, Source], 35)),
        within(Clock::ReReviewRequest, row(Answered, UnderReReview, &[Handler, Source], 36)),
        within(Clock::ReviewRequest, row(Closed, UnderReview, &[Handler, Source], 35)),
        within(Clock::ReReviewRequest, row(Closed, UnderReReview, &[Handler, Source], 36)),
        row(UnderReview, Answered, &[Handler, Reviewer], 35),
        // The review finds the answer wrong and has the body handle the case again.
        row(UnderReview, InProgress, &[Handler, Reviewer], 35),
        // The petitioner takes the request back.
        row(UnderReview, Closed, &[Handler, Reviewer], 35),
        row(UnderReReview, Concluded, &[Handler, Reviewer], 36),
    ]
};

/// True if the party may move a case so, or reports where it is already; windows of time aside.
pub fn leads(from: CaseStatus, to: CaseStatus, by: Party) -> bool {
    from == to || TRANSITIONS.iter().any(|transition| transition.from == from && transition.to == to && transition.by.contains(&by))
}

/// How a case stands when somebody wants to move it.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    pub status: CaseStatus,
    /// All its clocks.
    pub deadlines: &'a [Deadline],
    /// When the move is made.
    pub at: DateTime<Utc>,
}

/// Why a move is not lawful.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("a case that is {from} cannot become {to}")]
    Illegal { from: CaseStatus, to: CaseStatus, allowed: Vec<CaseStatus> },
    #[error("the time for it ended at {due_at}")]
    TooLate { window: Clock, due_at: DateTime<Utc> },
    #[error("the time for the answer was extended before")]
    AlreadyExtended,
}

impl Standing<'_> {
    /// The statuses the party may move the case to, without those it already has.
    pub fn allowed(&self, by: Party) -> Vec<CaseStatus> {
        let lawful = TRANSITIONS.iter().filter(|transition| transition.from == self.status && transition.by.contains(&by));
        let mut allowed: Vec<CaseStatus> =
            lawful.filter(|transition| self.admits(transition, by).is_ok()).map(|transition| transition.to).collect();
        allowed.sort_unstable();
        allowed
    }

    /// Whether the party may move the case to `to`.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, to: CaseStatus, by: Party) -> Result<(), Refusal> {
        if to == self.status {
            return Ok(());
        }
        let illegal = || Refusal::Illegal { from: self.status, to, allowed: self.allowed(by) };
        let lawful =
            TRANSITIONS.iter().find(|transition| transition.from == self.status && transition.to == to && transition.by.contains(&by));
        self.admits(lawful.ok_or_else(illegal)?, by).map_err(|refusal| refusal.unwrap_or_else(illegal))
    }

    /// `Err(None)`: the case's history has not come to where this move begins.
    fn admits(&self, transition: &Transition, by: Party) -> Result<(), Option<Refusal>> {
        if transition.to == CaseStatus::Extended && self.open(Clock::Answer).is_some_and(|answer| answer.extended) {
            return Err(Some(Refusal::AlreadyExtended));
        }
        let Some(window) = transition.window else { return Ok(()) };
        let opened = self.open(window).ok_or(None)?;
        if transition.must_be_in_time(by) && self.at >= opened.due_at {
            return Err(Some(Refusal::TooLate { window, due_at: opened.due_at }));
        }
        Ok(())
    }

    fn open(&self, clock: Clock) -> Option<&Deadline> {
        self.deadlines.iter().find(|deadline| deadline.clock == clock && deadline.ended_at.is_none())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{
        calendar::Calendar,
        deadline::{Moment, deadlines},
        submission::Kind,
    };

    fn morning(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_416_800, 0).expect("a time") + TimeDelta::days(day)
    }

    /// What a history of (day, status) lets a party do on a day.
    fn standing_of<T>(history: &[(i64, CaseStatus)], day: i64, look: impl FnOnce(Standing<'_>) -> T) -> T {
        let calendar = Calendar::compiled_in().expect("the calendar compiled in");
        let moments: Vec<Moment> =
            history.iter().map(|(day, status)| Moment { at: morning(*day), status: *status, hearing: None }).collect();
        let clocks = deadlines(Kind::Request, &moments, &calendar);
        let status = history.last().map_or(CaseStatus::Registered, |(_, status)| *status);
        look(Standing { status, deadlines: &clocks, at: morning(day) })
    }

    #[test]
    fn the_table_is_sound() {
        let mut seen = BTreeSet::new();
        for transition in TRANSITIONS {
            assert!(seen.insert((transition.from, transition.to)), "{transition:?} is there twice");
            assert!(transition.from != transition.to && !transition.by.is_empty() && (22..=36).contains(&transition.article));
        }
        // Every status can be come to, and every status but the last leads on to an end.
        let mut reached = BTreeSet::from([CaseStatus::Registered]);
        let mut ending = BTreeSet::from([CaseStatus::Concluded, CaseStatus::Closed]);
        for _ in CaseStatus::ALL {
            reached.extend(TRANSITIONS.iter().filter(|t| reached.contains(&t.from)).map(|t| t.to).collect::<Vec<_>>());
            ending.extend(TRANSITIONS.iter().filter(|t| ending.contains(&t.to)).map(|t| t.from).collect::<Vec<_>>());
        }
        assert_eq!((reached.len(), ending.len()), (CaseStatus::ALL.len(), CaseStatus::ALL.len()));
        assert!(TRANSITIONS.iter().all(|transition| transition.from != CaseStatus::Concluded), "nothing follows a conclusion");
    }

    #[test]
    fn what_the_law_asks_for_besides() {
        use CaseStatus as S;
        let answered = [(0, S::Registered), (0, S::Routed), (1, S::Accepted), (20, S::Answered)];
        let reviewed = [&answered[..], &[(30, S::UnderReview), (40, S::Answered)]].concat();
        let closed = [&answered[..], &[(21, S::Closed)]].concat();
        let extended = [&answered[..3], &[(10, S::Extended), (12, S::InProgress)]].concat();
        let check = |history: &[(i64, S)], day, to, by, expected: Result<(), &str>| {
            let found = standing_of(history, day, |standing| standing.check(to, by));
            let found = found.map_err(|refusal| match refusal {
                Refusal::Illegal { .. } => "illegal",
                Refusal::TooLate { .. } => "late",
                Refusal::AlreadyExtended => "extended",
            });
            assert_eq!(found, expected, "{history:?} {to} {by:?} on day {day}");
        };
        check(&answered[..2], 3, S::Objected, Party::Handler, Ok(()));
        check(&answered[..2], 9, S::Objected, Party::Handler, Err("late"));
        check(&answered[..2], 3, S::Objected, Party::Source, Err("illegal"));
        check(&answered[..1], 1, S::Accepted, Party::Handler, Err("illegal"));
        check(&answered, 25, S::UnderReview, Party::Source, Ok(()));
        check(&answered, 60, S::UnderReview, Party::Source, Err("late"));
        check(&answered, 60, S::UnderReview, Party::Handler, Ok(()));
        check(&closed, 25, S::UnderReview, Party::Source, Ok(()));
        check(&answered, 25, S::UnderReReview, Party::Source, Err("illegal"));
        check(&reviewed, 45, S::UnderReReview, Party::Source, Ok(()));
        check(&reviewed, 45, S::UnderReview, Party::Source, Err("illegal"));
        check(&reviewed, 99, S::UnderReReview, Party::Source, Err("late"));
        check(&extended, 13, S::Extended, Party::Handler, Err("extended"));
        check(&extended, 13, S::Answered, Party::Handler, Ok(()));
        check(&extended, 13, S::InProgress, Party::Handler, Ok(()));
    }

    proptest! {
        /// Whatever is tried in whatever order: what is taken stands in the table, what is refused names exactly what would be taken.
        #[test]
        fn a_case_moves_by_the_table_only(tries in prop::collection::vec((0usize..12, 0usize..5, 0i64..20), 1..40)) {
            let mut history = vec![(0, CaseStatus::Registered)];
            let mut day = 0;
            let rows: BTreeMap<_, _> = TRANSITIONS.iter().map(|t| ((t.from, t.to), t)).collect();
            for (to, by, pause) in tries {
                let (to, by) = (CaseStatus::ALL[to], Party::ALL[by]);
                day += pause;
                let (from, verdict, allowed) =
                    standing_of(&history, day, |standing| (standing.status, standing.check(to, by), standing.allowed(by)));
                match verdict {
                    Ok(()) if from == to => prop_assert!(!allowed.contains(&to)),
                    Ok(()) => {
                        prop_assert!(rows.get(&(from, to)).is_some_and(|row| row.by.contains(&by)));
                        prop_assert!(allowed.contains(&to));
                        history.push((day, to));
                    }
                    Err(refusal) => {
                        prop_assert!(!allowed.contains(&to));
                        if let Refusal::Illegal { allowed: named, .. } = refusal {
                            prop_assert_eq!(named, allowed);
                        }
                    }
                }
            }
            let ended = history.iter().filter(|(_, status)| *status == CaseStatus::Concluded).count();
            prop_assert!(ended <= 1, "{history:?}");
        }
    }
}
