//! One spelling for numbers and the units behind them: 三百二十块 and 320元, 十二幢 and 12号楼.

use super::normalise::CJK_LAST;

/// Most digits of a number that is calculated with.
const MAX_DIGITS: usize = 12;

/// Rewrites the numbers of an already folded text: Chinese numerals become digits, thousands lose their commas, 万 and
/// its like are multiplied out, and units get one name. Single numerals count only before a unit, so that 一直 and
/// 十分 stay words. O(characters).
pub(super) fn plain_numbers(folded: &str, out: &mut String) {
    out.clear();
    out.reserve(folded.len());
    let mut rest = folded;
    loop {
        let words = rest.find(may_start_number).unwrap_or(rest.len());
        out.push_str(&rest[..words]);
        rest = &rest[words..];
        let Some(c) = rest.chars().next() else { return };
        let ordinal = if c == '第' { &rest[c.len_utf8()..] } else { rest };
        let grown = out.ends_with(|last: char| last.is_ascii_alphanumeric());
        if let Some(number) = Number::read(ordinal).filter(|_| !grown) {
            if c == '第' && !number.counts_a_part {
                out.push(c);
            }
            out.push_str(&number.digits);
            out.push_str(number.unit);
            rest = number.rest;
            continue;
        }
        // A run that is no number is passed over whole: its tail is none either.
        let run = rest.chars().take_while(|next| starts_number(*next)).map(char::len_utf8).sum::<usize>().max(c.len_utf8());
        out.push_str(&rest[..run]);
        rest = &rest[run..];
    }
}

/// True for figures, numerals, 十 and 第: a bit for each Han character instead of comparisons with two dozen.
fn may_start_number(c: char) -> bool {
    static STARTS: [u64; WORDS] = starts();
    if c.is_ascii() {
        return c.is_ascii_digit();
    }
    let at = u32::from(c).wrapping_sub(FIRST) as usize;
    STARTS.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
}

/// 〇 is the first, before all ideographs.
const FIRST: u32 = 0x3000;
const WORDS: usize = ((CJK_LAST - FIRST) as usize + 1).div_ceil(64);

const fn starts() -> [u64; WORDS] {
    let all = [
        '零', '〇', '一', '幺', '壹', '二', '两', '贰', '三', '叁', '四', '肆', '五', '伍', '六', '陆', '七', '柒', '八', '捌', '九', '玖',
        '十', '第',
    ];
    let mut starts = [0; WORDS];
    let mut n = 0;
    while n < all.len() {
        let at = (all[n] as u32 - FIRST) as usize;
        starts[at / 64] |= 1 << (at % 64);
        n += 1;
    }
    starts
}

const fn starts_number(c: char) -> bool {
    c.is_ascii_digit() || numeral(c).is_some() || c == '十'
}

