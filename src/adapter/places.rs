//! Names of administrative divisions to their codes.

use std::{collections::HashMap, sync::LazyLock};

use crate::domain::division;

static CODES: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let mut codes = HashMap::new();
    for province in children("", "0000") {
        for city in children(&province[..2], "00") {
            children(&city[..4], "").for_each(|county| enter(&mut codes, county));
            enter(&mut codes, city);
        }
        enter(&mut codes, province);
    }
    codes
});

fn children(prefix: &str, suffix: &str) -> impl Iterator<Item = String> {
    (1..=99).map(move |n| format!("{prefix}{n:02}{suffix}")).filter(|code| division::name(code).is_some())
}

/// The higher division wins where a placeholder gives two codes one name (北京市 and its 市辖区): it is entered last.
fn enter(codes: &mut HashMap<String, String>, code: String) {
    codes.insert(division::full_name(&code), code);
}

/// The code of the division a full name means. Spaces and separators are ignored; what follows the longest known name,
/// such as a street, is too.
pub(super) fn code_of(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| c.is_alphabetic()).take(40).collect();
    let mut end = name.len();
    loop {
        if let Some(code) = CODES.get(&name[..end]) {
            return Some(code.clone());
        }
        end = name[..end].char_indices().last()?.0;
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
            assert_eq!(code_of(name).as_deref(), code, "{name}");
        }
    }
}
