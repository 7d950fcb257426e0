//! A corpus with known truth: petitions with repeats, typing errors, missing and masked fields, shared matters and
//! form letters. The same seed gives the same rows.

use std::io::Write;

use super::vocabulary::{
    CITIES, COMPANY_ENDS, DEMANDS, DETAILS, ESTATE_ENDS, GIVEN, HISTORIES, OPENINGS, PLACE_CHARS, PROBLEMS, ROAD_ENDS, SELVES, SURNAMES,
};
use super::{CorpusError, read::COLUMNS};
use crate::matching::resident_id::check_character;

const PLATFORMS: [(&str, &str); 5] =
    [("province", "web"), ("mobile", "mobile_app"), ("wechat", "wechat"), ("hotline", "phone"), ("letters", "letter")];
/// 2024-01-01, and how long the corpus lasts.
pub(super) const START: i64 = 1_704_067_200;
pub(super) const SPAN_DAYS: u64 = 730;
/// Cases of one shared matter share this many draws on average.
const SHARED_GROUP: u64 = 24;

/// SplitMix64 (Steele, Lea & Flood 2014): stable across versions, and any (seed, case, filing) is a stream of its own.
#[derive(Clone)]
pub(super) struct Draw(u64);

impl Draw {
    fn new(parts: [u64; 3]) -> Self {
        let mut draw = Self(parts[0]);
        for part in parts {
            draw.0 = draw.next() ^ part.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        draw
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    fn percent(&mut self, p: f64) -> bool {
        (self.below(1_000_000) as f64) < p * 10_000.0
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }

    fn char(&mut self, from: &str) -> char {
        let n = from.chars().count() as u64;
        let at = self.below(n) as usize;
        from.chars().nth(at).unwrap_or('一')
    }
}

struct Person {
    name: String,
    id: String,
    birth: String,
    phone: String,
    address: String,
    key: u64,
}

struct Matter {
    problem: usize,
    estate: String,
    road: String,
    company: String,
    building: u64,
    number: u64,
    division: u32,
    /// Everyone sends the same letter.
    form_letter: Option<u64>,
    point: (f64, f64),
    details: Vec<String>,
}

/// One filing: which case, which filing of it, when.
#[derive(Clone, Copy)]
struct Filing {
    at: i64,
    case: u64,
    nth: u64,
}

/// What [`write`] makes.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub rows: u64,
    pub seed: u64,
}

/// Of the flat columns, those that are written: all but `place` and `respondent`.
const WRITTEN_COLUMNS: usize = 16;

/// Writes the corpus as CSV in the flat columns plus `truth_case` and `truth_matter`, in order of time.
/// O(rows) memory of 24 bytes each.
pub fn write(plan: Plan, output: impl Write) -> Result<(), CorpusError> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(1 << 18).from_writer(output);
    writer.write_record(COLUMNS[..WRITTEN_COLUMNS].iter().chain(&["truth_case", "truth_matter"]))?;
    for (n, filing) in filings(plan).into_iter().enumerate() {
        writer.write_record(row(plan.seed, n, filing))?;
    }
    writer.flush()?;
    Ok(())
}

/// The rows of a corpus in the flat columns, in order of time, each with its time.
pub(super) fn rows(plan: Plan) -> impl ExactSizeIterator<Item = Vec<String>> {
    filings(plan).into_iter().enumerate().map(move |(n, filing)| row(plan.seed, n, filing))
}

