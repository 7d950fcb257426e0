//! The form that a GeoReport client sends, as a filing in exchange format.

use std::collections::BTreeMap;

use actix_web::web::Query;
use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::document::Refusal;
use crate::{
    app::validate::{self, Violations},
    domain::submission::{Kind, Submission},
};

/// Characters of the description that make a subject where none is given.
const SUBJECT: usize = 40;

/// The members of a form or a query; one that is there twice counts once, the last time.
pub type Fields = BTreeMap<String, String>;

/// Reads `application/x-www-form-urlencoded`, as bodies and queries carry it.
///
/// # Errors
/// If it is not UTF-8 or not such a form.
pub fn fields(bytes: &[u8]) -> Result<Fields, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::bad("The form is not UTF-8."))?;
    let pairs = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Refusal::bad("The form cannot be read."))?;
    let pairs = pairs.into_inner();
    if pairs.iter().any(|(name, value)| name.contains('\0') || value.contains('\0')) {
        return Err(Refusal::bad("The form has a NUL character."));
    }
    Ok(pairs.into_iter().collect())
}

/// A field that says something.
pub fn field<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
}

/// The kind a service code stands for.
pub fn kind(code: &str) -> Option<Kind> {
    [Kind::Request, Kind::Suggestion, Kind::Accusation].into_iter().find(|kind| kind.as_str() == code)
}

/// A filing of this form.
///
/// # Errors
/// Everything that is wrong with it.
pub fn submission(fields: &Fields, source_id: &str, now: DateTime<Utc>) -> Result<Submission, Refusal> {
    let code = field(fields, "service_code").ok_or_else(|| Refusal::bad("service_code was not provided"))?;
    let kind = kind(code).ok_or_else(|| Refusal::missing("service_code was not found"))?;
    let located = field(fields, "lat").is_some() && field(fields, "long").is_some();
    if !located && field(fields, "address_string").is_none() && field(fields, "address_id").is_none() {
        return Err(Refusal::bad("lat and long, address_string or address_id must be provided"));
    }
    let description = field(fields, "description").ok_or_else(|| Refusal::bad("description was not provided"))?;
    let subject = field(fields, "attribute[subject]").map_or_else(|| description.chars().take(SUBJECT).collect(), str::to_owned);
    let mut filing = json!({
        "source_id": source_id,
        "channel": "web",
        "kind": kind,
        "submitted_at": local(now).to_rfc3339_opts(SecondsFormat::Millis, false),
        "subject": subject,
        "content": description,
    });
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            filing[name] = value;
        }
    };
    let text = |name: &str| field(fields, name).map(|value| json!(value));
    set("place", text("address_string").or_else(|| text("address_id")));
    set("category", text("attribute[category]"));
    set("division", text("attribute[division]"));
    if located {
        set("location", Some(json!({ "type": "Point", "coordinates": [number(fields, "long")?, number(fields, "lat")?] })));
    }
    let extensions: serde_json::Map<String, Value> =
        ["email", "media_url"].into_iter().filter_map(|name| Some((name.to_owned(), text(name)?))).collect();
    set("extensions", (!extensions.is_empty()).then_some(Value::Object(extensions)));
    let person = petitioner(fields);
    let named = person.as_object().is_some_and(|person| person.keys().any(|member| member != "account"));
    set("anonymous", Some(json!(!named)));
    set("petitioners", person.as_object().filter(|person| !person.is_empty()).map(|_| json!([person.clone()])));
    validate::submission_value(filing, now).map_err(|violations| refused(&violations))
}

fn petitioner(fields: &Fields) -> Value {
    let mut person = serde_json::Map::new();
    let mut set = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            person.insert(name.to_owned(), json!(value));
        }
    };
    set("name", name(field(fields, "last_name").unwrap_or_default(), field(fields, "first_name").unwrap_or_default()));
    set("phone", field(fields, "phone").map(str::to_owned));
    set("account", field(fields, "account_id").or_else(|| field(fields, "device_id")).map(str::to_owned));
    Value::Object(person)
}

