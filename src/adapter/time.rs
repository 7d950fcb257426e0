//! Times as platforms write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SecondsFormat, TimeZone};
use chrono_tz::Tz;

type Why = &'static str;

fn zone(name: &str) -> Result<Tz, Why> {
    name.parse().map_err(|_| "the zone is not in the IANA database")
}

/// A time in `format` (chrono's strftime signs) to RFC 3339: with its own offset if the format reads one, else local in `zone`.
/// A date alone is its midnight. A local time that occurs twice is the earlier one.
pub(super) fn parse(text: &str, format: &str, zone_name: &str) -> Result<String, Why> {
    let zone = zone(zone_name)?;
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_str(text, format) {
        return Ok(moment.to_rfc3339_opts(SecondsFormat::AutoSi, false));
    }
    let local = NaiveDateTime::parse_from_str(text, format)
        .or_else(|_| NaiveDate::parse_from_str(text, format).map(|day| day.and_time(chrono::NaiveTime::MIN)))
        .map_err(|_| "the time does not fit the format")?;
    let moment = zone.from_local_datetime(&local).earliest().ok_or("the zone skips this local time")?;
    Ok(moment.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

/// An RFC 3339 time in `zone`, written in `format`.
pub(super) fn format(moment: &str, format: &str, zone_name: &str) -> Result<String, Why> {
    let zone = zone(zone_name)?;
    let items = chrono::format::StrftimeItems::new(format).parse().map_err(|_| "the format has an unknown sign")?;
    Ok(rfc3339(moment)?.with_timezone(&zone).format_with_items(items.iter()).to_string())
}

pub(super) fn from_epoch_ms(ms: i64, zone_name: &str) -> Result<String, Why> {
    let moment = DateTime::from_timestamp_millis(ms).ok_or("the number is not a time")?;
    Ok(moment.with_timezone(&zone(zone_name)?).to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

pub(super) fn to_epoch_ms(moment: &str) -> Result<i64, Why> {
    Ok(rfc3339(moment)?.timestamp_millis())
}

pub(super) fn year(moment: &str) -> Result<i32, Why> {
    Ok(rfc3339(moment)?.year())
}

fn rfc3339(moment: &str) -> Result<DateTime<chrono::FixedOffset>, Why> {
    DateTime::parse_from_rfc3339(moment).map_err(|_| "the time is not RFC 3339")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_their_zone() {
        let cases = [
            ("2026-03-01 09:30:00", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai", Ok("2026-03-01T09:30:00+08:00")),
            ("20260301093000", "%Y%m%d%H%M%S", "Asia/Shanghai", Ok("2026-03-01T09:30:00+08:00")),
            ("1988-07-01 12:00:00", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai", Ok("1988-07-01T12:00:00+09:00")),
            ("2026-03-01", "%Y-%m-%d", "Asia/Urumqi", Ok("2026-03-01T00:00:00+06:00")),
            ("2026-03-01T01:30:00Z", "%+", "Asia/Shanghai", Ok("2026-03-01T01:30:00+00:00")),
            ("2026年3月1日", "%Y年%m月%d日", "Asia/Shanghai", Ok("2026-03-01T00:00:00+08:00")),
            ("2026-02-30 00:00:00", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai", Err("the time does not fit the format")),
            ("2026-03-29 02:30:00", "%Y-%m-%d %H:%M:%S", "Europe/Berlin", Err("the zone skips this local time")),
            ("2026-03-01", "%Y-%m-%d", "Asia/Beijing", Err("the zone is not in the IANA database")),
        ];
        for (text, format, zone, expected) in cases {
            assert_eq!(parse(text, format, zone), expected.map(str::to_owned), "{text} {format} {zone}");
        }
    }

    #[test]
    fn times_are_written_in_their_zone() {
        assert_eq!(format("2026-03-01T01:30:00Z", "%Y-%m-%d %H:%M:%S", "Asia/Shanghai").as_deref(), Ok("2026-03-01 09:30:00"));
        assert_eq!(format("2026-03-01T01:30:00Z", "%Q", "Asia/Shanghai"), Err("the format has an unknown sign"));
        assert_eq!(from_epoch_ms(1_772_328_600_123, "Asia/Shanghai").as_deref(), Ok("2026-03-01T09:30:00.123+08:00"));
        assert_eq!(to_epoch_ms("2026-03-01T09:30:00.123+08:00"), Ok(1_772_328_600_123));
    }
}
