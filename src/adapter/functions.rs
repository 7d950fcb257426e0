//! The functions a vendor needs in a mapping, beside those of CEL itself and its strings library.
//!
//! | function | meaning |
//! | --- | --- |
//! | `lookup(table, code)` | the entry of a table of the manifest, or its default; without one an unknown code fails |
//! | `our_status(code)` / `their_status(status)` | the status vocabulary, both ways |
//! | `guess(table, text)` | the entry whose words, parted by `|`, are oftenest in the text; the default, or absent, if none is |
//! | `parse_time(text, format, zone)` | a local time in an IANA zone, or one with its own offset, to RFC 3339; of several formats the first that fits |
//! | `format_time(time, format, zone)` | RFC 3339 to a local time |
//! | `from_epoch(n, zone)`, `from_epoch_ms(n, zone)` | seconds or milliseconds since 1970 to RFC 3339 |
//! | `to_epoch(time)`, `to_epoch_ms(time)` | and back |
//! | `present(value)` | false for null, an absent member and blank text |
//! | `listed(value)` | a list as it is, nothing as an empty list, anything else as a list of one: XML does not tell one from many |
//! | `digits(text)` | only the digits, full-width ones made narrow |
//! | `phone(text)` | the digits, without the country code of mainland China |
//! | `joined(list, separator)` | joins the members that are present |
//! | `mask(text, start, end)` | stars, but for the first and last characters |
//! | `shorten(text, bytes)` | at most so many bytes of UTF-8, cut between characters, with an ellipsis |
//! | `labelled(text, labels)` | lines of `label：value` to a map; a line without one of the labels continues the one before |
//! | `division_code(name)`, `division_code(name, time)` | today's GB/T 2260 code of a full name such as 湖南省长沙市芙蓉区, or of one used before; absent if unknown |
//! | `division_now(code)` | today's code of what a code stood for; absent if unknown |
//! | `division_name(code)` | the full name of a code; absent if unknown |

use std::{collections::BTreeMap, sync::Arc};

use cel::{
    Context, ExecutionError, FunctionContext, Value,
    extractors::Arguments,
    objects::{Key, Map, OptionalValue},
};

use super::{places, text, time};
use crate::domain::division;

/// The tables and statuses the manifest declares.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    pub tables: BTreeMap<String, Table>,
    pub from_platform: BTreeMap<String, String>,
    pub to_platform: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    pub entries: BTreeMap<String, serde_json::Value>,
    pub default: Option<serde_json::Value>,
}

const OURS: [&str; 16] = [
    "lookup",
    "our_status",
    "their_status",
    "parse_time",
    "format_time",
    "from_epoch",
    "from_epoch_ms",
    "to_epoch",
    "to_epoch_ms",
    "present",
    "digits",
    "joined",
    "mask",
    "shorten",
    "labelled",
    "division_code",
];
const MORE_OURS: [&str; 5] = ["division_name", "division_now", "phone", "listed", "guess"];

/// Functions of CEL, its optional values and its strings library; operators have names with signs.
const STANDARD: [&str; 45] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "string",
    "int",
    "uint",
    "double",
    "bool",
    "bytes",
    "type",
    "dyn",
    "timestamp",
    "duration",
    "getFullYear",
    "getMonth",
    "getDate",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "of",
    "none",
    "ofNonZeroValue",
    "hasValue",
    "value",
    "or",
    "orValue",
    "optional.of",
    "optional.none",
    "optional.ofNonZeroValue",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "trim",
    "replace",
    "split",
    "substring",
    "format",
    "reverse",
    "strings.quote",
];

pub(super) fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || MORE_OURS.contains(&name)
}

pub(super) fn is_known(name: &str) -> bool {
    is_ours(name) || STANDARD.contains(&name) || !name.starts_with(|c: char| c.is_ascii_alphabetic())
}

type Answer = Result<Value, ExecutionError>;

