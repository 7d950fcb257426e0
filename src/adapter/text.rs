//! Texts as people and platforms write them.

/// Only the digits; full-width ones become narrow.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter_map(|c| narrow(c).to_digit(10)).filter_map(|d| char::from_digit(d, 10)).collect()
}

/// The digits of a telephone number, without mainland China's country code.
pub(super) fn phone(text: &str) -> String {
    let digits = digits(text);
    let local = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86"));
    local.filter(|local| local.len() == 11 && local.starts_with('1')).map(str::to_owned).unwrap_or(digits)
}

fn narrow(c: char) -> char {
    match c {
        '\u{FF10}'..='\u{FF19}' => char::from_u32(u32::from(c) - 0xFF10 + 0x30).unwrap_or(c),
        other => other,
    }
}

/// Keeps the first `start` and last `end` characters; every other becomes a star. A text no longer than both is all stars.
pub(super) fn mask(text: &str, start: i64, end: i64) -> String {
    let count = text.chars().count();
    let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
    let kept = start.saturating_add(end);
    text.chars().enumerate().map(|(at, c)| if kept < count && (at < start || at >= count - end) { c } else { '*' }).collect()
}

/// At most `bytes` bytes of UTF-8, cut between characters; a cut text ends in an ellipsis.
pub(super) fn shorten(text: &str, bytes: i64) -> String {
    let limit = usize::try_from(bytes).unwrap_or(0);
    if text.len() <= limit {
        return text.to_owned();
    }
    let room = limit.saturating_sub('…'.len_utf8());
    let end = text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= room).last().unwrap_or(0);
    let mut short = text[..end].to_owned();
    if limit >= '…'.len_utf8() {
        short.push('…');
    }
    short
}

/// Characters of a text that [`guess`] looks at.
const GUESSED_FROM: usize = 2_000;

/// The entry whose words, parted by `|`, occur oftenest; of equal ones the first.
pub(super) fn guess<'a, T>(text: &str, entries: impl Iterator<Item = (&'a str, T)>) -> Option<T> {
    let end = text.char_indices().nth(GUESSED_FROM).map_or(text.len(), |(at, _)| at);
    let seen = &text[..end];
    let occurrences = |words: &str| words.split('|').map(str::trim).filter(|word| !word.is_empty()).map(|w| seen.matches(w).count()).sum();
    let counted = entries.map(|(words, entry)| (occurrences(words), entry)).filter(|(count, _): &(usize, T)| *count > 0);
    counted.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, entry)| entry)
}

/// Lines of `label：value`, as people fill in a form in one message, for the labels of the form. Every other line continues
/// the value before it; what stands before the first label is left out. The first use of a label counts.
pub(super) fn labelled(text: &str, labels: &[String]) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match label(line, labels) {
            Some((name, value)) if !fields.iter().any(|(known, _)| *known == name) => fields.push((name, value.trim().to_owned())),
            _ => {
                if let Some((_, value)) = fields.last_mut() {
                    if !value.is_empty() {
                        value.push('\n');
                    }
                    value.push_str(line);
                }
            }
        }
    }
    fields
}

fn label<'a>(line: &'a str, labels: &[String]) -> Option<(String, &'a str)> {
    let (name, value) = line.split_once(['：', ':'])?;
    let name = name.trim().trim_start_matches(['【', '[']).trim_end_matches(['】', ']']);
    labels.iter().any(|label| label == name).then(|| (name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_masked() {
        assert_eq!(digits("１3８-0000 1234"), "13800001234");
        for (text, expected) in [
            ("+86 139 0000 1111", "13900001111"),
            ("0086-13900001111", "13900001111"),
            ("0731-8600 0101", "073186000101"),
            ("86000101", "86000101"),
        ] {
            assert_eq!(phone(text), expected, "{text}");
        }
        for (text, start, end, expected) in
            [("张三丰", 1, 0, "张**"), ("13800001234", 3, 4, "138****1234"), ("李", 1, 0, "*"), ("", 1, 1, ""), ("abc", -1, -1, "***")]
        {
            assert_eq!(mask(text, start, end), expected, "{text}");
        }
        for (text, bytes, expected) in [("长沙市", 9, "长沙市"), ("长沙市", 8, "长…"), ("长沙", 3, "…"), ("长沙", 2, ""), ("长沙", -1, "")]
        {
            assert_eq!(shorten(text, bytes), expected, "{text} {bytes}");
        }
    }

    #[test]
    fn forms_in_a_message_are_read() {
        let labels = ["姓名", "手机号", "内容"].map(str::to_owned);
        let text = "您好，我要反映：\n\n【姓名】：张三\n手机号: 13800001234\n内容：小区电梯停了。\n原因：不明\n12:30 又停一次\n姓名：李四";
        let expected = [("姓名", "张三"), ("手机号", "13800001234"), ("内容", "小区电梯停了。\n原因：不明\n12:30 又停一次\n姓名：李四")];
        assert_eq!(labelled(text, &labels), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn categories_are_guessed() {
        let entries = [("井盖|路面", "roads"), ("噪音|扰民", "noise")];
        for (text, expected) in [("夜间施工噪音扰民，路面也坏了", Some("noise")), ("井盖缺失", Some("roads")), ("其他", None)]
        {
            assert_eq!(guess(text, entries.into_iter()), expected, "{text}");
        }
    }
}