/// The digit a spoken or written numeral stands for.
pub(super) const fn numeral(c: char) -> Option<u8> {
    Some(match c {
        '零' | '〇' => 0,
        '一' | '幺' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

const fn multiplier(c: char) -> Option<u64> {
    Some(match c {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' => 10_000,
        '亿' => 100_000_000,
        _ => return None,
    })
}

struct Number<'a> {
    digits: String,
    /// The unit's one name; empty when there is none, or one that has only one name and is left in `rest`.
    unit: &'static str,
    /// The unit is one by which parts of a place are counted: 第三栋 is 三栋.
    counts_a_part: bool,
    rest: &'a str,
}

/// Units of many names, longest first, and the one they get.
const UNITS: &[(&str, &str)] = &[
    ("平方公里", "平方公里"),
    ("平方千米", "平方公里"),
    ("平方米", "平方米"),
    ("平米", "平方米"),
    ("平方", "平方米"),
    ("m2", "平方米"),
    ("块钱", "元"),
    ("元钱", "元"),
    ("元整", "元"),
    ("圆", "元"),
    ("块", "元"),
    ("号楼", "栋"),
    ("号栋", "栋"),
    ("栋楼", "栋"),
    ("幢", "栋"),
    ("#楼", "栋"),
    ("#栋", "栋"),
    ("千米", "公里"),
    ("km", "公里"),
    ("千克", "公斤"),
    ("kg", "公斤"),
];
/// What a single numeral may count.
const COUNTED: &str = "千元块圆栋幢号楼层室期年月日米平亩个户人次天周岁条间台辆吨斤公单#";
/// Of these, what numbers the parts of a place.
const PARTS: &str = "栋幢号楼层室期单#";

impl<'a> Number<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let first = text.chars().next().filter(|c| starts_number(*c))?;
        let (digits, sure, rest) = if first.is_ascii_digit() { figures(text)? } else { numerals(text)? };
        let next = rest.chars().next();
        let counted = next.is_some_and(|c| COUNTED.contains(c));
        if !sure && !counted {
            return None;
        }
        let counts_a_part = next.is_some_and(|c| PARTS.contains(c));
        let unit =
            next.and_then(|first| UNITS.iter().find(|(name, _)| name.starts_with(first) && rest.starts_with(name) && !goes_on(name, rest)));
        let (unit, rest) = unit.map_or(("", rest), |(name, unit)| (*unit, &rest[name.len()..]));
        Some(Self { digits, unit, counts_a_part, rest })
    }
}

