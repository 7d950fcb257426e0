//! Supervision (网上督): declared rules say when a body is reminded, called to account by its superior, or proposed to be, and what
//! follows when it does not answer. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    calendar::Calendar,
    deadline::{Clock, Deadline},
    rating::Satisfaction,
};

const DEFAULT: &str = include_str!("../../rules/supervision.toml");
/// Rules of one file.
const MAX_RULES: usize = 100;
/// No rule waits longer.
const MAX_DAYS: u32 = 366;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionKind {
    /// 提醒
    Reminder,
    /// 回访: the body calls the petitioner and says what came of it.
    ReturnCall,
    /// 督办
    Supervision,
    /// 提请责任追究: a proposal to hold the body accountable.
    Accountability,
}

impl SupervisionKind {
    pub const ALL: [Self; 4] = [Self::Reminder, Self::ReturnCall, Self::Supervision, Self::Accountability];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::ReturnCall => "return_call",
            Self::Supervision => "supervision",
            Self::Accountability => "accountability",
        }
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionState {
    /// An answer is expected.
    Open,
    Answered,
    /// Its cause went away before an answer was due: the case was accepted, answered, reported on.
    Settled,
    /// No answer came in time; the next rule followed.
    Escalated,
    /// No answer came in time, and no rule follows.
    Unanswered,
}

impl SupervisionState {
    pub const ALL: [Self; 5] = [Self::Open, Self::Answered, Self::Settled, Self::Escalated, Self::Unanswered];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Settled => "settled",
            Self::Escalated => "escalated",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What sets a rule off.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A clock has at most so many days left.
    ClockEnding(ClockDays),
    /// A clock is so many days past its time.
    ClockOver(ClockDays),
    /// The petitioner rated the answer so.
    Rated(Vec<Satisfaction>),
    /// The petitioner files the matter again after the answer.
    Refiled,
    /// So long without a report while the body must act.
    Silence(Days),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockDays {
    pub clock: Clock,
    pub days: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Days {
    pub days: u32,
}

/// Who is addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addressee {
    /// The responsible body.
    Handler,
    /// The nearest connected body above it; the body itself where there is none.
    Superior,
}

/// Until when an answer is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    Days(u32),
    WorkingDays(u32),
}

impl Period {
    /// The first moment after the period.
    pub fn after(self, start: DateTime<Utc>, calendar: &Calendar) -> DateTime<Utc> {
        match self {
            Self::Days(days) => calendar.after_days(start, u64::from(days)),
            Self::WorkingDays(days) => calendar.after_working_days(start, days as usize),
        }
    }

    const fn length(self) -> u32 {
        match self {
            Self::Days(days) | Self::WorkingDays(days) => days,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    /// For people: what it is about, in Chinese and in English.
    pub title: String,
    pub title_en: String,
    pub kind: SupervisionKind,
    /// `None`: it only follows others.
    #[serde(default)]
    pub when: Option<Trigger>,
    pub addressee: Addressee,
    pub answer_within: Period,
    #[serde(default)]
    pub escalates_to: Option<String>,
}

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error("it is not a file of supervision rules")]
    Syntax(#[from] toml::de::Error),
    #[error("it has more than {MAX_RULES} rules")]
    TooMany,
    #[error("rule {0} is there twice")]
    Twice(String),
    #[error("rule {0}: an id has 1 to 64 lower-case letters, digits and hyphens")]
    Id(String),
    #[error("rule {rule}: {what} must be at most {MAX_DAYS} days")]
    Days { rule: String, what: &'static str },
    #[error("rule {rule} escalates to {to}, which is not there or leads back to it")]
    Escalation { rule: String, to: String },
}

/// Every rule, checked when read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Rule>,
}

impl Rules {
    /// Reads `rules/supervision.toml` or a file like it.
    ///
    /// # Errors
    /// If it is not one, or a rule cannot be carried out.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        let rules = Self(toml::from_str::<File>(text)?.rules);
        if rules.0.len() > MAX_RULES {
            return Err(RulesError::TooMany);
        }
        for (index, rule) in rules.0.iter().enumerate() {
            let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if rule.id.is_empty() || rule.id.len() > 64 || !rule.id.chars().all(sound) {
                return Err(RulesError::Id(rule.id.clone()));
            }
            if rules.0[..index].iter().any(|other| other.id == rule.id) {
                return Err(RulesError::Twice(rule.id.clone()));
            }
            rules.check(rule)?;
        }
        Ok(rules)
    }

