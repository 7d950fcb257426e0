//! What a filing must mean, beyond its form.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::{
    Collector,
    semantics::{is_blank, no_control_characters, not_blank, plausible_time, text},
};
use crate::{
    app::code::Code,
    domain::{
        division,
        resident_id::{self, ResidentIdError},
        submission::MAX_REPRESENTATIVES,
    },
};

const MAX_EXTENSIONS_BYTES: usize = 16 * 1024;
const MAX_CATEGORY_LEVELS: usize = 3;

pub(super) fn check(filing: &Value, now: DateTime<Utc>, found: &mut Collector) {
    plausible_time(filing, "/submitted_at", now, found);
    for pointer in ["/source_id", "/place", "/previous_source_id", "/respondent/name", "/respondent/organization"] {
        not_blank(filing, pointer, found);
    }
    for pointer in ["/source_id", "/previous_source_id"] {
        no_control_characters(filing, pointer, found);
    }
    check_words(filing, found);
    check_place(filing, found);
    check_category(filing, found);
    check_petitioners(filing, now, found);
    check_attachments(filing, found);
    if let (Some(own), Some(previous)) = (text(filing, "/source_id"), text(filing, "/previous_source_id"))
        && own == previous
    {
        found.add(Code::RefersToItself, "/previous_source_id".to_owned(), "Name the earlier filing's number here, or leave it out.");
    }
    if let Some(extensions) = filing.get("extensions")
        && extensions.to_string().len() > MAX_EXTENSIONS_BYTES
    {
        found.add(
            Code::ExtensionsTooLarge,
            "/extensions".to_owned(),
            format!("Keep the extensions under {MAX_EXTENSIONS_BYTES} bytes of JSON."),
        );
    }
}

fn check_words(filing: &Value, found: &mut Collector) {
    if let (Some(subject), Some(content)) = (text(filing, "/subject"), text(filing, "/content"))
        && is_blank(subject)
        && is_blank(content)
    {
        found.add(Code::EmptyFiling, "/content".to_owned(), "Subject and content are both blank; fill at least one of them.");
    }
}

fn check_place(filing: &Value, found: &mut Collector) {
    check_division(filing, found);
    for (index, name, limit) in [(0, "longitude", 180.0), (1, "latitude", 90.0)] {
        let pointer = format!("/location/coordinates/{index}");
        if filing.pointer(&pointer).and_then(Value::as_f64).is_some_and(|degrees| degrees.abs() > limit) {
            let detail = format!("This is the {name} in WGS 84 degrees, from -{limit} to {limit}; longitude comes first, latitude second.");
            found.add(Code::CoordinatesOutOfRange, pointer, detail);
        }
    }
}

pub(super) fn check_division(filing: &Value, found: &mut Collector) {
    if let Some(code) = text(filing, "/division")
        && !division::is_known(code)
    {
        found.add(Code::UnknownDivision, "/division".to_owned(), Code::UnknownDivision.advice());
    }
}

pub(super) fn check_category(filing: &Value, found: &mut Collector) {
    if let Some(path) = text(filing, "/category") {
        let levels: Vec<&str> = path.split('/').collect();
        if levels.len() > MAX_CATEGORY_LEVELS || levels.iter().any(|level| is_blank(level)) {
            found.add(Code::InvalidCategory, "/category".to_owned(), Code::InvalidCategory.advice());
        }
    }
}

fn check_petitioners(filing: &Value, now: DateTime<Utc>, found: &mut Collector) {
    let anonymous = filing.get("anonymous").and_then(Value::as_bool).unwrap_or(false);
    let none = Vec::new();
    let petitioners = match filing.get("petitioners") {
        None => &none,
        Some(Value::Array(list)) => list,
        Some(_) => return,
    };
    if petitioners.is_empty() && !anonymous {
        found.add(Code::PetitionersMissing, "/petitioners".to_owned(), Code::PetitionersMissing.advice());
    }
    let representatives = petitioners.iter().filter(|p| text(p, "/role") == Some("representative")).count();
    if representatives > MAX_REPRESENTATIVES {
        found.add(Code::TooManyRepresentatives, "/petitioners".to_owned(), Code::TooManyRepresentatives.advice());
    }
    if filing.get("people_count").and_then(Value::as_u64).is_some_and(|count| count > 0 && count < petitioners.len() as u64) {
        found.add(Code::PeopleCountTooSmall, "/people_count".to_owned(), Code::PeopleCountTooSmall.advice());
    }
    for (index, petitioner) in petitioners.iter().enumerate().filter(|(_, p)| p.is_object()) {
        check_petitioner(filing, petitioner, &format!("/petitioners/{index}"), anonymous, now, found);
    }
}

