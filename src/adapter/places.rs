//! Names of administrative divisions to their codes.

use std::{collections::HashMap, sync::LazyLock};

use crate::domain::division::{self, Former};

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let mut current = HashMap::new();
    for province in children("", "0000") {
        for city in children(&province[..2], "00") {
            children(&city[..4], "").for_each(|county| enter(&mut current, county));
            enter(&mut current, city);
        }
        enter(&mut current, province);
    }
    Names { current, former: division::former().iter().map(|former| (former.name, *former)).collect() }
});

fn children(prefix: &str, suffix: &str) -> impl Iterator<Item = String> {
    (1..=99).map(move |n| format!("{prefix}{n:02}{suffix}")).filter(|code| division::name(code).is_some())
}

/// The higher division wins where a placeholder gives two codes one name (北京市 and its 市辖区): it is entered last.
fn enter(codes: &mut HashMap<String, String>, code: String) {
    codes.insert(division::full_name(&code), code);
}

/// The code, as it is today, of the division a full name means. Spaces and separators are ignored; what follows the longest known
/// name, such as a street, is too. Names that are no longer used lead to what their division became. Where a name has meant two
/// things, the `year` says which; without one it is what it means today.
pub(super) fn code_of(name: &str, year: Option<i32>) -> Option<String> {
    let name: String = name.chars().filter(|c| c.is_alphabetic()).take(40).collect();
    NAMES.code_of(&name, year)
}

struct Names {
    current: HashMap<String, String>,
    former: HashMap<&'static str, Former>,
}

impl Names {
    fn code_of(&self, name: &str, year: Option<i32>) -> Option<String> {
        let mut end = name.len();
        loop {
            let known = &name[..end];
            let former = self.former.get(known);
            let counts = former.is_some_and(|former| year.is_some_and(|year| year <= former.until));
            match (self.current.get(known), former) {
                (_, Some(former)) if counts => return Some(self.within(former, &name[end..])),
                (Some(code), _) => return Some(code.clone()),
                (None, Some(former)) => return Some(self.within(former, &name[end..])),
                (None, None) => end = known.char_indices().last()?.0,
            }
        }
    }

    /// What lies in a division that only changed its name, or became another with all it had, lies there under the new name.
    fn within(&self, former: &Former, rest: &str) -> String {
        let whole = format!("{}{rest}", division::full_name(former.now));
        let mut end = whole.len();
        loop {
            if let Some(code) = self.current.get(&whole[..end]).filter(|code| division::contains(former.now, code)) {
                return code.clone();
            }
            match whole[..end].char_indices().last() {
                Some((shorter, _)) => end = shorter,
                None => return former.now.to_owned(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_codes() {
        let cases = [
            ("湖南省长沙市芙蓉区", Some("430102")),
            ("湖南省/长沙市/芙蓉区", Some("430102")),
            ("湖南省 长沙市 芙蓉区 定王台街道", Some("430102")),
            ("湖南省长沙市", Some("430100")),
            ("北京市", Some("110000")),
            ("北京市朝阳区", Some("110105")),
            ("芙蓉区", None),
            ("", None),
        ];
        for (name, code) in cases {
            assert_eq!(code_of(name, None).as_deref(), code, "{name}");
        }
    }

    #[test]
    fn names_of_before_give_codes_of_today() {
        let cases = [
            // A county that became a district, one that became a city, one that went to another city.
            ("湖南省长沙市望城县丁字镇", "430112"),
            ("湖南省长沙市宁乡县", "430182"),
            ("安徽省巢湖市居巢区", "340181"),
            ("四川省资阳市简阳市", "510185"),
            // Districts that were merged.
            ("北京市宣武区牛街", "110102"),
            ("江苏省苏州市沧浪区", "320508"),
            // A city that became part of another, one that changed its name, with what lies in it.
            ("山东省莱芜市莱城区", "370116"),
            ("湖北省襄樊市", "420600"),
            ("湖北省襄樊市枣阳市", "420683"),
            ("湖北省襄樊市襄阳区", "420607"),
            ("贵州省毕节地区毕节市", "520502"),
            ("贵州省毕节地区大方县", "520521"),
        ];
        for (name, code) in cases {
            for year in [None, Some(2009), Some(2026)] {
                assert_eq!(code_of(name, year).as_deref(), Some(code), "{name} {year:?}");
            }
        }
    }

    #[test]
    fn the_year_decides_what_a_name_means() {
        let moved = Former { code: "430199", name: "湖南省长沙市甲区", until: 2015, now: "430102" };
        let names = Names {
            current: HashMap::from([
                ("湖南省长沙市甲区".to_owned(), "430103".to_owned()),
                ("湖南省长沙市芙蓉区".to_owned(), "430102".to_owned()),
            ]),
            former: HashMap::from([(moved.name, moved)]),
        };
        for (year, code) in [(None, "430103"), (Some(2014), "430102"), (Some(2015), "430102"), (Some(2016), "430103")] {
            assert_eq!(names.code_of("湖南省长沙市甲区乙街", year).as_deref(), Some(code), "{year:?}");
        }
    }
}
