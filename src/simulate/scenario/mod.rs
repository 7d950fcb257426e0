//! A few hundred filings for the demonstration and for tests, made from a seed, with the truth about them.
//!
//! The texts are written for this; names, numbers and places are invented. Duplicates are told in other words on each platform,
//! as people do.

mod dice;
mod people;
mod wording;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde::Deserialize;

use super::{
    filing::{Filing, Situation, Truth},
    handling::beijing,
};
use crate::domain::{
    organization::Organization,
    submission::{Channel, Kind, PetitionerRole},
};
use dice::Dice;
use people::{Counter, Resident};
use wording::{Matter, TEMPLATES, Template};

const ORGANIZATIONS: &str = include_str!("organizations.yaml");
const LETTERS: &str = include_str!("letters.yaml");

/// Platforms of the scenario that people file on beside their province's.
pub const NATIONAL: &str = "national";
pub const MOBILE: &str = "mobile";
pub const WECHAT: &str = "wechat";
/// Provinces with a platform of their own, by the first two digits of a division.
const PROVINCIAL: [(&str, &str, &str); 2] = [("43", "hunan", "HN"), ("51", "sichuan", "SC")];

const DIVISIONS: [&str; 20] = [
    "430102", "430103", "430104", "430105", "430111", "430202", "430211", "430405", "430407", "510104", "510105", "510107", "510108",
    "510703", "610102", "610103", "610113", "110105", "110108", "430102",
];

/// How much of each situation there is.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub seed: u64,
    /// Every filing was made before this moment.
    pub now: DateTime<Utc>,
    pub singles: usize,
    /// People who say the same on two or three platforms.
    pub cross_platform: usize,
    /// Problems that several people report.
    pub shared_matters: usize,
    pub form_letter_signers: usize,
    pub two_matters: usize,
    pub same_names: usize,
    pub same_places: usize,
    pub anonymous: usize,
}

impl Plan {
    pub fn new(seed: u64, now: DateTime<Utc>) -> Self {
        Self {
            seed,
            now,
            singles: 96,
            cross_platform: 48,
            shared_matters: 14,
            form_letter_signers: 6,
            two_matters: 8,
            same_names: 4,
            same_places: 8,
            anonymous: 12,
        }
    }
}

/// Filings in the order in which they were made, and the bodies that answer for them.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub filings: Vec<Filing>,
    pub organizations: Vec<Organization>,
}

impl Scenario {
    pub fn generate(plan: Plan) -> Self {
        let mut writer = Writer { dice: Dice::new(plan.seed), plan, filings: Vec::new(), people: 0, matters: 0 };
        writer.singles();
        writer.cross_platform();
        writer.joint();
        writer.shared_matters();
        writer.form_letters();
        writer.two_matters();
        writer.same_names();
        writer.same_places();
        writer.anonymous();
        writer.accusations();
        Self { filings: writer.finish(), organizations: organizations() }
    }

    /// How many cases a perfect clerk would make of it.
    pub fn cases(&self) -> usize {
        self.filings.iter().map(|filing| &filing.truth.case).collect::<BTreeSet<_>>().len()
    }

    /// Ids of the platforms people file on.
    pub fn platforms(&self) -> BTreeSet<&str> {
        self.filings.iter().map(|filing| filing.platform.as_str()).collect()
    }
}

/// The bodies of the demonstration; some have no platform, so that gaps show.
pub fn organizations() -> Vec<Organization> {
    yaml_serde::from_str(ORGANIZATIONS).unwrap_or_default()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    category: String,
    respondent: String,
    division: String,
    place: String,
    subject: String,
    content: String,
}

struct Writer {
    dice: Dice,
    plan: Plan,
    filings: Vec<Filing>,
    people: usize,
    matters: usize,
}