fn check_petitioner(filing: &Value, petitioner: &Value, at: &str, anonymous: bool, now: DateTime<Utc>, found: &mut Collector) {
    let given = |name: &str| petitioner.get(name).is_some_and(|v| !v.is_null());
    if anonymous {
        for name in ["name", "id_document", "phone", "address", "birth_date"].into_iter().filter(|name| given(name)) {
            let detail =
                "The filing is anonymous, but this identifies the petitioner; set `anonymous` to false, or remove all but the account.";
            found.add(Code::AnonymousButIdentified, format!("{at}/{name}"), detail);
        }
    } else if !["name", "id_document", "phone", "account"].into_iter().any(given) {
        found.add(Code::PetitionerWithoutIdentity, at.to_owned(), Code::PetitionerWithoutIdentity.advice());
    }
    for name in ["name", "phone", "address", "account", "id_document/number"] {
        not_blank(filing, &format!("{at}/{name}"), found);
    }
    if let Some(born) = text(petitioner, "/birth_date").and_then(|t| t.parse::<NaiveDate>().ok())
        // A day ahead of UTC is today somewhere.
        && born > (now + chrono::TimeDelta::hours(14)).date_naive()
    {
        found.add(Code::BirthDateInFuture, format!("{at}/birth_date"), Code::BirthDateInFuture.advice());
    }
    if text(petitioner, "/id_document/type") == Some("resident_id")
        && let Some(number) = text(petitioner, "/id_document/number").filter(|n| !is_blank(n))
        && let Err(error) = resident_id::normalize(number)
    {
        check_digit(error, format!("{at}/id_document/number"), found);
    }
}

fn check_digit(error: ResidentIdError, pointer: String, found: &mut Collector) {
    let (code, detail) = match error {
        ResidentIdError::Form => (
            Code::InvalidResidentIdForm,
            "A resident ID has 17 digits and a check character, or 15 digits in the older form; give other documents their own `type`.",
        ),
        ResidentIdError::BirthDate => (
            Code::InvalidResidentIdBirthDate,
            "The date of birth inside the number does not exist; compare digits 7 to 14 with the document.",
        ),
        ResidentIdError::CheckCharacter => (
            Code::InvalidResidentIdCheckDigit,
            "The check character does not fit the digits before it; compare the number with the document.",
        ),
    };
    found.add(code, pointer, detail);
}

fn check_attachments(filing: &Value, found: &mut Collector) {
    let attachments = filing.get("attachments").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (index, attachment) in attachments.iter().enumerate() {
        let at = format!("/attachments/{index}");
        not_blank(filing, &format!("{at}/name"), found);
        if text(attachment, "/url").is_some_and(|url| !is_web_address(url)) {
            found.add(Code::InvalidUrl, format!("{at}/url"), Code::InvalidUrl.advice());
        }
        if text(attachment, "/media_type").is_some_and(|media_type| !is_media_type(media_type)) {
            found.add(Code::InvalidForm, format!("{at}/media_type"), "Write the media type as `type/subtype`, such as image/jpeg.");
        }
    }
}

/// An http or https address with a host (RFC 9110, section 4.2); what lies behind it is never fetched on intake.
fn is_web_address(url: &str) -> bool {
    let rest = url.split_once("://").filter(|(scheme, _)| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"));
    rest.is_some_and(|(_, rest)| {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        !host.is_empty() && !host.starts_with(':') && !url.chars().any(|c| c.is_whitespace() || c.is_control())
    })
}

/// The form of RFC 9110, section 8.3.1, without parameters.
fn is_media_type(text: &str) -> bool {
    let token = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b));
    text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype.split(';').next().unwrap_or_default().trim()))
}
