//! What is counted of a submission.

use super::compare::{division_hash, leaf, point_hash};
use super::entry::half;
use super::fingerprint::Fingerprint;
use super::frequency::Document;

/// The document a fingerprint is counted as.
pub(super) fn learned(
    fingerprint: &Fingerprint,
) -> Document<impl Iterator<Item = u32> + '_, impl Iterator<Item = u16> + '_, impl Iterator<Item = u16> + '_> {
    let addresses = fingerprint.persons.iter().flat_map(|p| p.address.iter());
    Document {
        terms: fingerprint.terms.iter().map(|t| t.hash).chain(facts(fingerprint)),
        chars: fingerprint.chars.iter().map(|t| t.hash as u16),
        places: addresses.chain(&fingerprint.place).copied(),
    }
}

/// What is counted beside the words: distinct names, and tokens of point, category, division and respondent.
pub(super) fn facts(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> + '_ {
    let persons = fingerprint.persons.iter().map(|p| half(p.name)).enumerate();
    let is_first = |at: usize, name: u32| fingerprint.persons[..at].iter().all(|p| half(p.name) != name);
    let names = persons.filter(move |(at, name)| *name != 0 && is_first(*at, *name)).map(|(_, name)| name);
    let category = Some(leaf(fingerprint.category)).filter(|l| *l != 0);
    let others = [fingerprint.point.map(point_hash), category, fingerprint.division.map(division_hash), fingerprint.respondent];
    names.chain(others.into_iter().flatten())
}