/// A Latin unit must end where the word ends.
fn goes_on(name: &str, rest: &str) -> bool {
    name.is_ascii() && rest[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Figures with commas between thousands, a decimal part, and multipliers behind them.
fn figures(text: &str) -> Option<(String, bool, &str)> {
    let run = |s: &str| s.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = run(text);
    let mut digits = text[..end].to_owned();
    while end <= MAX_DIGITS && digits.len() <= MAX_DIGITS && text[end..].starts_with(',') && run(&text[end + 1..]) == 3 {
        digits.push_str(&text[end + 1..end + 4]);
        end += 4;
    }
    let mut decimals = 0;
    let fraction = text[end..].strip_prefix('.').map_or(0, run);
    let after = end + if fraction > 0 { 1 + fraction } else { 0 };
    let multiplied = text[after..].chars().next().and_then(multiplier).is_some() && !is_unit(&text[after..]);
    if !multiplied {
        return Some((leading(&digits), true, &text[end..]));
    }
    if fraction > 0 {
        digits.push_str(&text[end + 1..after]);
        decimals = fraction;
    }
    let (mut factor, mut rest) = (1_u64, &text[after..]);
    while let Some(m) = rest.chars().next().and_then(multiplier).filter(|_| !is_unit(rest)) {
        factor = factor.checked_mul(m)?;
        rest = &rest[rest.chars().next().map_or(0, char::len_utf8)..];
    }
    if digits.len() > MAX_DIGITS {
        return None;
    }
    let value = digits.parse::<u64>().ok()?.checked_mul(factor)?;
    let divisor = 10_u64.checked_pow(u32::try_from(decimals).ok()?)?;
    // 三点五万 is a whole number of units; what is not is left as it stands.
    value.is_multiple_of(divisor).then(|| ((value / divisor).to_string(), true, rest))
}

/// 千 that belongs to the unit behind it.
fn is_unit(text: &str) -> bool {
    text.starts_with("千米") || text.starts_with("千克")
}

/// Days, months and small numbers are the same with and without a leading nought.
fn leading(digits: &str) -> String {
    if digits.len() == 2 { digits.strip_prefix('0').unwrap_or(digits).to_owned() } else { digits.to_owned() }
}

/// Chinese numerals: with multipliers a value, without them digit by digit. Whether it is surely a number: three
/// digits, or a multiplier behind a digit.
fn numerals(text: &str) -> Option<(String, bool, &str)> {
    let len: usize = text.chars().take_while(|c| numeral(*c).is_some() || multiplier(*c).is_some()).map(char::len_utf8).sum();
    let last = text[..len].char_indices().next_back().map_or(0, |(at, _)| at);
    let (run, rest) = text.split_at(if is_unit(&text[last..]) { last } else { len });
    let count = run.chars().count();
    if count > 2 * MAX_DIGITS {
        return None;
    }
    if run.chars().any(|c| multiplier(c).is_some()) {
        return value(run).map(|v| (v.to_string(), count > 1, rest));
    }
    Some((run.chars().filter_map(numeral).map(|d| char::from(b'0' + d)).collect(), count > 2, rest))
}

/// The value of well-formed numerals; `None` for approximations such as 三四百.
fn value(run: &str) -> Option<u64> {
    let (mut total, mut section, mut digit) = (0_u64, 0_u64, None::<u64>);
    let mut last_factor = 0;
    for c in run.chars() {
        if let Some(d) = numeral(c) {
            if digit.is_some_and(|before| before != 0) {
                return None;
            }
            digit = Some(u64::from(d));
            continue;
        }
        let factor = multiplier(c)?;
        if factor >= 10_000 {
            section += digit.take().unwrap_or(0);
            total = total.checked_add(section.max(1).checked_mul(factor)?)?;
            section = 0;
        } else {
            section += digit.take().unwrap_or(1) * factor;
        }
        last_factor = factor;
    }
    let ones = digit.unwrap_or(0);
    // 两千三 is 2300: a last digit without its own multiplier counts a tenth of the one before, unless it follows 零.
    let spoken_short = ones > 0 && last_factor >= 100 && !run.chars().rev().nth(1).is_some_and(|c| matches!(c, '零' | '〇'));
    let ones = if spoken_short { ones * (last_factor / 10) } else { ones };
    total.checked_add(section)?.checked_add(ones)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain_numbers(text: &str) -> String {
        let mut plain = String::new();
        super::plain_numbers(text, &mut plain);
        plain
    }

    #[test]
    fn what_starts_a_number_is_known_by_its_bit() {
        for c in (0..0x1_0000).filter_map(char::from_u32) {
            assert_eq!(may_start_number(c), c == '第' || starts_number(c), "{c:?}");
        }
    }

    #[test]
    fn numbers_of_one_value_have_one_spelling() {
        for (want, forms) in [
            ("320元", &["三百二十元", "320元", "320块", "三百二十块钱"][..]),
            ("1000平方米", &["一千平米", "1000m2", "1000平方米", "1,000平方"]),
            ("3栋", &["第3栋", "三栋", "3号楼", "三幢", "3#楼"]),
            ("12栋", &["12号楼", "十二号楼", "12幢", "第十二栋"]),
            ("35000元", &["3.5万元", "35000元", "三万五千元", "三万五块", "35,000块"]),
            ("2019年10月8日", &["2019年10月08日", "二〇一九年十月八日", "二零一九年十月八日"]),
            ("13800138000", &["幺三八零零幺三八零零零", "一三八零零一三八零零零"]),
            ("5公里", &["五公里", "5千米", "5km"]),
            ("2005个", &["两千零五个", "2005个"]),
            ("2300元", &["两千三块", "二千三百元"]),
        ] {
            for form in forms {
                assert_eq!(plain_numbers(form), want, "{form}");
            }
        }
    }

    #[test]
    fn words_stay_words() {
        for text in ["一直", "十分感谢", "统一处理", "三四百元", "万一", "五一路", "千万不要", "第一时间", "b3栋", "百姓", "", "零距离"]
        {
            assert_eq!(plain_numbers(text), text, "{text}");
        }
    }

    #[test]
    fn long_runs_are_bounded() {
        let long = "九".repeat(4_000);
        assert_eq!(plain_numbers(&long), long);
        assert!(plain_numbers(&"9".repeat(4_000)).len() == 4_000);
        assert_eq!(plain_numbers("999999999999亿亿亿"), "999999999999亿亿亿");
    }
}
