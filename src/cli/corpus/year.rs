//! A corpus as filings of one year, each on a platform of the federation.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{
    generate::{self, Plan, SPAN_DAYS, START},
    read::COLUMNS,
};
use crate::{
    app::{Federation, YearFiling},
    domain::{
        calendar::ZONE,
        division,
        platform::PlatformKind,
        resident_id,
        submission::{Channel, IdDocument, IdDocumentKind, Kind, Petitioner, PetitionerRole, Point, PointType, Submission},
    },
};

/// How long a year is.
const YEAR: TimeDelta = TimeDelta::days(365);
/// Case in so many rows: some are filed again.
const CASES_IN_HUNDRED_ROWS: u64 = 82;

/// Where filings are made: the platforms by what they are for.
pub struct Places {
    platforms: Vec<(String, PlatformKind, String)>,
}

impl Places {
    pub fn new(federation: &Federation) -> Self {
        let platforms = federation.platforms().map(|p| (p.platform.id.clone(), p.platform.kind, p.platform.division.clone()));
        Self { platforms: platforms.collect() }
    }

    /// The platform that such a filing is made on: one of the kind, of the place if there is one, else any.
    fn of(&self, corpus_platform: &str, division: Option<&str>) -> Option<&str> {
        let kind = match corpus_platform {
            "mobile" => PlatformKind::Mobile,
            "wechat" => PlatformKind::Wechat,
            "hotline" => PlatformKind::Hotline,
            "letters" => PlatformKind::LettersAndVisits,
            _ => PlatformKind::Provincial,
        };
        let covers = |place: &str| division.is_some_and(|inner| place != division::NATION && division::contains(place, inner));
        let of_kind = |wanted: PlatformKind, near: bool| {
            self.platforms.iter().find(move |(_, kind, place)| *kind == wanted && (!near || covers(place)))
        };
        let found = of_kind(kind, true)
            .or_else(|| (kind != PlatformKind::Provincial).then(|| of_kind(kind, false)).flatten())
            .or_else(|| of_kind(PlatformKind::National, false))
            .or_else(|| self.platforms.first());
        found.map(|(id, ..)| id.as_str())
    }
}

/// The filings of a year that ends at a moment, about enough for so many cases.
pub struct YearFilings<R> {
    rows: R,
    places: Places,
    until: DateTime<Utc>,
}

impl YearFilings<()> {
    pub fn new(cases: u64, seed: u64, until: DateTime<Utc>, places: Places) -> YearFilings<impl ExactSizeIterator<Item = Vec<String>>> {
        let rows = (cases * 100).div_ceil(CASES_IN_HUNDRED_ROWS);
        YearFilings { rows: generate::rows(Plan { rows, seed }), places, until }
    }
}

impl<R: ExactSizeIterator<Item = Vec<String>>> Iterator for YearFilings<R> {
    type Item = YearFiling;

    fn next(&mut self) -> Option<YearFiling> {
        let row = self.rows.next()?;
        let cell = |name: &str| {
            let at = COLUMNS.iter().position(|column| *column == name);
            at.and_then(|at| row.get(at)).map(String::as_str).filter(|value| !value.is_empty())
        };
        let division = cell("division").filter(|code| division::is_known(code));
        let platform = self.places.of(cell("platform").unwrap_or_default(), division)?.to_owned();
        let at = cell("submitted_at").and_then(|text| text.parse::<DateTime<Utc>>().ok())?;
        let at = squeezed(self.until - YEAR, at);
        // What is filed again and again goes on beyond the end.
        (at <= self.until).then(|| YearFiling { platform, submission: submission(&cell, division, at) })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

/// A moment of the corpus's two years, as one of the year.
fn squeezed(from: DateTime<Utc>, at: DateTime<Utc>) -> DateTime<Utc> {
    let span = TimeDelta::days(SPAN_DAYS as i64);
    let since = at.timestamp() - START;
    from + TimeDelta::milliseconds(since.saturating_mul(YEAR.num_milliseconds()) / span.num_seconds())
}

fn submission<'r>(cell: &impl Fn(&str) -> Option<&'r str>, division: Option<&str>, at: DateTime<Utc>) -> Submission {
    let own = |name: &str| cell(name).map(str::to_owned);
    let number = cell("id_number").and_then(|number| resident_id::normalize(number).ok());
    let petitioner = Petitioner {
        role: PetitionerRole::Petitioner,
        name: own("name"),
        id_document: number.map(|number| IdDocument { kind: IdDocumentKind::ResidentId, number }),
        phone: own("phone").filter(|phone| phone.bytes().all(|b| b.is_ascii_digit())),
        address: own("address"),
        birth_date: cell("birth_date").and_then(|day| day.parse::<NaiveDate>().ok()),
        account: own("account"),
    };
    let anonymous = petitioner == Petitioner::default();
    let point = cell("longitude").zip(cell("latitude")).and_then(|(lon, lat)| Some((lon.parse().ok()?, lat.parse().ok()?)));
    let source_id = own("id").unwrap_or_default();
    Submission {
        channel: channel(cell("channel").unwrap_or_default()),
        kind: kind(&source_id),
        source_id,
        submitted_at: at.with_timezone(&ZONE).fixed_offset(),
        petitioners: if anonymous { Vec::new() } else { vec![petitioner] },
        anonymous,
        people_count: 1,
        subject: own("subject").unwrap_or_default(),
        content: own("content").unwrap_or_default(),
        division: division.map(str::to_owned),
        place: None,
        location: point.map(|coordinates| Point { kind: PointType::Point, coordinates }),
        category: own("category"),
        respondent: None,
        attachments: Vec::new(),
        previous_source_id: None,
        extensions: serde_json::Map::new(),
    }
}

fn channel(word: &str) -> Channel {
    match word {
        "web" => Channel::Web,
        "mobile_app" => Channel::MobileApp,
        "wechat" => Channel::Wechat,
        "phone" => Channel::Phone,
        "letter" => Channel::Letter,
        _ => Channel::Other,
    }
}

/// One in twelve is a suggestion, one in thirty an accusation.
fn kind(source_id: &str) -> Kind {
    let number = source_id.bytes().filter(u8::is_ascii_digit).fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    match number {
        n if n % 30 == 7 => Kind::Accusation,
        n if n % 12 == 5 => Kind::Suggestion,
        _ => Kind::Request,
    }
}
