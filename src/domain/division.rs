//! Administrative divisions, GB/T 2260: province 2, city 2, county 2 digits; townships add 3.

use std::{collections::BTreeMap, sync::LazyLock};

/// Codes and names in force in mid-2023, provinces to counties.
const DIVISIONS_CSV: &str = include_str!("divisions.csv");

static DIVISIONS: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| DIVISIONS_CSV.lines().skip(1).filter_map(|line| line.split_once(',')).collect());

/// What was abolished, renamed, merged or moved since 2009, of what is known for certain; see [`Former`].
const FORMER_CSV: &str = include_str!("divisions_former.csv");

static FORMER: LazyLock<Vec<Former>> = LazyLock::new(|| FORMER_CSV.lines().skip(1).filter_map(Former::read).collect());

/// A division that is no longer there under its code or its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// The code it had; one that only changed its name has it still.
    pub code: &'static str,
    /// Its name with its superiors', as [`full_name`] writes them.
    pub name: &'static str,
    /// The year in which it changed; of that year, filings may use either.
    pub until: i32,
    /// The code of what it is, or is part of, today.
    pub now: &'static str,
}

impl Former {
    fn read(line: &'static str) -> Option<Self> {
        let mut cells = line.split(',');
        let (code, name) = (cells.next()?, cells.next()?);
        Some(Self { code, name, until: cells.next()?.parse().ok()?, now: cells.next()? })
    }
}

/// The divisions that changed, by their old code.
pub fn former() -> &'static [Former] {
    &FORMER
}

/// Today's code of what a code stood for; `None` for one that nobody knows.
pub fn today(code: &str) -> Option<&str> {
    if is_known(code) {
        return Some(code);
    }
    FORMER.iter().find(|former| former.code == code).map(|former| former.now)
}

/// The code that stands for the whole country.
pub const NATION: &str = "000000";

/// How far down a division lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    Nation,
    Province,
    City,
    County,
    Township,
}

/// True for a six-digit code in the table, a nine-digit township whose county is, and the nation's.
pub fn is_known(code: &str) -> bool {
    match code.len() {
        6 => code == NATION || DIVISIONS.contains_key(code),
        9 => code.bytes().all(|b| b.is_ascii_digit()) && DIVISIONS.contains_key(&code[..6]),
        _ => false,
    }
}

pub fn name(code: &str) -> Option<&'static str> {
    if code == NATION {
        return Some("全国");
    }
    DIVISIONS.get(code.get(..6)?).copied()
}

/// The name with its superiors', e.g. 湖南省长沙市芙蓉区. Placeholders such as 市辖区 are left out.
pub fn full_name(code: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut at = code.get(..6).map(str::to_owned);
    while let Some(current) = at.filter(|c| c != NATION) {
        if let Some(name) = name(&current).filter(|n| !matches!(*n, "市辖区" | "县" | "省直辖县级行政区划" | "自治区直辖县级行政区划"))
        {
            parts.push(name);
        }
        at = parent(&current);
    }
    parts.reverse();
    parts.concat()
}

pub fn level(code: &str) -> Level {
    match code {
        NATION => Level::Nation,
        c if c.len() > 6 => Level::Township,
        c if c.ends_with("0000") => Level::Province,
        c if c.ends_with("00") => Level::City,
        _ => Level::County,
    }
}

/// The division above: township to county, county to city, city to province, province to the nation.
pub fn parent(code: &str) -> Option<String> {
    match level(code) {
        Level::Nation => None,
        Level::Province => Some(NATION.to_owned()),
        Level::City => Some(format!("{}0000", code.get(..2)?)),
        Level::County => Some(format!("{}00", code.get(..4)?)),
        Level::Township => Some(code.get(..6)?.to_owned()),
    }
}

/// The code of the province it lies in; the nation is its own.
pub fn province(code: &str) -> String {
    match code.get(..2) {
        Some("00") | None => NATION.to_owned(),
        Some(two) => format!("{two}0000"),
    }
}

/// The digits that everything inside a division begins with; empty for the nation.
pub fn prefix(code: &str) -> &str {
    match level(code) {
        Level::Nation => "",
        Level::Province => code.get(..2).unwrap_or(code),
        Level::City => code.get(..4).unwrap_or(code),
        Level::County | Level::Township => code,
    }
}

/// True if `inner` is `outer` or lies in it.
pub fn contains(outer: &str, inner: &str) -> bool {
    inner.starts_with(prefix(outer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_named_and_nested() {
        for (code, known) in [
            ("430102", true),
            ("430000", true),
            ("430102001", true),
            ("439999", false),
            ("4301", false),
            ("000000", true),
            ("", false),
            ("43010é", false),
        ] {
            assert_eq!(is_known(code), known, "{code}");
        }
        assert_eq!(full_name("430102"), "湖南省长沙市芙蓉区");
        assert_eq!(full_name("110105"), "北京市朝阳区");
        assert_eq!(parent("430102001").as_deref(), Some("430102"));
        assert_eq!(parent("430000").as_deref(), Some("000000"));
        assert_eq!(province("430102"), "430000");
        for (code, now) in [
            ("430122", Some("430112")),
            ("341402", Some("340181")),
            ("371200", Some("370100")),
            ("430102", Some("430102")),
            ("999999", None),
        ] {
            assert_eq!(today(code), now, "{code}");
        }
    }

    #[test]
    fn what_changed_leads_to_what_there_is() {
        assert!(former().len() > 200);
        for line in former() {
            assert!(is_known(line.now), "{line:?}");
            assert!((2000..2030).contains(&line.until), "{line:?}");
            // What only changed its name keeps its code; every other code is free.
            assert!(!is_known(line.code) || line.code == line.now, "{line:?}");
            assert!(line.code.len() == 6 && line.code[..2] == line.now[..2], "{line:?}");
        }
        for (outer, inner, inside) in
            [("430000", "430102", true), ("430100", "430202", false), ("000000", "110105", true), ("430102", "430102001", true)]
        {
            assert_eq!(contains(outer, inner), inside, "{outer} {inner}");
        }
    }
}
