//! The binary form of a fingerprint, version 1.
//!
//! Integers are LEB128; tokens and filters are little-endian words; lists are a length followed by ascending
//! values as differences. A flags byte says which optional parts follow.

use super::address::{DoorParts, PARTS};
use super::clk::{Clk, DigitFilter};
use super::fingerprint::{Division, Fingerprint, FingerprintError, MAX_PERSONS, PersonPrint};
use super::record::Role;
use super::terms::{CHAR_HASHES, MAX_TERMS, Term};

const VERSION: u8 = 1;
const MAX_LIST: usize = 64;

pub(super) fn encode(print: &Fingerprint) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + print.terms.len() * 4);
    out.push(VERSION);
    let flags = u8::from(print.anonymous)
        | u8::from(print.submitted_at.is_some()) << 1
        | u8::from(print.division.is_some()) << 2
        | u8::from(print.point.is_some()) << 3
        | u8::from(print.category != [0; 3]) << 4
        | u8::from(print.respondent.is_some()) << 5;
    out.push(flags);
    out.extend_from_slice(&print.platform.to_le_bytes());
    if let Some(at) = print.submitted_at {
        out.extend_from_slice(&at.to_le_bytes());
    }
    if let Some(division) = print.division {
        out.push(division.digits);
        put_varint(&mut out, division.code);
    }
    if let Some((lon, lat)) = print.point {
        out.extend_from_slice(&lon.to_le_bytes());
        out.extend_from_slice(&lat.to_le_bytes());
    }
    if print.category != [0; 3] {
        for level in print.category {
            out.extend_from_slice(&level.to_le_bytes());
        }
    }
    if let Some(respondent) = print.respondent {
        out.extend_from_slice(&respondent.to_le_bytes());
    }
    out.extend_from_slice(&print.text.to_le_bytes());
    out.extend_from_slice(&print.text_len.to_le_bytes());
    put_list(&mut out, &print.place);
    put_parts(&mut out, print.place_door);
    put_terms(&mut out, &print.terms);
    put_terms(&mut out, &print.chars);
    out.push(u8::try_from(print.persons.len()).unwrap_or(u8::MAX));
    for person in &print.persons {
        put_person(&mut out, person);
    }
    out
}

fn put_terms(out: &mut Vec<u8>, terms: &[Term]) {
    put_varint(out, terms.len() as u64);
    let mut last = 0;
    for term in terms {
        put_varint(out, u64::from(term.hash - last) << 4 | u64::from(term.count));
        last = term.hash;
    }
}

/// A bit mask of the parts given, then those, a byte each.
pub(super) fn put_parts(out: &mut Vec<u8>, parts: DoorParts) {
    out.push(parts.iter().enumerate().fold(0, |mask, (i, part)| mask | u8::from(*part != 0) << i));
    out.extend(parts.into_iter().filter(|part| *part != 0));
}

fn put_person(out: &mut Vec<u8>, person: &PersonPrint) {
    let role = match person.role {
        Role::Petitioner => 0,
        Role::CoSigner => 1,
        Role::Representative => 2,
    };
    out.push(role | u8::from(person.id_verified) << 2);
    let words = [person.id, person.phone, person.account, person.name];
    let filters = [person.id_digits, person.phone_digits];
    let mut present = 0_u8;
    for (i, word) in words.iter().enumerate() {
        present |= u8::from(*word != 0) << i;
    }
    for (i, filter) in filters.iter().enumerate() {
        present |= u8::from(!filter.is_empty()) << (4 + i);
    }
    present |= u8::from(!person.name_clk.is_empty()) << 6;
    present |= u8::from(person.has_birth()) << 7;
    out.push(present);
    for word in words.iter().filter(|w| **w != 0) {
        out.extend_from_slice(&word.to_le_bytes());
    }
    for filter in filters.iter().filter(|f| !f.is_empty()) {
        out.extend_from_slice(&filter.0.to_le_bytes());
    }
    if !person.name_clk.is_empty() {
        for half in person.name_clk.0 {
            out.extend_from_slice(&half.to_le_bytes());
        }
    }
    if person.has_birth() {
        for part in person.birth {
            out.extend_from_slice(&part.to_le_bytes());
        }
    }
    out.push(person.surname);
    put_list(out, &person.name_parts);
    put_list(out, &person.address);
    put_parts(out, person.door);
}

