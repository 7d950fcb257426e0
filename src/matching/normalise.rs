//! One spelling for what people write in many: Unicode forms, scripts, identifiers, dates.

use std::sync::OnceLock;

use super::numbers::numeral;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// First and last code of [`is_han`].
pub(super) const CJK_FIRST: u32 = 0x3400;
pub(super) const CJK_LAST: u32 = 0x9fff;

/// Folds at most `limit` characters: NFKC (full-width forms become half-width), traditional to simplified
/// characters, lower case. O(limit) time and memory however long the text.
pub fn fold(text: &str, limit: usize) -> String {
    // A text of no more bytes than that has no more characters.
    let end = if text.len() <= limit { text.len() } else { text.char_indices().nth(limit).map_or(text.len(), |(at, _)| at) };
    let text = &text[..end];
    let (mut out, mut read) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        let Some(folded) = folded_alone(c) else { break };
        out.push(folded);
        read += c.len_utf8();
    }
    if read == text.len() {
        return out;
    }
    out.clear();
    if is_nfkc_quick(text.chars()) == IsNormalized::Yes {
        push_folded(text.chars(), &mut out);
    } else {
        push_folded(text.nfkc(), &mut out);
    }
    out
}

/// The folded form of characters that NFKC maps to one, as long as only such stand beside them: nearly all of a
/// petition. `None` for all others.
fn folded_alone(c: char) -> Option<char> {
    match c {
        '\0'..='\x7f' => Some(c.to_ascii_lowercase()),
        _ if is_han(c) => Some(simplified(c)),
        // Marks of punctuation that stay as they are.
        '“' | '”' | '‘' | '’' | '—' | '、' | '。' | '《' | '》' | '【' | '】' => Some(c),
        '\u{3000}' => Some(' '),
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).map(|c| c.to_ascii_lowercase()),
        _ => None,
    }
}

fn push_folded(chars: impl Iterator<Item = char>, out: &mut String) {
    for c in chars {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else if is_han(c) {
            out.push(simplified(c));
        } else {
            out.extend(c.to_lowercase());
        }
    }
}

/// A Han ideograph of the blocks in common use.
pub const fn is_han(c: char) -> bool {
    let code = c as u32;
    code >= CJK_FIRST && code <= CJK_LAST
}

/// A letter or digit, Han included: as [`char::is_alphanumeric`], which looks the commonest marks up in tables.
pub(super) fn is_word(c: char) -> bool {
    match c {
        '\0'..='\x7f' => c.is_ascii_alphanumeric(),
        '、' | '。' | '“' | '”' | '‘' | '’' | '《' | '》' | '【' | '】' => false,
        _ => is_han(c) || c.is_alphanumeric(),
    }
}

fn simplified(c: char) -> char {
    static TABLE: OnceLock<Vec<u16>> = OnceLock::new();
    let table = TABLE.get_or_init(|| {
        (CJK_FIRST..=CJK_LAST)
            .filter_map(char::from_u32)
            .map(|c| {
                let mut buffer = [0; 4];
                let converted = fast2s::convert(c.encode_utf8(&mut buffer));
                u16::try_from(u32::from(converted.chars().next().unwrap_or(c))).unwrap_or_default()
            })
            .collect()
    });
    // 0 stands for a character beyond the basic plane, which stays as it was.
    let code = table.get((c as u32 - CJK_FIRST) as usize).copied().filter(|code| *code != 0);
    code.and_then(|code| char::from_u32(u32::from(code))).unwrap_or(c)
}

/// Letters and digits only, folded; for names, accounts and codes.
pub fn compact(text: &str, limit: usize) -> String {
    let mut folded = fold(text, limit);
    folded.retain(is_word);
    folded
}

/// Placeholders that platforms send for "no value"; they say nothing about a person.
pub fn is_placeholder(compacted: &str) -> bool {
    let mut chars = compacted.chars();
    match chars.next() {
        None => true,
        Some(first) => {
            let repeated = compacted.len() > 1 && chars.all(|c| c == first);
            repeated
                || matches!(compacted, "无" | "匿名" | "未知" | "不详" | "null" | "none" | "nan" | "unknown" | "anonymous" | "na" | "x")
        }
    }
}