    fn check(&self, rule: &Rule) -> Result<(), RulesError> {
        let days = match &rule.when {
            Some(Trigger::ClockEnding(of) | Trigger::ClockOver(of)) => of.days,
            Some(Trigger::Silence(of)) => of.days,
            Some(Trigger::Rated(_) | Trigger::Refiled) | None => 0,
        };
        for (what, days) in [("when", days), ("answer_within", rule.answer_within.length())] {
            if days > MAX_DAYS {
                return Err(RulesError::Days { rule: rule.id.clone(), what });
            }
        }
        let mut next = rule.escalates_to.as_deref();
        for _ in 0..=self.0.len() {
            let Some(to) = next else { return Ok(()) };
            let Some(following) = self.get(to).filter(|following| following.id != rule.id) else { break };
            next = following.escalates_to.as_deref();
        }
        Err(RulesError::Escalation { rule: rule.id.clone(), to: next.unwrap_or_default().to_owned() })
    }

    /// The rules that are compiled in.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn compiled_in() -> Result<Self, RulesError> {
        Self::from_toml(DEFAULT)
    }

    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }

    /// What the clocks of a case call for now: rule, the clock's number among `deadlines`.
    pub fn called_for<'a>(&'a self, deadlines: &'a [Deadline], now: DateTime<Utc>) -> impl Iterator<Item = (&'a Rule, &'a Deadline)> {
        self.0.iter().flat_map(move |rule| deadlines.iter().filter(move |deadline| rule.is_set_off(deadline, now)).map(move |d| (rule, d)))
    }

    /// The rules for an answer that was rated so.
    pub fn for_rating(&self, satisfaction: Satisfaction) -> impl Iterator<Item = &Rule> {
        self.0.iter().filter(move |rule| matches!(&rule.when, Some(Trigger::Rated(list)) if list.contains(&satisfaction)))
    }

    /// The rules for a matter that is filed again after the answer.
    pub fn for_refiling(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter().filter(|rule| rule.when == Some(Trigger::Refiled))
    }
}

impl Rule {
    /// Whether an open clock sets the rule off at a time.
    pub fn is_set_off(&self, deadline: &Deadline, now: DateTime<Utc>) -> bool {
        let open = deadline.ended_at.is_none();
        match &self.when {
            Some(Trigger::ClockEnding(of)) => {
                open && of.clock == deadline.clock && now < deadline.due_at && now >= deadline.due_at - days(of.days)
            }
            Some(Trigger::ClockOver(of)) => open && of.clock == deadline.clock && now >= deadline.due_at + days(of.days),
            _ => false,
        }
    }

    /// For a rule about clocks: which, and how long after a clock's due time it is set off; negative: before.
    pub fn clock_offset(&self) -> Option<(Clock, TimeDelta)> {
        match &self.when {
            Some(Trigger::ClockEnding(of)) => Some((of.clock, -days(of.days))),
            Some(Trigger::ClockOver(of)) => Some((of.clock, days(of.days))),
            _ => None,
        }
    }

    /// For a rule about silence: how long.
    pub fn silence(&self) -> Option<TimeDelta> {
        match &self.when {
            Some(Trigger::Silence(of)) => Some(days(of.days)),
            _ => None,
        }
    }
}

fn days(number: u32) -> TimeDelta {
    TimeDelta::days(i64::from(number))
}

/// What a supervision goes back to; when that is gone, nothing is expected any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A clock that runs.
    Clock(Clock),
    /// Nothing was reported since this position of the change feed.
    Silence(i64),
    /// What the petitioner said or did.
    Petitioner,
}