impl Writer {
    fn template(&mut self) -> &'static Template {
        let at = self.dice.below(TEMPLATES.len());
        &TEMPLATES[at]
    }

    fn matter(&mut self) -> Matter {
        let (template, division) = (self.template(), self.dice.pick(&DIVISIONS));
        self.matter_of(template, division)
    }

    fn matter_of(&mut self, template: &'static Template, division: &'static str) -> Matter {
        self.matters += 1;
        Matter::invent(&mut self.dice, self.matters, template, division)
    }

    fn resident(&mut self, matter: &Matter) -> Resident {
        self.people += 1;
        let address = matter.address(&mut self.dice);
        Resident::invent(&mut self.dice, self.people, matter.division, address)
    }

    /// The platforms a person there can use, in an order of their own.
    fn platforms(&mut self, division: &str) -> Vec<&'static str> {
        let home = PROVINCIAL.iter().find(|(prefix, ..)| division.starts_with(prefix)).map_or(NATIONAL, |(_, id, _)| id);
        let mut platforms = vec![home, MOBILE, WECHAT];
        if home != NATIONAL {
            platforms.push(NATIONAL);
        }
        for at in (1..platforms.len()).rev() {
            let other = self.dice.below(at + 1);
            platforms.swap(at, other);
        }
        platforms
    }

    /// A moment in the month before now, so early that two later filings still lie before now.
    fn moment(&mut self) -> DateTime<FixedOffset> {
        beijing(self.plan.now - Duration::seconds(self.dice.between(11 * 86_400, 28 * 86_400)))
    }

    /// Hours to days after `first`.
    fn later(&mut self, first: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        first + Duration::seconds(self.dice.between(3_600, 5 * 86_400))
    }

    fn file(&mut self, matter: &mut Matter, residents: &[&Resident], platform: &str, at: DateTime<FixedOffset>, situation: Situation) {
        let counter = counter(platform);
        let telling = matter.tell(&mut self.dice, counter);
        let role = |at: usize| if at == 0 { PetitionerRole::Petitioner } else { PetitionerRole::CoSigner };
        let persons = residents.iter().enumerate().map(|(at, resident)| resident.on(counter, &mut self.dice, role(at))).collect();
        let case = match residents.last() {
            Some(resident) => format!("p{}-m{}", resident.number, matter.number),
            None => format!("anonymous-{}", self.filings.len()),
        };
        let channel = self.channel(platform);
        self.filings.push(Filing {
            source_id: String::new(),
            platform: platform.to_owned(),
            channel,
            kind: matter.template.kind,
            submitted_at: DateTime::from_timestamp(at.timestamp(), 0).map_or(at, beijing),
            persons,
            subject: telling.subject,
            content: telling.content,
            division: matter.division.to_owned(),
            place: matter.place(),
            category: matter.template.category.clone(),
            respondent: matter.respondent(),
            truth: Truth { case, matter: format!("{}-{}", matter.template.key, matter.number), situation },
        });
    }

    fn channel(&mut self, platform: &str) -> Channel {
        match (counter(platform), self.dice.below(10)) {
            (Counter::App, _) => Channel::MobileApp,
            (Counter::Wechat, _) => Channel::Wechat,
            (Counter::Office, 0) => Channel::Letter,
            (Counter::Office, 1) => Channel::Visit,
            (Counter::Office, 2) => Channel::Phone,
            (Counter::Office, _) => Channel::Web,
        }
    }

    fn once(&mut self, matter: &mut Matter, resident: &Resident, situation: Situation) {
        let (platform, at) = (self.platforms(matter.division)[0], self.moment());
        self.file(matter, &[resident], platform, at, situation);
    }

    fn singles(&mut self) {
        for _ in 0..self.plan.singles {
            let mut matter = self.matter();
            let resident = self.resident(&matter);
            self.once(&mut matter, &resident, Situation::Single);
        }
    }

    fn cross_platform(&mut self) {
        for _ in 0..self.plan.cross_platform {
            let mut matter = self.matter();
            let resident = self.resident(&matter);
            self.everywhere(&mut matter, &resident);
        }
    }

    /// Two platforms, sometimes three.
    fn everywhere(&mut self, matter: &mut Matter, resident: &Resident) {
        let times = if self.dice.chance(25) { 3 } else { 2 };
        let mut at = self.moment();
        for platform in self.platforms(matter.division).into_iter().take(times) {
            self.file(matter, &[resident], platform, at, Situation::CrossPlatform);
            at = self.later(at);
        }
    }

    /// One signs beside another, then files alone elsewhere: still the same case.
    fn joint(&mut self) {
        for _ in 0..3 {
            let mut matter = self.matter();
            let (first, second) = (self.resident(&matter), self.resident(&matter));
            let at = self.moment();
            let later = self.later(at);
            self.file(&mut matter, &[&first, &second], NATIONAL, at, Situation::CrossPlatform);
            self.file(&mut matter, &[&second], MOBILE, later, Situation::CrossPlatform);
        }
    }

    fn shared_matters(&mut self) {
        for _ in 0..self.plan.shared_matters {
            let mut matter = self.matter();
            for _ in 0..self.dice.between(3, 5) {
                let resident = self.resident(&matter);
                self.once(&mut matter, &resident, Situation::SharedMatter);
            }
        }
    }

    fn form_letters(&mut self) {
        let letters: Vec<Letter> = yaml_serde::from_str(LETTERS).unwrap_or_default();
        for letter in letters {
            let Some(division) = DIVISIONS.into_iter().find(|code| *code == letter.division) else { continue };
            let mut matter = self.matter_of(&TEMPLATES[0], division);
            for _ in 0..self.plan.form_letter_signers {
                let resident = self.resident(&matter);
                self.once(&mut matter, &resident, Situation::FormLetter);
                if let Some(filing) = self.filings.last_mut() {
                    filing.kind = Kind::Request;
                    filing.category.clone_from(&letter.category);
                    filing.respondent = Some(letter.respondent.clone());
                    filing.place.clone_from(&letter.place);
                    filing.subject.clone_from(&letter.subject);
                    filing.content.clone_from(&letter.content);
                }
            }
        }
    }

    fn two_matters(&mut self) {
        for _ in 0..self.plan.two_matters {
            let mut first = self.matter();
            let template = self.other_template(first.template);
            let mut second = self.matter_of(template, first.division);
            let resident = self.resident(&first);
            self.once(&mut first, &resident, Situation::TwoMatters);
            self.once(&mut second, &resident, Situation::TwoMatters);
        }
    }

    fn other_template(&mut self, template: &Template) -> &'static Template {
        loop {
            let other = self.template();
            if other.category != template.category {
                return other;
            }
        }
    }

    fn same_names(&mut self) {
        for _ in 0..self.plan.same_names {
            let (mut one, mut two) = (self.matter(), self.matter());
            let first = self.resident(&one);
            self.people += 1;
            let address = two.address(&mut self.dice);
            let namesake = Resident::named(&mut self.dice, self.people, two.division, address, first.name.clone());
            self.once(&mut one, &first, Situation::SameName);
            self.once(&mut two, &namesake, Situation::SameName);
        }
    }

    fn same_places(&mut self) {
        for _ in 0..self.plan.same_places {
            let mut first = self.matter();
            let template = self.other_template(first.template);
            self.matters += 1;
            let mut second = first.at_the_same_place(&mut self.dice, self.matters, template);
            let (one, two) = (self.resident(&first), self.resident(&second));
            self.once(&mut first, &one, Situation::SamePlace);
            self.once(&mut second, &two, Situation::SamePlace);
        }
    }

    fn anonymous(&mut self) {
        for at in 0..self.plan.anonymous {
            let mut matter = self.matter();
            let (platform, moment) = (self.platforms(matter.division)[0], self.moment());
            self.file(&mut matter, &[], platform, moment, Situation::Anonymous);
            // Every third matter is told anonymously twice: nothing says that it is one person.
            if at % 3 == 0 {
                let (platform, later) = (self.platforms(matter.division)[1], self.later(moment));
                self.file(&mut matter, &[], platform, later, Situation::Anonymous);
            }
        }
    }

    /// Accusations of the very body that would be competent.
    fn accusations(&mut self) {
        const ACCUSED: [(&str, &str, &str, &str); 3] = [
            (
                "430102",
                "城乡建设/住房保障与房地产/物业服务",
                "长沙市住房和城乡建设局",
                "工作人员收受物业公司礼金，对{estate}业主的投诉压着不办，还把投诉人的电话透露给物业。",
            ),
            (
                "430111",
                "环境保护/环境污染/大气污染",
                "长沙市生态环境局",
                "执法人员检查前给{company}通风报信，{since}以来每次检查都合格，检查组一走照样排放。",
            ),
            (
                "510107",
                "教育文体/教育收费/乱收费",
                "成都市教育局",
                "某科室负责人指定{school}采购其亲属公司的教材，{since}至今金额超过{amount}元。",
            ),
        ];
        for (division, category, body, text) in ACCUSED {
            let mut matter = self.matter_of(&TEMPLATES[0], division);
            let resident = self.resident(&matter);
            self.once(&mut matter, &resident, Situation::AccusesCompetentBody);
            let (subject, content) =
                (format!("实名举报{body}有关人员"), format!("现实名举报{body}：{}请上级机关调查，并为举报人保密。", matter.fill(text)));
            if let Some(filing) = self.filings.last_mut() {
                filing.kind = Kind::Accusation;
                filing.category = category.to_owned();
                filing.respondent = Some(body.to_owned());
                filing.subject = subject;
                filing.content = content;
                filing.place = body.to_owned();
            }
        }
    }

    /// In order of time, numbered as each platform numbers.
    fn finish(self) -> Vec<Filing> {
        let mut filings = self.filings;
        filings.sort_by_key(|filing| filing.submitted_at);
        let mut counts: HashMap<String, usize> = HashMap::new();
        for filing in &mut filings {
            let count = counts.entry(filing.platform.clone()).or_default();
            *count += 1;
            let day = filing.submitted_at.format("%Y%m%d");
            filing.source_id = match filing.platform.as_str() {
                MOBILE => format!("AP{day}{count:06}"),
                WECHAT => format!("2381902374{:07}", *count * 613),
                NATIONAL => format!("XF{day}{count:06}"),
                other => {
                    let prefix = PROVINCIAL.iter().find(|(_, id, _)| *id == other).map_or("", |(.., prefix)| prefix);
                    format!("{prefix}{}{day}{count:05}", &filing.division[..4])
                }
            };
        }
        filings
    }
}