fn filings(plan: Plan) -> Vec<Filing> {
    let mut filings = Vec::with_capacity(plan.rows as usize);
    let mut case = 0;
    while (filings.len() as u64) < plan.rows {
        let mut draw = Draw::new([plan.seed, case, 1]);
        // 17 % of cases are filed again, which makes about 30 % of rows have a duplicate.
        let repeats = if draw.percent(83.0) { 0 } else { 1 + draw.below(10) / 7 + draw.below(20) / 18 };
        let mut at = START + draw.below(SPAN_DAYS * 86_400) as i64;
        for nth in 0..=repeats {
            filings.push(Filing { at, case, nth });
            let days = if draw.percent(60.0) { draw.below(10) } else { draw.below(150) };
            at += (days * 86_400 + draw.below(86_400)) as i64;
        }
        case += 1;
    }
    filings.truncate(plan.rows as usize);
    filings.sort_unstable_by_key(|f| (f.at, f.case, f.nth));
    filings
}

fn row(seed: u64, n: usize, filing: Filing) -> Vec<String> {
    let mut case = Draw::new([seed, filing.case, 2]);
    // Some people have two different matters; some cases belong to a matter many share.
    let person_key = if case.percent(8.0) { case.below(filing.case + 1) } else { filing.case };
    let shared = case.percent(9.0).then(|| case.below(filing.case / (SHARED_GROUP * 11) + 4));
    let matter_key = shared.map_or(filing.case << 1, |m| m << 1 | 1);
    let person = person(seed, person_key, &mut case);
    let matter = matter(seed, matter_key, shared.is_some());
    let mut draw = Draw::new([seed, filing.case << 8 | filing.nth, 3]);
    let anonymous = draw.percent(3.0);
    let (subject, content) = text(&matter, seed, filing, &mut draw);
    let (platform, channel) = *draw.pick(&PLATFORMS);
    let account =
        if anonymous || draw.percent(40.0) { String::new() } else { format!("{platform}{:x}", person.key.wrapping_mul(0x9e37_79b9) >> 8) };
    let identity = identity(&person, anonymous, &mut draw);
    let [name, id, phone, birth, address] = identity;
    let division = if draw.percent(4.0) { String::new() } else { matter.division.to_string() };
    let category = category(matter.problem, &mut draw);
    let (lon, lat) = if draw.percent(25.0) {
        (format!("{:.5}", matter.point.0 + jitter(&mut draw)), format!("{:.5}", matter.point.1 + jitter(&mut draw)))
    } else {
        (String::new(), String::new())
    };
    let truth = if anonymous { format!("a{n}") } else { format!("c{}", filing.case) };
    let at = chrono::DateTime::from_timestamp(filing.at, 0).map(|t| t.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()).unwrap_or_default();
    vec![
        format!("s{n:08}"),
        platform.to_owned(),
        channel.to_owned(),
        at,
        account,
        name,
        id,
        phone,
        birth,
        address,
        division,
        category,
        subject,
        content,
        lon,
        lat,
        truth,
        format!("m{matter_key}"),
    ]
}

fn jitter(draw: &mut Draw) -> f64 {
    (draw.below(200) as f64 - 100.0) / 100_000.0
}

fn category(problem: usize, draw: &mut Draw) -> String {
    let truth = PROBLEMS[problem].category;
    match draw.below(100) {
        0..8 => String::new(),
        8..16 => PROBLEMS[draw.below(PROBLEMS.len() as u64) as usize].category.to_owned(),
        16..30 => truth.rsplit_once('/').map_or(truth, |(head, _)| head).to_owned(),
        _ => truth.to_owned(),
    }
}

fn person(seed: u64, key: u64, case: &mut Draw) -> Person {
    let mut draw = Draw::new([seed, key, 4]);
    let n = SURNAMES.len() as u64;
    let surname = SURNAMES[draw.below(n).min(draw.below(n)) as usize];
    let mut name = surname.to_owned();
    for _ in 0..1 + u64::from(draw.percent(75.0)) {
        name.push(draw.char(GIVEN));
    }
    let city = *draw.pick(CITIES);
    let (year, month, day) = (1940 + draw.below(65), 1 + draw.below(12), 1 + draw.below(28));
    let first17 = format!("{city}{:02}{year}{month:02}{day:02}{:03}", 1 + draw.below(12), draw.below(1000));
    let check = check_character(&first17).unwrap_or('0');
    let phone = format!("1{}{:09}", draw.pick(&[3, 5, 7, 8, 9]), draw.below(1_000_000_000));
    // A household shares its address and sometimes its telephone.
    let household = if case.percent(3.0) { key ^ 1 } else { key };
    let mut home = Draw::new([seed, household, 5]);
    let address = format!("{}{}{}栋{}室", road(&mut home), estate(&mut home), 1 + home.below(40), 101 + home.below(3200));
    Person { name, id: format!("{first17}{check}"), birth: format!("{year}-{month:02}-{day:02}"), phone, address, key }
}

