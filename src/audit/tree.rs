//! The Merkle tree (RFC 9162, section 2.1): roots, proofs and their checking.
//!
//! Beside the leaves' hashes a log keeps those of its complete subtrees of 256, 256², … leaves ([`Subtrees`]), so that a root
//! or a proof over millions of leaves reads a few thousand hashes, not all of them.

use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// Leaves, or subtrees of the level below, in a subtree that is kept.
pub const FAN_OUT: u64 = 256;

pub fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// SHA-256(00 ‖ data).
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new_with_prefix([0]).chain_update(data).finalize().into()
}

/// SHA-256(01 ‖ left ‖ right).
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// The hashes of a log.
pub trait Subtrees {
    type Error;

    /// The roots of `count` ≤ 256 complete subtrees of 256^`level` leaves, from the `first`th on; level 0 are the leaves.
    ///
    /// # Errors
    /// If one of them is not there.
    fn subtrees(&mut self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, Self::Error>;
}

/// The root over `hashes` as they are: leaves, or complete subtrees of one size. SHA-256 of nothing for none. O(n).
pub fn root_over(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => sha256(&[]),
        [one] => *one,
        _ => {
            let (left, right) = hashes.split_at(split(hashes.len() as u64) as usize);
            node_hash(&root_over(left), &root_over(right))
        }
    }
}

/// The root of the first `size` leaves. Reads O(256 log size) hashes.
pub fn root<S: Subtrees>(log: &mut S, size: u64) -> Result<Hash, S::Error> {
    range_root(log, 0, size)
}

/// The root over `count` leaves from `first`, which is a multiple of a power of two that is at least `count`.
fn range_root<S: Subtrees>(log: &mut S, first: u64, count: u64) -> Result<Hash, S::Error> {
    if count == 0 {
        return Ok(root_over(&[]));
    }
    let level = count.ilog(FAN_OUT);
    let span = FAN_OUT.pow(level);
    if count.is_multiple_of(span) {
        return Ok(root_over(&log.subtrees(level, first / span, count / span)?));
    }
    let left = split(count);
    Ok(node_hash(&range_root(log, first, left)?, &range_root(log, first + left, count - left)?))
}

/// The hashes that prove leaf `index` is among the first `size` (2.1.3.1), from the leaf upwards; `None` if it is not.
pub fn inclusion_proof<S: Subtrees>(log: &mut S, index: u64, size: u64) -> Result<Option<Vec<Hash>>, S::Error> {
    if index >= size {
        return Ok(None);
    }
    let (mut first, mut count, mut proof) = (0, size, Vec::new());
    while count > 1 {
        let left = split(count);
        if index < first + left {
            proof.push(range_root(log, first + left, count - left)?);
            count = left;
        } else {
            proof.push(range_root(log, first, left)?);
            first += left;
            count -= left;
        }
    }
    proof.reverse();
    Ok(Some(proof))
}

/// The hashes that prove the first `earlier` leaves are a beginning of the first `size` (2.1.4.1); `None` unless
/// `0 < earlier <= size`.
pub fn consistency_proof<S: Subtrees>(log: &mut S, earlier: u64, size: u64) -> Result<Option<Vec<Hash>>, S::Error> {
    if earlier == 0 || earlier > size {
        return Ok(None);
    }
    let (mut first, mut count, mut wanted, mut proof) = (0, size, earlier, Vec::new());
    let mut whole_beginning = true;
    while wanted < count {
        let left = split(count);
        if wanted <= left {
            proof.push(range_root(log, first + left, count - left)?);
            count = left;
        } else {
            proof.push(range_root(log, first, left)?);
            first += left;
            count -= left;
            wanted -= left;
            whole_beginning = false;
        }
    }
    if !whole_beginning {
        proof.push(range_root(log, first, count)?);
    }
    proof.reverse();
    Ok(Some(proof))
}

/// Checks an inclusion proof (2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, proof: &[Hash], expected_root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *expected_root
}

