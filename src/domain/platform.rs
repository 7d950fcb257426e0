//! A federated system (平台).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A platform as the federation file declares it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Lower-case letters, digits and hyphens; appears in addresses.
    #[schema(pattern = "^[a-z0-9][a-z0-9-]{0,62}$", example = "hunan")]
    pub id: String,
    #[schema(max_length = 200)]
    pub name: String,
    pub kind: PlatformKind,
    /// Where its filings come from, unless a filing says otherwise: GB/T 2260, `000000` for the whole country.
    pub division: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlatformKind {
    National,
    Provincial,
    Ministry,
    Mobile,
    Wechat,
    Hotline,
    LettersAndVisits,
    Open311,
}

impl PlatformKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::National => "national",
            Self::Provincial => "provincial",
            Self::Ministry => "ministry",
            Self::Mobile => "mobile",
            Self::Wechat => "wechat",
            Self::Hotline => "hotline",
            Self::LettersAndVisits => "letters_and_visits",
            Self::Open311 => "open311",
        }
    }
}

/// What an API key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// File submissions and read one's own.
    Submit,
    /// Report status and reply of the cases one handles, and read those.
    Handle,
    /// Read every platform's state and the duplicate report.
    Monitor,
    /// Read the audit log's leaves and what exports held.
    Audit,
    /// Decide what may be a duplicate: merge, keep apart, split, and take that back.
    Review,
    /// Requeue dead deliveries, manage keys.
    Administer,
}

impl Scope {
    pub const ALL: [Self; 6] = [Self::Submit, Self::Handle, Self::Monitor, Self::Audit, Self::Review, Self::Administer];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Handle => "handle",
            Self::Monitor => "monitor",
            Self::Audit => "audit",
            Self::Review => "review",
            Self::Administer => "administer",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}