/// Adds the functions to a root context. A name that CEL takes already would be left out; the tests call each one.
pub(super) fn register(context: &mut Context<'static, 'static>, vocabulary: Arc<Vocabulary>) {
    register_vocabulary(context, vocabulary);
    let _ = context.add_function("parse_time", |f: &FunctionContext, text: Arc<String>, formats: Value, zone: Arc<String>| -> Answer {
        let formats = match formats {
            Value::List(formats) => formats.iter().filter_map(code_text).collect(),
            format => code_text(&format).into_iter().collect::<Vec<_>>(),
        };
        let tried = formats.iter().map(|format| time::parse(&text, format, &zone));
        let first = tried.reduce(|first, next| if first.is_ok() { first } else { next });
        first.unwrap_or(Err("needs a format")).map(Value::from).map_err(|why| f.error(why))
    });
    let _ = context.add_function("format_time", |f: &FunctionContext, moment: Value, format: Arc<String>, zone: Arc<String>| -> Answer {
        time::format(&moment_text(f, &moment)?, &format, &zone).map(Value::from).map_err(|why| f.error(why))
    });
    let _ = context.add_function("from_epoch", |f: &FunctionContext, seconds: i64, zone: Arc<String>| -> Answer {
        seconds
            .checked_mul(1_000)
            .ok_or("is too large")
            .and_then(|ms| time::from_epoch_ms(ms, &zone))
            .map(Value::from)
            .map_err(|why| f.error(why))
    });
    let _ = context.add_function("from_epoch_ms", |f: &FunctionContext, ms: i64, zone: Arc<String>| -> Answer {
        time::from_epoch_ms(ms, &zone).map(Value::from).map_err(|why| f.error(why))
    });
    let _ = context.add_function("to_epoch", |f: &FunctionContext, moment: Value| -> Answer {
        time::to_epoch_ms(&moment_text(f, &moment)?).map(|ms| Value::Int(ms.div_euclid(1_000))).map_err(|why| f.error(why))
    });
    let _ = context.add_function("to_epoch_ms", |f: &FunctionContext, moment: Value| -> Answer {
        time::to_epoch_ms(&moment_text(f, &moment)?).map(Value::Int).map_err(|why| f.error(why))
    });
    register_texts(context);
}

fn register_vocabulary(context: &mut Context<'static, 'static>, vocabulary: Arc<Vocabulary>) {
    let tables = Arc::clone(&vocabulary);
    let _ = context.add_function("lookup", move |f: &FunctionContext, table: Arc<String>, code: Value| -> Answer {
        let table = tables.tables.get(table.as_str()).ok_or_else(|| f.error("there is no such table"))?;
        let found = code_text(&code).and_then(|code| table.entries.get(&code)).or(table.default.as_ref());
        found.map(super::expression::from_json).ok_or_else(|| f.error("the table has no such code and no default"))
    });
    let tables = Arc::clone(&vocabulary);
    let _ = context.add_function("guess", move |f: &FunctionContext, table: Arc<String>, text: Arc<String>| -> Answer {
        let table = tables.tables.get(table.as_str()).ok_or_else(|| f.error("there is no such table"))?;
        let found = text::guess(&text, table.entries.iter().map(|(words, entry)| (words.as_str(), entry)));
        let found = found.or(table.default.as_ref()).map(super::expression::from_json);
        Ok(Value::Opaque(Arc::new(found.map_or_else(OptionalValue::none, OptionalValue::of))))
    });
    let from = Arc::clone(&vocabulary);
    let _ = context.add_function("our_status", move |f: &FunctionContext, code: Value| -> Answer {
        let found = code_text(&code).and_then(|code| from.from_platform.get(&code));
        found.map(|status| Value::from(status.as_str())).ok_or_else(|| f.error("the platform's status is not in statuses.from_platform"))
    });
    let _ = context.add_function("their_status", move |f: &FunctionContext, status: Arc<String>| -> Answer {
        let found = vocabulary.to_platform.get(status.as_str());
        found.map(|code| Value::from(code.as_str())).ok_or_else(|| f.error("the status is not in statuses.to_platform"))
    });
}

