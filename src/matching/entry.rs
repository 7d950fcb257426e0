//! What the index keeps of a fingerprint: enough to compare, packed into bytes and read in place.

use super::address::{DoorParts, PARTS};
use super::clk::{Clk, DigitFilter};
use super::encoding::{put_parts, put_varint};
use super::fingerprint::{Division, Fingerprint, PersonPrint};
use super::record::Role;
use super::terms::MAX_TERMS;

/// A fingerprint cut down to what comparisons need, as a view of its packed form; tokens are halves of the
/// fingerprint's.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry<'a> {
    pub platform: u16,
    pub submitted_at: Option<i64>,
    pub division: Option<Division>,
    pub place: Words<'a>,
    pub place_door: DoorParts,
    pub point: Option<(i32, i32)>,
    pub category: [u32; 3],
    pub respondent: Option<u32>,
    pub chars: Chars<'a>,
    /// Ascending short hashes of the terms the text is about.
    pub topics: Words<'a>,
    pub persons: Persons<'a>,
}

/// A term the text is about.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Topic {
    pub hash: u32,
    /// Information in bits.
    pub bits: f32,
    /// What it is worth in the choice of topics.
    pub rank: f32,
}

impl Topic {
    pub(super) const fn short(&self) -> u16 {
        (self.hash >> 16) as u16
    }
}

/// Ascending 16-bit words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Words<'a>(&'a [[u8; 2]]);

impl Words<'_> {
    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = u16> {
        self.0.iter().map(|pair| u16::from_le_bytes(*pair))
    }

    pub(super) fn contains(self, word: u16) -> bool {
        self.0.binary_search_by_key(&word, |pair| u16::from_le_bytes(*pair)).is_ok()
    }
}

/// The persons of an entry, unpacked one by one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Persons<'a> {
    count: u8,
    bytes: &'a [u8],
}

impl<'a> Persons<'a> {
    pub(super) const fn len(self) -> u8 {
        self.count
    }

    pub(super) fn iter(self) -> impl Iterator<Item = PersonEntry<'a>> {
        let mut input = Input(self.bytes);
        (0..self.count).map(move |_| PersonEntry::read(&mut input))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PersonEntry<'a> {
    pub id: u32,
    pub id_verified: bool,
    pub id_digits: DigitFilter,
    pub phone: u32,
    pub phone_digits: DigitFilter,
    pub account: u32,
    pub name: u32,
    pub name_clk: Clk,
    /// Of names of several words, which may come in another order.
    pub name_parts: &'a [u8],
    pub surname: u8,
    pub birth: [u16; 3],
    pub address: Words<'a>,
    pub door: DoorParts,
    /// Speaks for others: not one of those whose matter it is.
    pub represents: bool,
}

/// Half a token; 0 stays "absent", and nothing else becomes it.
pub(super) const fn half(token: u64) -> u32 {
    (token >> 32) as u32 | (token != 0 && token >> 32 == 0) as u32
}

impl PersonEntry<'_> {
    pub(super) fn has_birth(&self) -> bool {
        self.birth != [0; 3]
    }
}

/// High part of a character's hash: so many values, told by a unary bit vector; the low byte is stored as it is
/// (Elias 1974, Fano 1971).
const HIGH_VALUES: usize = 64;

/// Ascending hashes of characters, each with how often it occurs: 0 once, 1 twice, 2 three times, 3 more often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Chars<'a> {
    low: &'a [u8],
    /// A zero for each step of the high part, a one for each character.
    high: &'a [u8],
    /// A bit for each: it occurs more than once.
    repeated: &'a [u8],
    /// Two bits for each of those, repeats less one.
    repeats: &'a [u8],
}

