//! Where a submission belongs, from its comparison with the candidates.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::evidence::{Decision, Evidence, Score, Verdict};
use super::linker::Linker;
use super::sharing::{Sharing, TokenMask};

/// Most matches reported of one submission.
pub const MAX_MATCHES: usize = 16;
/// The rule that sends a submission to a person although it resembles one of a case's submissions.
const MEMBERS_DISAGREE: &str = "members_disagree";
/// Most matters whose members are asked whether a submission fits.
const MAX_MATTERS_TRIED: usize = 3;

/// An earlier submission and what it is to the new one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Match {
    /// The earlier submission's position in the log.
    pub seq: u64,
    /// The case it belongs to now, named by the position of the case's founding submission.
    pub case: u64,
    pub decision: Decision,
    pub evidence: Evidence,
}

/// Where a submission belongs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// The case it is a duplicate of; `None` founds a new case named by its own position.
    pub case: Option<u64>,
    /// The matter it joins; `None` is a matter of its own.
    pub matter: Option<u64>,
    /// At most [`MAX_MATCHES`], best first, none of them distinct.
    pub matches: Vec<Match>,
}

/// A candidate and how it compared, without the single comparisons.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighed {
    pub entry: u32,
    pub decision: Decision,
    person: Verdict,
    matter: Verdict,
    pub weight: f64,
    pub matter_weight: f64,
    /// The identity tokens it has in common, and its person's name.
    pub same: TokenMask,
    pub name: u32,
}

impl Weighed {
    pub(super) fn new(entry: u32, score: Score) -> Self {
        let (person, matter) = (score.person.verdict, score.matter.verdict);
        let (same, name) = (score.scored.same, score.scored.name);
        Self { entry, decision: score.decision, person, matter, weight: score.weight, matter_weight: score.matter.weight, same, name }
    }
}

/// The candidates as they compared, and members of matters that were asked beside them.
pub(super) struct Compared {
    candidates: Vec<Weighed>,
    asked: Vec<Weighed>,
    sharing: Sharing,
}

impl Compared {
    pub(super) fn candidates(&self) -> &[Weighed] {
        &self.candidates
    }

    fn known(&self, entry: u32) -> Option<&Weighed> {
        self.candidates.iter().chain(&self.asked).find(|known| known.entry == entry)
    }
}

/// Where a submission belongs, before it is told why.
#[derive(Debug, Clone, Default)]
pub struct Placement {
    /// As in [`Outcome`].
    pub case: Option<u64>,
    /// As in [`Outcome`].
    pub matter: Option<u64>,
    /// Best first, none of them distinct.
    matches: Vec<Weighed>,
    /// Bits by which the prior of one person's filings being one matter was lower.
    lower_by: f64,
    sharing: Sharing,
}

impl Placement {
    /// The decision about the best match, and the probabilities of one case and of one matter.
    pub fn best(&self) -> Option<(Decision, f64, f64)> {
        let probability = super::evidence::probability;
        self.matches.first().map(|m| (m.decision, probability(m.weight), probability(m.matter_weight)))
    }

    /// Whether a person should look at any match.
    pub fn is_possible(&self) -> bool {
        self.matches.iter().take(MAX_MATCHES).any(|m| m.decision == Decision::PossibleDuplicate)
    }
}

impl Linker {
    /// The earlier submissions of other cases that a person should compare it with, and the probability of one case; best first.
    pub fn possible(&self, placement: &Placement) -> impl Iterator<Item = (u64, f64)> {
        let possible = placement.matches.iter().take(MAX_MATCHES).filter(|m| m.decision == Decision::PossibleDuplicate);
        possible
            .filter(|m| Some(self.cases().case(m.entry)) != placement.case)
            .map(|m| (self.cases().seq(m.entry), super::evidence::probability(m.weight)))
    }

    /// Compares with the candidates; with those under a token that many of them share once more, to weigh it less.
    pub(super) fn compared(&self, digest: &Digest, candidates: &[u32]) -> Compared {
        let mut weighed = self.compare_all(digest, candidates, Sharing::default(), Weighed::new);
        let sharing = Sharing::among(&weighed, self.model());
        if !sharing.is_none() {
            let touched: Vec<u32> = weighed.iter().filter(|w| sharing.touches(w.same)).map(|w| w.entry).collect();
            let mut again = self.compare_all(digest, &touched, sharing, Weighed::new).into_iter();
            weighed.iter_mut().filter(|w| sharing.touches(w.same)).zip(&mut again).for_each(|(old, new)| *old = new);
        }
        Compared { candidates: weighed, asked: Vec::new(), sharing }
    }

    /// Asks, ahead of [`Self::placement`], the members of the matters that it will ask if none of the submissions from entry
    /// `unplaced` on, which are not placed yet, comes between.
    pub(super) fn foresee(&self, digest: &Digest, compared: &mut Compared, unplaced: u32) {
        if !compared.candidates.iter().any(|m| m.entry < unplaced && m.matter == Verdict::Yes) {
            return;
        }
        let earlier: Vec<Weighed> = compared.candidates.iter().filter(|m| m.entry < unplaced).copied().collect();
        if self.fitting_case(&earlier).0.is_none() {
            self.fitting_matter(digest, &worth_telling(&earlier), compared);
        }
    }

