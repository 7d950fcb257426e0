//! When a certificate ends: the one thing of X.509 (RFC 5280) that is looked at, so read with the few lines of DER it takes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, NaiveDateTime, Utc};

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// When the first certificate of a PEM text ends; `None` if there is none that can be read.
pub fn ends_at(pem: &str) -> Option<DateTime<Utc>> {
    let body = pem.split_once(BEGIN)?.1.split_once(END)?.0;
    let der = STANDARD.decode(body.split_ascii_whitespace().collect::<String>()).ok()?;
    let (certificate, _) = value(&der, SEQUENCE)?;
    let (mut rest, _) = value(certificate, SEQUENCE)?;
    if rest.first() == Some(&VERSION) {
        rest = skip(rest)?;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        rest = skip(rest)?;
    }
    let (validity, _) = value(rest, SEQUENCE)?;
    time(skip(validity)?)
}

/// Tag, contents, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(*short), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (bytes.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((*tag, contents, rest))
}

fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|(found, ..)| *found == tag).map(|(_, contents, rest)| (contents, rest))
}

fn skip(der: &[u8]) -> Option<&[u8]> {
    element(der).map(|(.., rest)| rest)
}

fn time(der: &[u8]) -> Option<DateTime<Utc>> {
    let (tag, contents, _) = element(der)?;
    let text = std::str::from_utf8(contents).ok()?;
    let full = match tag {
        // Two digits of a year: 50 and later are of the last century (section 4.1.2.5.1).
        UTC_TIME if text.get(..2)? >= "50" => format!("19{text}"),
        UTC_TIME => format!("20{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    NaiveDateTime::parse_from_str(&full, "%Y%m%d%H%M%SZ").ok().map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_certificate_is_read() {
        let pem = include_str!("../../tests/integration/connectors/tls/client.pem");
        assert_eq!(ends_at(pem).map(|at| at.format("%Y").to_string().len()), Some(4), "{:?}", ends_at(pem));
        for wrong in ["", BEGIN, "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----", &pem.replace("MII", "MIH")] {
            assert_eq!(ends_at(wrong), None, "{wrong}");
        }
    }
}
