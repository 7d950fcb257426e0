//! A name for a matter: what most of its filings say and few others do.
//!
//! Candidates are the strings of up to twelve units (a Han character, or a word in other scripts) that at least half of the
//! members share; a string that nearly always stands inside a longer one gives way to it. They are weighed by the share of
//! members and by how rare they are elsewhere (the inverse document frequency of Spärck Jones 1972). Digits and what the
//! caller hides part a text: no name runs across them.

use std::collections::{HashMap, HashSet};

use unicode_normalization::UnicodeNormalization;

/// Most members that are looked at, and units of each.
pub const MAX_MEMBERS: usize = 24;
const MAX_UNITS: usize = 600;
/// Texts of the rest of the corpus that tell what is common; more are left unread.
pub const MAX_BACKGROUND: usize = 300;
/// Units of a term.
const LONGEST: usize = 12;
/// Longer than this many units says no more, and later than this many units says half as much.
const ENOUGH: usize = 6;
const EARLY: f64 = 50.0;
/// Terms of a name, and its characters.
const MAX_TERMS: usize = 4;
const MAX_CHARS: usize = 40;
/// A term stands in this share of the members at least.
const LEAST_SHARE: f64 = 0.5;
/// A string gives way to a longer one that this share of its members have.
const GIVES_WAY: f64 = 0.9;
/// Elsewhere a term is at least this many times rarer than among the members.
const RARER: f64 = 4.0;
/// Terms weaker than this share of the strongest add nothing.
const WEAKEST: f64 = 0.35;
/// Candidates that are looked for in the background.
const MAX_CANDIDATES: usize = 400;
/// Words that begin or end no name, in Chinese and English.
const FUNCTION_CHARS: &str =
    "的了着过在是和与及或并而被把将对从向给为于我你您他她它们这那有也就都还又再不没很请要会能可该其之等但因所以吗呢吧啊么上下里";
const FUNCTION_WORDS: [&str; 33] = [
    "a", "an", "and", "are", "as", "at", "be", "been", "by", "for", "from", "has", "have", "in", "is", "it", "its", "my", "not", "of",
    "on", "or", "our", "that", "the", "their", "there", "they", "this", "to", "was", "we", "with",
];

/// A filing of the matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// Subject and content.
    pub text: String,
    /// What may not stand in a name: the petitioners' names, numbers and accounts.
    pub hidden: Vec<String>,
}

/// Words of filings from all over the corpus, by which is told what is common. Made once and used for many names.
#[derive(Clone, Debug, Default)]
pub struct Background(Vec<(u64, String)>);

impl Background {
    /// Of texts with a number each, by which those of a matter's own are left out; reads at most [`MAX_BACKGROUND`].
    pub fn new(texts: impl IntoIterator<Item = (u64, String)>) -> Self {
        Self(texts.into_iter().take(MAX_BACKGROUND).map(|(number, text)| (number, joined(&text))).collect())
    }
}

/// One to four terms, in the order in which the filings say them; `None` if the members share nothing that others do not.
/// Reads at most [`MAX_MEMBERS`] members. `is_own` says which texts of the background are the matter's.
pub fn name(members: &[Member], background: &Background, is_own: impl Fn(u64) -> bool) -> Option<String> {
    let members = &members[..members.len().min(MAX_MEMBERS)];
    if members.len() < 2 {
        return None;
    }
    let hidden = hidden(members);
    let texts: Vec<Vec<Segment>> = members.iter().map(|member| segments(&member.text, &hidden)).collect();
    let found = candidates(&texts);
    let background: Vec<&str> = background.0.iter().filter(|(number, _)| !is_own(*number)).map(|(_, text)| text.as_str()).collect();
    let mut scored: Vec<(f64, &str, &Candidate)> = found
        .iter()
        .take(MAX_CANDIDATES)
        .filter_map(|(term, candidate)| Some((score(term, candidate, members.len(), &background)?, *term, candidate)))
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let mut chosen: Vec<(&str, f64)> = Vec::new();
    let (best, mut chars) = (scored.first()?.0, 0);
    for (score, term, candidate) in scored {
        let length = term.chars().count();
        if chosen.len() == MAX_TERMS || score < best * WEAKEST {
            break;
        }
        if chars + length <= MAX_CHARS && !chosen.iter().any(|(other, _)| overlap(other, term)) {
            chosen.push((term, candidate.place()));
            chars += length;
        }
    }
    chosen.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(b.0)));
    Some(chosen.iter().map(|(term, _)| *term).collect::<Vec<_>>().join(" · "))
}