fn place_name(draw: &mut Draw, len: u64) -> String {
    (0..len).map(|_| draw.char(PLACE_CHARS)).collect()
}

fn estate(draw: &mut Draw) -> String {
    let len = 2 + draw.below(3);
    format!("{}{}", place_name(draw, len), draw.pick(ESTATE_ENDS))
}

fn road(draw: &mut Draw) -> String {
    let name = place_name(draw, 2);
    format!("{name}{}{}号", draw.pick(ROAD_ENDS), 1 + draw.below(900))
}

fn matter(seed: u64, key: u64, shared: bool) -> Matter {
    let mut draw = Draw::new([seed, key, 6]);
    let len = 2 + draw.below(3);
    let details = (0..4).map(|_| detail(&mut draw)).collect();
    Matter {
        details,
        problem: draw.below(PROBLEMS.len() as u64) as usize,
        estate: estate(&mut draw),
        road: road(&mut draw),
        company: format!("{}{}", place_name(&mut draw, len), draw.pick(COMPANY_ENDS)),
        building: 1 + draw.below(40),
        number: 2 + draw.below(8),
        division: draw.pick(CITIES) * 100 + 1 + draw.below(12) as u32,
        form_letter: (shared && draw.percent(33.0)).then(|| draw.next()),
        point: (100.0 + draw.below(2_000_000) as f64 / 1e5, 22.0 + draw.below(2_000_000) as f64 / 1e5),
    }
}

fn detail(draw: &mut Draw) -> String {
    let (p, q) = (place_name(draw, 3), place_name(draw, 2));
    let who = format!("{}{}", draw.pick(SURNAMES), draw.char(GIVEN));
    draw.pick(DETAILS)
        .replace("{p}", &p)
        .replace("{q}", &q)
        .replace("{w}", &who)
        .replace("{m}", &(1 + draw.below(12)).to_string())
        .replace("{d}", &(1 + draw.below(28)).to_string())
        .replace("{k}", &(10 + draw.below(900)).to_string())
}

