//! What a name field tells: a whole name, or a surname alone (王先生, 王某某, 王**).

use super::normalise::{fold, is_han};

/// Forms of address that stand for the given name.
const TITLES: &[&str] = &[
    "先生", "女士", "小姐", "太太", "夫人", "同志", "同学", "老师", "师傅", "医生", "律师", "经理", "阿姨", "叔叔", "大爷", "大妈", "大叔",
    "大姐", "大哥", "奶奶", "爷爷",
];
/// Characters that hide a given name.
const MASKS: &[char] = &['某', '*', '×', '○', '〇', 'x', '?', '_'];
/// Surnames of two characters in use.
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "夏侯", "轩辕", "端木", "长孙", "宇文", "闻人",
    "澹台", "南宫", "西门", "东郭", "申屠", "钟离", "淳于", "单于", "太史", "公冶", "万俟", "赫连",
];
const MAX_CHARS: usize = 40;
/// A Chinese name has so many characters at most.
const MAX_HAN_NAME: usize = 5;

/// A name without the form of address behind it: 王建国先生 is 王建国.
pub(super) fn without_title(raw: &str) -> &str {
    let raw = raw.trim();
    let rest = TITLES.iter().find_map(|title| raw.strip_suffix(title));
    rest.map(str::trim_end).filter(|rest| rest.chars().count() > 1 && rest.chars().all(is_han)).unwrap_or(raw)
}

/// The surname of a Chinese name, and whether the field gives no more than that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Surname {
    pub surname: String,
    pub alone: bool,
}

/// `None` for names that are not Chinese. O(characters).
pub(super) fn surname(raw: &str) -> Option<Surname> {
    let folded: String = fold(raw, MAX_CHARS).chars().filter(|c| !c.is_whitespace()).collect();
    if let Some(rest) = TITLES.iter().find_map(|title| folded.strip_suffix(title))
        && let Some(surname) = whole_surname(rest.trim_end_matches(MASKS))
    {
        return Some(Surname { surname, alone: true });
    }
    let visible = folded.trim_end_matches(MASKS);
    if visible.len() < folded.len() {
        return whole_surname(visible).map(|surname| Surname { surname, alone: true });
    }
    if let Some(rest) = folded.strip_prefix(['老', '小'])
        && rest.chars().count() == 1
    {
        return whole_surname(rest).map(|surname| Surname { surname, alone: true });
    }
    let whole = without_title(&folded);
    let count = whole.chars().count();
    if !(2..=MAX_HAN_NAME).contains(&count) || !whole.chars().all(is_han) {
        return None;
    }
    let compound = COMPOUND.iter().find(|s| count > 2 && whole.starts_with(**s)).map(|s| (*s).to_owned());
    compound.or_else(|| whole.chars().next().map(String::from)).map(|surname| Surname { surname, alone: false })
}

fn whole_surname(text: &str) -> Option<String> {
    let one = text.chars().count() == 1 && text.chars().all(is_han);
    (one || COMPOUND.contains(&text)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn surnames() {
        for (raw, want) in [
            ("王先生", Some(("王", true))),
            ("王女士", Some(("王", true))),
            ("王某", Some(("王", true))),
            ("王某某", Some(("王", true))),
            ("王**", Some(("王", true))),
            ("王某某先生", Some(("王", true))),
            ("欧阳小姐", Some(("欧阳", true))),
            ("老王", Some(("王", true))),
            ("王小明", Some(("王", false))),
            ("欧阳娜娜", Some(("欧阳", false))),
            ("欧阳", Some(("欧", false))),
            ("東方 紅", Some(("东方", false))),
            ("王建国先生", Some(("王", false))),
            ("John Smith", None),
            ("先生", Some(("先", false))),
            ("", None),
            ("某某", None),
        ] {
            let found = surname(raw);
            assert_eq!(found.as_ref().map(|s| (s.surname.as_str(), s.alone)), want, "{raw}");
        }
    }
}