/// Reads into a fingerprint whose room is used again; what it held is gone, also when this fails.
pub(super) fn decode_into(bytes: &[u8], print: &mut Fingerprint) -> Result<(), FingerprintError> {
    let mut input = Reader(bytes);
    let version = input.byte()?;
    if version != VERSION {
        return Err(FingerprintError::Version(version));
    }
    let flags = input.byte()?;
    if flags >> 6 != 0 {
        return Err(FingerprintError::Invalid("flag"));
    }
    let has = |bit: u8| flags >> bit & 1 == 1;
    (print.anonymous, print.platform) = (has(0), input.u32()?);
    print.submitted_at = if has(1) { Some(i64::from_le_bytes(input.array()?)) } else { None };
    print.division = if has(2) { Some(input.division()?) } else { None };
    print.point = if has(3) { Some((i32::from_le_bytes(input.array()?), i32::from_le_bytes(input.array()?))) } else { None };
    print.category = if has(4) { [input.u32()?, input.u32()?, input.u32()?] } else { [0; 3] };
    print.respondent = if has(5) { Some(input.u32()?) } else { None };
    print.text = input.u32()?;
    print.text_len = u16::from_le_bytes(input.array()?);
    input.list(&mut print.place)?;
    print.place_door = input.parts()?;
    input.terms(u32::MAX, &mut print.terms)?;
    input.terms(CHAR_HASHES - 1, &mut print.chars)?;
    let persons = usize::from(input.byte()?);
    if persons > MAX_PERSONS {
        return Err(FingerprintError::Invalid("number of persons"));
    }
    print.persons.resize_with(persons, PersonPrint::default);
    for person in &mut print.persons {
        input.person(person)?;
    }
    if input.0.is_empty() { Ok(()) } else { Err(FingerprintError::Trailing) }
}

pub(super) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_list<T: Copy + Into<u32>>(out: &mut Vec<u8>, ascending: &[T]) {
    put_varint(out, ascending.len() as u64);
    let mut last = 0;
    for value in ascending {
        let value: u32 = (*value).into();
        put_varint(out, u64::from(value - last));
        last = value;
    }
}

