//! The `Link` header (RFC 8288): the next page, if it lies on the platform itself.

/// The target of `rel=next` in one header value.
pub(super) fn next(header: &str) -> Option<String> {
    outside_quotes(header, ',').into_iter().find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = outside_quotes(parameters, ';').into_iter().filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let relations = value.trim().trim_matches('"');
            name.trim().eq_ignore_ascii_case("rel") && relations.split_ascii_whitespace().any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| target.trim().to_owned())
    })
}

/// Parts a text at a sign, but not within quotes or an address in angle brackets.
fn outside_quotes(text: &str, sign: char) -> Vec<&str> {
    let (mut quoted, mut address) = (false, false);
    text.split(|character| {
        match character {
            '"' if !address => quoted = !quoted,
            '<' if !quoted => address = true,
            '>' if !quoted => address = false,
            _ => {}
        }
        character == sign && !quoted && !address
    })
    .collect()
}

/// A link as a target below the platform's base address; `None` if it leads elsewhere, where our credentials have no business.
pub(super) fn within(base: &str, path: &str, link: &str) -> Option<String> {
    if link.chars().any(|c| c.is_control() || c.is_whitespace()) || link.split(['?', '#']).next()?.split('/').any(|part| part == "..") {
        return None;
    }
    let link = link.split('#').next()?;
    if let Some(query) = link.strip_prefix('?') {
        return Some(format!("{path}?{query}"));
    }
    let scheme = base.find("://")? + 3;
    let origin = &base[..base[scheme..].find('/').map_or(base.len(), |at| scheme + at)];
    let absolute = match link {
        link if link.starts_with("//") => format!("{}{link}", &base[..scheme - 2]),
        link if link.starts_with('/') => format!("{origin}{link}"),
        link => link.to_owned(),
    };
    absolute.strip_prefix(base).filter(|target| target.starts_with('/')).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found() {
        let cases = [
            ("<https://p/api/x?page=2>; rel=\"next\", <https://p/api/x?page=9>; rel=\"last\"", Some("https://p/api/x?page=2")),
            ("</x?page=1>; rel=prev, </x?page=3>; rel=\"last next\"", Some("/x?page=3")),
            ("<a>; title=\"a, <b>; rel=next\"; rel=last", None),
            ("</x>; rel=\"nextish\"", None),
            ("<broken", None),
        ];
        for (header, expected) in cases {
            assert_eq!(next(header).as_deref(), expected, "{header}");
        }
    }

    #[test]
    fn a_link_stays_on_the_platform() {
        let cases = [
            ("https://p/api/x?page=2", Some("/x?page=2")),
            ("/api/x?page=2#top", Some("/x?page=2")),
            ("//p/api/x", Some("/x")),
            ("?page=2", Some("/list?page=2")),
            ("https://other/api/x", None),
            ("https://p.evil/api/x", None),
            ("https://p/apix", None),
            ("https://p/api/../admin", None),
            ("http://p/api/x", None),
            ("/elsewhere", None),
            ("javascript:x", None),
        ];
        for (link, expected) in cases {
            assert_eq!(within("https://p/api", "/list", link).as_deref(), expected, "{link}");
        }
    }
}
