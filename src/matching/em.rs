//! Estimating m and u without labels by expectation–maximisation (Dempster, Laird & Rubin 1977; Winkler 1988).

/// A comparison without a value on both sides.
pub const MISSING: u8 = u8::MAX;

/// What EM found for one set of comparisons.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// Share of matches among the pairs.
    pub prior: f64,
    /// For each comparison the probabilities of its levels among matches.
    pub m: Vec<Vec<f64>>,
    /// And among the others.
    pub u: Vec<Vec<f64>>,
    pub rounds: usize,
}

/// Least probability of a level: nothing is impossible on a sample.
const FLOOR: f64 = 1e-5;
const CONVERGED: f64 = 1e-6;

/// What EM may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Free {
    All,
    /// m and the prior; u is known from pairs drawn at random.
    AllButU,
}

/// Estimates from the level vectors of pairs, each with how often it occurs. `start` gives first m and u; a level's
/// index below `MISSING` must be within them. O(rounds × distinct vectors × comparisons).
pub fn estimate(vectors: &[(Vec<u8>, f64)], start: &Estimate, most_rounds: usize, free: Free) -> Estimate {
    let mut now = start.clone();
    let total: f64 = vectors.iter().map(|(_, n)| n).sum();
    for round in 1..=most_rounds {
        let zero = |table: &[Vec<f64>]| -> Vec<Vec<f64>> { table.iter().map(|l| vec![0.0; l.len()]).collect() };
        let (mut m, mut u, mut matches) = (zero(&now.m), zero(&now.u), 0.0);
        for (levels, n) in vectors {
            let p = now.probability(levels);
            matches += p * n;
            for (i, level) in levels.iter().enumerate().filter(|(_, l)| **l != MISSING) {
                m[i][usize::from(*level)] += p * n;
                u[i][usize::from(*level)] += (1.0 - p) * n;
            }
        }
        normalise(&mut m);
        if free == Free::All {
            normalise(&mut u);
        } else {
            u.clone_from(&now.u);
        }
        let prior = (matches / total.max(1.0)).clamp(FLOOR, 1.0 - FLOOR);
        let moved = (prior - now.prior).abs().max(largest_move(&m, &now.m));
        now = Estimate { prior, m, u, rounds: round };
        if moved < CONVERGED {
            break;
        }
    }
    now
}

impl Estimate {
    /// Weight of a level in bits; 0 when missing.
    pub fn bits(&self, comparison: usize, level: u8) -> f64 {
        if level == MISSING {
            return 0.0;
        }
        let at = usize::from(level);
        (self.m[comparison][at] / self.u[comparison][at]).log2()
    }

    /// Probability that a pair with these levels is a match.
    pub fn probability(&self, levels: &[u8]) -> f64 {
        super::evidence::probability(self.prior_bits() + levels.iter().enumerate().map(|(i, l)| self.bits(i, *l)).sum::<f64>())
    }

    /// log2 odds of the prior.
    pub fn prior_bits(&self) -> f64 {
        (self.prior / (1.0 - self.prior)).log2()
    }
}

/// Makes m/u fall from each level to the next by giving violators in a row their common ratio (pool adjacent
/// violators, Ayer et al. 1955): more likeness never speaks against a match.
pub fn make_monotone(m: &mut [f64], u: &[f64]) {
    let mut blocks: Vec<(f64, f64, usize)> = Vec::with_capacity(m.len());
    for (m, u) in m.iter().zip(u) {
        blocks.push((*m, *u, 1));
        while let [.., (m1, u1, n1), (m2, u2, n2)] = blocks.as_slice() {
            if m1 * u2 >= m2 * u1 {
                break;
            }
            let pooled = (m1 + m2, u1 + u2, n1 + n2);
            blocks.truncate(blocks.len() - 2);
            blocks.push(pooled);
        }
    }
    let ratios = blocks.into_iter().flat_map(|(m, u, n)| std::iter::repeat_n(m / u, n));
    for ((m, u), ratio) in m.iter_mut().zip(u).zip(ratios) {
        *m = u * ratio;
    }
}

fn normalise(table: &mut [Vec<f64>]) {
    for levels in table {
        let sum: f64 = levels.iter().sum();
        let even = 1.0 / levels.len() as f64;
        for p in levels.iter_mut() {
            *p = if sum > 0.0 { (*p / sum).max(FLOOR) } else { even };
        }
    }
}

fn largest_move(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().flatten().zip(b.iter().flatten()).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_likeness_never_speaks_against_a_match() {
        let u = [0.1, 0.2, 0.3, 0.4];
        let mut m = [0.2, 0.5, 0.1, 0.2];
        make_monotone(&mut m, &u);
        let ratios: Vec<f64> = m.iter().zip(u).map(|(m, u)| m / u).collect();
        assert!(ratios.windows(2).all(|w| w[0] >= w[1] - 1e-12), "{ratios:?}");
        assert!((m.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn finds_two_populations() {
        // Two comparisons of two levels; matches agree on 90 %, others on 5 %.
        let mut vectors = Vec::new();
        for (a, b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let p = |agree: f64, l: u8| if l == 0 { agree } else { 1.0 - agree };
            let n = 300.0 * p(0.9, a) * p(0.9, b) + 700.0 * p(0.05, a) * p(0.05, b);
            vectors.push((vec![a, b, 0], n));
        }
        let table = |p: f64| vec![vec![p, 1.0 - p], vec![p, 1.0 - p], vec![0.5, 0.5]];
        let start = Estimate { prior: 0.1, m: table(0.8), u: table(0.2), rounds: 0 };
        let found = estimate(&vectors, &start, 500, Free::All);
        // Two binary comparisons leave one degree of freedom; the populations must still come apart.
        assert!(found.probability(&[0, 0, 0]) > 0.8 && found.probability(&[1, 1, 0]) < 0.1, "{found:?}");
        assert!(found.bits(0, 0) > 2.0 && found.bits(0, MISSING) == 0.0);
    }
}
