//! Administrative divisions, GB/T 2260: province 2, city 2, county 2 digits; townships add 3.

use std::{collections::BTreeMap, sync::LazyLock};

/// Codes and names in force in mid-2023, provinces to counties.
const DIVISIONS_CSV: &str = include_str!("divisions.csv");

static DIVISIONS: LazyLock<BTreeMap<&'static str, &'static str>> =
    LazyLock::new(|| DIVISIONS_CSV.lines().skip(1).filter_map(|line| line.split_once(',')).collect());

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
        for (outer, inner, inside) in
            [("430000", "430102", true), ("430100", "430202", false), ("000000", "110105", true), ("430102", "430102001", true)]
        {
            assert_eq!(contains(outer, inner), inside, "{outer} {inner}");
        }
    }
}
