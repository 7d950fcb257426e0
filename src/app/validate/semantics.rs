//! What the checks of meaning share. They look at the value, not at the type, so that they can speak up about a body
//! that the schema refuses as well; whatever has the wrong type is the schema's business and is passed over here.

use chrono::{DateTime, TimeZone, Utc};
use serde_json::Value;

use super::{CLOCK_SKEW, Collector};
use crate::app::code::Code;

/// No filing is older than the system of letters and visits (1951).
const EARLIEST_YEAR: i32 = 1951;

/// The text at `pointer`, if there is one.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer).and_then(Value::as_str)
}

pub(super) fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control() || c == '\u{feff}' || c == '\u{200b}')
}

/// A text that is there must say something.
pub(super) fn not_blank(value: &Value, pointer: &str, found: &mut Collector) {
    if text(value, pointer).is_some_and(is_blank) && !found.touches(pointer) {
        found.add(Code::Blank, pointer.to_owned(), "The text is blank; fill it, or leave the member out if it is optional.");
    }
}

/// A number that people and log files read must have nothing invisible in it.
pub(super) fn no_control_characters(value: &Value, pointer: &str, found: &mut Collector) {
    if text(value, pointer).is_some_and(|text| text.chars().any(char::is_control)) && !found.touches(pointer) {
        found.add(Code::ControlCharacter, pointer.to_owned(), Code::ControlCharacter.advice());
    }
}

/// A time must lie between the beginnings of the system and now.
pub(super) fn plausible_time(value: &Value, pointer: &str, now: DateTime<Utc>, found: &mut Collector) {
    let Some(time) = text(value, pointer).and_then(|t| DateTime::parse_from_rfc3339(t).ok()) else { return };
    if time > now + CLOCK_SKEW {
        let detail = "The time lies more than 5 minutes in the future; check the platform's clock and the offset.";
        found.add(Code::TimeInFuture, pointer.to_owned(), detail);
    }
    if Utc.with_ymd_and_hms(EARLIEST_YEAR, 1, 1, 0, 0, 0).earliest().is_some_and(|earliest| time < earliest) {
        found.add(Code::TimeTooEarly, pointer.to_owned(), format!("The time lies before {EARLIEST_YEAR}; check the year."));
    }
}

/// JSON Schema takes `1.0` for a whole number (draft 2020-12, 6.1.1), the deserialiser does not.
pub(super) fn drop_fractions(value: &mut Value) {
    if let Some(count) = value.pointer_mut("/people_count")
        && let Some(number) = count.as_f64().filter(|number| number.fract() == 0.0)
        // Whole, so its decimal form is an integer's; what does not fit was refused by the schema's range.
        && let Ok(whole) = format!("{number:.0}").parse::<u32>()
    {
        *count = Value::from(whole);
    }
}
