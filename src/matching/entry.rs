//! What the index keeps of a fingerprint: enough to compare, packed into bytes.

use super::address::{DoorParts, PARTS};
use super::clk::{Clk, DigitFilter};
use super::encoding::{put_parts, put_varint};
use super::fingerprint::{Division, Fingerprint, PersonPrint};
use super::record::Role;
use super::terms::Term;

/// A fingerprint cut down to what comparisons need; tokens are halves of the fingerprint's.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Entry {
    pub platform: u16,
    pub submitted_at: Option<i64>,
    pub division: Option<Division>,
    pub place: Vec<u16>,
    pub place_door: DoorParts,
    pub point: Option<(i32, i32)>,
    pub category: [u32; 3],
    pub respondent: Option<u32>,
    pub chars: Vec<Char>,
    /// Ascending short hashes of the terms the text is about.
    pub topics: Vec<u16>,
    pub persons: Vec<PersonEntry>,
}

/// A term the text is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Topic {
    pub hash: u32,
    /// Information in bits.
    pub bits: f32,
    /// What it is worth in the choice of topics.
    pub rank: f32,
}

impl Topic {
    pub(super) fn short(&self) -> u16 {
        (self.hash >> 16) as u16
    }
}

/// A character's hash and how often it occurs: 0 once, 1 twice, 2 three times, 3 more often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Char {
    pub hash: u16,
    pub repeat: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PersonEntry {
    pub id: u32,
    pub id_verified: bool,
    pub id_digits: DigitFilter,
    pub phone: u32,
    pub phone_digits: DigitFilter,
    pub account: u32,
    pub name: u32,
    pub name_clk: Clk,
    pub name_parts: Vec<u32>,
    pub surname: u8,
    pub birth: [u16; 3],
    pub address: Vec<u16>,
    pub door: DoorParts,
    /// Speaks for others: not one of those whose matter it is.
    pub represents: bool,
}

/// Half a token; 0 stays "absent", and nothing else becomes it.
pub(super) const fn half(token: u64) -> u32 {
    (token >> 32) as u32 | (token != 0 && token >> 32 == 0) as u32
}

impl PersonEntry {
    fn new(print: &PersonPrint) -> Self {
        Self {
            id: half(print.id),
            id_verified: print.id_verified,
            id_digits: print.id_digits,
            phone: half(print.phone),
            phone_digits: print.phone_digits,
            account: half(print.account),
            name: half(print.name),
            name_clk: print.name_clk,
            // A name of one word has no other order to be recognised in.
            name_parts: if print.name_parts.len() > 1 { print.name_parts.clone() } else { Vec::new() },
            surname: print.surname,
            birth: print.birth,
            address: print.address.clone(),
            door: print.door,
            represents: print.role == Role::Representative,
        }
    }

    pub(super) fn has_birth(&self) -> bool {
        self.birth != [0; 3]
    }
}

impl Entry {
    /// `topics` are those of the fingerprint's terms the text is about, in any order.
    pub(super) fn new(print: &Fingerprint, topics: &[Topic]) -> Self {
        let mut topics: Vec<u16> = topics.iter().map(Topic::short).collect();
        topics.sort_unstable();
        let char = |t: &Term| Char { hash: t.hash as u16, repeat: t.count.clamp(1, 4) - 1 };
        Self {
            platform: (print.platform >> 16) as u16,
            submitted_at: print.submitted_at,
            division: print.division,
            place: print.place.clone(),
            place_door: print.place_door,
            point: print.point,
            category: print.category,
            respondent: print.respondent,
            chars: print.chars.iter().map(char).collect(),
            topics,
            persons: print.persons.iter().map(PersonEntry::new).collect(),
        }
    }
}

/// High part of a character's hash: so many values, told by a unary bit vector; the low byte is stored as it is
/// (Elias 1974, Fano 1971).
const HIGH_VALUES: usize = 64;

