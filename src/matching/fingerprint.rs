//! What the matcher sees of a submission: keyed tokens, filters and terms. No name, number or text.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::address::{self, DoorParts};
use super::clk::{Clk, DigitFilter};
use super::encoding;
use super::key::{FederationKey, TermKey, TokenKey};
use super::names;
use super::normalise::{compact, date, fold, is_placeholder, is_word, phone};
use super::record::{Person, Record, Role};
use super::resident_id::{self, IdNumber};
use super::terms::{Term, TermCollector, TermHasher};

/// Most persons of one submission that are fingerprinted.
pub const MAX_PERSONS: usize = 8;
const MAX_NAME_PARTS: usize = 4;
const MAX_ADDRESS_TERMS: usize = 24;
const FIELD_CHARS: usize = 200;

/// The fingerprint of one submission; at most 4 KiB encoded, a few hundred bytes as a rule.
///
/// The JSON form is the hexadecimal string of [`Fingerprint::encode`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Fingerprint {
    pub(super) platform: u32,
    /// Unix seconds.
    pub(super) submitted_at: Option<i64>,
    pub(super) anonymous: bool,
    pub(super) persons: Vec<PersonPrint>,
    /// 2-grams and words of the text, ascending by hash.
    pub(super) terms: Vec<Term>,
    /// Characters and words of the text as 14-bit hashes, ascending.
    pub(super) chars: Vec<Term>,
    /// Token of the whole folded text, letters and digits only; 0 when there is none.
    pub(super) text: u32,
    /// Characters of subject and content read, saturating.
    pub(super) text_len: u16,
    /// Administrative division as digits, with their number.
    pub(super) division: Option<Division>,
    /// Ascending terms of the place in words.
    pub(super) place: Vec<u16>,
    /// Numbered parts of the place.
    pub(super) place_door: DoorParts,
    /// Longitude and latitude in 1e-6 degrees.
    pub(super) point: Option<(i32, i32)>,
    /// Tokens of the category path, broadest first; shorter paths end in 0.
    pub(super) category: [u32; 3],
    pub(super) respondent: Option<u32>,
}

/// A division code: its digits as a number and how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Division {
    pub code: u64,
    pub digits: u8,
}

/// One person's tokens. 0 and empty filters mean absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct PersonPrint {
    pub role: Role,
    pub id: u64,
    pub id_verified: bool,
    pub id_digits: DigitFilter,
    pub phone: u64,
    pub phone_digits: DigitFilter,
    pub account: u64,
    pub name: u64,
    pub name_clk: Clk,
    /// Ascending tokens of the name's words.
    pub name_parts: Vec<u32>,
    /// Keyed byte of the surname of a Chinese name; all there is when `name` is 0.
    pub surname: u8,
    /// Keyed year, month and day.
    pub birth: [u16; 3],
    /// Ascending terms of the address.
    pub address: Vec<u16>,
    /// Its numbered parts.
    pub door: DoorParts,
}

impl PersonPrint {
    pub(super) fn has_birth(&self) -> bool {
        self.birth != [0; 3]
    }

    /// Whether anything here can say who this is.
    pub(super) fn is_identifying(&self) -> bool {
        self.id != 0
            || self.phone != 0
            || self.account != 0
            || self.name != 0
            || !self.id_digits.is_empty()
            || !self.phone_digits.is_empty()
    }
}

/// Why bytes are not a fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    #[error("fingerprint version {0} is not known")]
    Version(u8),
    #[error("fingerprint ends early")]
    Truncated,
    #[error("fingerprint has bytes after its end")]
    Trailing,
    #[error("fingerprint holds an impossible {0}")]
    Invalid(&'static str),
}

impl Fingerprint {
    /// The compact binary form, version byte first.
    pub fn encode(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Reads [`Self::encode`]'s form; refuses what `encode` cannot have written.
    pub fn decode(bytes: &[u8]) -> Result<Self, FingerprintError> {
        let mut print = Self::default();
        encoding::decode_into(bytes, &mut print)?;
        Ok(print)
    }

    /// Unix seconds at which the submission was made, if known.
    pub const fn submitted_at(&self) -> Option<i64> {
        self.submitted_at
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hex = String::new();
        for byte in self.encode() {
            for nibble in [byte >> 4, byte & 15] {
                hex.extend(char::from_digit(u32::from(nibble), 16));
            }
        }
        serializer.serialize_str(&hex)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect();
        let digits = digits.filter(|d| d.len() % 2 == 0).ok_or_else(|| serde::de::Error::custom("fingerprint is not hexadecimal"))?;
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        Self::decode(&bytes).map_err(serde::de::Error::custom)
    }
}

/// Makes fingerprints under one federation key. Cheap to clone; share it between threads.
#[derive(Clone)]
pub struct Fingerprinter {
    identity: TokenKey,
    facts: TermKey,
    terms: TermHasher,
    names: TermKey,
    numbers: TermKey,
    addresses: TermHasher,
}

impl Fingerprinter {
    pub fn new(key: &FederationKey) -> Self {
        Self {
            identity: TokenKey::new(key, "onecase 2026 identity token"),
            facts: TermKey::new(key, "onecase 2026 fact token"),
            terms: TermHasher::new(TermKey::new(key, "onecase 2026 text term")),
            names: TermKey::new(key, "onecase 2026 name filter"),
            numbers: TermKey::new(key, "onecase 2026 number filter"),
            addresses: TermHasher::new(TermKey::new(key, "onecase 2026 address term")),
        }
    }