fn register_texts(context: &mut Context<'static, 'static>) {
    let _ = context.add_function("present", |value: Value| -> bool { is_present(&value) });
    let _ = context.add_function("listed", |value: Value| -> Value { listed(value) });
    let _ = context.add_function("digits", |f: &FunctionContext, value: Value| -> Answer {
        let text = code_text(&value).ok_or_else(|| f.error("needs a text or a number"))?;
        Ok(Value::from(text::digits(&text)))
    });
    let _ = context.add_function("phone", |f: &FunctionContext, value: Value| -> Answer {
        let text = code_text(&value).ok_or_else(|| f.error("needs a text or a number"))?;
        Ok(Value::from(text::phone(&text)))
    });
    let _ = context.add_function("joined", |f: &FunctionContext, list: Arc<Vec<Value>>, separator: Arc<String>| -> Answer {
        let parts: Result<Vec<String>, _> =
            list.iter().filter(|v| is_present(v)).map(|v| code_text(v).ok_or_else(|| f.error("joins texts and numbers only"))).collect();
        Ok(Value::from(parts?.join(separator.as_str())))
    });
    let _ = context
        .add_function("mask", |text: Arc<String>, start: i64, end: i64| -> Answer { Ok(Value::from(text::mask(&text, start, end))) });
    let _ = context.add_function("shorten", |text: Arc<String>, bytes: i64| -> Answer { Ok(Value::from(text::shorten(&text, bytes))) });
    let _ = context.add_function("labelled", |f: &FunctionContext, text: Arc<String>, labels: Arc<Vec<Value>>| -> Answer {
        let labels: Vec<String> =
            labels.iter().map(|v| code_text(v).ok_or_else(|| f.error("labels are texts"))).collect::<Result<_, _>>()?;
        let map = text::labelled(&text, &labels).into_iter().map(|(k, v)| (Key::from(k), Value::from(v))).collect();
        Ok(Value::Map(Map { map: Arc::new(map) }))
    });
    register_divisions(context);
}

fn register_divisions(context: &mut Context<'static, 'static>) {
    let _ = context.add_function("division_code", |f: &FunctionContext, Arguments(arguments): Arguments| -> Answer {
        let year = |moment: &Value| time::year(&moment_text(f, moment)?).map_err(|why| f.error(why));
        match arguments.as_slice() {
            [Value::String(name)] => Ok(optional(places::code_of(name, None))),
            [Value::String(name), moment] => Ok(optional(places::code_of(name, Some(year(moment)?)))),
            _ => Err(f.error("needs a name, and may have a time")),
        }
    });
    let _ = context.add_function("division_now", |f: &FunctionContext, code: Value| -> Answer {
        let code = code_text(&code).ok_or_else(|| f.error("needs a code"))?;
        Ok(optional(division::today(&code).map(str::to_owned)))
    });
    let _ = context.add_function("division_name", |code: Arc<String>| -> Answer {
        Ok(optional(division::is_known(&code).then(|| division::full_name(&code))))
    });
}

fn listed(value: Value) -> Value {
    let items = match value {
        Value::List(_) => return value,
        Value::Opaque(ref opaque) => match opaque.downcast_ref::<OptionalValue>() {
            Some(optional) => return optional.value().cloned().map_or_else(|| Value::List(Arc::default()), listed),
            None => vec![value],
        },
        value if is_present(&value) => vec![value],
        _ => Vec::new(),
    };
    Value::List(Arc::new(items))
}

fn optional(text: Option<String>) -> Value {
    let value = text.map_or_else(OptionalValue::none, |text| OptionalValue::of(Value::from(text)));
    Value::Opaque(Arc::new(value))
}

/// A code may arrive as text or as a number; `None` for anything else.
fn code_text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.trim().to_owned()),
        Value::Int(i) => Some(i.to_string()),
        Value::UInt(u) => Some(u.to_string()),
        Value::Float(x) => Some(x.to_string()),
        Value::Bool(b) => Some(b.to_string()),
        Value::Opaque(opaque) => code_text(opaque.downcast_ref::<OptionalValue>()?.value()?),
        _ => None,
    }
}

fn moment_text(f: &FunctionContext, value: &Value) -> Result<String, ExecutionError> {
    match value {
        Value::String(s) => Ok(s.to_string()),
        Value::Timestamp(t) => Ok(t.to_rfc3339()),
        _ => Err(f.error("needs a time in RFC 3339")),
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(s) => !s.trim().is_empty(),
        Value::List(l) => !l.is_empty(),
        Value::Map(m) => !m.map.is_empty(),
        Value::Opaque(opaque) => opaque.downcast_ref::<OptionalValue>().is_none_or(|o| o.value().is_some_and(is_present)),
        _ => true,
    }
}
