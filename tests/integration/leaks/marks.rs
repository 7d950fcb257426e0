//! Unmistakable personal data, and every form it could be found in.

use std::collections::HashMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// What nobody but the platforms concerned may ever read: a name, numbers, an address, an account, a place, words.
pub const NAME: &str = "钱隐痕";
pub const ID_NUMBER: &str = "430102198807234516";
/// Its check character does not fit.
pub const MISTYPED: &str = "430102198807234519";
pub const PHONE: &str = "13987650174";
pub const ADDRESS: &str = "匿桥路七十三号遮园";
pub const ACCOUNT: &str = "oHiddenAccount74";
pub const PLACE: &str = "蔽巷尽头";
pub const SUBJECT: &str = "掩耳盗铃标记题";
pub const CONTENT: &str = "藏字楼夜半仍在敲打密墙";
pub const RESPONDENT: &str = "孙匿名董事";
pub const EXTENSION: &str = "扩展里的隐语";
pub const REPLY: &str = "答复中提到隐痕先生";
pub const COMMENT: &str = "评价里的悄悄话";
pub const REASON: &str = "理由里的私房话";
pub const FILE: &str = "隐痕的登记表";

pub const ALL: [&str; 15] =
    [NAME, ID_NUMBER, MISTYPED, PHONE, ADDRESS, ACCOUNT, PLACE, SUBJECT, CONTENT, RESPONDENT, EXTENSION, REPLY, COMMENT, REASON, FILE];

/// A filing that says all of it.
pub fn filing(source_id: &str) -> Value {
    json!({
        "source_id": source_id, "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{
            "name": NAME, "id_document": { "type": "resident_id", "number": ID_NUMBER }, "phone": PHONE, "address": ADDRESS, "account": ACCOUNT
        }],
        "subject": SUBJECT, "content": format!("{CONTENT}，联系{NAME}，电话{PHONE}。"), "division": "430102", "place": PLACE,
        "respondent": { "name": RESPONDENT }, "extensions": { "note": EXTENSION }
    })
}

/// A mark in one form.
#[derive(Debug)]
struct Form {
    mark: &'static str,
    encoding: &'static str,
    bytes: Vec<u8>,
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Base64 of the mark in the middle of something longer, at each of the three places it can begin at.
fn base64_at(bytes: &[u8], offset: usize) -> Vec<u8> {
    let encoded = STANDARD.encode([vec![0; offset], bytes.to_vec()].concat());
    // Characters that a neighbour has a part in are left out.
    let (first, whole) = ((offset * 8).div_ceil(6), (offset + bytes.len()) * 8 / 6);
    encoded.as_bytes()[first..whole].to_vec()
}

fn forms() -> Vec<Form> {
    let mut forms = Vec::new();
    for mark in ALL {
        let mut add = |encoding, bytes: Vec<u8>| forms.push(Form { mark, encoding, bytes });
        let utf8 = mark.as_bytes();
        add("as it is", utf8.to_vec());
        add("hexadecimal", hexadecimal(utf8).into_bytes());
        add("hexadecimal", hexadecimal(utf8).to_uppercase().into_bytes());
        for offset in 0..3 {
            add("base64", base64_at(utf8, offset));
            add(
                "base64url",
                base64_at(utf8, offset)
                    .into_iter()
                    .map(|byte| match byte {
                        b'+' => b'-',
                        b'/' => b'_',
                        other => other,
                    })
                    .collect(),
            );
        }
        let percent: String = utf8.iter().map(|byte| format!("%{byte:02X}")).collect();
        add("percent", percent.to_lowercase().into_bytes());
        add("percent", percent.into_bytes());
        if !mark.is_ascii() {
            let escaped: String = mark.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            add("escaped", escaped.to_uppercase().replace("\\U", "\\u").into_bytes());
            add("escaped", escaped.into_bytes());
            let rust: String = mark.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect();
            add("debug", rust.into_bytes());
            let entities: String = mark.chars().map(|c| format!("&#{};", u32::from(c))).collect();
            add("entities", entities.into_bytes());
            let (gb18030, _, _) = encoding_rs::GB18030.encode(mark);
            add("GB18030", gb18030.to_vec());
            add("UTF-16", mark.encode_utf16().flat_map(u16::to_le_bytes).collect());
        }
    }
    forms
}

/// How many bytes tell most forms apart.
const START: usize = 4;

/// Where any mark stands in any form, with what is around it.
pub fn found(place: &str, bytes: &[u8]) -> Vec<String> {
    let forms = forms();
    let mut by_start: HashMap<&[u8], Vec<&Form>> = HashMap::new();
    for form in &forms {
        by_start.entry(&form.bytes[..START]).or_default().push(form);
    }
    let told = |form: &Form, at: usize| {
        let around = &bytes[at.saturating_sub(120)..(at + form.bytes.len() + 40).min(bytes.len())];
        format!("{place}: {} ({}) in …{}…", form.mark, form.encoding, String::from_utf8_lossy(around))
    };
    let starts = bytes.windows(START).enumerate().filter_map(|(at, start)| Some((at, by_start.get(start)?)));
    starts
        .flat_map(|(at, forms)| forms.iter().filter(move |form| bytes[at..].starts_with(&form.bytes)).map(move |form| told(form, at)))
        .collect()
}

#[test]
fn every_form_is_found() {
    let text = format!("前{NAME}后");
    for bytes in [
        text.clone().into_bytes(),
        STANDARD.encode(&text).into_bytes(),
        STANDARD.encode(format!("x{text}")).into_bytes(),
        STANDARD.encode(format!("xy{text}")).into_bytes(),
        hexadecimal(text.as_bytes()).into_bytes(),
        format!("{text:?}").into_bytes(),
        encoding_rs::GB18030.encode(&text).0.to_vec(),
        b"%E9%92%B1%E9%9A%90%E7%97%95".to_vec(),
        br"\u94b1\u9690\u75d5".to_vec(),
    ] {
        assert!(!found("here", &bytes).is_empty(), "{}", String::from_utf8_lossy(&bytes));
    }
    assert!(found("here", "钱先生".as_bytes()).is_empty());
}