    /// O(text read), at most [`super::terms::MAX_CHARS`] characters a field.
    pub fn fingerprint(&self, record: &Record<'_>) -> Fingerprint {
        let persons: Vec<PersonPrint> =
            record.persons.iter().map(|p| self.person(record, p)).filter(PersonPrint::is_identifying).take(MAX_PERSONS).collect();
        let place = record.place.or_else(|| nobody_address(record, &persons));
        let mut collector = TermCollector::new(&self.terms);
        let subject = collector.add(record.subject, 2);
        if let Some(place) = place {
            collector.add(place, 1);
        }
        let content = collector.add(record.content, 1);
        let text_len = content.chars().count() + subject.chars().count();
        let mut plain = content;
        plain.retain(is_word);
        let (terms, chars) = collector.finish();
        let (place, place_door) = place.map(|p| self.address(p)).unwrap_or_default();
        Fingerprint {
            platform: self.fact("platform", record.platform),
            submitted_at: record.submitted_at,
            anonymous: record.anonymous,
            persons,
            terms,
            chars,
            text: if plain.is_empty() { 0 } else { self.fact("text", &plain) },
            text_len: u16::try_from(text_len).unwrap_or(u16::MAX),
            division: record.division.and_then(division),
            place,
            place_door,
            point: record.point.and_then(point),
            category: self.category(record.category),
            respondent: record
                .respondent
                .map(|r| compact(r, FIELD_CHARS))
                .filter(|r| !is_placeholder(r))
                .map(|r| self.fact("respondent", &r)),
        }
    }

    /// True if the fingerprint was made under this key for this platform: only then do its tokens match others.
    pub fn made(&self, print: &Fingerprint, platform: &str) -> bool {
        print.platform == self.fact("platform", platform)
    }

    fn person(&self, record: &Record<'_>, person: &Person<'_>) -> PersonPrint {
        let mut print = PersonPrint { role: person.role, ..PersonPrint::default() };
        let mut birth = person.birth_date.and_then(date);
        if let Some(id) = person.id_number.and_then(resident_id::parse) {
            let (number, verified) = match &id {
                IdNumber::Verified(number) => (number, true),
                IdNumber::Unverified(number) => (number, false),
            };
            if verified {
                birth = birth.or_else(|| resident_id::birth_date(number));
            }
            if !number.contains('*') {
                print.id = self.identity.token(&["id", number]);
            }
            print.id_verified = verified;
            print.id_digits = DigitFilter::of(self.numbers, number);
        }
        if let Some(number) = person.phone.and_then(phone) {
            if !number.contains('*') {
                print.phone = self.identity.token(&["phone", &number]);
            }
            print.phone_digits = DigitFilter::of(self.numbers, &number);
        }
        if let Some(account) = person.account.map(str::trim).filter(|a| !is_placeholder(&compact(a, FIELD_CHARS))) {
            print.account = self.identity.token(&["account", record.platform, account]);
        }
        if let Some((year, month, day)) = birth {
            let part = |tag: u64, value: u16| {
                if value == 0 { 0 } else { (self.numbers.word(1 << 62 | tag << 32 | u64::from(value)) as u16).max(1) }
            };
            print.birth = [part(1, year), part(2, u16::from(month)), part(3, u16::from(day))];
        }
        self.name(person, &mut print);
        (print.address, print.door) = person.address.map(|a| self.address(a)).unwrap_or_default();
        print
    }