/// Checks a consistency proof (2.1.4.2). Every log begins with the empty one.
pub fn verify_consistency(earlier: (u64, &Hash), later: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((first, first_root), (second, second_root)) = (earlier, later);
    if first > second {
        return false;
    }
    if first == second || first == 0 {
        return proof.is_empty() && (first == 0 || first_root == second_root);
    }
    let mut path = proof.iter();
    let start = if first.is_power_of_two() { Some(first_root) } else { path.next() };
    let Some(start) = start else { return false };
    let shared = (first - 1).trailing_ones();
    let (mut node, mut last) = ((first - 1) >> shared, (second - 1) >> shared);
    let (mut old, mut new) = (*start, *start);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node % 2 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node.is_multiple_of(2) && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

/// The tree's right edge: takes leaves one by one and knows the root at any time, in O(log n) memory.
#[derive(Clone, Debug, Default)]
pub struct Frontier {
    /// Roots of complete subtrees, largest first; their sizes are the one-bits of `size`.
    edge: Vec<Hash>,
    size: u64,
}

impl Frontier {
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.edge.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.edge.push(hash);
        self.size += 1;
    }

    pub const fn size(&self) -> u64 {
        self.size
    }

    pub fn root(&self) -> Hash {
        let mut edge = self.edge.iter().rev();
        let Some(last) = edge.next() else { return root_over(&[]) };
        edge.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::hex;

    /// Leaves alone: every subtree is computed.
    struct Leaves(Vec<Hash>);

    impl Subtrees for Leaves {
        type Error = String;

        fn subtrees(&mut self, level: u32, first: u64, count: u64) -> Result<Vec<Hash>, String> {
            assert!(count <= FAN_OUT);
            let span = FAN_OUT.pow(level) as usize;
            let all = self.0.get(first as usize * span..(first + count) as usize * span).ok_or("not there")?;
            Ok(all.chunks(span).map(root_over).collect())
        }
    }

    fn published() -> Vec<Hash> {
        let data: [&[u8]; 8] = [
            &[],
            &[0x00],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        data.iter().map(|d| leaf_hash(d)).collect()
    }

    fn log(size: u64) -> Leaves {
        Leaves((0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect())
    }

    #[test]
    fn roots_equal_the_published_vectors() {
        let leaves = published();
        for (size, expected) in [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(hex(&root(&mut Leaves(leaves.clone()), size).expect("a root")), expected);
        }
    }

    #[test]
    fn every_leaf_is_proven_and_no_other_leaf_is() {
        for size in (1..40).chain([256, 257, 700]) {
            let mut tree = log(size);
            let root = root(&mut tree, size).expect("a root");
            for index in (0..size).step_by(if size < 40 { 1 } else { 37 }) {
                let proof = inclusion_proof(&mut tree, index, size).expect("read").expect("a leaf of the tree");
                assert!(verify_inclusion(&tree.0[index as usize], index, size, &proof, &root), "leaf {index} of {size}");
                assert!(!verify_inclusion(&leaf_hash(b"other"), index, size, &proof, &root));
            }
            assert_eq!(inclusion_proof(&mut tree, size, size), Ok(None));
        }
    }

    #[test]
    fn every_earlier_tree_is_a_beginning_and_no_other_is() {
        for size in (1..24).chain([256, 600]) {
            let mut tree = log(size);
            let later = root(&mut tree, size).expect("a root");
            for earlier in (1..=size).step_by(if size < 24 { 1 } else { 31 }) {
                let before = root(&mut tree, earlier).expect("a root");
                let proof = consistency_proof(&mut tree, earlier, size).expect("read").expect("earlier");
                assert!(verify_consistency((earlier, &before), (size, &later), &proof), "{earlier} of {size}");
                assert!(!verify_consistency((earlier, &leaf_hash(b"other")), (size, &later), &proof));
                assert!(earlier == size || !verify_consistency((earlier, &before), (size, &leaf_hash(b"other")), &proof));
            }
        }
        let mut tree = log(3);
        for (earlier, size) in [(0, 3), (4, 3)] {
            assert_eq!(consistency_proof(&mut tree, earlier, size), Ok(None));
        }
    }

    #[test]
    fn the_edge_knows_every_root() {
        let mut tree = log(70_000);
        let mut edge = Frontier::default();
        for size in 0..=tree.0.len() as u64 {
            if size < 70 || size % 4_999 == 0 || [65_535, 65_536, 65_537].contains(&size) {
                assert_eq!(edge.root(), root(&mut tree, size).expect("a root"), "{size}");
            }
            if let Some(leaf) = tree.0.get(size as usize) {
                edge.push(*leaf);
            }
        }
        assert_eq!(edge.size(), 70_000);
    }
}
