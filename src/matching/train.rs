//! Training a match model on a corpus without labels.
//!
//! u comes from pairs drawn at random, which are hardly ever matches; m by expectation–maximisation (Dempster, Laird &
//! Rubin 1977; Winkler 1988) on pairs that share a blocking key, u held fixed. The comparison a block is made of is left
//! out there, or it would agree always.

use std::collections::{BTreeMap, HashMap};

use super::em::{Estimate, Free, MISSING, estimate, make_monotone};
use super::evidence::Verdict;
use super::fingerprint::Fingerprint;
use super::linker::Linker;
use super::model::{Estimates, Kind, Model, ModelError, Question};

/// Most submissions taken under one key into pairs; larger blocks say too little to be worth their pairs.
const MAX_BLOCK: usize = 24;
const MAX_ROUNDS: usize = 200;
const RANDOM_PAIRS: usize = 100_000;
const MAX_BLOCKED_PAIRS: usize = 200_000;
/// The rarest terms of a text under which pairs are made.
const BLOCK_TERMS: usize = 3;
/// A level met by fewer random pairs, or by matches of so little weight, keeps what it had.
const LEAST_SEEN: f64 = 10.0;
/// Share of matches assumed first among pairs of a block.
const FIRST_PRIOR: f64 = 0.3;

type Levels = [u8; Kind::ALL.len()];

/// What pairs have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Block {
    Content,
    IdNumber,
    Phone,
    Account,
}

/// A model like `model` with m, u and priors estimated on a corpus. Levels and comparisons that too few pairs reach
/// stay as they are; weights are made to fall from level to level. O(n × block size).
pub fn train(model: &Model, prints: &[Fingerprint], name: &str) -> Result<Model, ModelError> {
    let mut linker = Linker::new(model.clone());
    for print in prints {
        linker.learn(print);
    }
    linker.settle();
    let pairs = Pairs { model, prints, linker: &linker };
    let random = pairs.random();
    let u = pairs.shares(&random);
    let blocked = pairs.blocked(&random.seen);
    let mut tables = Tables::new();
    let persons = blocked.iter().map(|(block, pair)| (*block, pair.levels, pair.same_person));
    let mut matches = [0.0; 2];
    for block in [Block::Content, Block::IdNumber, Block::Phone, Block::Account] {
        let of_block = persons.clone().filter(|(b, ..)| *b == block).map(|(_, levels, _)| levels);
        matches[0] += tables.add(model, &u, Question::Person, of_block, excluded(block)).1;
    }
    let strangers = persons.clone().filter(|(b, _, same)| *b == Block::Content && !same).map(|(_, levels, _)| levels);
    matches[1] = tables.add(model, &u, Question::Matter, strangers, None).1;
    let own = persons.filter(|(b, _, same)| *b != Block::Content && *same).map(|(_, levels, _)| levels);
    let (own_prior, own_matches) = tables.add(model, &u, Question::Matter, own, None);
    let all_pairs = prints.len() as f64 * (prints.len() as f64 - 1.0) / 2.0;
    let prior = |matches: f64| (matches >= LEAST_SEEN).then(|| (matches / (all_pairs - matches).max(1.0)).log2());
    let estimates = Estimates {
        levels: tables.levels(model, &u),
        person: prior(matches[0]),
        matter: prior(matches[1]).map(|bits| bits - model.prior().matter_among(prints.len() as u64) + model.prior().matter),
        matter_same_person: (own_matches >= LEAST_SEEN).then(|| (own_prior / (1.0 - own_prior)).log2()),
    };
    let trained_on = format!(
        "{} submissions without labels: u on {} random pairs, m and priors by expectation-maximisation on {} pairs that share an \
         identity token or rare words; from {} {}",
        prints.len(),
        random.vectors.len(),
        blocked.len(),
        model.name(),
        model.version()
    );
    model.with_estimates(name, trained_on, &estimates)
}

const fn excluded(block: Block) -> Option<Kind> {
    match block {
        Block::Content => None,
        Block::IdNumber => Some(Kind::IdNumber),
        Block::Phone => Some(Kind::Phone),
        Block::Account => Some(Kind::Account),
    }
}

struct Pair {
    levels: Levels,
    same_person: bool,
}

struct Random {
    vectors: Vec<Levels>,
    /// The pairs drawn, for the blocks to leave out.
    seen: Vec<(u32, u32)>,
}

struct Pairs<'a> {
    model: &'a Model,
    prints: &'a [Fingerprint],
    linker: &'a Linker,
}