impl Chars<'_> {
    pub(super) const fn is_empty(self) -> bool {
        self.low.is_empty()
    }

    /// Unpacks into `codes` and returns how many there are.
    pub(super) fn unpack(self, codes: &mut CharCodes) -> usize {
        let (words, rest) = self.high.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let mut words = words.iter().chain(Some(&last)).map(|word| u64::from_le_bytes(*word));
        // `base` is where the word starts less the characters before: with the place of a one in the word, the high part.
        let (mut word, mut base) = (words.next().unwrap_or_default(), 0_u16);
        for (low, code) in self.low.iter().zip(codes.iter_mut()) {
            while word == 0 {
                let Some(next) = words.next() else { return 0 };
                (word, base) = (next, base.wrapping_add(64));
            }
            *code = base.wrapping_add(word.trailing_zeros() as u16) << 8 | u16::from(*low);
            base = base.wrapping_sub(1);
            word &= word - 1;
        }
        let mut more = 0;
        for (eight, repeated) in codes.as_chunks_mut::<8>().0.iter_mut().zip(self.repeated) {
            let mut left = *repeated;
            while left != 0 {
                let repeats = 1 + (self.repeats.get(more / 4).copied().unwrap_or_default() >> (more % 4 * 2) & 3);
                eight[left.trailing_zeros() as usize] |= u16::from(repeats) << CODE_HASH_BITS;
                left &= left - 1;
                more += 1;
            }
        }
        self.low.len().min(codes.len())
    }
}

/// Characters unpacked: the hash, above it the repeats.
pub(super) type CharCodes = [u16; MAX_TERMS];

pub(super) const CODE_HASH_BITS: u32 = 14;

const fn high_bytes(chars: usize) -> usize {
    (chars + HIGH_VALUES - 1).div_ceil(8)
}

/// Appends the packed form of a fingerprint; `topics` are those of its terms the text is about, in any order.
pub(super) fn pack(print: &Fingerprint, topics: &[Topic], out: &mut Vec<u8>) {
    let present = [
        print.submitted_at.is_some(),
        print.division.is_some(),
        !print.place.is_empty(),
        print.point.is_some(),
        print.category[0] != 0,
        print.category[1] != 0,
        print.category[2] != 0,
        print.respondent.is_some(),
    ];
    out.push(flags(present));
    out.extend_from_slice(&((print.platform >> 16) as u16).to_le_bytes());
    if let Some(at) = print.submitted_at {
        put_varint(out, (at << 1 ^ at >> 63) as u64);
    }
    if let Some(division) = print.division {
        out.push(division.digits);
        put_varint(out, division.code);
    }
    if !print.place.is_empty() {
        put_words(out, &print.place);
        put_parts(out, print.place_door);
    }
    if let Some((lon, lat)) = print.point {
        out.extend_from_slice(&lon.to_le_bytes());
        out.extend_from_slice(&lat.to_le_bytes());
    }
    for level in print.category.iter().filter(|level| **level != 0).chain(&print.respondent) {
        out.extend_from_slice(&level.to_le_bytes());
    }
    pack_chars(print, out);
    let mut short = [0; MAX_TERMS];
    let short = &mut short[..topics.len().min(MAX_TERMS)];
    for (short, topic) in short.iter_mut().zip(topics) {
        *short = topic.short();
    }
    short.sort_unstable();
    put_words(out, short);
    out.push(print.persons.len() as u8);
    for person in &print.persons {
        pack_person(person, out);
    }
}

fn flags(present: [bool; 8]) -> u8 {
    present.into_iter().enumerate().fold(0, |flags, (bit, is)| flags | u8::from(is) << bit)
}

fn pack_chars(print: &Fingerprint, out: &mut Vec<u8>) {
    let chars = &print.chars;
    put_varint(out, chars.len() as u64);
    if chars.is_empty() {
        return;
    }
    out.extend(chars.iter().map(|c| c.hash as u8));
    let high = out.len();
    let more = chars.iter().filter(|c| c.count > 1).count();
    out.resize(high + high_bytes(chars.len()) + chars.len().div_ceil(8) + more.div_ceil(4), 0);
    let (high, rest) = out[high..].split_at_mut(high_bytes(chars.len()));
    let (repeated, repeats) = rest.split_at_mut(chars.len().div_ceil(8));
    let mut more = 0;
    for (n, c) in chars.iter().enumerate() {
        let bit = n + (c.hash as u16 >> 8) as usize % HIGH_VALUES;
        high[bit / 8] |= 1 << (bit % 8);
        if c.count > 1 {
            repeated[n / 8] |= 1 << (n % 8);
            repeats[more / 4] |= (c.count.min(4) - 2) << (more % 4 * 2);
            more += 1;
        }
    }
}