    fn name(&self, person: &Person<'_>, print: &mut PersonPrint) {
        let Some(raw) = person.name else { return };
        let surname = names::surname(raw);
        if let Some(found) = &surname {
            print.surname = (self.names.bytes(found.surname.as_bytes()) as u8).max(1);
            if found.alone {
                return;
            }
        }
        let raw = names::without_title(raw);
        let plain = compact(raw, FIELD_CHARS);
        if is_placeholder(&plain) {
            print.surname = 0;
            return;
        }
        print.name = self.identity.token(&["name", &plain]);
        let folded = fold(raw, FIELD_CHARS);
        let words: Vec<&str> = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).collect();
        print.name_clk = Clk::of(self.names, &plain);
        print.name_parts = words.iter().take(MAX_NAME_PARTS).map(|w| self.names.bytes(w.as_bytes()) as u32).collect();
        print.name_parts.sort_unstable();
        print.name_parts.dedup();
    }

    fn address(&self, raw: &str) -> (Vec<u16>, DoorParts) {
        let address = address::split(raw);
        let mut collector = TermCollector::new(&self.addresses);
        collector.add(&address.words, 1);
        let mut terms: Vec<u16> = collector.finish().0.into_iter().map(|t| (t.hash >> 16) as u16).collect();
        terms.dedup();
        terms.truncate(MAX_ADDRESS_TERMS);
        (terms, address.door(self.addresses.key()))
    }

    fn category(&self, category: Option<&str>) -> [u32; 3] {
        let mut path = [0; 3];
        let mut prefix = String::new();
        let levels = category.unwrap_or_default().split('/').map(|level| compact(level, FIELD_CHARS)).filter(|l| !l.is_empty());
        for (slot, level) in path.iter_mut().zip(levels) {
            prefix.push('/');
            prefix.push_str(&level);
            *slot = self.fact("category", &prefix);
        }
        path
    }

    fn fact(&self, kind: &str, value: &str) -> u32 {
        (self.facts.parts(&[kind.as_bytes(), &[0x1f], value.as_bytes()]) as u32).max(1)
    }
}

/// An address on a record that names nobody says where the matter is.
fn nobody_address<'a>(record: &Record<'a>, persons: &[PersonPrint]) -> Option<&'a str> {
    if persons.is_empty() { record.persons.iter().find_map(|p| p.address) } else { None }
}

fn division(raw: &str) -> Option<Division> {
    let digits: String = fold(raw, 24).chars().filter(char::is_ascii_digit).take(12).collect();
    let code = digits.parse().ok()?;
    Some(Division { code, digits: u8::try_from(digits.len()).ok()? }).filter(|d| d.code != 0)
}

fn point((lon, lat): (f64, f64)) -> Option<(i32, i32)> {
    let valid = (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) && (lon, lat) != (0.0, 0.0);
    valid.then(|| ((lon * 1e6).round() as i32, (lat * 1e6).round() as i32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printer() -> Fingerprinter {
        Fingerprinter::new(&FederationKey::from_bytes([1; 32]))
    }

    fn person<'a>() -> Person<'a> {
        Person { name: Some("王小明"), id_number: Some("110105491231002"), phone: Some("+86 13812345678"), ..Person::default() }
    }

    #[test]
    fn forms_of_one_identity_agree() {
        let other = Person { id_number: Some("11010519491231002x"), phone: Some("138 1234 5678"), ..person() };
        let print = |p: Person<'static>| printer().fingerprint(&Record { platform: "a", persons: vec![p], ..Record::default() });
        let (a, b) = (print(person()), print(other));
        assert_eq!(a.persons, b.persons);
        assert!(a.persons[0].has_birth() && a.persons[0].id_verified);
    }

    #[test]
    fn accounts_belong_to_their_platform() {
        let print = |platform: &'static str| {
            let p = Person { account: Some("A0001"), ..Person::default() };
            printer().fingerprint(&Record { platform, persons: vec![p], ..Record::default() }).persons[0].account
        };
        assert_ne!(print("a"), print("b"));
    }

    #[test]
    fn placeholders_name_nobody() {
        for name in ["", "无", "匿名", "***", "  "] {
            let p = Person { name: Some(name), phone: Some("-"), id_number: Some("0"), ..Person::default() };
            let print = printer().fingerprint(&Record { persons: vec![p], ..Record::default() });
            assert!(print.persons.is_empty(), "{name}");
        }
    }

    #[test]
    fn json_form_round_trips() {
        let print = printer().fingerprint(&Record {
            platform: "a",
            persons: vec![person()],
            subject: "噪音",
            content: "夜间施工",
            point: Some((112.98, 28.19)),
            category: Some("城乡建设/安全生产"),
            division: Some("430102"),
            submitted_at: Some(1_700_000_000),
            ..Record::default()
        });
        let json = serde_json::to_string(&print).unwrap();
        assert_eq!(serde_json::from_str::<Fingerprint>(&json).unwrap(), print);
        assert!(serde_json::from_str::<Fingerprint>("\"zz\"").is_err());
    }
}