/// Chinese names begin with the family's.
fn name(last: &str, first: &str) -> Option<String> {
    match (last.is_empty(), first.is_empty()) {
        (true, true) => None,
        (false, false) if last.is_ascii() && first.is_ascii() => Some(format!("{first} {last}")),
        _ => Some(format!("{last}{first}")),
    }
}

fn number(fields: &Fields, name: &str) -> Result<f64, Refusal> {
    let number = field(fields, name).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
    number.ok_or_else(|| Refusal::bad(format!("{name} is not a number")))
}

/// Times of filings that come without one are ours, in the country's own offset.
fn local(now: DateTime<Utc>) -> DateTime<FixedOffset> {
    FixedOffset::east_opt(8 * 3600).map_or_else(|| now.fixed_offset(), |offset| now.with_timezone(&offset))
}

/// Places of the exchange format by the client's own names.
fn refused(violations: &Violations) -> Refusal {
    let named = |pointer: &str| match pointer.split('/').nth(1).unwrap_or_default() {
        "content" => "description".to_owned(),
        "location" => "lat, long".to_owned(),
        "place" => "address_string".to_owned(),
        "petitioners" => pointer.rsplit('/').next().unwrap_or_default().to_owned(),
        "subject" | "category" | "division" => format!("attribute[{}]", &pointer[1..]),
        other => other.to_owned(),
    };
    Refusal::several(violations.list.iter().map(|v| format!("{}: {} ({})", named(&v.pointer), v.detail, v.code)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(form: &str) -> Result<Submission, Refusal> {
        submission(&fields(form.as_bytes()).expect("a form"), "S-1", "2026-03-01T01:30:00Z".parse().expect("a time"))
    }

    #[test]
    fn a_form_becomes_a_filing() {
        let filing = check(
            "service_code=request&lat=28.19&long=112.98&address_string=%E9%9F%B6%E5%B1%B1%E5%8C%97%E8%B7%AF&description=%E8%B7%AF%E7%81%AF+%E4%B8%8D%E4%BA%AE\
             &last_name=%E5%BC%A0&first_name=%E4%B8%89&phone=13800000000&email=a%40b.cn&attribute%5Bdivision%5D=430102",
        )
        .expect("a filing");
        assert_eq!(
            (filing.content.as_str(), filing.subject.as_str(), filing.place.as_deref()),
            ("路灯 不亮", "路灯 不亮", Some("韶山北路"))
        );
        assert_eq!(filing.location.expect("a place").coordinates, (112.98, 28.19));
        assert_eq!(filing.petitioners[0].name.as_deref(), Some("张三"));
        assert_eq!((filing.anonymous, filing.division.as_deref()), (false, Some("430102")));
        assert_eq!(filing.extensions["email"], "a@b.cn");
        assert_eq!(name("Doe", "Jane").as_deref(), Some("Jane Doe"));
        let nobody = check("service_code=suggestion&address_id=7&description=a&device_id=d").expect("a filing");
        assert!(nobody.anonymous && nobody.petitioners[0].account.as_deref() == Some("d"));
    }

    #[test]
    fn what_is_wrong_is_said_in_the_clients_words() {
        for (form, said) in [
            ("", "service_code was not provided"),
            ("service_code=pothole", "service_code was not found"),
            ("service_code=request", "must be provided"),
            ("service_code=request&lat=1&long=2", "description was not provided"),
            ("service_code=request&lat=x&long=2&description=a", "lat is not a number"),
            ("service_code=request&lat=91&long=2&description=a", "lat, long"),
            ("service_code=request&address_id=1&description=a&attribute[division]=999999", "attribute[division]"),
        ] {
            let refusal = format!("{:?}", check(form).expect_err(form));
            assert!(refusal.contains(said), "{form}: {refusal}");
        }
        assert!(fields(b"a=%00").is_err());
    }
}
