//! A responsible body at work: it signs for a case, accepts it, works on it and answers in writing.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    time::Duration,
};

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};

use super::{faults::draw, record::Forward};

/// How a body works. Delays count from the step before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    pub seed: u64,
    pub accept_after_ms: u64,
    pub work_after_ms: u64,
    pub answer_after_ms: u64,
    /// Share of cases that are not accepted, with a reason.
    pub refuse_share: f64,
    /// Share of cases that are extended before they are answered.
    pub extend_share: f64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self { seed: 1, accept_after_ms: 300, work_after_ms: 500, answer_after_ms: 900, refuse_share: 0.0, extend_share: 0.1 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Accept,
    Refuse,
    Work,
    Extend,
    Answer,
}

/// One entry of a body's progress, as the platform offers it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Progress {
    pub sequence: u64,
    pub receipt: String,
    pub step: Step,
    pub at: DateTime<FixedOffset>,
}

/// The cases a platform's bodies have in hand.
#[derive(Default)]
pub(super) struct Desk {
    forwards: Vec<Forward>,
    by_delivery: HashMap<String, usize>,
    by_receipt: HashMap<String, usize>,
    due: BinaryHeap<Reverse<(DateTime<Utc>, String, Step)>>,
    progress: Vec<Progress>,
}

/// What came of a forward.
pub(super) enum Taken {
    New(String),
    Again(String),
}

impl Desk {
    /// Takes a forward once, whatever the number of attempts.
    pub fn take(&mut self, mut forward: Forward, behaviour: &Behaviour, now: DateTime<Utc>) -> Taken {
        if let Some(known) = self.by_delivery.get(&forward.delivery).and_then(|at| self.forwards.get_mut(*at)) {
            known.times += 1;
            return Taken::Again(known.receipt.clone());
        }
        forward.times = 1;
        let receipt = forward.receipt.clone();
        self.by_delivery.insert(forward.delivery.clone(), self.forwards.len());
        self.by_receipt.insert(receipt.clone(), self.forwards.len());
        let first = if draw(behaviour.seed, "refuse", &forward.case, 0) < behaviour.refuse_share { Step::Refuse } else { Step::Accept };
        self.due.push(Reverse((now + Duration::from_millis(behaviour.accept_after_ms), receipt.clone(), first)));
        self.forwards.push(forward);
        Taken::New(receipt)
    }

    /// Does what is due by now, in order.
    pub fn advance(&mut self, behaviour: &Behaviour, now: DateTime<Utc>) {
        while self.due.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((at, receipt, step))) = self.due.pop() else { return };
            let extends = draw(behaviour.seed, "extend", &receipt, 0) < behaviour.extend_share;
            let next = match step {
                Step::Accept => Some((behaviour.work_after_ms, Step::Work)),
                Step::Work if extends => Some((behaviour.answer_after_ms / 2, Step::Extend)),
                Step::Work | Step::Extend => Some((behaviour.answer_after_ms, Step::Answer)),
                Step::Answer | Step::Refuse => None,
            };
            if let Some((delay, step)) = next {
                self.due.push(Reverse((at + Duration::from_millis(delay), receipt.clone(), step)));
            }
            let sequence = self.progress.len() as u64 + 1;
            self.progress.push(Progress { sequence, receipt, step, at: beijing(at) });
        }
    }

    /// The entries after a sequence number.
    pub fn after(&self, sequence: u64) -> &[Progress] {
        let from = usize::try_from(sequence).unwrap_or(usize::MAX).min(self.progress.len());
        &self.progress[from..]
    }

    pub fn forward(&self, receipt: &str) -> Option<&Forward> {
        self.by_receipt.get(receipt).and_then(|at| self.forwards.get(*at))
    }

    /// The forwards with the state that `word` has for their last step.
    pub fn forwards(&self, word: impl Fn(Step) -> &'static str) -> Vec<Forward> {
        let mut latest: HashMap<&str, Step> = HashMap::new();
        for progress in &self.progress {
            latest.insert(&progress.receipt, progress.step);
        }
        let status = |forward: &Forward| latest.get(forward.receipt.as_str()).map_or(String::new(), |step| word(*step).to_owned());
        self.forwards.iter().map(|forward| Forward { status: status(forward), ..forward.clone() }).collect()
    }
}

/// The written answer to a case.
pub(super) fn reply(forward: &Forward) -> String {
    const FINDINGS: [&str; 4] = [
        "经现场核查，您反映的情况属实，已责成有关单位限期整改，并于本周内完成。",
        "我单位组织专人调查，并约谈了有关责任单位，问题已得到初步解决，后续将定期回访。",
        "经会同属地街道核实，已制定处理方案并公示，预计一个月内落实到位。",
        "经查，反映的主要问题存在，已依法依规作出处理，并完善了长效管理措施。",
    ];
    let chosen = (draw(3, "reply", &forward.case, 0) * 4.0) as usize;
    format!("您反映的“{}”问题已收悉。{}感谢您对我们工作的监督和支持。", forward.subject, FINDINGS[chosen.min(3)])
}

pub(super) fn beijing(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    const EIGHT_HOURS: i32 = 8 * 3_600;
    FixedOffset::east_opt(EIGHT_HOURS).map_or_else(|| moment.fixed_offset(), |offset| moment.with_timezone(&offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forward(delivery: &str, case: &str) -> Forward {
        Forward {
            delivery: delivery.into(),
            case: case.into(),
            receipt: format!("R-{delivery}"),
            organization: None,
            subject: "路灯不亮".into(),
            times: 0,
            status: String::new(),
        }
    }

    #[test]
    fn a_forward_is_taken_once_and_answered() {
        let behaviour = Behaviour { extend_share: 0.0, ..Behaviour::default() };
        let mut desk = Desk::default();
        let start = DateTime::UNIX_EPOCH;
        assert!(matches!(desk.take(forward("d1", "LJ1"), &behaviour, start), Taken::New(_)));
        assert!(matches!(desk.take(forward("d1", "LJ1"), &behaviour, start), Taken::Again(receipt) if receipt == "R-d1"));
        desk.advance(&behaviour, start + Duration::from_millis(299));
        assert!(desk.after(0).is_empty());
        desk.advance(&behaviour, start + Duration::from_secs(5));
        let steps: Vec<Step> = desk.after(0).iter().map(|p| p.step).collect();
        assert_eq!(steps, [Step::Accept, Step::Work, Step::Answer]);
        assert_eq!(desk.after(2).len(), 1);
        assert_eq!(desk.forwards(|_| "x")[0].times, 2);
    }
}
