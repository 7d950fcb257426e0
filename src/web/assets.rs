//! Files the pages refer to, compiled in. The address carries the digest, so a browser may keep them for ever.

use std::sync::LazyLock;

/// A compiled-in file.
pub struct Asset {
    name: &'static str,
    extension: &'static str,
    pub media_type: &'static str,
    pub body: &'static str,
    address: LazyLock<String, fn() -> String>,
}

pub static STYLE: Asset = Asset {
    name: "onecase",
    extension: "css",
    media_type: "text/css; charset=utf-8",
    body: include_str!("assets/onecase.css"),
    address: LazyLock::new(|| STYLE.make_address()),
};

pub static ICON: Asset = Asset {
    name: "icon",
    extension: "svg",
    media_type: "image/svg+xml",
    body: include_str!("assets/icon.svg"),
    address: LazyLock::new(|| ICON.make_address()),
};

pub static LIVE: Asset = Asset {
    name: "live",
    extension: "js",
    media_type: "text/javascript; charset=utf-8",
    body: include_str!("assets/live.js"),
    address: LazyLock::new(|| LIVE.make_address()),
};

static ALL: [&Asset; 3] = [&STYLE, &ICON, &LIVE];

impl Asset {
    pub fn address(&'static self) -> &'static str {
        &self.address
    }

    fn make_address(&self) -> String {
        let digest = blake3::hash(self.body.as_bytes()).to_hex();
        format!("/assets/{}.{}.{}", self.name, digest.get(..16).unwrap_or_default(), self.extension)
    }
}

/// The asset at an address; only its present digest is one.
pub fn find(address: &str) -> Option<&'static Asset> {
    ALL.into_iter().find(|asset| asset.address() == address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_at_its_present_address_only() {
        assert!(STYLE.address().starts_with("/assets/onecase."));
        assert!(find(STYLE.address()).is_some_and(|asset| asset.media_type.starts_with("text/css")));
        assert!(find("/assets/onecase.0000000000000000.css").is_none());
    }
}
