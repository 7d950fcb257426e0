//! Marks in each of two texts what the other does not have.
//!
//! A passage counts as shared when a run of [`SHARED`] characters stands anywhere in the other text, so that sentences
//! in another order are still recognised, and the time is linear in the length of the texts.

use std::collections::HashSet;

/// Shorter runs are chance: any two texts share pairs of characters, and long ones triples.
const SHARED: usize = 4;
/// A subject or a place; its names of three characters count.
const SHORT: usize = 60;
const SHARED_IF_SHORT: usize = 3;
/// A text is shown and compared up to here.
pub const LIMIT: usize = 20_000;

/// A piece of a text: shared with the other, or its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub differs: bool,
}

/// The pieces of both texts, in order; joined they are the texts again, up to [`LIMIT`] characters.
pub fn compare(left: &str, right: &str) -> (Vec<Piece>, Vec<Piece>) {
    let left: Vec<char> = left.chars().take(LIMIT).collect();
    let right: Vec<char> = right.chars().take(LIMIT).collect();
    if left == right {
        return (whole(&left), whole(&right));
    }
    (pieces(&left, &right), pieces(&right, &left))
}

fn whole(text: &[char]) -> Vec<Piece> {
    if text.is_empty() { Vec::new() } else { vec![Piece { text: text.iter().collect(), differs: false }] }
}

fn pieces(text: &[char], other: &[char]) -> Vec<Piece> {
    let run = if text.len().max(other.len()) <= SHORT { SHARED_IF_SHORT } else { SHARED };
    let runs: HashSet<&[char]> = other.windows(run).collect();
    let mut shared = vec![false; text.len()];
    for (at, piece) in text.windows(run).enumerate() {
        if runs.contains(piece) {
            shared[at..at + run].fill(true);
        }
    }
    let mut found: Vec<Piece> = Vec::new();
    for (c, shared) in text.iter().zip(shared) {
        match found.last_mut() {
            Some(last) if last.differs != shared => last.text.push(*c),
            _ => found.push(Piece { text: c.to_string(), differs: !shared }),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: &str, right: &str, expected: &str) {
        let (pieces, _) = compare(left, right);
        let marked: String = pieces.iter().map(|p| if p.differs { format!("[{}]", p.text) } else { p.text.clone() }).collect();
        assert_eq!(marked, expected);
    }

    #[test]
    fn what_the_other_lacks_is_marked() {
        check("楼下工地夜间施工扰民", "楼下工地夜间施工扰民", "楼下工地夜间施工扰民");
        check("楼下工地每晚十点后施工", "楼下工地每晚八点后施工", "楼下工地每晚[十]点后施工");
        check("请尽快处理。楼下工地夜间施工", "楼下工地夜间施工，请尽快处理。", "请尽快处理。楼下工地夜间施工");
        check("停水三天", "噪音扰民", "[停水三天]");
        check("停水", "停水", "停水");
        check("停水", "", "[停水]");
        check("", "停水", "");
    }
}
