//! The words of the pages: one table per language, kept as data beside the templates.

use std::{collections::HashMap, sync::LazyLock};

/// A language the pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    #[default]
    Zh,
    En,
}

impl Lang {
    /// The tag in `lang=` and in the address.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Zh => "zh",
            Self::En => "en",
        }
    }

    pub const fn other(self) -> Self {
        match self {
            Self::Zh => Self::En,
            Self::En => Self::Zh,
        }
    }

    pub fn parse(tag: &str) -> Option<Self> {
        match tag.trim().split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "zh" => Some(Self::Zh),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// What was asked for in the address, else what was chosen before, else what the browser prefers, else Chinese.
    pub fn choose(address: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        address
            .and_then(Self::parse)
            .or_else(|| cookie.and_then(Self::parse))
            .or_else(|| accept_language.and_then(Self::preferred))
            .unwrap_or_default()
    }

    /// The language of ours with the highest weight in an `Accept-Language` header.
    fn preferred(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for part in header.split(',').take(32) {
            let mut fields = part.split(';');
            let Some(lang) = fields.next().and_then(Self::parse) else { continue };
            let quality = fields.find_map(|f| f.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
            if quality > 0.0 && best.is_none_or(|(most, _)| quality > most) {
                best = Some((quality, lang));
            }
        }
        best.map(|(_, lang)| lang)
    }

    fn table(self) -> &'static HashMap<String, String> {
        static ZH: LazyLock<HashMap<String, String>> = LazyLock::new(|| flatten(include_str!("texts/zh.toml")));
        static EN: LazyLock<HashMap<String, String>> = LazyLock::new(|| flatten(include_str!("texts/en.toml")));
        match self {
            Self::Zh => &ZH,
            Self::En => &EN,
        }
    }

    /// The text of a key; a test makes sure that every key used is there.
    pub fn text(self, key: &str) -> &str {
        self.table().get(key).map_or(key, String::as_str)
    }

    pub fn find(self, key: &str) -> Option<&'static str> {
        self.table().get(key).map(String::as_str)
    }

    pub fn keys(self) -> impl Iterator<Item = &'static str> {
        self.table().keys().map(String::as_str)
    }
}

/// `[section] name` becomes `section.name`. A table that does not parse is empty; a test reads both.
fn flatten(toml: &str) -> HashMap<String, String> {
    let sections: HashMap<String, HashMap<String, String>> = toml::from_str(toml).unwrap_or_default();
    let mut flat = HashMap::new();
    for (section, texts) in sections {
        for (name, text) in texts {
            flat.insert(format!("{section}.{name}"), text);
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_decides_then_the_choice_then_the_browser() {
        assert_eq!(Lang::choose(Some("en"), Some("zh"), Some("zh-CN")), Lang::En);
        assert_eq!(Lang::choose(None, Some("en"), Some("zh-CN")), Lang::En);
        assert_eq!(Lang::choose(None, None, Some("de, en-GB;q=0.8, zh;q=0.3")), Lang::En);
        assert_eq!(Lang::choose(None, None, Some("zh;q=0, en;q=0")), Lang::Zh);
        assert_eq!(Lang::choose(Some("xx"), None, Some("fr")), Lang::Zh);
    }

    #[test]
    fn both_languages_have_the_same_keys_and_places_to_fill() {
        let mut zh: Vec<_> = Lang::Zh.keys().collect();
        let mut en: Vec<_> = Lang::En.keys().collect();
        zh.sort_unstable();
        en.sort_unstable();
        assert!(!zh.is_empty());
        assert_eq!(zh, en);
        for key in zh {
            let places = |lang: Lang| lang.text(key).matches("{}").count();
            assert_eq!(places(Lang::Zh), places(Lang::En), "{key}");
        }
    }
}
