//! Resident identity numbers, GB 11643-1999.

use super::normalise::fold;
use super::numbers::numeral;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECK: &[u8; 11] = b"10X98765432";

/// What a number field turned out to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdNumber {
    /// 18 characters whose check character holds (or a 15-digit form, widened).
    Verified(String),
    /// Another document, a wrong check character, or masked digits (as `*`).
    Unverified(String),
}

/// Reads an identity number: spaces and punctuation dropped, full-width folded, 15 digits widened to 18.
/// `None` when fewer than five characters are visible.
pub fn parse(raw: &str) -> Option<IdNumber> {
    let text: String = fold(raw, 40)
        .chars()
        .filter_map(|c| match c {
            '*' => Some('*'),
            c if numeral(c).is_some() => numeral(c).map(|digit| char::from(b'0' + digit)),
            c if c.is_alphanumeric() => Some(c.to_ascii_uppercase()),
            _ => None,
        })
        .collect();
    let visible = text.chars().filter(|c| *c != '*').count();
    let first = text.chars().next()?;
    if visible < 5 || text.chars().all(|c| c == first) {
        return None;
    }
    let widened = widen(&text);
    let number = widened.as_deref().unwrap_or(&text);
    if verifies(number) { Some(IdNumber::Verified(number.to_owned())) } else { Some(IdNumber::Unverified(text)) }
}

/// The check character of the first 17 digits; `None` unless they are digits.
pub fn check_character(first17: &str) -> Option<char> {
    let bytes = first17.as_bytes();
    if bytes.len() != 17 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(b, w)| u32::from(b - b'0') * w).sum();
    CHECK.get((sum % 11) as usize).map(|b| char::from(*b))
}

/// The birth date in a verified number.
pub fn birth_date(number: &str) -> Option<(u16, u8, u8)> {
    Some((number.get(6..10)?.parse().ok()?, number.get(10..12)?.parse().ok()?, number.get(12..14)?.parse().ok()?))
}

fn widen(text: &str) -> Option<String> {
    if text.len() != 15 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let first17 = format!("{}19{}", &text[..6], &text[6..]);
    let check = check_character(&first17)?;
    Some(format!("{first17}{check}")).filter(|n| plausible_birth(n))
}

fn verifies(number: &str) -> bool {
    number.len() == 18
        && number.is_ascii()
        && check_character(&number[..17]).is_some_and(|c| number.ends_with(c))
        && plausible_birth(number)
}

fn plausible_birth(number: &str) -> bool {
    birth_date(number).is_some_and(|(y, m, d)| (1850..2200).contains(&y) && (1..=12).contains(&m) && (1..=31).contains(&d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms() {
        let verified = |s: &str| Some(IdNumber::Verified(s.to_owned()));
        let unverified = |s: &str| Some(IdNumber::Unverified(s.to_owned()));
        for (raw, want) in [
            ("11010519491231002X", verified("11010519491231002X")),
            ("110105 19491231 002x", verified("11010519491231002X")),
            ("１１０１０５１９４９１２３１００２Ｘ", verified("11010519491231002X")),
            ("110105491231002", verified("11010519491231002X")),
            ("110105194912310021", unverified("110105194912310021")),
            ("430102********1234", unverified("430102********1234")),
            ("G1234567", unverified("G1234567")),
            ("", None),
            ("000000000000000000", None),
        ] {
            assert_eq!(parse(raw), want, "{raw}");
        }
    }

    #[test]
    fn knows_the_birth_date() {
        assert_eq!(birth_date("11010519491231002X"), Some((1949, 12, 31)));
    }
}