    pub(super) fn placement(&self, digest: &Digest, compared: &mut Compared) -> Placement {
        let mut cases: Vec<u64> =
            compared.candidates.iter().filter(|m| m.person == Verdict::Yes).map(|m| self.cases().case(m.entry)).collect();
        cases.sort_unstable();
        cases.dedup();
        let lower_by = self.model().prior().lower_by(cases.len());
        if lower_by == 0.0 {
            let (fitting, matches) = (self.fitting_case(&compared.candidates), worth_telling(&compared.candidates));
            return self.placed(digest, fitting, matches, compared);
        }
        // Few have so many cases: comparing them again costs less than keeping what would spare it.
        let own: Vec<u32> = compared.candidates.iter().filter(|m| m.person == Verdict::Yes).map(|m| m.entry).collect();
        let lowered = self.compare_all(digest, &own, compared.sharing, |entry, score| {
            Weighed::new(entry, score.with_lower_prior(self.model(), lower_by))
        });
        let others = compared.candidates.iter().filter(|m| m.person != Verdict::Yes).copied();
        let candidates: Vec<Weighed> = lowered.into_iter().chain(others).collect();
        let (fitting, matches) = (self.fitting_case(&candidates), worth_telling(&candidates));
        Placement { lower_by, ..self.placed(digest, fitting, matches, compared) }
    }

    /// `fitting` is the case it fits and those refused.
    fn placed(&self, digest: &Digest, fitting: (Option<u64>, Vec<u64>), mut matches: Vec<Weighed>, compared: &mut Compared) -> Placement {
        let (case, refused) = fitting;
        let matter = match case {
            Some(case) => self.matter_of(case),
            None => self.fitting_matter(digest, &matches, compared),
        };
        for found in matches.iter_mut().filter(|m| m.decision == Decision::Duplicate) {
            if refused.contains(&self.cases().case(found.entry)) {
                found.decision = Decision::PossibleDuplicate;
            }
        }
        Placement { case, matter, matches, lower_by: 0.0, sharing: compared.sharing }
    }

    /// Puts a placement into words, with the evidence of its best matches.
    pub(super) fn outcome(&self, digest: &Digest, placement: &Placement) -> Outcome {
        let best: Vec<u32> = placement.matches.iter().take(MAX_MATCHES).map(|m| m.entry).collect();
        let told = |(score, found): (Score, &Weighed)| {
            let lower = placement.lower_by > 0.0 && score.person.verdict == Verdict::Yes;
            let score = if lower { score.with_lower_prior(self.model(), placement.lower_by) } else { score };
            let mut evidence = score.evidence(self.model());
            if evidence.decision != found.decision {
                evidence.decision = found.decision;
                MEMBERS_DISAGREE.clone_into(&mut evidence.rule);
            }
            let (seq, case) = (self.cases().seq(found.entry), self.cases().case(found.entry));
            Match { seq, case, decision: found.decision, evidence }
        };
        let scores = self.compare_all(digest, &best, placement.sharing, |_, score| score);
        let matches = scores.into_iter().zip(&placement.matches).map(told).collect();
        Outcome { case: placement.case, matter: placement.matter, matches }
    }

    /// The case of the best duplicate that at least half of the case's compared members agree with, and the cases refused
    /// for want of that: a chain of resemblances, each to the one before, is not one matter.
    fn fitting_case(&self, compared: &[Weighed]) -> (Option<u64>, Vec<u64>) {
        let mut duplicates: Vec<&Weighed> = compared.iter().filter(|m| m.decision == Decision::Duplicate).collect();
        duplicates.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.entry.cmp(&b.entry)));
        let mut refused = Vec::new();
        for duplicate in duplicates {
            let case = self.cases().case(duplicate.entry);
            if refused.contains(&case) {
                continue;
            }
            let members = compared.iter().filter(|other| self.cases().case(other.entry) == case);
            let (all, agree) =
                members.fold((0, 0), |(all, agree), member| (all + 1, agree + usize::from(member.decision == Decision::Duplicate)));
            if agree * 2 >= all {
                return (Some(case), refused);
            }
            refused.push(case);
        }
        (None, refused)
    }

    /// The matter of the best match that its other members agree with: one resemblance does not chain two matters.
    fn fitting_matter(&self, digest: &Digest, matches: &[Weighed], compared: &mut Compared) -> Option<u64> {
        let mut alike: Vec<&Weighed> = matches.iter().filter(|m| m.matter == Verdict::Yes).collect();
        alike.sort_unstable_by(|a, b| b.matter_weight.total_cmp(&a.matter_weight).then(a.entry.cmp(&b.entry)));
        let mut tried: Vec<u64> = Vec::new();
        for found in alike {
            let matter = self.cases().matter(found.entry);
            if tried.len() == MAX_MATTERS_TRIED {
                break;
            }
            if !tried.contains(&matter) {
                if self.agrees(digest, matter, compared) {
                    return Some(matter);
                }
                tried.push(matter);
            }
        }
        None
    }

    fn agrees(&self, digest: &Digest, matter: u64, compared: &mut Compared) -> bool {
        let members = self.cases().members(matter);
        if members.is_empty() {
            return true;
        }
        let (joining, count) = (self.model().joining(), members.len() as f64);
        let unknown: Vec<u32> = members.iter().filter(|member| compared.known(**member).is_none()).copied().collect();
        compared.asked.extend(self.compare_all(digest, &unknown, compared.sharing, Weighed::new));
        let weights: Vec<f64> = members.iter().filter_map(|member| compared.known(*member)).map(|known| known.matter_weight).collect();
        let agreeing = weights.iter().filter(|weight| **weight >= joining.agreeing_bits).count() as f64;
        weights.iter().sum::<f64>() / count >= self.model().odds().matter_maybe && agreeing / count >= joining.agreeing_share
    }
}

/// All but the distinct, best first.
fn worth_telling(compared: &[Weighed]) -> Vec<Weighed> {
    let mut matches: Vec<Weighed> = compared.iter().filter(|m| m.decision != Decision::Distinct).copied().collect();
    matches.sort_unstable_by(|a, b| a.decision.cmp(&b.decision).then(b.weight.total_cmp(&a.weight)).then(a.entry.cmp(&b.entry)));
    matches
}
