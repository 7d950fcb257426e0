//! What becomes of a simulated case: which reports come, when, and how its petitioner rates the answer. Shares and times are made up so
//! that every state, rate and clock has cases.

use chrono::TimeDelta;
use rand::{RngExt, rngs::StdRng};

use crate::domain::{case::CaseStatus, rating::Satisfaction, submission::Kind};

/// One thing that happens to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Report(CaseStatus),
    Rate(Satisfaction),
}

/// What happens, each so long after the one before.
pub(super) type Fate = std::collections::VecDeque<(TimeDelta, Step)>;

/// Shares of a hundred.
const OBJECTED: u32 = 2;
const REFUSED: u32 = 4;
const SILENT: u32 = 2;
const ACCEPTED_LATE: u32 = 5;
const EXTENDED: u32 = 8;
const NEVER_ANSWERED: u32 = 2;
const ANSWERED_LATE: u32 = 4;
const RATED: u32 = 55;
const REVIEWED: u32 = 5;
const RE_REVIEWED: u32 = 30;

/// Draws the fate of a case that a body has in hand.
pub(super) fn draw(dice: &mut StdRng, kind: Kind) -> Fate {
    let mut fate = Fate::new();
    if share(dice, SILENT) {
        return fate;
    }
    if share(dice, OBJECTED) {
        fate.push_back((days(dice, 1.0, 5.0), Step::Report(CaseStatus::Objected)));
    } else if share(dice, REFUSED) {
        fate.push_back((days(dice, 2.0, 14.0), Step::Report(CaseStatus::Refused)));
        fate.push_back((days(dice, 1.0, 10.0), Step::Report(CaseStatus::Closed)));
        return fate;
    }
    let late = share(dice, ACCEPTED_LATE);
    fate.push_back((if late { days(dice, 16.0, 30.0) } else { days(dice, 0.2, 13.0) }, Step::Report(CaseStatus::Accepted)));
    fate.push_back((days(dice, 0.5, 6.0), Step::Report(CaseStatus::InProgress)));
    // Suggestions and accusations have no statutory time; they are answered sooner or later all the same.
    if kind == Kind::Request && share(dice, EXTENDED) {
        fate.push_back((days(dice, 35.0, 50.0), Step::Report(CaseStatus::Extended)));
    }
    if share(dice, NEVER_ANSWERED) {
        return fate;
    }
    let late = share(dice, ANSWERED_LATE);
    fate.push_back((if late { days(dice, 61.0, 90.0) } else { days(dice, 2.0, 30.0) }, Step::Report(CaseStatus::Answered)));
    if share(dice, RATED) {
        fate.push_back((days(dice, 0.1, 12.0), Step::Rate(satisfaction(dice))));
    }
    end(dice, &mut fate);
    fate
}

/// Review, re-review, the end.
fn end(dice: &mut StdRng, fate: &mut Fate) {
    if !share(dice, REVIEWED) {
        fate.push_back((days(dice, 3.0, 31.0), Step::Report(CaseStatus::Closed)));
        return;
    }
    fate.push_back((days(dice, 3.0, 28.0), Step::Report(CaseStatus::UnderReview)));
    if share(dice, RE_REVIEWED) {
        fate.push_back((days(dice, 20.0, 29.0), Step::Report(CaseStatus::UnderReReview)));
        fate.push_back((days(dice, 15.0, 32.0), Step::Report(CaseStatus::Concluded)));
    } else {
        fate.push_back((days(dice, 10.0, 33.0), Step::Report(CaseStatus::Answered)));
        fate.push_back((days(dice, 20.0, 40.0), Step::Report(CaseStatus::Closed)));
    }
}

fn satisfaction(dice: &mut StdRng) -> Satisfaction {
    match dice.random_range(0..100) {
        0..35 => Satisfaction::VerySatisfied,
        35..78 => Satisfaction::Satisfied,
        78..88 => Satisfaction::Neutral,
        88..96 => Satisfaction::Dissatisfied,
        _ => Satisfaction::VeryDissatisfied,
    }
}

fn share(dice: &mut StdRng, hundredths: u32) -> bool {
    dice.random_range(0..100) < hundredths
}

fn days(dice: &mut StdRng, least: f64, most: f64) -> TimeDelta {
    const DAY: f64 = 86_400_000.0;
    TimeDelta::milliseconds((dice.random_range(least..most) * DAY) as i64)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn every_fate_is_lawful_and_all_states_come() {
        let mut dice = StdRng::seed_from_u64(1);
        let mut seen = std::collections::HashSet::from(["registered", "routed"]);
        for _ in 0..20_000 {
            let mut status = CaseStatus::Routed;
            for (_, step) in draw(&mut dice, Kind::Request) {
                let Step::Report(next) = step else { continue };
                assert!(status.may_become(next), "{status} to {next}");
                status = next;
                seen.insert(next.as_str());
            }
        }
        assert_eq!(seen.len(), CaseStatus::ALL.len());
    }
}
