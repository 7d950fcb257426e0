//! JSON that is kept of every filing or message, in fewer bytes (RFC 1951).

use std::io::{self, Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};

/// Nothing that is kept unpacks to more.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

pub(super) fn deflate(plain: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(plain.len() / 2), Compression::default());
    encoder.write_all(plain)?;
    encoder.finish()
}

pub(super) fn inflate(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut plain = Vec::with_capacity(packed.len() * 3);
    DeflateDecoder::new(packed).take(MAX_UNPACKED).read_to_end(&mut plain)?;
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_there_again() {
        for text in ["", "{}", &"{\"name\":\"王小明\"}".repeat(1_000)] {
            let packed = deflate(text.as_bytes()).expect("packs");
            assert_eq!(inflate(&packed).expect("unpacks"), text.as_bytes());
        }
        assert!(inflate(&[7, 7, 7]).is_err());
    }
}
