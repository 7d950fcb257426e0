//! The audit log as a Merkle tree (RFC 9162, section 2): pure hashing, proofs and their checking.
//!
//! A leaf is the exact text of an [`Entry`]: identifiers and digests, never personal data.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// A SHA-256 value.
pub type Hash = [u8; 32];

/// One recorded change.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// What happened, e.g. `submission.registered`.
    pub action: &'static str,
    /// Whose: a submission, case or delivery.
    pub subject: String,
    /// Who did it: a platform, a person's account, `onecase`.
    pub actor: String,
    /// SHA-256 of what was registered, decided or sent.
    pub digest: Hash,
}

impl Entry {
    /// The leaf's bytes: a JSON object with a fixed order of members.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Leaf<'a> {
            at: String,
            action: &'a str,
            subject: &'a str,
            actor: &'a str,
            digest: String,
        }
        let leaf = Leaf {
            at: self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            action: self.action,
            subject: &self.subject,
            actor: &self.actor,
            digest: hex(&self.digest),
        };
        serde_json::to_string(&leaf).unwrap_or_default()
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

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
fn split(size: usize) -> usize {
    (size - 1).next_power_of_two() >> usize::from(!(size - 1).is_power_of_two())
}

/// The tree's root; SHA-256 of nothing for no leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// The hashes that prove leaf `index` is in the tree (RFC 9162, 2.1.3.1), from the leaf upwards; `None` if there is no such leaf.
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let mut proof;
    if index < middle {
        proof = inclusion_proof(left, index)?;
        proof.push(root(right));
    } else {
        proof = inclusion_proof(right, index - middle)?;
        proof.push(root(left));
    }
    Some(proof)
}

/// Checks an inclusion proof (RFC 9162, 2.1.3.2).
pub fn verify_inclusion(leaf: &Hash, index: usize, size: usize, proof: &[Hash], expected_root: &Hash) -> bool {
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
            while node % 2 == 0 && node != 0 {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves() -> Vec<Hash> {
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

    #[test]
    fn roots_equal_the_published_vectors() {
        let leaves = leaves();
        assert_eq!(hex(&root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(&root(&leaves[..1])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(&root(&leaves)), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    #[test]
    fn every_leaf_of_every_size_is_proven_and_no_other_leaf_is() {
        let leaves = leaves();
        for size in 1..=leaves.len() {
            let tree = &leaves[..size];
            for (index, leaf) in tree.iter().enumerate() {
                let proof = inclusion_proof(tree, index).expect("a leaf of the tree");
                assert!(verify_inclusion(leaf, index, size, &proof, &root(tree)), "leaf {index} of {size}");
                assert!(!verify_inclusion(&leaf_hash(b"other"), index, size, &proof, &root(tree)));
            }
            assert_eq!(inclusion_proof(tree, size), None);
        }
    }
}