/// A telephone number as its significant digits, spoken numerals (幺三八) included: +86/0086/86 before a mobile number
/// dropped. `None` below five visible digits. Masked digits (`*`, `x`) are kept as `*`.
pub fn phone(raw: &str) -> Option<String> {
    let folded = fold(raw, 40);
    let digits: String = folded
        .chars()
        .filter_map(|c| {
            if c.is_ascii_digit() {
                Some(c)
            } else if matches!(c, '*' | 'x') {
                Some('*')
            } else {
                numeral(c).map(|digit| char::from(b'0' + digit))
            }
        })
        .collect();
    let stripped = ["0086", "86"]
        .iter()
        .find_map(|prefix| digits.strip_prefix(prefix).filter(|rest| rest.len() == 11 && rest.starts_with('1')))
        .unwrap_or(&digits);
    let visible = stripped.chars().filter(char::is_ascii_digit).count();
    let first = stripped.chars().next()?;
    (visible >= 5 && !stripped.chars().all(|c| c == first)).then(|| stripped.to_owned())
}

/// Year, month and day of a date in the forms found in files: `1980-02-03`, `1980/2/3`, `19800203`, `1980年2月3日`,
/// `3.2.1980`. Parts out of range become 0 (unknown); `None` if no year is found.
pub fn date(raw: &str) -> Option<(u16, u8, u8)> {
    let folded = fold(raw, 32);
    let groups: Vec<&str> = folded.split(|c: char| !c.is_ascii_digit()).filter(|g| !g.is_empty()).collect();
    let number = |g: &str| g.parse::<u32>().unwrap_or(0);
    let (y, m, d) = match groups.as_slice() {
        [whole] if whole.len() == 8 => (number(&whole[..4]), number(&whole[4..6]), number(&whole[6..])),
        [year] if year.len() == 4 => (number(year), 0, 0),
        [year, month] if year.len() == 4 => (number(year), number(month), 0),
        [year, month, day, ..] if year.len() == 4 => (number(year), number(month), number(day)),
        [day, month, year, ..] if year.len() == 4 => (number(year), number(month), number(day)),
        _ => return None,
    };
    let year = u16::try_from(y).ok().filter(|y| (1000..2200).contains(y))?;
    let part = |v: u32, max: u32| u8::try_from(if v <= max { v } else { 0 }).unwrap_or(0);
    Some((year, part(m, 12), part(d, 31)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_width_script_and_case() {
        for (raw, folded) in
            [("ＡＢＣ１２３", "abc123"), ("噪音擾民，請盡快處理", "噪音扰民,请尽快处理"), ("Main Street", "main street"), ("㎡", "m2")]
        {
            assert_eq!(fold(raw, 100), folded, "{raw}");
        }
    }

    #[test]
    fn characters_fold_alone_as_in_a_text() {
        for c in (0..0x1_0000).filter_map(char::from_u32) {
            if let Some(folded) = folded_alone(c) {
                let mut whole = String::new();
                push_folded(c.to_string().nfkc(), &mut whole);
                assert_eq!(whole, folded.to_string(), "{c:?}");
            }
        }
    }

    #[test]
    fn words_are_made_of_letters_and_digits() {
        for c in (0..0x2_0000).filter_map(char::from_u32) {
            assert_eq!(is_word(c), c.is_alphanumeric() || is_han(c), "{c:?}");
        }
    }

    #[test]
    fn reads_no_more_than_the_limit() {
        assert_eq!(fold(&"水".repeat(50_000), 10).chars().count(), 10);
    }

    #[test]
    fn phones() {
        for (raw, want) in [
            ("+86 138-1234-5678", Some("13812345678")),
            ("008613812345678", Some("13812345678")),
            ("１３８１２３４５６７８", Some("13812345678")),
            ("0731-88665544", Some("073188665544")),
            ("138****5678", Some("138****5678")),
            ("幺三八幺二三四五六七八", Some("13812345678")),
            ("一三八 一二三四 五六七八", Some("13812345678")),
            ("无", None),
            ("00000000", None),
        ] {
            assert_eq!(phone(raw).as_deref(), want, "{raw}");
        }
    }

    #[test]
    fn dates() {
        for (raw, want) in [
            ("1980-02-03", Some((1980, 2, 3))),
            ("19800203", Some((1980, 2, 3))),
            ("1980年2月3日", Some((1980, 2, 3))),
            ("3.2.1980", Some((1980, 2, 3))),
            ("1980", Some((1980, 0, 0))),
            ("1980-13-03", Some((1980, 0, 3))),
            ("soon", None),
        ] {
            assert_eq!(date(raw), want, "{raw}");
        }
    }
}
