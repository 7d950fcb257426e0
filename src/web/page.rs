//! What every page knows besides its data: language, section, address, the time; and how values are written.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Asia::Shanghai;
use serde::Serialize;

use super::{assets, texts::Lang};
use crate::{
    app::export::Format,
    domain::{division, masking},
};

/// The parts of the site, in the order of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Overview,
    Platforms,
    Cases,
    Deadlines,
    Supervisions,
    Conflicts,
    Duplicates,
    Reviews,
    Matters,
    Warnings,
    Indicators,
    Coverage,
    Map,
    Reports,
    Deliveries,
    Alerts,
}

impl Section {
    pub const ALL: [Self; 16] = [
        Self::Overview,
        Self::Platforms,
        Self::Cases,
        Self::Deadlines,
        Self::Supervisions,
        Self::Conflicts,
        Self::Duplicates,
        Self::Reviews,
        Self::Matters,
        Self::Warnings,
        Self::Indicators,
        Self::Coverage,
        Self::Map,
        Self::Reports,
        Self::Deliveries,
        Self::Alerts,
    ];

    pub const fn path(self) -> &'static str {
        match self {
            Self::Overview => "/",
            Self::Platforms => "/platforms",
            Self::Cases => "/cases",
            Self::Deadlines => "/deadlines",
            Self::Supervisions => "/supervisions",
            Self::Conflicts => "/referral-conflicts",
            Self::Duplicates => "/duplicates",
            Self::Reviews => "/reviews",
            Self::Matters => "/matters",
            Self::Warnings => "/warnings",
            Self::Indicators => "/indicators",
            Self::Coverage => "/coverage",
            Self::Map => "/map",
            Self::Reports => "/reports",
            Self::Deliveries => "/deliveries",
            Self::Alerts => "/alerts",
        }
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::Overview => "nav.overview",
            Self::Platforms => "nav.platforms",
            Self::Cases => "nav.cases",
            Self::Deadlines => "nav.deadlines",
            Self::Supervisions => "nav.supervisions",
            Self::Conflicts => "nav.conflicts",
            Self::Duplicates => "nav.duplicates",
            Self::Reviews => "nav.reviews",
            Self::Matters => "nav.matters",
            Self::Warnings => "nav.warnings",
            Self::Indicators => "nav.indicators",
            Self::Coverage => "nav.coverage",
            Self::Map => "nav.map",
            Self::Reports => "nav.reports",
            Self::Deliveries => "nav.deliveries",
            Self::Alerts => "nav.alerts",
        }
    }
}

/// The frame of one page; templates call its methods to write values.
#[derive(Clone, Debug)]
pub struct Page {
    pub lang: Lang,
    pub section: Option<Section>,
    pub now: DateTime<Utc>,
    theme: Option<Theme>,
    path: String,
    query: Vec<(String, String)>,
}

/// Colours, where a person chose them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "light" => Some(Self::Light),
            "dark" => Some(Self::Dark),
            _ => None,
        }
    }
}

impl Page {
    /// The page in the colours that were chosen.
    pub fn themed(self, theme: Option<Theme>) -> Self {
        Self { theme, ..self }
    }

    pub fn new(lang: Lang, section: Option<Section>, now: DateTime<Utc>, path: &str, query: Vec<(String, String)>) -> Self {
        Self { lang, section, now, theme: None, path: path.to_owned(), query }
    }

