//! Blocking keys: what two submissions share that are to be compared.

use super::fingerprint::Fingerprint;

/// Side of a cell of the grid of points, in 1e-6 degrees (about 220 m of latitude).
const CELL: i32 = 2_000;

fn key(kind: u64, value: u64) -> u32 {
    let mixed = (value ^ kind.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 32) as u32
}

/// Identity tokens, and name with birth date, of each person.
pub(super) fn person_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> + '_ {
    fingerprint.persons.iter().flat_map(|p| {
        let birth = u64::from(p.birth[0]) << 32 | u64::from(p.birth[1]) << 16 | u64::from(p.birth[2]);
        [
            (p.id != 0).then(|| key(1, p.id)),
            (p.phone != 0).then(|| key(2, p.phone)),
            (p.account != 0).then(|| key(3, p.account)),
            (p.name != 0 && p.has_birth()).then(|| key(4, p.name ^ birth)),
        ]
        .into_iter()
        .flatten()
    })
}

fn text_key(fingerprint: &Fingerprint) -> Option<u32> {
    (fingerprint.text != 0).then(|| key(5, u64::from(fingerprint.text)))
}

fn cell_key(x: i32, y: i32) -> u32 {
    key(6, (u64::from(x.cast_unsigned()) << 32) | u64::from(y.cast_unsigned()))
}

fn cell(fingerprint: &Fingerprint) -> Option<(i32, i32)> {
    fingerprint.point.map(|(lon, lat)| (lon.div_euclid(CELL), lat.div_euclid(CELL)))
}

/// The whole text and the cell of the point: under these a submission can be found.
pub(super) fn matter_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> {
    text_key(fingerprint).into_iter().chain(cell(fingerprint).map(|(x, y)| cell_key(x, y)))
}

/// The whole text, and the cell of the point with those around it: under these a submission looks for others.
pub(super) fn near_keys(fingerprint: &Fingerprint) -> impl Iterator<Item = u32> {
    let around = |(x, y)| (-1..=1).flat_map(move |dx| (-1..=1).map(move |dy| cell_key(x + dx, y + dy)));
    text_key(fingerprint).into_iter().chain(cell(fingerprint).into_iter().flat_map(around))
}
