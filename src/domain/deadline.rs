//! Statutory clocks (信访工作条例, articles 22, 23, 34, 35, 36): what runs for a case, until when, and how it ended. A fold over
//! the case's history.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{calendar::Calendar, case::CaseStatus, submission::Kind};

/// A statutory clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// Registered to routed: 15 days (article 22).
    Route,
    /// Routed to objection: a window of 5 working days (article 23).
    Object,
    /// Routed to accepted or refused: 15 days (article 23).
    Accept,
    /// Accepted to answered: 60 days, 30 more with approval (article 34); requests only.
    Answer,
    /// Answered to a review being asked for: a window of 30 days (article 35).
    ReviewRequest,
    /// Review asked for to answered: 30 days (article 35).
    Review,
    /// Review answered to a re-review being asked for: a window of 30 days (article 36).
    ReReviewRequest,
    /// Re-review asked for to concluded: 30 days without those of the hearing (article 36).
    ReReview,
}

const ROUTE_DAYS: u64 = 15;
const OBJECT_WORKING_DAYS: usize = 5;
const ACCEPT_DAYS: u64 = 15;
const ANSWER_DAYS: u64 = 60;
const EXTENSION_DAYS: u64 = 30;
const REVIEW_DAYS: u64 = 30;

impl Clock {
    pub const ALL: [Self; 8] =
        [Self::Route, Self::Object, Self::Accept, Self::Answer, Self::ReviewRequest, Self::Review, Self::ReReviewRequest, Self::ReReview];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Route => "route",
            Self::Object => "object",
            Self::Accept => "accept",
            Self::Answer => "answer",
            Self::ReviewRequest => "review_request",
            Self::Review => "review",
            Self::ReReviewRequest => "re_review_request",
            Self::ReReview => "re_review",
        }
    }

    /// True if a body must act in time; otherwise it is a window in which somebody may, and closes without fault.
    pub const fn is_duty(self) -> bool {
        !matches!(self, Self::Object | Self::ReviewRequest | Self::ReReviewRequest)
    }

    fn due(self, start: DateTime<Utc>, calendar: &Calendar) -> DateTime<Utc> {
        match self {
            Self::Route => calendar.after_days(start, ROUTE_DAYS),
            Self::Object => calendar.after_working_days(start, OBJECT_WORKING_DAYS),
            Self::Accept => calendar.after_days(start, ACCEPT_DAYS),
            Self::Answer => calendar.after_days(start, ANSWER_DAYS),
            Self::ReviewRequest | Self::Review | Self::ReReviewRequest | Self::ReReview => calendar.after_days(start, REVIEW_DAYS),
        }
    }
}

/// A clock of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    pub clock: Clock,
    pub started_at: DateTime<Utc>,
    /// The first moment after the time is over.
    pub due_at: DateTime<Utc>,
    /// When it was met, or no longer ran.
    pub ended_at: Option<DateTime<Utc>>,
    /// The answer's time was extended, or a hearing was taken out.
    pub extended: bool,
}

/// How a deadline stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    Running,
    /// A duty that is past its time and not yet done.
    Overdue,
    /// Done in time.
    Met,
    /// Done, but late.
    Late,
    /// A window that closed unused.
    Lapsed,
}

impl DeadlineState {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Overdue => "overdue",
            Self::Met => "met",
            Self::Late => "late",
            Self::Lapsed => "lapsed",
        }
    }

    /// True if a clock can stand so: only a duty is overdue or late, only a window lapses.
    pub const fn is_of(self, clock: Clock) -> bool {
        match self {
            Self::Running | Self::Met => true,
            Self::Overdue | Self::Late => clock.is_duty(),
            Self::Lapsed => !clock.is_duty(),
        }
    }
}

impl Deadline {
    pub fn state(&self, now: DateTime<Utc>) -> DeadlineState {
        match self.ended_at {
            Some(ended) if ended < self.due_at => DeadlineState::Met,
            Some(_) if self.clock.is_duty() => DeadlineState::Late,
            None if now < self.due_at => DeadlineState::Running,
            None if self.clock.is_duty() => DeadlineState::Overdue,
            Some(_) | None => DeadlineState::Lapsed,
        }
    }
}

/// A point in a case's history that clocks depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: DateTime<Utc>,
    pub status: CaseStatus,
    /// How long a hearing took that is reported here.
    pub hearing: Option<TimeDelta>,
}