impl Pairs<'_> {
    fn pair(&self, a: u32, b: u32) -> Pair {
        let score = self.linker.score(&self.prints[a as usize], &self.prints[b as usize]);
        let mut levels = [MISSING; Kind::ALL.len()];
        for scored in score.scored.iter() {
            levels[scored.kind as usize] = scored.level;
        }
        Pair { levels, same_person: score.person.verdict == Verdict::Yes }
    }

    /// Pairs by a linear congruential generator (Knuth's MMIX): the same corpus, the same model.
    fn random(&self) -> Random {
        let n = self.prints.len() as u64;
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 33) % n.max(1)) as u32
        };
        let mut seen: Vec<(u32, u32)> = (0..RANDOM_PAIRS.min(self.prints.len() * 20)).map(|_| (draw(), draw())).collect();
        seen.retain(|(a, b)| a != b);
        Random { vectors: seen.iter().map(|(a, b)| self.pair(*a, *b).levels).collect(), seen }
    }

    /// u of every level: its share of the random pairs, or the model's where they hardly meet it. An equal identity
    /// token is left out: a random pair that has one is a match as a rule.
    fn shares(&self, random: &Random) -> Vec<Vec<f64>> {
        let share = |kind: &Kind| {
            let mut u: Vec<f64> = self.model.comparison(*kind).levels.iter().map(|l| l.u).collect();
            let mut counts = vec![0.0; u.len()];
            for levels in random.vectors.iter().filter(|v| v[*kind as usize] != MISSING) {
                counts[usize::from(levels[*kind as usize])] += 1.0;
            }
            let total: f64 = counts.iter().sum();
            if total >= LEAST_SEEN * u.len() as f64 {
                let equal = usize::from(matches!(kind, Kind::IdNumber | Kind::Phone | Kind::Account));
                for (u, count) in u.iter_mut().zip(counts).skip(equal) {
                    *u = if count >= LEAST_SEEN { count / total } else { u.min(LEAST_SEEN / total) };
                }
            }
            u
        };
        Kind::ALL.iter().map(share).collect()
    }

    fn blocked(&self, random: &[(u32, u32)]) -> Vec<(Block, Pair)> {
        let mut blocks: HashMap<(Block, u64), Vec<u32>> = HashMap::new();
        for (n, print) in (0_u32..).zip(self.prints) {
            let mut terms: Vec<u32> = print.terms.iter().map(|t| t.hash).filter(|t| self.linker.frequency().count(*t) > 1).collect();
            terms.sort_unstable_by_key(|t| (self.linker.frequency().count(*t), *t));
            let content = terms.into_iter().take(BLOCK_TERMS).map(|t| (Block::Content, u64::from(t)));
            let tokens = print.persons.iter().flat_map(|p| [(Block::IdNumber, p.id), (Block::Phone, p.phone), (Block::Account, p.account)]);
            for key in content.chain(tokens.filter(|(_, token)| *token != 0)) {
                let block = blocks.entry(key).or_default();
                if block.len() < MAX_BLOCK {
                    block.push(n);
                }
            }
        }
        let mut pairs: Vec<(Block, u32, u32)> = Vec::new();
        for ((block, _), members) in &blocks {
            for (i, a) in members.iter().enumerate() {
                pairs.extend(members[i + 1..].iter().map(|b| (*block, *a, *b)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut drawn = random.to_vec();
        drawn.sort_unstable();
        pairs.retain(|(_, a, b)| drawn.binary_search(&(*a, *b)).is_err());
        let step = pairs.len().div_ceil(MAX_BLOCKED_PAIRS).max(1);
        pairs.into_iter().step_by(step).map(|(block, a, b)| (block, self.pair(a, b))).collect()
    }
}

/// Expected numbers of matches that reach each level, over all blocks.
struct Tables(Vec<Vec<f64>>);

impl Tables {
    fn new() -> Self {
        Self(vec![Vec::new(); Kind::ALL.len()])
    }

    /// Runs EM on one block's pairs; gives the share and the number of matches among them.
    fn add(
        &mut self,
        model: &Model,
        u: &[Vec<f64>],
        question: Question,
        pairs: impl Iterator<Item = Levels>,
        without: Option<Kind>,
    ) -> (f64, f64) {
        let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|k| k.question() == question && Some(*k) != without).collect();
        let mut distinct: BTreeMap<Vec<u8>, f64> = BTreeMap::new();
        // One comparison alone fits any share of matches.
        let telling = |levels: &Levels| kinds.iter().filter(|k| levels[**k as usize] != MISSING).count() > 1;
        for levels in pairs.filter(telling) {
            *distinct.entry(kinds.iter().map(|k| levels[*k as usize]).collect()).or_default() += 1.0;
        }
        let total: f64 = distinct.values().sum();
        if total < LEAST_SEEN {
            return (0.0, 0.0);
        }
        let vectors: Vec<(Vec<u8>, f64)> = distinct.into_iter().collect();
        let m = kinds.iter().map(|k| model.comparison(*k).levels.iter().map(|l| l.m).collect()).collect();
        let u = kinds.iter().map(|k| u[*k as usize].clone()).collect();
        let found = estimate(&vectors, &Estimate { prior: FIRST_PRIOR, m, u, rounds: 0 }, MAX_ROUNDS, Free::AllButU);
        for (levels, n) in &vectors {
            let expected = found.probability(levels) * n;
            for (kind, level) in kinds.iter().zip(levels).filter(|(_, level)| **level != MISSING) {
                let table = &mut self.0[*kind as usize];
                table.resize(model.comparison(*kind).levels.len(), 0.0);
                table[usize::from(*level)] += expected;
            }
        }
        (found.prior, found.prior * total)
    }

    /// m and u of the comparisons that enough matches had values for.
    fn levels(self, model: &Model, u: &[Vec<f64>]) -> Vec<(Kind, Vec<(f64, f64)>)> {
        let known = Kind::ALL.iter().zip(self.0).zip(u).filter(|((_, table), _)| table.iter().sum::<f64>() >= LEAST_SEEN);
        let estimated = known.map(|((kind, table), u)| {
            let total: f64 = table.iter().sum();
            // Half a match more on every level: nothing is impossible.
            let mut m: Vec<f64> = table.iter().map(|n| (n + 0.5) / (total + 0.5 * table.len() as f64)).collect();
            make_monotone(&mut m, u);
            let bounded = m.into_iter().zip(u).map(|(m, u)| (m.clamp(LEAST, 1.0), u.clamp(LEAST, 1.0)));
            (*kind, bounded.collect::<Vec<_>>())
        });
        estimated.filter(|(kind, levels)| levels.len() == model.comparison(*kind).levels.len()).collect()
    }
}

/// Least m and u of a level.
const LEAST: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::{FederationKey, Fingerprinter, Person, Record};

    fn corpus() -> Vec<Fingerprint> {
        let printer = Fingerprinter::new(&FederationKey::from_bytes([4; 32]));
        let names = ["王小明", "李建国", "赵丽华", "陈思远", "孙一鸣", "周海燕"];
        let places = ["北湾", "东渡", "柳园", "松桥", "云坪", "白岭", "金塘"];
        (0_usize..240)
            .map(|n| {
                let who = n / 2;
                let phone = format!("138{:08}", who * 7_919_311 % 100_000_000);
                let text = format!("{}小区{}号门前路灯{}天不亮", places[who % 7], who, who % 9 + 2);
                let name = if n % 10 == 1 { "匿名" } else { names[who % 6] };
                let person = Person { name: Some(name), phone: Some(&phone), ..Person::default() };
                printer.fingerprint(&Record { platform: "a", persons: vec![person], content: &text, ..Record::default() })
            })
            .collect()
    }

    #[test]
    fn a_trained_model_is_a_model_and_says_on_what() {
        let trained = train(&Model::default(), &corpus(), "test").unwrap();
        assert_eq!(trained.name(), "test");
        assert!(trained.trained_on().starts_with("240 submissions"), "{}", trained.trained_on());
        let back = Model::from_toml(&trained.to_toml()).unwrap();
        assert_eq!(back.comparison(Kind::Phone), trained.comparison(Kind::Phone));
        assert_ne!(trained.digest(), Model::default().digest());
    }

    #[test]
    fn training_learns_what_agrees_among_matches() {
        let trained = train(&Model::default(), &corpus(), "test").unwrap();
        let name = trained.comparison(Kind::Name);
        assert!(name.weight(0, 1.0) > 1.0, "{name:?}");
        for kind in Kind::ALL {
            let bits: Vec<f64> = trained.comparison(*kind).levels.iter().map(|l| l.m / l.u).collect();
            assert!(*kind == Kind::Category || bits.windows(2).all(|w| w[0] >= w[1] - 1e-9), "{} {bits:?}", kind.name());
        }
    }

    #[test]
    fn an_empty_corpus_changes_nothing_but_the_name() {
        let trained = train(&Model::default(), &[], "test").unwrap();
        assert_eq!(trained.comparison(Kind::Text), Model::default().comparison(Kind::Text));
    }
}
