//! Covers names and numbers before a text is shown: 王** / 138****1234.
//!
//! The pages have no way to show them uncovered. What a machine cannot tell from other words (a name in the middle of a sentence) stays;
//! numbers, e-mail addresses and what follows a word such as 姓名 or 我叫 does not.

/// Words after which a person's name follows.
const NAME_CUES: [&str; 14] =
    ["我叫", "我是", "姓名是", "姓名", "联系人", "投诉人", "信访人", "反映人", "举报人", "申请人", "本人叫", "户主", "业主", "名字叫"];
/// The hundred family names that cover most people; a cue alone is followed by too many other words.
const FAMILY_NAMES: &str = "王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任陆廖姚方金邱夏谭韦贾邹石熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚";
/// What may stand right after a name, so that 我是王家村的村民 keeps its village.
const NAME_ENDS: &str = "，,。.；;：:、 　\n\t）)（(的是住家";

/// The text with telephone numbers, identity numbers, long digit runs, e-mail addresses and cued names covered.
pub fn mask(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut covered = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        if let Some((length, mask)) = number(&chars, at).or_else(|| email(&chars, at)) {
            covered.push_str(&mask);
            at += length;
        } else if let Some((cue, name)) = cued_name(&chars[at..]) {
            covered.extend(&chars[at..=at + cue]);
            covered.push_str("**");
            at += cue + name;
        } else {
            covered.push(chars[at]);
            at += 1;
        }
    }
    covered
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('０'..='９').contains(&c)
}

/// A run of at least seven digits, as phone, identity, bank and account numbers are; spaces and hyphens may stand inside.
fn number(chars: &[char], at: usize) -> Option<(usize, String)> {
    let starts = is_digit(chars[at]) && (at == 0 || !is_digit(chars[at - 1]));
    if !starts {
        return None;
    }
    let mut digits: Vec<char> = Vec::new();
    let mut end = at;
    for (offset, c) in chars[at..].iter().enumerate() {
        let joins = matches!(c, '-' | ' ') && digits.len() >= 3 && chars.get(at + offset + 1).is_some_and(|next| is_digit(*next));
        if is_digit(*c) {
            digits.push(*c);
            end = at + offset + 1;
        } else if matches!(c, 'x' | 'X') && digits.len() == 17 {
            digits.push(*c);
            end = at + offset + 1;
            break;
        } else if !joins {
            break;
        }
    }
    if digits.len() < 7 || is_date(&chars[at..end]) {
        return None;
    }
    let landline = digits.len() >= 10 && digits[0] == '0';
    let (head, tail) = if landline {
        (4, 4)
    } else if digits.len() >= 15 {
        (3, 2)
    } else if digits.len() >= 11 {
        (3, 4)
    } else {
        (2, 2)
    };
    let start: String = digits[..head].iter().collect();
    let finish: String = digits[digits.len() - tail..].iter().collect();
    Some((end - at, format!("{start}****{finish}")))
}

/// 2026-03-01 is nobody's number.
fn is_date(run: &[char]) -> bool {
    let text: String = run.iter().collect();
    chrono::NaiveDate::parse_from_str(text.get(..10).unwrap_or(&text), "%Y-%m-%d").is_ok()
}

fn email(chars: &[char], at: usize) -> Option<(usize, String)> {
    let part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    if !chars[at].is_ascii_alphanumeric() || (at > 0 && part(&chars[at - 1])) {
        return None;
    }
    let user = chars[at..].iter().take_while(|c| part(c)).count();
    if chars.get(at + user) != Some(&'@') {
        return None;
    }
    let host = chars[at + user + 1..].iter().take_while(|c| part(c)).count();
    (host > 2).then(|| (user + 1 + host, format!("{}***@***", chars[at])))
}

/// A cue with a name of two to four characters after it: lengths of the cue (with its punctuation) and of the name.
fn cued_name(chars: &[char]) -> Option<(usize, usize)> {
    let cue = NAME_CUES.iter().find(|cue| cue.chars().eq(chars.iter().copied().take(cue.chars().count())))?;
    let mut start = cue.chars().count();
    start += chars[start..].iter().take_while(|c| matches!(c, '：' | ':' | ' ' | '　')).count();
    let name = &chars[start..];
    let starts_like_one = name.first().is_some_and(|first| FAMILY_NAMES.contains(*first));
    let length = name.iter().take(5).take_while(|c| !NAME_ENDS.contains(**c) && !c.is_ascii()).count();
    let ends = name.get(length).is_none_or(|c| NAME_ENDS.contains(*c) || c.is_ascii());
    (starts_like_one && (2..=4).contains(&length) && ends).then_some((start, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(mask(text), expected);
    }

    #[test]
    fn numbers_are_covered() {
        check("电话13812341234，请回电", "电话138****1234，请回电");
        check("138-1234-1234", "138****1234");
        check("身份证 11010519491231002X。", "身份证 110****2X。");
        check("座机0731-84512345", "座机0731****2345");
        check("卡号６２２８４８００１２３４５６７８", "卡号６２２****７８");
        check("2026年3月1日，12栋1203室，110报警", "2026年3月1日，12栋1203室，110报警");
        check("2026-03-01 的事", "2026-03-01 的事");
        check("写信到 wang.er@example.com 即可", "写信到 w***@*** 即可");
    }

    #[test]
    fn names_after_a_cue_are_covered() {
        check("我叫王小明，住在芙蓉区", "我叫王**，住在芙蓉区");
        check("联系人：李雷 电话13900001111", "联系人：李** 电话139****1111");
        check("我是王家村的村民", "我是王家村的村民");
        check("我是一名退休工人", "我是一名退休工人");
        check("业主张建国", "业主张**");
    }
}
