//! Stub until the matcher lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision { Duplicate, PossibleDuplicate, Related, Distinct }
impl Decision { pub const fn as_str(self) -> &'static str { match self { Self::Duplicate => "duplicate", Self::PossibleDuplicate => "possible_duplicate", Self::Related => "related", Self::Distinct => "distinct" } } }
