//! Small pieces of HTML that many pages use, escaped here once.

use std::fmt::{self, Display, Write as _};

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;

use super::page::Page;

/// HTML that is already escaped.
pub struct Html(String);

impl Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::filters::HtmlSafe for Html {}

/// Text as the content of an element or a quoted attribute.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

impl Page {
    /// A moment, readable by people and machines.
    pub fn when(&self, at: &DateTime<Utc>) -> Html {
        Html(format!("<time datetime=\"{}\">{}</time>", self.iso(at), self.time(at)))
    }

    pub fn when_exactly(&self, at: &DateTime<Utc>) -> Html {
        Html(format!("<time datetime=\"{}\">{}</time>", self.iso(at), self.exact_time(at)))
    }

    pub fn when_fixed(&self, at: &DateTime<FixedOffset>) -> Html {
        self.when(&at.with_timezone(&Utc))
    }

    pub fn when_or(&self, at: &Option<DateTime<Utc>>, otherwise: &str) -> Html {
        at.as_ref().map_or_else(|| Html(format!("<span class=\"none\">{}</span>", escaped(self.t(otherwise)))), |at| self.when(at))
    }

    /// How long ago, with the moment itself on hover.
    pub fn since_or(&self, at: &Option<DateTime<Utc>>, otherwise: &str) -> Html {
        at.as_ref().map_or_else(
            || Html(format!("<span class=\"none\">{}</span>", escaped(self.t(otherwise)))),
            |at| Html(format!("<time datetime=\"{}\" title=\"{}\">{}</time>", self.iso(at), self.time(at), self.ago(at))),
        )
    }

    /// A value of a closed list as a mark whose colour never stands alone: the word is always there.
    pub fn badge<T: Serialize>(&self, group: &str, value: &T) -> Html {
        let name = self.wire(value);
        let class = group.replace('_', "-");
        Html(format!("<span class=\"badge {class}-{}\">{}</span>", escaped(&name.replace('_', "-")), escaped(&self.word(group, &name))))
    }

    /// The choices of a filter; the first one chooses nothing.
    pub fn choices<T: Serialize>(&self, parameter: &str, group: &str, values: &[T]) -> Html {
        let named = values.iter().map(|value| {
            let name = self.wire(value);
            let word = self.word(group, &name).into_owned();
            (name, word)
        });
        self.options(parameter, named)
    }

    pub fn options(&self, parameter: &str, choices: impl Iterator<Item = (String, String)>) -> Html {
        let asked = self.asked(parameter);
        let mut html = format!("<option value=\"\">{}</option>", escaped(self.t("list.all")));
        for (value, word) in choices {
            let selected = if value == asked { " selected" } else { "" };
            // Writing to a string cannot fail.
            let _ = write!(html, "<option value=\"{}\"{selected}>{}</option>", escaped(&value), escaped(&word));
        }
        Html(html)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::view::PlatformState, domain::case::CaseStatus, web::texts::Lang};

    fn page(query: &[(&str, &str)]) -> Page {
        let query = query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Page::new(Lang::Zh, None, DateTime::UNIX_EPOCH, "/cases", query)
    }

    #[test]
    fn marks_and_choices_are_escaped_and_worded() {
        assert_eq!(
            page(&[]).badge("platform_state", &PlatformState::Healthy).to_string(),
            "<span class=\"badge platform-state-healthy\">正常</span>"
        );
        let html = page(&[("status", "routed")]).choices("status", "status", &[CaseStatus::Routed]).to_string();
        assert_eq!(html, "<option value=\"\">全部</option><option value=\"routed\" selected>已转送</option>");
        let html = page(&[]).options("x", std::iter::once(("\"><script>".to_owned(), "<b>".to_owned()))).to_string();
        assert!(html.ends_with("<option value=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;</option>"));
    }
}