/// The low seven bits of each byte, moved together: by two, by four, by eight bytes.
const fn sevens(word: u64) -> u64 {
    let value = word & 0x7f7f_7f7f_7f7f_7f7f;
    let value = (value & 0x7f00_7f00_7f00_7f00) >> 1 | value & 0x007f_007f_007f_007f;
    let value = (value & 0x3fff_0000_3fff_0000) >> 2 | value & 0x0000_3fff_0000_3fff;
    (value & 0x0fff_ffff_0000_0000) >> 4 | value & 0x0000_0000_0fff_ffff
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FingerprintError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(FingerprintError::Truncated)?;
        self.0 = tail;
        Ok(*head)
    }

    fn byte(&mut self) -> Result<u8, FingerprintError> {
        self.array::<1>().map(|b| b[0])
    }

    fn u32(&mut self) -> Result<u32, FingerprintError> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, FingerprintError> {
        self.array().map(u64::from_le_bytes)
    }

    /// At a stretch where eight bytes are left and the number ends within them; else byte by byte.
    fn varint(&mut self) -> Result<u64, FingerprintError> {
        let Some(word) = self.0.first_chunk().map(|bytes| u64::from_le_bytes(*bytes)) else { return self.slow_varint() };
        let ends = !word & 0x8080_8080_8080_8080;
        if ends == 0 {
            return self.slow_varint();
        }
        self.0 = &self.0[ends.trailing_zeros() as usize / 8 + 1..];
        Ok(sevens(word & (ends ^ (ends - 1))))
    }

    fn slow_varint(&mut self) -> Result<u64, FingerprintError> {
        let mut value = 0_u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(FingerprintError::Invalid("number"))
    }

    fn division(&mut self) -> Result<Division, FingerprintError> {
        let division = Division { digits: self.byte()?, code: self.varint()? };
        let is_valid = division.digits <= 12 && division.code != 0 && division.code < 10_u64.pow(u32::from(division.digits.min(12)));
        if is_valid { Ok(division) } else { Err(FingerprintError::Invalid("division")) }
    }

    fn list<T: TryFrom<u32>>(&mut self, list: &mut Vec<T>) -> Result<(), FingerprintError> {
        let len = self.length(MAX_LIST)?;
        let mut last = 0_u32;
        list.clear();
        for i in 0..len {
            let step = u32::try_from(self.varint()?).map_err(|_| FingerprintError::Invalid("list"))?;
            last = last.checked_add(step).filter(|_| step > 0 || i == 0).ok_or(FingerprintError::Invalid("list"))?;
            list.push(T::try_from(last).map_err(|_| FingerprintError::Invalid("list"))?);
        }
        Ok(())
    }

    fn parts(&mut self) -> Result<DoorParts, FingerprintError> {
        let mask = self.byte()?;
        if usize::from(mask) >> PARTS != 0 {
            return Err(FingerprintError::Invalid("part"));
        }
        let mut parts = [0; PARTS];
        for (i, part) in parts.iter_mut().enumerate() {
            if mask >> i & 1 == 1 {
                *part = self.byte().and_then(|b| if b == 0 { Err(FingerprintError::Invalid("part")) } else { Ok(b) })?;
            }
        }
        Ok(parts)
    }

    fn terms(&mut self, limit: u32, terms: &mut Vec<Term>) -> Result<(), FingerprintError> {
        let len = self.length(MAX_TERMS)?;
        let mut last = 0_u32;
        terms.clear();
        terms.reserve(len);
        let mut add = |packed: u64| {
            let step = u32::try_from(packed >> 4).map_err(|_| FingerprintError::Invalid("term"))?;
            last = last.checked_add(step).filter(|sum| step > 0 && *sum <= limit).ok_or(FingerprintError::Invalid("term"))?;
            terms.push(Term { hash: last, count: (packed & 15) as u8 });
            Ok(terms.len() < len)
        };
        let mut more = len > 0;
        while more {
            // As many as end in the next eight bytes, without waiting for where each ends.
            let word = self.0.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
            let mut ends = !word & 0x8080_8080_8080_8080;
            if self.0.len() < 8 || ends == 0 {
                more = add(self.slow_varint()?)?;
                continue;
            }
            let mut read = 0;
            while more && ends != 0 {
                more = add(sevens((word & (ends ^ (ends - 1))) >> read))?;
                read = ends.trailing_zeros() + 1;
                ends &= ends - 1;
            }
            self.0 = &self.0[read as usize / 8..];
        }
        Ok(())
    }

    fn length(&mut self, limit: usize) -> Result<usize, FingerprintError> {
        usize::try_from(self.varint()?).ok().filter(|n| *n <= limit).ok_or(FingerprintError::Invalid("length"))
    }

    fn person(&mut self, person: &mut PersonPrint) -> Result<(), FingerprintError> {
        let head = self.byte()?;
        person.role = match head & 3 {
            0 => Role::Petitioner,
            1 => Role::CoSigner,
            2 => Role::Representative,
            _ => return Err(FingerprintError::Invalid("role")),
        };
        if head >> 3 != 0 {
            return Err(FingerprintError::Invalid("flag"));
        }
        person.id_verified = head >> 2 & 1 == 1;
        let present = self.byte()?;
        let has = |bit: usize| present >> bit & 1 == 1;
        for (bit, word) in [&mut person.id, &mut person.phone, &mut person.account, &mut person.name].into_iter().enumerate() {
            *word = if has(bit) { self.u64()? } else { 0 };
        }
        for (bit, filter) in [&mut person.id_digits, &mut person.phone_digits].into_iter().enumerate() {
            *filter = DigitFilter(if has(4 + bit) { self.u64()? } else { 0 });
        }
        person.name_clk = if has(6) { Clk([self.u64()?, self.u64()?]) } else { Clk::default() };
        for part in &mut person.birth {
            *part = if has(7) { u16::from_le_bytes(self.array()?) } else { 0 };
        }
        person.surname = self.byte()?;
        self.list(&mut person.name_parts)?;
        self.list(&mut person.address)?;
        person.door = self.parts()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<Fingerprint, FingerprintError> {
        Fingerprint::decode(bytes)
    }

    fn sample() -> Fingerprint {
        Fingerprint {
            platform: 7,
            submitted_at: Some(-5),
            anonymous: true,
            division: Some(Division { code: 430_102, digits: 6 }),
            point: Some((-112_980_000, 28_190_000)),
            category: [1, 2, 0],
            respondent: Some(9),
            text: 3,
            text_len: 40,
            place: vec![1, 5],
            place_door: [0, 4, 0, 0, 9],
            terms: vec![Term { hash: 1, count: 2 }, Term { hash: u32::MAX, count: 15 }],
            chars: vec![Term { hash: 16_383, count: 1 }],
            persons: vec![PersonPrint {
                id: 1,
                id_verified: true,
                name: 2,
                name_clk: Clk([1, 2]),
                birth: [1, 0, 3],
                surname: 8,
                door: [1, 0, 3, 0, 0],
                address: vec![0, 2],
                role: Role::CoSigner,
                ..PersonPrint::default()
            }],
        }
    }

    #[test]
    fn round_trips() {
        let mut used = sample();
        for print in [Fingerprint::default(), sample(), Fingerprint::default()] {
            let bytes = encode(&print);
            assert_eq!(decode(&bytes).as_ref(), Ok(&print));
            assert_eq!(decode_into(&bytes, &mut used), Ok(()));
            assert_eq!(used, print, "what was held before is gone");
        }
    }

    #[test]
    fn numbers_are_read_alike_at_a_stretch_and_byte_by_byte() {
        for bits in 0..63 {
            for value in [1_u64 << bits, (1 << bits) - 1, (1 << bits) / 3] {
                let mut bytes = Vec::new();
                put_varint(&mut bytes, value);
                assert_eq!(Reader(&bytes).slow_varint(), Ok(value));
                bytes.extend([0xff; 8]);
                let mut input = Reader(&bytes);
                assert_eq!((input.varint(), input.0.len()), (Ok(value), 8));
            }
        }
    }

    #[test]
    fn refuses_what_it_did_not_write() {
        let good = encode(&sample());
        for cut in 0..good.len() {
            assert!(decode(&good[..cut]).is_err(), "cut at {cut}");
        }
        let mut trailing = good.clone();
        trailing.push(0);
        assert_eq!(decode(&trailing), Err(FingerprintError::Trailing));
        let mut version = good;
        version[0] = 9;
        assert_eq!(decode(&version), Err(FingerprintError::Version(9)));
    }
}
