//! Character sets: GB18030 and its older kin beside UTF-8. What does not decode is refused by name, never replaced.

use std::borrow::Cow;

use encoding_rs::{Encoding, GB18030, GBK, UTF_8};

use super::error::Problem;

/// A character set a manifest may name, or a platform may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Charset(&'static Encoding);

impl Charset {
    pub const UTF_8: Self = Self(UTF_8);

    /// By a label of the WHATWG Encoding Standard (`gb2312` means GBK there, as on the web); only those whose ASCII bytes stay
    /// ASCII are taken. GBK is read as GB18030, which contains it.
    pub fn of(label: &str) -> Option<Self> {
        let found = Encoding::for_label(label.trim().trim_matches(['"', '\'']).as_bytes())?;
        let found = if found == GBK { GB18030 } else { found };
        found.is_ascii_compatible().then_some(Self(found))
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// True if a byte of this value never is a part of another character.
    pub fn keeps_apart(self, byte: u8) -> bool {
        self.0 == UTF_8 || byte < b'0'
    }

    /// The text of some bytes; an error names the character set.
    pub fn text(self, bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
        self.0.decode_without_bom_handling_and_without_replacement(bytes).ok_or_else(|| Problem::WrongCharset(self.name().to_owned()))
    }
}

/// Bytes without a byte order mark, and what the mark says.
pub(super) fn mark(bytes: &[u8]) -> Result<(Option<Charset>, &[u8]), Problem> {
    match Encoding::for_bom(bytes) {
        Some((encoding, length)) if encoding == UTF_8 => Ok((Some(Charset::UTF_8), &bytes[length..])),
        Some((encoding, _)) => Err(Problem::WrongCharset(encoding.name().to_owned())),
        None => Ok((None, bytes)),
    }
}

/// The text of a body: a byte order mark counts first, then what the manifest says, then `Content-Type`, then an XML
/// declaration, then UTF-8.
pub(super) fn decode<'a>(bytes: &'a [u8], declared: Option<Charset>, media_type: Option<&str>) -> Result<Cow<'a, str>, Problem> {
    let (marked, rest) = mark(bytes)?;
    let said = marked.map(Ok).or(declared.map(Ok)).or_else(|| label_of(media_type, rest).map(|label| by_label(&label))).transpose()?;
    said.unwrap_or(Charset::UTF_8).text(rest)
}

fn by_label(label: &str) -> Result<Charset, Problem> {
    Charset::of(label).ok_or_else(|| Problem::WrongCharset(label.chars().filter(char::is_ascii_graphic).take(40).collect()))
}

/// The label a `Content-Type` or an XML declaration carries.
fn label_of(media_type: Option<&str>, bytes: &[u8]) -> Option<String> {
    let parameter = |parameter: &str| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.to_owned())
    };
    media_type.and_then(|text| text.split(';').skip(1).find_map(parameter)).or_else(|| declaration(bytes))
}

fn declaration(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(200))?;
    let head = head.strip_prefix(b"<?xml")?;
    let end = head.iter().position(|byte| *byte == b'>')?;
    let text = std::str::from_utf8(&head[..end]).ok()?;
    let value = text.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(label, _)| label.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 信访 in GB18030.
    const GB: &[u8] = b"\xd0\xc5\xb7\xc3";

    fn check(bytes: &[u8], declared: Option<&str>, media_type: Option<&str>, expected: Result<&str, &str>) {
        let read = decode(bytes, declared.and_then(Charset::of), media_type);
        assert_eq!(read.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned), "{bytes:?} {declared:?} {media_type:?}");
    }

    #[test]
    fn the_character_set_is_found_and_kept_to() {
        check("信访".as_bytes(), None, None, Ok("信访"));
        check(b"\xef\xbb\xbfa", Some("gb18030"), None, Ok("a"));
        check(GB, Some("gb18030"), None, Ok("信访"));
        check(GB, Some("gb2312"), None, Ok("信访"));
        check(GB, None, Some("text/plain; charset=\"GBK\""), Ok("信访"));
        // 𠮷, outside GBK, in four bytes.
        check(b"\x95\x34\xb2\x35", Some("gb18030"), None, Ok("𠮷"));
        let xml = [b"<?xml version=\"1.0\" encoding=\"GB2312\"?><a>".as_slice(), GB, b"</a>"].concat();
        check(&xml, None, Some("text/xml"), Ok("<?xml version=\"1.0\" encoding=\"GB2312\"?><a>信访</a>"));
        check(GB, None, None, Err("the text is not UTF-8"));
        check(b"\xd0\xff", Some("gb18030"), None, Err("the text is not gb18030"));
        check(b"a", None, Some("text/plain; charset=klingon"), Err("the text is not klingon"));
        check(b"\xff\xfea\0", None, None, Err("the text is not UTF-16LE"));
    }

    #[test]
    fn delimiters_are_never_within_a_character() {
        let gb = Charset::of("gb18030").expect("known");
        assert!(gb.keeps_apart(b',') && gb.keeps_apart(b'\t') && gb.keeps_apart(b'\n') && gb.keeps_apart(b'"'));
        assert!(!gb.keeps_apart(b'|') && Charset::UTF_8.keeps_apart(b'|'));
    }
}