impl Entry {
    /// Appends the packed form.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        let mut flags = 0_u8;
        for (i, present) in [
            self.submitted_at.is_some(),
            self.division.is_some(),
            !self.place.is_empty(),
            self.point.is_some(),
            self.category[0] != 0,
            self.category[1] != 0,
            self.category[2] != 0,
            self.respondent.is_some(),
        ]
        .into_iter()
        .enumerate()
        {
            flags |= u8::from(present) << i;
        }
        out.push(flags);
        out.extend_from_slice(&self.platform.to_le_bytes());
        if let Some(at) = self.submitted_at {
            put_varint(out, (at << 1 ^ at >> 63) as u64);
        }
        if let Some(division) = self.division {
            out.push(division.digits);
            put_varint(out, division.code);
        }
        if !self.place.is_empty() {
            put_words(out, &self.place);
            put_parts(out, self.place_door);
        }
        if let Some((lon, lat)) = self.point {
            out.extend_from_slice(&lon.to_le_bytes());
            out.extend_from_slice(&lat.to_le_bytes());
        }
        for level in self.category.iter().filter(|level| **level != 0).chain(&self.respondent) {
            out.extend_from_slice(&level.to_le_bytes());
        }
        self.pack_chars(out);
        put_words(out, &self.topics);
        out.push(self.persons.len() as u8);
        for person in &self.persons {
            person.pack(out);
        }
    }

    fn pack_chars(&self, out: &mut Vec<u8>) {
        put_varint(out, self.chars.len() as u64);
        if self.chars.is_empty() {
            return;
        }
        out.extend(self.chars.iter().map(|c| c.hash as u8));
        let mut bits = Bits::default();
        let mut high = 0;
        for c in &self.chars {
            while high < c.hash >> 8 {
                bits.push(out, 0, 1);
                high += 1;
            }
            bits.push(out, 1, 1);
        }
        bits.flush(out);
        for c in &self.chars {
            bits.push(out, c.repeat, 2);
        }
        bits.flush(out);
    }

    /// Reads what [`Self::pack`] wrote into `self`, reusing its allocations.
    pub(super) fn unpack(&mut self, bytes: &[u8]) {
        let mut input = Input(bytes);
        let flags = input.byte();
        let has = |bit: u8| flags >> bit & 1 == 1;
        self.platform = input.u16();
        self.submitted_at = has(0).then(|| input.varint()).map(|z| (z >> 1) as i64 ^ -((z & 1) as i64));
        self.division = has(1).then(|| Division { digits: input.byte(), code: input.varint() });
        self.place.clear();
        if has(2) {
            input.words(&mut self.place);
        }
        self.place_door = if has(2) { input.parts() } else { [0; PARTS] };
        self.point = has(3).then(|| (input.u32() as i32, input.u32() as i32));
        for (i, level) in self.category.iter_mut().enumerate() {
            *level = if flags >> (4 + i) & 1 == 1 { input.u32() } else { 0 };
        }
        self.respondent = has(7).then(|| input.u32());
        input.chars(&mut self.chars);
        self.topics.clear();
        input.words(&mut self.topics);
        let persons = usize::from(input.byte());
        self.persons.resize_with(persons, PersonEntry::default);
        for person in &mut self.persons {
            person.unpack(&mut input);
        }
    }
}

impl PersonEntry {
    fn pack(&self, out: &mut Vec<u8>) {
        let present = [
            self.id != 0,
            !self.id_digits.is_empty(),
            self.phone != 0,
            !self.phone_digits.is_empty(),
            self.account != 0,
            self.name != 0,
            self.has_birth(),
            !self.address.is_empty(),
        ];
        out.push(present.into_iter().enumerate().fold(0, |flags, (i, p)| flags | u8::from(p) << i));
        let head = u8::from(self.id_verified)
            | (self.name_parts.len() as u8) << 1
            | u8::from(self.surname != 0) << 4
            | u8::from(self.represents) << 5;
        out.push(head);
        for word in [self.id, self.phone, self.account, self.name].into_iter().filter(|w| *w != 0) {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for filter in [self.id_digits, self.phone_digits].into_iter().filter(|f| !f.is_empty()) {
            out.extend_from_slice(&filter.0.to_le_bytes());
        }
        if self.name != 0 {
            for half in self.name_clk.0 {
                out.extend_from_slice(&half.to_le_bytes());
            }
        }
        out.extend(Some(self.surname).filter(|s| *s != 0));
        for part in &self.name_parts {
            out.extend_from_slice(&part.to_le_bytes());
        }
        if self.has_birth() {
            for part in self.birth {
                out.extend_from_slice(&part.to_le_bytes());
            }
        }
        if !self.address.is_empty() {
            put_words(out, &self.address);
            put_parts(out, self.door);
        }
    }

    fn unpack(&mut self, input: &mut Input<'_>) {
        let flags = input.byte();
        let has = |bit: u8| flags >> bit & 1 == 1;
        let head = input.byte();
        self.id_verified = head & 1 == 1;
        self.id = if has(0) { input.u32() } else { 0 };
        self.phone = if has(2) { input.u32() } else { 0 };
        self.account = if has(4) { input.u32() } else { 0 };
        self.name = if has(5) { input.u32() } else { 0 };
        self.id_digits = DigitFilter(if has(1) { input.u64() } else { 0 });
        self.phone_digits = DigitFilter(if has(3) { input.u64() } else { 0 });
        self.name_clk = if has(5) { Clk([input.u64(), input.u64()]) } else { Clk::default() };
        self.surname = if head >> 4 & 1 == 1 { input.byte() } else { 0 };
        self.represents = head >> 5 & 1 == 1;
        self.name_parts.clear();
        self.name_parts.extend((0..head >> 1 & 7).map(|_| input.u32()));
        self.birth = if has(6) { [input.u16(), input.u16(), input.u16()] } else { [0; 3] };
        self.address.clear();
        if has(7) {
            input.words(&mut self.address);
        }
        self.door = if has(7) { input.parts() } else { [0; PARTS] };
    }
}

fn put_words(out: &mut Vec<u8>, words: &[u16]) {
    out.push(words.len() as u8);
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

#[derive(Default)]
struct Bits {
    byte: u8,
    used: u32,
}

impl Bits {
    fn push(&mut self, out: &mut Vec<u8>, value: u8, width: u32) {
        self.byte |= value << self.used;
        self.used += width;
        if self.used >= 8 {
            self.flush(out);
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.used > 0 {
            out.push(self.byte);
            (self.byte, self.used) = (0, 0);
        }
    }
}

/// Reads bytes the index itself wrote; past the end there are zeros.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self.0.split_first_chunk::<N>().map_or(([0; N], &[][..]), |(head, tail)| (*head, tail));
        self.0 = tail;
        head
    }

    fn byte(&mut self) -> u8 {
        self.array::<1>()[0]
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.array())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    fn varint(&mut self) -> u64 {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte();
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    fn take(&mut self, len: usize) -> &[u8] {
        let (head, tail) = self.0.split_at(len.min(self.0.len()));
        self.0 = tail;
        head
    }

    fn words(&mut self, out: &mut Vec<u16>) {
        let len = usize::from(self.byte());
        out.extend(self.take(len * 2).as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)));
    }