fn counter(platform: &str) -> Counter {
    match platform {
        MOBILE => Counter::App,
        WECHAT => Counter::Wechat,
        _ => Counter::Office,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{division, organization::Directory, resident_id};

    fn scenario() -> Scenario {
        Scenario::generate(Plan::new(1, DateTime::from_timestamp(1_772_330_400, 0).expect("a moment")))
    }

    #[test]
    fn a_scenario_repeats_and_is_sound() {
        let scenario = scenario();
        assert_eq!(scenario.filings, self::scenario().filings);
        assert!((300..420).contains(&scenario.filings.len()), "{}", scenario.filings.len());
        assert!(scenario.cases() < scenario.filings.len());
        let mut ids = BTreeSet::new();
        for filing in &scenario.filings {
            assert!(ids.insert((filing.platform.clone(), filing.source_id.clone())), "{filing:?}");
            assert!(division::is_known(&filing.division));
            assert!(filing.submitted_at < beijing(DateTime::from_timestamp(1_772_330_400, 0).expect("a moment")));
            assert!(!filing.content.is_empty() && !filing.subject.is_empty());
            for person in &filing.persons {
                assert!(person.id_number.as_ref().is_none_or(|number| resident_id::normalize(number).is_ok()));
            }
        }
        assert_eq!(scenario.platforms().into_iter().collect::<Vec<_>>(), ["hunan", "mobile", "national", "sichuan", "wechat"]);
    }

    #[test]
    fn duplicates_are_reworded_and_share_an_identity() {
        let scenario = scenario();
        let mut by_case: HashMap<&str, Vec<&Filing>> = HashMap::new();
        scenario.filings.iter().for_each(|filing| by_case.entry(&filing.truth.case).or_default().push(filing));
        for filings in by_case.values().filter(|filings| filings.len() > 1) {
            for (at, one) in filings.iter().enumerate() {
                for other in &filings[..at] {
                    assert_ne!(one.platform, other.platform);
                    assert_ne!(one.content, other.content);
                    let shared = one.persons.iter().any(|a| other.persons.iter().any(|b| a.phone == b.phone));
                    assert!(shared, "{one:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn the_directory_is_sound_and_has_gaps() {
        let organizations = organizations();
        assert!(organizations.iter().any(|body| body.platform.is_none()));
        Directory::new(organizations).expect("a sound directory");
    }
}