/// All clocks of a case, in the order they started. `history` is in the order things were reported; a time before the one before
/// it counts as that one's. O(history).
pub fn deadlines(kind: Kind, history: &[Moment], calendar: &Calendar) -> Vec<Deadline> {
    let mut clocks = Clocks { kind, calendar, all: Vec::new(), last: None };
    for moment in history {
        clocks.fold(moment);
    }
    clocks.all
}

struct Clocks<'a> {
    kind: Kind,
    calendar: &'a Calendar,
    all: Vec<Deadline>,
    last: Option<(DateTime<Utc>, CaseStatus)>,
}

impl Clocks<'_> {
    fn fold(&mut self, moment: &Moment) {
        let at = self.last.map_or(moment.at, |(last, _)| moment.at.max(last));
        let before = self.last.map(|(_, status)| status);
        self.last = Some((at, moment.status));
        if let (Some(hearing), Some(running)) = (moment.hearing, self.running(Clock::ReReview)) {
            running.due_at += hearing.max(TimeDelta::zero());
            running.extended = true;
        }
        if before != Some(moment.status) {
            self.enter(moment.status, before, at);
        }
    }

    fn enter(&mut self, status: CaseStatus, before: Option<CaseStatus>, at: DateTime<Utc>) {
        use CaseStatus as S;
        match status {
            S::Registered => self.start(Clock::Route, at),
            S::Routed => {
                // Another body begins anew; what this one had still to answer is not counted for either.
                self.all.retain(|deadline| deadline.clock != Clock::Answer || deadline.ended_at.is_some());
                self.end(&[Clock::Route, Clock::Object, Clock::Accept], at);
                self.start(Clock::Object, at);
                self.start(Clock::Accept, at);
            }
            // The sender has the case again and must find the right body.
            S::Objected => {
                self.end(&[Clock::Object, Clock::Accept], at);
                self.start(Clock::Route, at);
            }
            S::Accepted | S::InProgress | S::Extended => self.work(status, at),
            S::Answered => {
                let reviewed = before == Some(S::UnderReview);
                self.end(&[Clock::Route, Clock::Object, Clock::Accept, Clock::Answer, Clock::Review], at);
                self.start(if reviewed { Clock::ReReviewRequest } else { Clock::ReviewRequest }, at);
            }
            S::UnderReview => {
                self.end(&Clock::ALL, at);
                self.start(Clock::Review, at);
            }
            S::UnderReReview => {
                self.end(&Clock::ALL, at);
                self.start(Clock::ReReview, at);
            }
            // What was answered may be asked to be reviewed for as long as the law says, closed or not.
            S::Closed => self.end(&[Clock::Route, Clock::Object, Clock::Accept, Clock::Answer, Clock::Review, Clock::ReReview], at),
            S::Refused | S::Concluded => self.end(&Clock::ALL, at),
        }
    }

    fn work(&mut self, status: CaseStatus, at: DateTime<Utc>) {
        self.end(&[Clock::Route, Clock::Object, Clock::Accept, Clock::ReviewRequest, Clock::ReReviewRequest], at);
        if self.kind == Kind::Request && self.running(Clock::Answer).is_none() {
            self.start(Clock::Answer, at);
        }
        let calendar = self.calendar;
        if status == CaseStatus::Extended
            && let Some(answer) = self.running(Clock::Answer).filter(|answer| !answer.extended)
        {
            answer.due_at = calendar.after_days(answer.started_at, ANSWER_DAYS + EXTENSION_DAYS);
            answer.extended = true;
        }
    }

    fn running(&mut self, clock: Clock) -> Option<&mut Deadline> {
        self.all.iter_mut().find(|deadline| deadline.clock == clock && deadline.ended_at.is_none())
    }

    fn start(&mut self, clock: Clock, at: DateTime<Utc>) {
        let due_at = clock.due(at, self.calendar);
        self.all.push(Deadline { clock, started_at: at, due_at, ended_at: None, extended: false });
    }

    fn end(&mut self, clocks: &[Clock], at: DateTime<Utc>) {
        for deadline in self.all.iter_mut().filter(|deadline| deadline.ended_at.is_none() && clocks.contains(&deadline.clock)) {
            deadline.ended_at = Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CaseStatus as S;

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T10:00:00+08:00").parse().expect("a time")
    }

    /// The clocks of a history, each as `clock due[ state]`.
    fn check(kind: Kind, history: &[(&str, S)], now: &str, expected: &[&str]) {
        let calendar = Calendar::compiled_in().expect("the calendar compiled in");
        let history: Vec<Moment> = history.iter().map(|(day, status)| Moment { at: at(day), status: *status, hearing: None }).collect();
        let found: Vec<String> = deadlines(kind, &history, &calendar)
            .iter()
            .map(|deadline| {
                let last_day = (deadline.due_at.with_timezone(&super::super::calendar::ZONE) - TimeDelta::seconds(1)).date_naive();
                format!("{} {last_day} {:?}", deadline.clock.as_str(), deadline.state(at(now))).to_lowercase()
            })
            .collect();
        assert_eq!(found, expected, "{history:?}");
    }

    #[test]
    fn a_request_runs_through_all_its_clocks() {
        let mut history = vec![("2026-03-02", S::Registered)];
        check(Kind::Request, &history, "2026-03-10", &["route 2026-03-17 running"]);
        check(Kind::Request, &history, "2026-03-18", &["route 2026-03-17 overdue"]);
        history.push(("2026-03-03", S::Routed));
        let routed = ["route 2026-03-17 met", "object 2026-03-10 running", "accept 2026-03-18 running"];
        check(Kind::Request, &history, "2026-03-03", &routed);
        history.push(("2026-03-19", S::Accepted));
        let accepted = ["route 2026-03-17 met", "object 2026-03-10 lapsed", "accept 2026-03-18 late"];
        check(Kind::Request, &history, "2026-03-19", &[&accepted[..], &["answer 2026-05-18 running"]].concat());
        history.push(("2026-05-10", S::Extended));
        check(Kind::Request, &history, "2026-05-30", &[&accepted[..], &["answer 2026-06-17 running"]].concat());
        history.push(("2026-06-01", S::Answered));
        let answered = [&accepted[..], &["answer 2026-06-17 met"]].concat();
        check(Kind::Request, &history, "2026-06-01", &[&answered[..], &["review_request 2026-07-01 running"]].concat());
        check(Kind::Request, &history, "2026-07-02", &[&answered[..], &["review_request 2026-07-01 lapsed"]].concat());
        history.push(("2026-06-20", S::UnderReview));
        history.push(("2026-07-01", S::Answered));
        history.push(("2026-07-10", S::UnderReReview));
        history.push(("2026-08-01", S::Concluded));
        let reviewed =
            ["review_request 2026-07-01 met", "review 2026-07-20 met", "re_review_request 2026-07-31 met", "re_review 2026-08-10 met"];
        check(Kind::Request, &history, "2026-09-01", &[&answered[..], &reviewed].concat());
    }

    #[test]
    fn an_objection_gives_the_case_back() {
        let history = [("2026-03-02", S::Registered), ("2026-03-03", S::Routed), ("2026-03-05", S::Objected), ("2026-03-06", S::Routed)];
        check(
            Kind::Suggestion,
            &history,
            "2026-03-07",
            &[
                "route 2026-03-17 met",
                "object 2026-03-10 met",
                "accept 2026-03-18 met",
                "route 2026-03-20 met",
                "object 2026-03-13 running",
                "accept 2026-03-23 running",
            ],
        );
    }

    #[test]
    fn only_requests_have_a_time_for_the_answer_and_it_is_extended_once() {
        let routed = [("2026-03-02", S::Registered), ("2026-03-02", S::Routed)];
        let worked = [&routed[..], &[("2026-03-03", S::InProgress)]].concat();
        check(Kind::Accusation, &worked, "2026-03-04", &["route 2026-03-17 met", "object 2026-03-09 met", "accept 2026-03-17 met"]);
        let extended = [&worked[..], &[("2026-04-01", S::Extended), ("2026-04-02", S::InProgress), ("2026-04-03", S::Extended)]].concat();
        let expected = ["route 2026-03-17 met", "object 2026-03-09 met", "accept 2026-03-17 met", "answer 2026-06-01 running"];
        check(Kind::Request, &extended, "2026-04-04", &expected);
    }

    #[test]
    fn a_hearing_is_taken_out_and_times_never_run_backwards() {
        let calendar = Calendar::compiled_in().expect("the calendar compiled in");
        let moment = |day, status, hearing| Moment { at: at(day), status, hearing };
        let history = [
            moment("2026-07-10", S::UnderReReview, None),
            moment("2026-07-20", S::UnderReReview, Some(TimeDelta::days(7))),
            moment("2026-07-01", S::Concluded, None),
        ];
        let found = deadlines(Kind::Request, &history, &calendar);
        let plain = calendar.after_days(at("2026-07-10"), 30);
        assert_eq!((found[0].due_at - plain, found[0].extended), (TimeDelta::days(7), true));
        assert_eq!(found[0].ended_at, Some(at("2026-07-20")));
    }
}
