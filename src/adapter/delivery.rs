//! Messages of the gateway as requests to a platform.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    error::{ManifestFault, RequestError},
    expression::{Engine, Scope},
    http::Request,
    manifest::{BodyFormat, DeliveryManifest},
    mapping::Core,
    outcome::Rule,
    request::RequestShape,
};
use crate::domain::message::{Message, MessageKind};

pub(super) enum Delivery {
    /// Declared as such, with the vendor's reason.
    NotSent,
    Sent {
        request: Box<RequestShape>,
        rules: Vec<Rule>,
        answer_format: BodyFormat,
        place: String,
        otherwise: Option<Box<Self>>,
    },
}

pub(super) const KINDS: [MessageKind; 7] = [
    MessageKind::CaseForwarded,
    MessageKind::SubmissionRegistered,
    MessageKind::DuplicateRegistered,
    MessageKind::CaseStatus,
    MessageKind::CaseReply,
    MessageKind::CaseWithdrawn,
    MessageKind::CaseRevised,
];

impl Delivery {
    pub fn compile(engine: &Engine, kind: MessageKind, manifest: &DeliveryManifest) -> Result<Self, ManifestFault> {
        Self::compile_at(engine, &format!("/deliveries/{}", kind.as_str()), &format!("delivery {}", kind.as_str()), manifest)
    }

    fn compile_at(engine: &Engine, pointer: &str, place: &str, manifest: &DeliveryManifest) -> Result<Self, ManifestFault> {
        match (&manifest.not_sent, &manifest.request) {
            (Some(_), None) => Ok(Self::NotSent),
            (None, Some(request)) => {
                let answer_format = manifest.answer_format.unwrap_or(match request.format {
                    format @ (BodyFormat::Xml | BodyFormat::Soap) => format,
                    BodyFormat::Json | BodyFormat::Form | BodyFormat::Text => BodyFormat::Json,
                });
                let request = RequestShape::compile(engine, request, &format!("{pointer}/request"), &["message", "settings", "now"])?;
                let rules: Result<Vec<Rule>, _> = manifest
                    .outcomes
                    .iter()
                    .enumerate()
                    .map(|(at, rule)| Rule::compile(engine, rule, &format!("{pointer}/outcomes/{at}")))
                    .collect();
                let otherwise = manifest.otherwise.as_ref();
                let otherwise = otherwise
                    .map(|other| Self::compile_at(engine, &format!("{pointer}/otherwise"), &format!("{place} otherwise"), other))
                    .transpose()?;
                let place = place.to_owned();
                Ok(Self::Sent { request: Box::new(request), rules: rules?, answer_format, place, otherwise: otherwise.map(Box::new) })
            }
            _ => Err(ManifestFault::new(pointer.to_owned(), "a delivery has either a request or a reason for not_sent")),
        }
    }

    /// `None` where the platform is not told of this kind of message.
    pub fn request(&self, core: &Core, message: &Message, now: DateTime<Utc>) -> Result<Option<Request>, RequestError> {
        let Self::Sent { request, place, .. } = self else { return Ok(None) };
        let mut scope = Scope::default()
            .with("message", &serde_json::to_value(message).unwrap_or_default())
            .with("settings", &core.settings)
            .with("now", &json!(now.to_rfc3339()));
        Ok(Some(request.make(core, &mut scope, place)?))
    }

    /// The other way to send it.
    pub fn otherwise(&self) -> Option<&Self> {
        match self {
            Self::NotSent => None,
            Self::Sent { otherwise, .. } => otherwise.as_deref(),
        }
    }

    pub fn expressions(&self) -> BTreeMap<String, String> {
        let mut out = BTreeMap::new();
        if let Self::Sent { request, .. } = self {
            request.expressions("/request", &mut out);
        }
        out
    }

    pub fn answer_format(&self) -> BodyFormat {
        match self {
            Self::NotSent => BodyFormat::Json,
            Self::Sent { answer_format, .. } => *answer_format,
        }
    }

    pub fn rules(&self) -> &[Rule] {
        match self {
            Self::NotSent => &[],
            Self::Sent { rules, .. } => rules,
        }
    }
}