fn pack_person(person: &PersonPrint, out: &mut Vec<u8>) {
    let words = [half(person.id), half(person.phone), half(person.account), half(person.name)];
    let [id, phone, account, name] = words.map(|word| word != 0);
    let has = [
        id,
        !person.id_digits.is_empty(),
        phone,
        !person.phone_digits.is_empty(),
        account,
        name,
        person.has_birth(),
        !person.address.is_empty(),
    ];
    // A name of one word has no other order to be recognised in.
    let parts = if person.name_parts.len() > 1 { person.name_parts.as_slice() } else { &[] };
    out.push(flags(has));
    let head = u8::from(person.id_verified)
        | (parts.len() as u8) << 1
        | u8::from(person.surname != 0) << 4
        | u8::from(person.role == Role::Representative) << 5;
    out.push(head);
    for word in words.into_iter().filter(|w| *w != 0) {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for filter in [person.id_digits, person.phone_digits].into_iter().filter(|f| !f.is_empty()) {
        out.extend_from_slice(&filter.0.to_le_bytes());
    }
    if name {
        for half in person.name_clk.0 {
            out.extend_from_slice(&half.to_le_bytes());
        }
    }
    out.extend(Some(person.surname).filter(|surname| *surname != 0));
    for part in parts {
        out.extend_from_slice(&part.to_le_bytes());
    }
    if person.has_birth() {
        for part in person.birth {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }
    if !person.address.is_empty() {
        put_words(out, &person.address);
        put_parts(out, person.door);
    }
}

fn put_words(out: &mut Vec<u8>, words: &[u16]) {
    out.push(words.len() as u8);
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
}

impl<'a> Entry<'a> {
    /// A view of what [`pack`] wrote, which may be followed by anything.
    pub(super) fn read(bytes: &'a [u8]) -> Self {
        let mut input = Input(bytes);
        let flags = input.byte();
        let has = |bit: usize| flags >> bit & 1 == 1;
        let platform = input.u16();
        let submitted_at = has(0).then(|| input.varint()).map(|z| (z >> 1) as i64 ^ -((z & 1) as i64));
        let division = has(1).then(|| Division { digits: input.byte(), code: input.varint() });
        let (place, place_door) = if has(2) { (input.words(), input.parts()) } else { Default::default() };
        let point = has(3).then(|| (input.u32() as i32, input.u32() as i32));
        let category = [4, 5, 6].map(|bit| if has(bit) { input.u32() } else { 0 });
        let respondent = has(7).then(|| input.u32());
        let (chars, topics) = (input.chars(), input.words());
        let persons = Persons { count: input.byte(), bytes: input.0 };
        Self { platform, submitted_at, division, place, place_door, point, category, respondent, chars, topics, persons }
    }
}

impl<'a> PersonEntry<'a> {
    fn read(input: &mut Input<'a>) -> Self {
        let flags = input.byte();
        let has = |bit: u8| flags >> bit & 1 == 1;
        let head = input.byte();
        let [id, phone, account, name] = [0, 2, 4, 5].map(|bit| if has(bit) { input.u32() } else { 0 });
        let [id_digits, phone_digits] = [1, 3].map(|bit| DigitFilter(if has(bit) { input.u64() } else { 0 }));
        let name_clk = if has(5) { Clk([input.u64(), input.u64()]) } else { Clk::default() };
        let surname = if head >> 4 & 1 == 1 { input.byte() } else { 0 };
        let name_parts = input.take(usize::from(head >> 1 & 7) * size_of::<u32>());
        let birth = if has(6) { [input.u16(), input.u16(), input.u16()] } else { [0; 3] };
        let (address, door) = if has(7) { (input.words(), input.parts()) } else { Default::default() };
        let (id_verified, represents) = (head & 1 == 1, head >> 5 & 1 == 1);
        Self {
            id,
            id_verified,
            id_digits,
            phone,
            phone_digits,
            account,
            name,
            name_clk,
            name_parts,
            surname,
            birth,
            address,
            door,
            represents,
        }
    }
}

/// Reads bytes the index itself wrote; past the end there are zeros.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
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

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(len.min(self.0.len()));
        self.0 = tail;
        head
    }

    fn words(&mut self) -> Words<'a> {
        let len = usize::from(self.byte());
        Words(self.take(len * 2).as_chunks().0)
    }

    fn parts(&mut self) -> DoorParts {
        let mask = self.byte();
        std::array::from_fn::<u8, PARTS, _>(|i| if mask >> i & 1 == 1 { self.byte() } else { 0 })
    }

    fn chars(&mut self) -> Chars<'a> {
        let len = self.varint() as usize;
        if len == 0 {
            return Chars::default();
        }
        let (low, high, repeated) = (self.take(len), self.take(high_bytes(len)), self.take(len.div_ceil(8)));
        let more = repeated.iter().map(|eight| eight.count_ones()).sum::<u32>() as usize;
        Chars { low, high, repeated, repeats: self.take(more.div_ceil(4)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::terms::Term;
    use proptest::prelude::*;

    fn packed(print: &Fingerprint, topics: &[Topic]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(print, topics, &mut bytes);
        // Entries lie one behind the other.
        bytes.extend([0xff; 40]);
        bytes
    }

    #[test]
    fn reads_what_it_packed() {
        let person = PersonPrint {
            id: 1 << 32,
            id_verified: true,
            name: 5,
            name_clk: Clk([7, 8]),
            name_parts: vec![1, 2],
            surname: 6,
            birth: [1, 2, 3],
            address: vec![9],
            door: [1, 2, 3, 4, 5],
            role: Role::Representative,
            ..PersonPrint::default()
        };
        let print = Fingerprint {
            platform: 9 << 16,
            submitted_at: Some(-77),
            division: Some(Division { code: 430_102, digits: 6 }),
            place: vec![1, 2],
            place_door: [0, 1, 0, 0, 2],
            point: Some((-5, 7)),
            category: [1, 2, 0],
            respondent: Some(4),
            persons: vec![person; 2],
            ..Fingerprint::default()
        };
        let topics = [7_000, 3].map(|short| Topic { hash: short << 16, bits: 1.0, rank: 1.0 });
        let bytes = packed(&print, &topics);
        let entry = Entry::read(&bytes);
        assert_eq!((entry.platform, entry.submitted_at, entry.division), (9, print.submitted_at, print.division));
        assert_eq!((entry.point, entry.category, entry.respondent), (print.point, print.category, print.respondent));
        assert_eq!(entry.place_door, print.place_door);
        assert!(entry.place.iter().eq([1, 2]) && entry.topics.iter().eq([3, 7_000]));
        assert!(entry.topics.contains(3) && !entry.topics.contains(4));
        let persons: Vec<PersonEntry<'_>> = entry.persons.iter().collect();
        assert_eq!(persons.len(), 2);
        for person in persons {
            assert_eq!((person.id, person.id_verified, person.name, person.phone), (1, true, 1, 0));
            assert_eq!((person.name_clk, person.birth, person.name_parts.len()), (Clk([7, 8]), [1, 2, 3], 8));
            assert_eq!((person.surname, person.door, person.represents), (6, [1, 2, 3, 4, 5], true));
            assert!(person.address.iter().eq([9]));
        }
        let bytes = packed(&Fingerprint::default(), &[]);
        let entry = Entry::read(&bytes);
        assert!(entry.chars.is_empty() && entry.persons.iter().next().is_none());
    }

    proptest! {
        #[test]
        fn characters_survive(set in proptest::collection::btree_map(1_u16..16_384, 1_u8..5, 0..256)) {
            let chars = set.iter().map(|(hash, count)| Term { hash: u32::from(*hash), count: *count }).collect();
            let bytes = packed(&Fingerprint { chars, ..Fingerprint::default() }, &[]);
            let mut codes = [0; MAX_TERMS];
            let len = Entry::read(&bytes).chars.unpack(&mut codes);
            let back: Vec<(u16, u8)> = codes[..len].iter().map(|code| (code & 0x3fff, (code >> CODE_HASH_BITS) as u8 + 1)).collect();
            prop_assert_eq!(back, set.into_iter().collect::<Vec<_>>());
        }
    }
}