/// Every petitioner's data is hidden in every member's text; the longest first, so that no part of it stays.
fn hidden(members: &[Member]) -> Vec<String> {
    let plain = |text: &String| normal(text.trim());
    let all: HashSet<String> = members.iter().flat_map(|m| m.hidden.iter().map(plain)).filter(|text| text.chars().count() > 1).collect();
    let mut all: Vec<String> = all.into_iter().collect();
    all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    all
}

fn normal(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// A run of words with nothing between them that parts.
#[derive(Default)]
struct Segment {
    text: String,
    /// Where each unit begins and ends in it.
    units: Vec<(usize, usize)>,
}

/// A unit is a character of a script that writes no spaces, or a word.
fn is_word_char(c: char) -> bool {
    c.is_alphabetic() && !is_ideograph(c)
}

fn is_ideograph(c: char) -> bool {
    matches!(u32::from(c), 0x3400..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

fn segments(text: &str, hidden: &[String]) -> Vec<Segment> {
    let mut text = normal(text);
    for part in hidden {
        text = text.replace(part.as_str(), "\n");
    }
    let mut segments = vec![];
    let mut at = Segment::default();
    let parts = |at: &mut Segment, segments: &mut Vec<Segment>| {
        if !at.units.is_empty() {
            segments.push(std::mem::take(at));
        }
    };
    let (mut units, mut last) = (0, ' ');
    for c in text.chars() {
        let goes_on = is_word_char(c) && is_word_char(last) && !at.units.is_empty();
        if is_ideograph(c) && last.is_numeric() {
            // The measure of a number belongs to it: 3号, 12栋.
            parts(&mut at, &mut segments);
        } else if goes_on {
            at.text.push(c);
            if let Some(unit) = at.units.last_mut() {
                unit.1 = at.text.len();
            }
        } else if is_ideograph(c) || is_word_char(c) {
            units += 1;
            if units > MAX_UNITS {
                break;
            }
            if last == ' ' && !at.text.is_empty() {
                at.text.push(' ');
            }
            let start = at.text.len();
            at.text.push(c);
            at.units.push((start, at.text.len()));
        } else if c != ' ' {
            parts(&mut at, &mut segments);
        }
        last = c;
    }
    segments.push(at);
    segments
}

/// A text as its segments, one a line, to look for terms in.
fn joined(text: &str) -> String {
    segments(text, &[]).into_iter().map(|segment| segment.text).collect::<Vec<_>>().join("\n")
}

#[derive(Default)]
struct Candidate {
    members: usize,
    /// Sum over members of the unit at which it first stands.
    first: usize,
    units: usize,
    /// Stands nearly always inside a longer one.
    inside: bool,
}

impl Candidate {
    fn place(&self) -> f64 {
        self.first as f64 / self.members.max(1) as f64
    }
}

/// Strings that enough members share, those shared by most first.
fn candidates(texts: &[Vec<Segment>]) -> Vec<(&str, Candidate)> {
    let mut found: HashMap<&str, Candidate> = HashMap::new();
    for text in texts {
        let (mut seen, mut before) = (HashSet::new(), 0);
        for segment in text {
            for start in 0..segment.units.len() {
                for end in start + 1..=segment.units.len().min(start + LONGEST + 1) {
                    let term = segment.term(start, end);
                    if seen.insert(term) {
                        let candidate = found.entry(term).or_default();
                        candidate.members += 1;
                        candidate.units = end - start;
                        candidate.first += before + start;
                    }
                }
            }
            before += segment.units.len();
        }
    }
    let least = ((texts.len() as f64 * LEAST_SHARE).ceil() as usize).max(2);
    found.retain(|term, candidate| candidate.members >= least && is_presentable(term));
    // A term's parts by one unit, as they stand in the texts.
    let mut inside: Vec<&str> = Vec::new();
    for segment in texts.iter().flatten() {
        for start in 0..segment.units.len() {
            for end in start + 2..=segment.units.len().min(start + LONGEST + 1) {
                let Some(whole) = found.get(segment.term(start, end)) else { continue };
                for part in [segment.term(start + 1, end), segment.term(start, end - 1)] {
                    if found.get(part).is_some_and(|part| whole.members as f64 >= GIVES_WAY * part.members as f64) {
                        inside.push(part);
                    }
                }
            }
        }
    }
    for part in inside {
        if let Some(candidate) = found.get_mut(part) {
            candidate.inside = true;
        }
    }
    found.retain(|_, candidate| !candidate.inside);
    // A piece of a passage that all copied is no term, unless there is nothing else.
    if found.values().any(|candidate| candidate.units <= LONGEST) {
        found.retain(|_, candidate| candidate.units <= LONGEST);
    }
    let mut found: Vec<(&str, Candidate)> = found.into_iter().collect();
    found.sort_by(|a, b| b.1.members.cmp(&a.1.members).then_with(|| b.0.len().cmp(&a.0.len())).then_with(|| a.0.cmp(b.0)));
    found
}

impl Segment {
    fn term(&self, start: usize, end: usize) -> &str {
        match (self.units.get(start), self.units.get(end.wrapping_sub(1))) {
            (Some((from, _)), Some((_, to))) if from < to => &self.text[*from..*to],
            _ => "",
        }
    }
}

/// Long enough to say something, and no function word at either end.
fn is_presentable(term: &str) -> bool {
    let length = term.chars().count();
    let edge = |c: Option<char>| c.is_some_and(|c| FUNCTION_CHARS.contains(c));
    let word = |w: Option<&str>| w.is_some_and(|w| FUNCTION_WORDS.contains(&w));
    let ideographs = term.chars().any(is_ideograph);
    length >= if ideographs { 2 } else { 3 }
        && !edge(term.chars().next())
        && !edge(term.chars().next_back())
        && !word(term.split(' ').next())
        && !word(term.rsplit(' ').next())
}

/// Share of the members, times how rare it is elsewhere, times a little for length, less where it comes late: a filing begins
/// with its subject; `None` for what others say about as often.
fn score(term: &str, candidate: &Candidate, members: usize, background: &[&str]) -> Option<f64> {
    let elsewhere = background.iter().filter(|text| text.contains(term)).count() as f64;
    let (share, all) = (candidate.members as f64 / members as f64, background.len() as f64);
    if elsewhere * RARER > share * all {
        return None;
    }
    let rarity = ((all + 1.0) / (elsewhere + 0.5)).ln();
    let length = candidate.units.min(ENOUGH) as f64;
    Some(share * rarity * (1.0 + length).ln() / (1.0 + candidate.place() / EARLY))
}

/// True if the two share two neighbouring characters of a script without spaces, or a word.
fn overlap(a: &str, b: &str) -> bool {
    let pairs = |text: &str| -> HashSet<String> {
        let chars: Vec<char> = text.chars().collect();
        let pairs = chars.windows(2).filter(|pair| pair.iter().all(|c| is_ideograph(*c))).map(|pair| pair.iter().collect());
        pairs.chain(text.split(' ').filter(|word| !word.chars().any(is_ideograph)).map(str::to_owned)).collect()
    };
    !pairs(a).is_disjoint(&pairs(b))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn members(texts: &[&str], hidden: &[&str]) -> Vec<Member> {
        let hidden: Vec<String> = hidden.iter().map(|h| (*h).to_owned()).collect();
        texts.iter().map(|text| Member { text: (*text).to_owned(), hidden: hidden.clone() }).collect()
    }

    fn background() -> Background {
        let texts = [
            "尊敬的领导您好，希望尽快处理，谢谢",
            "小区门口的路灯坏了，希望尽快处理",
            "尊敬的领导，我们小区停水三天",
            "小区物业收费不合理，请领导重视",
        ];
        Background::new(texts.map(|text| (0, text.to_owned())))
    }

    fn check(texts: &[&str], hidden: &[&str], expected: Option<&str>) {
        assert_eq!(name(&members(texts, hidden), &background(), |_| false).as_deref(), expected, "{texts:?}");
    }

    #[test]
    fn a_name_is_what_members_share_and_others_do_not_say() {
        check(
            &[
                "金桂苑旁的水泥搅拌站粉尘太大，希望尽快处理",
                "尊敬的领导，金桂苑门口水泥搅拌站夜里施工",
                "投诉水泥搅拌站！粉尘弥漫，金桂苑居民不敢开窗",
            ],
            &[],
            Some("金桂苑 · 水泥搅拌站 · 粉尘"),
        );
        check(
            &["Loud music at Elm Street pub every night", "The Elm Street pub plays loud music", "Elm Street pub: noise"],
            &[],
            Some("elm street pub · loud music"),
        );
    }

    #[test]
    fn nothing_shared_has_no_name() {
        check(&["路灯坏了"], &[], None);
        check(&["路灯坏了", "停水三天"], &[], None);
        check(&["尊敬的领导您好", "尊敬的领导请处理"], &[], None);
        check(&["", ""], &[], None);
    }

    #[test]
    fn petitioners_and_numbers_are_no_part_of_it() {
        let texts = ["代表王小明，电话13812341234，幸福路工地打桩", "我们推王小明为代表，13812341234，幸福路工地打桩不停"];
        check(&texts, &["王小明", "13812341234"], Some("代表 · 幸福路工地打桩"));
        check(&["A3区星河路断水，3号", "星河路断水了，A7区"], &[], Some("星河路断水"));
        check(&["一二三车间ＡＢ楼漏水", "一二三车间ab楼漏水严重"], &["ab"], Some("一二三车间 · 楼漏水"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_name_is_short_shared_and_tells_no_numbers_or_names(
            texts in prop::collection::vec("[甲乙丙丁的a-c0-9 ，]{0,40}", 2..6),
            hidden in prop::collection::vec("[甲乙丙a-c0-9]{2,3}", 0..3),
            others in prop::collection::vec("[甲乙丙丁的a-c0-9 ，]{0,40}", 0..6),
        ) {
            let members: Vec<Member> = texts.iter().map(|text| Member { text: text.clone(), hidden: hidden.clone() }).collect();
            let others = Background::new(others.into_iter().map(|text| (0, text)));
            let found = name(&members, &others, |_| false);
            let left_out = super::hidden(&members);
            let turned: Vec<Member> = members.into_iter().rev().collect();
            prop_assert_eq!(&found, &name(&turned, &others, |_| false), "the order of members does not matter");
            let Some(found) = found else { return Ok(()) };
            prop_assert!(!found.chars().any(|c| c.is_ascii_digit()), "{}", found);
            for term in found.split(" · ") {
                prop_assert!(hidden.iter().all(|hidden| !term.contains(hidden.as_str())), "{} of {:?}", found, hidden);
                let shown = |text: &String| segments(text, &left_out).iter().any(|segment| segment.text.contains(term));
                let shared = texts.iter().filter(|text| shown(text)).count();
                prop_assert!(shared * 2 >= texts.len(), "{} in {} of {:?}", term, shared, texts);
            }
            prop_assert!(found.split(" · ").count() <= MAX_TERMS && found.chars().count() <= MAX_CHARS + 3 * MAX_TERMS);
        }
    }
}