    fn parts(&mut self) -> DoorParts {
        let mask = self.byte();
        std::array::from_fn(|i| if mask >> i & 1 == 1 { self.byte() } else { 0 })
    }

    fn chars(&mut self, out: &mut Vec<Char>) {
        out.clear();
        let len = self.varint() as usize;
        if len == 0 {
            return;
        }
        out.extend(self.take(len).iter().map(|low| Char { hash: u16::from(*low), repeat: 0 }));
        let (mut at, mut high, mut used) = (0, 0_u16, 0);
        while at < out.len() && used < (len + HIGH_VALUES) / 8 + 1 {
            let mut byte = self.byte();
            used += 1;
            let mut left = 8;
            while left > 0 && at < out.len() {
                let zeros = byte.trailing_zeros().min(left);
                high += zeros as u16;
                left -= zeros;
                if left == 0 {
                    break;
                }
                out[at].hash |= high << 8;
                at += 1;
                left -= 1;
                byte = (u32::from(byte) >> (zeros + 1)) as u8;
            }
        }
        let repeats = self.take(len.div_ceil(4));
        for (i, c) in out.iter_mut().enumerate() {
            c.repeat = repeats.get(i / 4).map_or(0, |byte| byte >> (i % 4 * 2) & 3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packs_everything() {
        let entry = Entry {
            platform: 9,
            submitted_at: Some(-77),
            division: Some(Division { code: 430_102, digits: 6 }),
            place: vec![1, 2],
            place_door: [0, 1, 0, 0, 2],
            point: Some((-5, 7)),
            category: [1, 2, 0],
            respondent: Some(4),
            chars: vec![Char { hash: 1, repeat: 3 }, Char { hash: 16_383, repeat: 1 }],
            topics: vec![3, 7_000],
            persons: vec![
                PersonEntry {
                    id: 1,
                    id_verified: true,
                    name: 5,
                    name_parts: vec![1, 2],
                    birth: [1, 2, 3],
                    surname: 6,
                    door: [1, 2, 3, 4, 5],
                    represents: true,
                    address: vec![9],
                    ..PersonEntry::default()
                };
                2
            ],
        };
        for entry in [Entry::default(), entry] {
            let mut bytes = Vec::new();
            entry.pack(&mut bytes);
            let mut back = Entry::default();
            back.unpack(&bytes);
            assert_eq!(back, entry);
        }
    }

    proptest! {
        #[test]
        fn characters_survive(set in proptest::collection::btree_map(1_u16..16_384, 0_u8..4, 0..256)) {
            let chars = set.into_iter().map(|(hash, repeat)| Char { hash, repeat }).collect();
            let entry = Entry { chars, ..Entry::default() };
            let mut bytes = Vec::new();
            entry.pack(&mut bytes);
            let mut back = Entry::default();
            back.unpack(&bytes);
            prop_assert_eq!(back, entry);
        }
    }
}