impl Cause {
    /// False once it is gone; `last_report` is the feed's position of the newest report on the case.
    pub fn holds(self, deadlines: &[Deadline], last_report: i64) -> bool {
        match self {
            Self::Clock(clock) => deadlines.iter().any(|deadline| deadline.clock == clock && deadline.ended_at.is_none()),
            Self::Silence(since) => last_report <= since,
            Self::Petitioner => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: &str) -> DateTime<Utc> {
        format!("{day}T00:00:00+08:00").parse().expect("a time")
    }

    fn clock(clock: Clock, due: &str, ended: Option<&str>) -> Deadline {
        Deadline { clock, started_at: at("2026-03-01"), due_at: at(due), ended_at: ended.map(at), extended: false }
    }

    #[test]
    fn the_rules_compiled_in_are_sound_and_use_every_kind() {
        let rules = Rules::compiled_in().expect("the rules compiled in");
        for kind in SupervisionKind::ALL {
            assert!(rules.iter().any(|rule| rule.kind == kind), "{kind:?}");
        }
    }

    #[test]
    fn clocks_set_rules_off() {
        let rules = Rules::compiled_in().expect("the rules compiled in");
        let check = |deadline: Deadline, now, expected: &[&str]| {
            let found: Vec<&str> = rules.called_for(std::slice::from_ref(&deadline), at(now)).map(|(rule, _)| rule.id.as_str()).collect();
            assert_eq!(found, expected, "{deadline:?} {now}");
        };
        check(clock(Clock::Accept, "2026-03-18", None), "2026-03-14", &[]);
        check(clock(Clock::Accept, "2026-03-18", None), "2026-03-15", &["accept-ending"]);
        check(clock(Clock::Accept, "2026-03-18", None), "2026-03-18", &["accept-over"]);
        check(clock(Clock::Accept, "2026-03-18", Some("2026-03-12")), "2026-03-18", &[]);
        check(clock(Clock::Answer, "2026-05-18", None), "2026-05-10", &["answer-ending"]);
        check(clock(Clock::ReviewRequest, "2026-05-18", None), "2026-06-10", &[]);
        assert_eq!(rules.for_rating(Satisfaction::Neutral).count() + rules.for_rating(Satisfaction::VeryDissatisfied).count(), 1);
    }

    #[test]
    fn a_cause_goes_away() {
        let open = [clock(Clock::Answer, "2026-05-18", None)];
        let ended = [clock(Clock::Answer, "2026-05-18", Some("2026-05-20"))];
        assert!(Cause::Clock(Clock::Answer).holds(&open, 0) && !Cause::Clock(Clock::Answer).holds(&ended, 0));
        assert!(Cause::Silence(7).holds(&[], 7) && !Cause::Silence(7).holds(&[], 8));
        assert!(Cause::Petitioner.holds(&[], 99));
    }

    #[test]
    fn unsound_rules_are_refused() {
        let rule = |id: &str, rest: &str| {
            format!(
                "[[rules]]\nid = \"{id}\"\ntitle = \"甲\"\ntitle_en = \"a\"\nkind = \"reminder\"\naddressee = \"handler\"\nanswer_within = {{ days = 1 }}\n{rest}\n"
            )
        };
        for (text, part) in [
            (rule("a", "when = { clock_ending = { clock = \"lunch\", days = 1 } }"), "not a file"),
            (rule("a", "when = { silence = { days = 1000 } }"), "at most"),
            (rule("A b", ""), "an id has"),
            (rule("a", "") + &rule("a", ""), "twice"),
            (rule("a", "escalates_to = \"b\""), "escalates"),
            (rule("a", "escalates_to = \"b\"") + &rule("b", "escalates_to = \"a\""), "escalates"),
            (rule("a", "colour = \"red\""), "not a file"),
        ] {
            let error = Rules::from_toml(&text).expect_err(&text);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
