//! The numbered parts of a Chinese address: they tell doors apart where the words of two addresses are the same.

use super::key::TermKey;
use super::normalise::{fold, is_han};
use super::numbers::plain_numbers;

/// Parts told apart, from broad to narrow.
pub(super) const PARTS: usize = 5;

/// A keyed byte for each part of an address: district, house number, building, unit, room. 0 is "not given".
pub(super) type DoorParts = [u8; PARTS];

const DISTRICT: usize = 0;
const NUMBER: usize = 1;
const BUILDING: usize = 2;
const UNIT: usize = 3;
const ROOM: usize = 4;

/// Most characters of an address that are read.
const MAX_CHARS: usize = 200;

/// An address split into what is compared as words and what is compared part by part.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Road, estate and the like, without province, city, district and the numbers of the door.
    pub words: String,
    pub parts: [Option<String>; PARTS],
}

/// Splits an address. What has no Chinese form is all words. O(characters).
pub(super) fn split(raw: &str) -> Address {
    let mut text = String::new();
    plain_numbers(&fold(raw, MAX_CHARS), &mut text);
    let mut parts: [Option<String>; PARTS] = Default::default();
    if !text.chars().any(is_han) {
        return Address { words: text, parts };
    }
    let (district, local) = local_part(&text);
    parts[DISTRICT] = district.map(str::to_owned);
    let chars: Vec<char> = local.chars().collect();
    let mut words = String::with_capacity(local.len());
    let mut at = 0;
    while at < chars.len() {
        let end = (at..chars.len()).find(|i| !chars[*i].is_ascii_alphanumeric()).unwrap_or(chars.len());
        if end == at {
            words.push(chars[at]);
            at += 1;
            continue;
        }
        let value: String = chars[at..end].iter().collect();
        let (kind, taken) = match kind(&chars[end..]) {
            Some(found) => found,
            // A bare number behind building or unit is the room: 3栋1204.
            None if parts[BUILDING].is_some() && parts[ROOM].is_none() => (ROOM, 0),
            None => {
                words.push_str(&value);
                at = end;
                continue;
            }
        };
        if parts[kind].is_none() {
            parts[kind] = Some(value);
        }
        // The word goes on as two: what stood before the number does not touch what stands behind it.
        words.push(' ');
        at = end + taken;
    }
    Address { words, parts }
}

/// Which part a number belongs to by what follows it, and how many characters say so.
fn kind(after: &[char]) -> Option<(usize, usize)> {
    let starts = |word: &str| word.chars().zip(after).filter(|(a, b)| a == *b).count() == word.chars().count();
    let kinds = [("单元", UNIT), ("栋", BUILDING), ("座", BUILDING), ("号", NUMBER), ("室", ROOM), ("房", ROOM), ("户", ROOM)];
    kinds.into_iter().find(|(word, _)| starts(word)).map(|(word, kind)| (kind, word.chars().count()))
}

/// District or county, and what follows the last of province, city and district, unless that says nothing.
fn local_part(text: &str) -> (Option<&str>, &str) {
    let (mut start, mut district) = (0, None);
    let mut previous = ' ';
    for (at, c) in text.char_indices().take(MAX_DIVISION_CHARS) {
        let end = at + c.len_utf8();
        let ends = match c {
            '省' | '市' | '县' | '旗' | '州' => true,
            '区' => !matches!(previous, '小' | '社' | '园' | '片' | '厂' | '矿' | '景' | '校' | '库' | '住' | '生' | '新' | '辖'),
            _ => false,
        };
        // A division has a name of two characters at least: 城市, 市 alone and the like are none.
        let name = &text[start..at];
        if ends && name.chars().count() >= 2 && name.chars().all(|c| is_han(c) || c.is_ascii_alphanumeric()) {
            if matches!(c, '区' | '县' | '旗') {
                district = Some(&text[start..end]);
            }
            start = end;
        }
        previous = c;
    }
    if text[start..].chars().filter(|c| is_han(*c)).count() >= LEAST_LOCAL { (district, &text[start..]) } else { (None, text) }
}

/// Divisions stand within so many characters.
const MAX_DIVISION_CHARS: usize = 24;
/// A road or estate has so many characters.
const LEAST_LOCAL: usize = 2;

impl Address {
    pub(super) fn door(&self, key: TermKey) -> DoorParts {
        let mut door = [0; PARTS];
        for (slot, (kind, part)) in door.iter_mut().zip(self.parts.iter().enumerate()) {
            if let Some(part) = part {
                *slot = (key.bytes(format!("{kind}\u{1f}{part}").as_bytes()) as u8).max(1);
            }
        }
        door
    }
}

/// Whether any part given on both sides differs.
pub(super) fn conflict(a: DoorParts, b: DoorParts) -> bool {
    a.iter().zip(b).any(|(x, y)| *x != 0 && y != 0 && *x != y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::FederationKey;

    fn door(raw: &str) -> DoorParts {
        split(raw).door(TermKey::new(&FederationKey::from_bytes([5; 32]), "address"))
    }

    #[test]
    fn parts_are_found() {
        for (raw, words, parts) in [
            ("湖南省长沙市岳麓区麓山南路932号升华公寓3栋2单元204室", "麓山南路 升华公寓   ", ["岳麓区", "932", "3", "2", "204"]),
            ("麓山南路932号升华公寓三号楼二单元204", "麓山南路 升华公寓   ", ["", "932", "3", "2", "204"]),
            ("幸福小区第十二幢1204室", "幸福小区  ", ["", "", "12", "", "1204"]),
            ("岳麓区幸福小区b座", "幸福小区 ", ["岳麓区", "", "b", "", ""]),
            ("长沙市", "长沙市", ["", "", "", "", ""]),
            ("12 Smith Street", "12 smith street", ["", "", "", "", ""]),
            ("", "", ["", "", "", "", ""]),
        ] {
            let found = split(raw);
            assert_eq!(found.words, words, "{raw}");
            let given: Vec<&str> = found.parts.iter().map(|p| p.as_deref().unwrap_or_default()).collect();
            assert_eq!(given, parts, "{raw}");
        }
    }

    #[test]
    fn another_door_is_a_conflict() {
        for (a, b, want) in [
            ("幸福小区3栋204室", "幸福小区三号楼204", false),
            ("幸福小区3栋204室", "幸福小区5栋204室", true),
            ("幸福小区3栋204室", "幸福小区3栋1104室", true),
            ("幸福小区3栋", "长沙市岳麓区幸福小区3栋204室", false),
            ("芙蓉区人民路12号", "岳麓区人民路12号", true),
            ("幸福小区", "和平小区", false),
        ] {
            assert_eq!(conflict(door(a), door(b)), want, "{a} {b}");
        }
    }
}