    pub fn t<'a>(&self, key: &'a str) -> &'a str {
        self.lang.text(key)
    }

    /// A text with one place to fill.
    #[allow(clippy::needless_pass_by_value, reason = "templates hand over what they have just computed")]
    pub fn fill(&self, key: &str, value: impl std::fmt::Display) -> String {
        self.t(key).replacen("{}", &value.to_string(), 1)
    }

    /// The word for a value of a closed list, by the name it has on the wire.
    pub fn label<T: Serialize>(&self, group: &str, value: &T) -> Cow<'static, str> {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(name)) => self.word(group, &name),
            _ => Cow::Borrowed(""),
        }
    }

    /// The word for a name that models or rules made up; as it is, where the table has none.
    pub fn word(&self, group: &str, name: &str) -> Cow<'static, str> {
        self.lang.find(&format!("{group}.{name}")).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
    }

    /// The name on the wire, for class names.
    pub fn wire<T: Serialize>(&self, value: &T) -> String {
        serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The value of the attribute `lang`.
    pub const fn html_lang(&self) -> &'static str {
        match self.lang {
            Lang::Zh => "zh-Hans",
            Lang::En => "en",
        }
    }

    pub fn sections(&self) -> &'static [Section] {
        &Section::ALL
    }

    pub fn is_current(&self, section: &Section) -> bool {
        self.section == Some(*section)
    }

    pub fn style(&self) -> &'static str {
        assets::STYLE.address()
    }

    pub fn script(&self) -> &'static str {
        assets::LIVE.address()
    }

    /// The scheme that was chosen; empty: as the system prefers.
    pub const fn theme(&self) -> &'static str {
        match self.theme {
            None => "",
            Some(Theme::Light) => "light",
            Some(Theme::Dark) => "dark",
        }
    }

    /// The same page in a scheme; `auto` is the system's.
    pub fn in_theme(&self, theme: &str) -> String {
        self.with("theme", theme)
    }

    pub fn icon(&self) -> &'static str {
        assets::ICON.address()
    }

    /// Date and minute in Beijing time.
    pub fn time(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&Shanghai).format("%Y-%m-%d %H:%M").to_string()
    }

    /// Date and second, where the order of things or the proof of one matters.
    pub fn exact_time(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&Shanghai).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// For the attribute `datetime`.
    pub fn iso(&self, at: &DateTime<Utc>) -> String {
        at.with_timezone(&Shanghai).format("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// How long ago, in one unit.
    pub fn ago(&self, at: &DateTime<Utc>) -> String {
        let passed = self.now.signed_duration_since(*at);
        match (passed.num_days(), passed.num_hours(), passed.num_minutes()) {
            (days, _, _) if days > 0 => self.fill("unit.days", days),
            (_, hours, _) if hours > 0 => self.fill("unit.hours", hours),
            (_, _, minutes) if minutes > 0 => self.fill("unit.minutes", minutes),
            _ => self.t("unit.just_now").to_owned(),
        }
    }

    /// The last day in Beijing before a time that is a midnight.
    pub fn last_day(&self, due: &DateTime<Utc>) -> String {
        (due.with_timezone(&Shanghai) - TimeDelta::milliseconds(1)).format("%Y-%m-%d").to_string()
    }

    /// How much time is left, or how long it has been over.
    pub fn remaining(&self, due: &DateTime<Utc>) -> String {
        let left = due.signed_duration_since(self.now);
        match (left > TimeDelta::zero(), left.num_days().abs(), left.num_hours().abs()) {
            (true, 0, hours) => self.fill("deadlines.hours_left", hours),
            (true, days, _) => self.fill("deadlines.days_left", days),
            (false, 0, hours) => self.fill("deadlines.hours_over", hours),
            (false, days, _) => self.fill("deadlines.days_over", days),
        }
    }

    /// A count with thin groups of three.
    pub fn count(&self, number: &u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && (digits.len() - position).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        grouped
    }

    pub fn share(&self, part: &u64, whole: &u64) -> String {
        if *whole == 0 {
            return self.t("site.none").to_owned();
        }
        #[allow(clippy::cast_precision_loss, reason = "a percentage with one decimal")]
        let percent = *part as f64 * 100.0 / *whole as f64;
        format!("{percent:.1}%")
    }

    /// A probability. Never certainty: no sum of evidence is.
    pub fn probability(&self, value: &f64) -> String {
        let percent = value * 100.0;
        match percent {
            p if p > 99.99 => ">99.99%".to_owned(),
            p if p < 0.01 => "<0.01%".to_owned(),
            p if (1.0..=99.0).contains(&p) => format!("{p:.1}%"),
            p => format!("{p:.2}%"),
        }
    }

    /// The worth of a decision.
    pub fn worth(&self, value: &f64) -> String {
        format!("{value:.2}")
    }

    /// A weight in bits, with its sign. The minus is a real one, as wide as the plus.
    pub fn bits(&self, value: &f64) -> String {
        match *value {
            v if v.abs() < 0.005 => "0.00".to_owned(),
            v if v < 0.0 => format!("−{:.2}", -v),
            v => format!("+{v:.2}"),
        }
    }

    /// The division's name with its superiors', or the code where it is unknown.
    pub fn division(&self, code: &str) -> String {
        match code {
            division::NATION => division::name(code).unwrap_or(code).to_owned(),
            _ => Some(division::full_name(code)).filter(|name| !name.is_empty()).unwrap_or_else(|| code.to_owned()),
        }
    }

    pub fn place(&self, code: &Option<String>) -> String {
        code.as_deref().map_or_else(|| self.t("site.none").to_owned(), |code| self.division(code))
    }

    pub fn masked(&self, text: &str) -> String {
        masking::mask(text)
    }

    /// Enough of a long digest or number to tell two apart by eye.
    pub fn short(&self, text: &str) -> String {
        let mut chars = text.chars();
        let start: String = chars.by_ref().take(12).collect();
        if chars.next().is_some() { format!("{start}…") } else { start }
    }

    /// The end of a time-ordered identifier: its start is much the same for all of one day.
    pub fn short_end(&self, text: &str) -> String {
        let length = text.chars().count();
        if length <= 16 { text.to_owned() } else { format!("…{}", text.chars().skip(length - 12).collect::<String>()) }
    }

    /// The same page with one thing changed in the address; an empty value takes it out. Any change but of the page starts at the first one.
    pub fn with(&self, name: &str, value: &str) -> String {
        self.with_all(&[(name, value)])
    }

    /// As [`Self::with`], with several things changed.
    pub fn with_all(&self, changes: &[(&str, &str)]) -> String {
        self.at(&self.path, changes)
    }

    /// Another page that is asked for what this one is, with some things changed.
    pub fn at(&self, path: &str, changes: &[(&str, &str)]) -> String {
        let changed = |key: &str| changes.iter().any(|(name, _)| *name == key);
        let keep = |key: &str| !changed(key) && (key != "cursor" || changed("lang") || changed("theme"));
        let kept = self.query.iter().map(|(key, value)| (key.as_str(), value.as_str())).filter(|(key, _)| keep(key));
        let query: Vec<(&str, &str)> = kept.chain(changes.iter().copied().filter(|(_, value)| !value.is_empty())).collect();
        address(path, &query)
    }

    /// The forms a list can be had in as a file, and where.
    pub fn files(&self) -> Vec<(String, String)> {
        let file = |format: &Format| {
            let name = self.wire(format);
            (self.at(&format!("{}/export", self.path), &[("format", &name)]), name.to_uppercase())
        };
        Format::ALL.iter().map(file).collect()
    }

    pub fn in_other_language(&self) -> String {
        self.with("lang", self.lang.other().tag())
    }

    /// What the address asks for under a name; empty if nothing.
    pub fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// True if the address narrows the list in any way.
    pub fn is_filtered(&self) -> bool {
        self.query.iter().any(|(key, value)| key != "lang" && key != "theme" && key != "cursor" && !value.is_empty())
    }

    pub fn path(&self) -> &str {
        &self.path
    }
}

/// A path with a query, percent-encoded.
pub fn address(path: &str, query: &[(&str, &str)]) -> String {
    let mut text = path.to_owned();
    for (position, (name, value)) in query.iter().enumerate() {
        text.push(if position == 0 { '?' } else { '&' });
        encode(name, &mut text);
        text.push('=');
        encode(value, &mut text);
    }
    text
}

fn encode(part: &str, into: &mut String) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(byte as char);
        } else {
            into.push_str(&format!("%{byte:02X}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> Page {
        let query = vec![("status".to_owned(), "answered".to_owned()), ("cursor".to_owned(), "a b".to_owned())];
        Page::new(Lang::Zh, Some(Section::Cases), DateTime::UNIX_EPOCH, "/cases", query)
    }

    #[test]
    fn values_are_written_for_people() {
        let page = page();
        assert_eq!(page.time(&DateTime::UNIX_EPOCH), "1970-01-01 08:00");
        assert_eq!(page.iso(&DateTime::UNIX_EPOCH), "1970-01-01T08:00:00+08:00");
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(page.count(&number), text);
        }
        for (value, text) in
            [(0.5, "50.0%"), (0.999_999, ">99.99%"), (0.995, "99.50%"), (1.0, ">99.99%"), (0.000_01, "<0.01%"), (0.0, "<0.01%")]
        {
            assert_eq!(page.probability(&value), text);
        }
        for (bits, text) in [(7.5, "+7.50"), (-2.0, "−2.00"), (-0.001, "0.00")] {
            assert_eq!(page.bits(&bits), text);
        }
        assert_eq!((page.share(&1, &8), page.share(&0, &0)), ("12.5%".to_owned(), "—".to_owned()));
        for (minutes, text) in [(0, "刚刚"), (3, "3 分钟前"), (125, "2 小时前"), (4000, "2 天前")] {
            assert_eq!(page.ago(&(page.now - TimeDelta::minutes(minutes))), text);
        }
        assert_eq!(page.division("430102"), "湖南省长沙市芙蓉区");
        assert_eq!(page.division("999999"), "999999");
    }

    #[test]
    fn the_address_keeps_the_state_of_a_list() {
        let page = page();
        assert_eq!(page.with("status", ""), "/cases");
        assert_eq!(page.with("kind", "request"), "/cases?status=answered&kind=request");
        assert_eq!(page.with("cursor", "x/y"), "/cases?status=answered&cursor=x%2Fy");
        assert_eq!(page.in_other_language(), "/cases?status=answered&cursor=a%20b&lang=en");
    }
}
