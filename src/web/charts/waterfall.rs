//! The evidence of a match as a waterfall: each bar starts where the one before ended.

use crate::app::view::Evidence;

/// Width of the drawing; bars are given in its units.
pub const WIDTH: f64 = 1000.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    pub prior: Bar,
    pub comparisons: Vec<NamedBar>,
    pub total: Bar,
    /// Where zero lies.
    pub zero: f64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct NamedBar {
    pub name: String,
    pub question: String,
    pub level: String,
    pub bar: Bar,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub bits: f64,
    /// All bits up to and with this one.
    pub sum: f64,
    pub x: f64,
    pub width: f64,
    /// Where the bar ends and the next begins.
    pub end: f64,
}

impl Bar {
    pub fn supports(&self) -> bool {
        self.bits >= 0.0
    }
}

impl Waterfall {
    pub fn new(evidence: &Evidence) -> Self {
        let mut sums = vec![0.0, evidence.prior];
        for comparison in &evidence.comparisons {
            sums.push(sums[sums.len() - 1] + comparison.weight);
        }
        let low = sums.iter().copied().fold(0.0, f64::min);
        let high = sums.iter().copied().fold(0.0, f64::max);
        let scale = WIDTH / (high - low).max(1.0);
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let place = |bits: f64| tenth((bits - low) * scale);
        let bar = |from: f64, to: f64| {
            let (left, right) = (place(from.min(to)), place(from.max(to)));
            // A weight near zero is still drawn.
            Bar { bits: to - from, sum: to, x: left, width: tenth(right - left).max(2.0), end: place(to) }
        };
        let comparisons = evidence
            .comparisons
            .iter()
            .enumerate()
            .map(|(at, comparison)| NamedBar {
                name: comparison.name.clone(),
                question: comparison.question.clone(),
                level: comparison.level.clone(),
                bar: bar(sums[at + 1], sums[at + 2]),
            })
            .collect();
        Self { prior: bar(0.0, evidence.prior), comparisons, total: bar(0.0, evidence.weight), zero: place(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::{AnswerView, ComparisonView, Decision, Verdict};

    #[test]
    fn bars_follow_each_other_and_fill_the_width() {
        let comparison = |weight| ComparisonView { name: "x".into(), question: "person".into(), level: "y".into(), weight };
        let yes = || AnswerView { verdict: Verdict::Yes, weight: 10.0, probability: 1.0 };
        let evidence = Evidence {
            prior: -10.0,
            comparisons: vec![comparison(20.0), comparison(-5.0), comparison(15.0)],
            weight: 20.0,
            probability: 1.0,
            person: yes(),
            matter: yes(),
            decision: Decision::Duplicate,
            rule: "same_person_same_matter".into(),
        };
        let drawn = Waterfall::new(&evidence);
        let bars: Vec<(f64, f64, f64)> = drawn.comparisons.iter().map(|c| (c.bar.x, c.bar.width, c.bar.sum)).collect();
        assert_eq!(bars, [(0.0, 666.7, 10.0), (500.0, 166.7, 5.0), (500.0, 500.0, 20.0)]);
        assert_eq!((drawn.prior.x, drawn.prior.width, drawn.prior.supports()), (0.0, 333.3, false));
        assert_eq!((drawn.zero, drawn.total.x, drawn.total.end), (333.3, 333.3, WIDTH));
    }
}