/// Subject and content of one filing: said anew, said again with changes, or copied.
fn text(matter: &Matter, seed: u64, filing: Filing, draw: &mut Draw) -> (String, String) {
    let copied = filing.nth > 0 && draw.percent(35.0);
    let stream = match matter.form_letter {
        Some(letter) => letter,
        None if copied => filing.case << 8,
        None => filing.case << 8 | filing.nth,
    };
    let mut words = Draw::new([seed, stream, 7]);
    let problem = &PROBLEMS[matter.problem];
    let mut say = |from: &[&'static str]| fill(words.pick::<&'static str>(from), matter);
    let subject = say(problem.subjects);
    let mut content = say(OPENINGS);
    content.push_str(&say(SELVES));
    content.push_str(&say(problem.facts));
    if words.percent(60.0) {
        content.push_str(&fill(words.pick::<&'static str>(problem.facts), matter));
    }
    let left_out = words.below(6) as usize;
    for (_, detail) in matter.details.iter().enumerate().filter(|(i, _)| *i != left_out) {
        content.push_str(detail);
    }
    for part in [problem.effects, HISTORIES, DEMANDS] {
        content.push_str(&fill(words.pick::<&'static str>(part), matter));
    }
    if matter.form_letter.is_none() || filing.nth > 0 {
        mistype(&mut content, draw);
    }
    if draw.percent(2.0) {
        let cut = content.char_indices().nth(40).map_or(content.len(), |(at, _)| at);
        content.truncate(cut);
    }
    if draw.percent(2.0) {
        content.retain(char::is_alphanumeric);
    }
    (subject, content)
}

fn fill(template: &str, matter: &Matter) -> String {
    template
        .replace("{e}", &matter.estate)
        .replace("{r}", &matter.road)
        .replace("{c}", &matter.company)
        .replace("{b}", &matter.building.to_string())
        .replace("{n}", &matter.number.to_string())
}

fn mistype(text: &mut String, draw: &mut Draw) {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..draw.below(3) {
        let at = draw.below(chars.len() as u64) as usize;
        match draw.below(3) {
            0 if at + 1 < chars.len() => chars.swap(at, at + 1),
            1 if chars.len() > 20 => {
                chars.remove(at);
            }
            _ => {
                if let Some(c) = chars.get_mut(at) {
                    *c = draw.char(PLACE_CHARS);
                }
            }
        }
    }
    *text = chars.into_iter().collect();
}

/// Name, identity number, telephone, birth date and address as this filing gives them.
fn identity(person: &Person, anonymous: bool, draw: &mut Draw) -> [String; 5] {
    if anonymous {
        return Default::default();
    }
    let name = match draw.below(100) {
        0..3 => String::new(),
        3..5 => format!("{}先生", person.name.chars().next().unwrap_or('王')),
        5..7 => {
            let mut chars: Vec<char> = person.name.chars().collect();
            if let Some(last) = chars.last_mut() {
                *last = draw.char(GIVEN);
            }
            chars.into_iter().collect()
        }
        _ => person.name.clone(),
    };
    let id = number(&person.id, 35, 6, draw);
    let phone = number(&person.phone, 14, 3, draw);
    let birth = if draw.percent(70.0) { String::new() } else { person.birth.clone() };
    let address = if draw.percent(30.0) { String::new() } else { person.address.clone() };
    [name, id, phone, birth, address]
}

/// A number left out, masked, mistyped, in full-width digits, in its old form, or right.
fn number(value: &str, missing: u64, hidden: usize, draw: &mut Draw) -> String {
    match draw.below(100) {
        p if p < missing => String::new(),
        p if p < missing + 5 => {
            let keep = hidden..value.len() - 4;
            value.chars().enumerate().map(|(i, c)| if keep.contains(&i) { '*' } else { c }).collect()
        }
        p if p < missing + 7 => {
            let at = draw.below(value.len() as u64) as usize;
            let digit = char::from(b'0' + draw.below(10) as u8);
            value.chars().enumerate().map(|(i, c)| if i == at { digit } else { c }).collect()
        }
        p if p < missing + 8 => value.chars().map(|c| char::from_u32(u32::from(c) + 0xfee0).unwrap_or(c)).collect(),
        p if p < missing + 9 && value.len() == 18 && &value[6..8] == "19" => format!("{}{}", &value[..6], &value[8..17]),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(rows: u64, seed: u64) -> String {
        let mut out = Vec::new();
        write(Plan { rows, seed }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_seed_is_a_corpus() {
        assert_eq!(made(200, 1), made(200, 1));
        assert_ne!(made(200, 1), made(200, 2));
        assert_eq!(made(200, 1).lines().count(), 201);
    }

    #[test]
    fn about_three_rows_in_ten_have_a_duplicate() {
        let text = made(5_000, 7);
        let mut cases = std::collections::HashMap::new();
        for record in csv::Reader::from_reader(text.as_bytes()).records() {
            *cases.entry(record.unwrap()[16].to_owned()).or_insert(0) += 1;
        }
        let repeated: u64 = cases.values().filter(|n| **n > 1).sum();
        assert!((1_200..1_900).contains(&repeated), "{repeated}");
    }
}
