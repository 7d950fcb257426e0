//! The one table of error codes: what a caller can be refused for, and what to do about it.
//!
//! A code is stable: programs act on it. Titles and advice are for people and may be reworded.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        RefOr,
        schema::{ObjectBuilder, Schema, Type},
    },
};

macro_rules! codes {
    ($($variant:ident $text:literal $status:literal $title:literal $advice:literal)+) => {
        /// A stable error code. Those with the status 422 also stand in a problem's `violations`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $variant,)+ }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The HTTP status of a problem with this code (RFC 9110).
            pub const fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            /// What went wrong, the same for every occurrence (RFC 9457, `title`).
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }

            /// What the caller should do next.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)+ }
            }
        }
    };
}

codes! {
    // The request as a whole.
    InvalidUtf8 "invalid_utf8" 400 "The body is not UTF-8" "Encode the body as UTF-8 and send it again."
    MalformedJson "malformed_json" 400 "The body is not JSON" "Correct the syntax at the line and column given and send it again."
    InvalidQuery "invalid_query" 400 "A query parameter cannot be used" "Correct the parameter named; the parameters of every operation are in the OpenAPI document."
    InvalidCursor "invalid_cursor" 400 "The cursor is not one of ours" "Start again without `cursor`, and pass on `next_cursor` unchanged."
    InvalidHeader "invalid_header" 400 "A header cannot be used" "Correct the header named and send the request again."
    InvalidRequest "invalid_request" 400 "The request cannot be read" "Compare the request with the OpenAPI document."
    UnreadableCallback "unreadable_callback" 400 "The callback cannot be read" "Send it as the platform's adapter describes; `onecase adapter check` shows what it understands."
    Unauthenticated "unauthenticated" 401 "No valid API key" "Send a key as `Authorization: Bearer oc_…` or `X-API-Key`; if it is refused, ask the gateway's operator for a new one."
    InvalidSignature "invalid_signature" 401 "The callback is not signed as agreed" "Sign with the secret agreed with the gateway's operator, over the bytes sent, with a clock that is right."
    Forbidden "forbidden" 403 "The key lacks the permission" "Use a key that has the scope named, or ask the gateway's operator for it."
    PlatformKeyRequired "platform_key_required" 403 "The key belongs to no platform" "Use the key of the platform on whose behalf you file or report."
    NotHandler "not_handler" 403 "The case is in other hands" "Report only on cases forwarded to your platform."
    NotFound "not_found" 404 "There is nothing here" "Check the address; what belongs to other platforms is also answered with this."
    MethodNotAllowed "method_not_allowed" 405 "The method is not allowed here" "Use one of the methods in the `Allow` header."
    NotAcceptable "not_acceptable" 406 "The form asked for is not offered" "Accept `application/json`."
    RequestTimeout "request_timeout" 408 "The request took too long to arrive" "Send it again, in smaller parts or over a faster connection."
    SourceIdConflict "source_id_conflict" 409 "The filing number is taken by another filing" "A filing is immutable: send changes as a new filing with its own `source_id` and name this one in `previous_source_id`."
    IdempotencyKeyInFlight "idempotency_key_in_flight" 409 "The same request is still being worked on" "Wait for its answer, or repeat it after `Retry-After`."
    IllegalTransition "illegal_transition" 409 "The case cannot take this status now" "Report one of the statuses in `allowed`."
    ObjectionTooLate "objection_too_late" 409 "The five working days for an objection are over" "Accept the case or refuse it with reasons (信访工作条例, article 23)."
    AlreadyExtended "already_extended" 409 "The time for the answer was extended before" "Answer within it: the law knows one extension of thirty days (信访工作条例, article 34)."
    ReviewTooLate "review_too_late" 409 "The thirty days for asking are over" "Tell the petitioner that the answer stands (信访工作条例, articles 35 and 36)."
    ReviewRequestIdConflict "review_request_id_conflict" 409 "The request number is taken by another request" "Give every request for a review its own `request_id`."
    ReferralIdConflict "referral_id_conflict" 409 "The referral number is taken by another referral" "Give every referral its own `referral_id`."
    AlreadyDecided "already_decided" 409 "The conflict was decided before" "Read it: the body that keeps the case is in `keeper`."
    NoProposal "no_proposal" 409 "This is no proposal to hold accountable" "Only what became of supervisions of the kind `accountability` is recorded."
    SupervisionEnded "supervision_ended" 409 "No answer is expected any more" "Read the supervision: its state says whether it was answered, settled or followed by another."
    WarningClosed "warning_closed" 409 "The warning is over" "There is nothing to acknowledge: what it warned of has fallen again."
    NotObjected "not_objected" 409 "There is no objection to decide on" "Look at the case: it may have been decided, or taken back."
    UpdateIdConflict "update_id_conflict" 409 "The update number is taken by another update" "Give every change of a case its own `update_id`."
    RatingIdConflict "rating_id_conflict" 409 "The rating number is taken by another rating" "Give every rating its own `rating_id`; the newest of a case counts."
    NotAnswered "not_answered" 409 "There is no answer to rate yet" "Wait until the case is answered."
    DeliveryNotDead "delivery_not_dead" 409 "The delivery is not dead" "Only deliveries that were given up on can be requeued."
    NoLedger "no_ledger" 409 "The platform has no ledger to compare with" "Declare `ledger` in the platform's adapter, and its `base_url`."
    PreconditionFailed "precondition_failed" 412 "The object has changed" "Read it again and decide on its present state."
    SameCase "same_case" 409 "Both are the same case" "Name two different cases."
    KeptApart "kept_apart" 409 "People have ruled that the cases are different" "Take that back first with `release`, if it was wrong."
    NotApart "not_apart" 409 "The cases were not ruled apart" "There is nothing to take back."
    TooManyWebhooks "too_many_webhooks" 409 "There are as many endpoints as may be" "Remove one that is no longer needed."
    PayloadTooLarge "payload_too_large" 413 "The body is too large" "Send less: attachments stay on the platform and only their address and digest travel."
    UriTooLong "uri_too_long" 414 "The address is too long" "Shorten the query."
    UnsupportedMediaType "unsupported_media_type" 415 "The media type is not accepted here" "Send the media type named in the `Content-Type` header."
    IdempotencyKeyReused "idempotency_key_reused" 422 "The idempotency key was used with another body" "Use a fresh key for every new request and repeat a request byte for byte."
    InvalidSubmission "invalid_submission" 422 "The filing was refused" "Correct every violation listed and send it again; nothing was registered."
    InvalidUpdate "invalid_update" 422 "The case update was refused" "Correct every violation listed and send it again; nothing was changed."
    InvalidReviewRequest "invalid_review_request" 422 "The request for a review was refused" "Correct every violation listed and send it again; nothing was changed."
    InvalidReferral "invalid_referral" 422 "The referral was refused" "Correct every violation listed and send it again; nothing was changed."
    InvalidAnswer "invalid_answer" 422 "The answer was refused" "Correct every violation listed and send it again; nothing was changed."
    InvalidRating "invalid_rating" 422 "The rating was refused" "Correct every violation listed and send it again; nothing was changed."
    InvalidRuling "invalid_ruling" 422 "The ruling was refused" "Correct every violation listed and send it again; nothing was changed."
    BadSplit "bad_split" 422 "The filings named cannot leave the case" "Name some of the case's filings, not all, and not the one that founded it."
    InvalidWebhook "invalid_webhook" 422 "The endpoint was refused" "Correct every violation listed and send it again; nothing was changed."
    PreconditionRequired "precondition_required" 428 "The ruling does not say which version of the case it is about" "Read the case and send its `ETag` as `If-Match`."
    TooManyRequests "too_many_requests" 429 "More was asked than the caller may ask for" "Go on after `Retry-After`; `RateLimit-Policy` says how much is allowed."
    HeadersTooLarge "headers_too_large" 431 "The headers are too large" "Send fewer or shorter headers."
    Overloaded "overloaded" 503 "More is coming in than can be served" "Send it again after `Retry-After`."
    ExportsBusy "exports_busy" 503 "As many exports are being made as may be" "Send it again after `Retry-After`."
    Internal "internal" 500 "The gateway failed" "Send it again later; tell the operator the `trace_id` if it persists."
    Unavailable "unavailable" 503 "The gateway cannot serve this now" "Send it again after `Retry-After`."
    Timeout "timeout" 504 "The gateway did not finish in time" "Send it again with the same `Idempotency-Key`: it will not be registered twice."

    // Violations: the form of a body.
    DuplicateMember "duplicate_member" 422 "A member is there twice" "Keep one of them."
    NestedTooDeeply "nested_too_deeply" 422 "The body is nested too deeply" "Flatten the value named."
    ForbiddenCharacter "forbidden_character" 422 "The text has a NUL character" "Remove U+0000."
    ControlCharacter "control_character" 422 "The number has a control character" "Remove tabs, line breaks and other control characters."
    UnknownMember "unknown_member" 422 "The member is not part of the format" "Remove it, or put it into `extensions`."
    MissingMember "missing_member" 422 "A required member is missing" "Add it."
    InvalidType "invalid_type" 422 "The value has the wrong type" "Send the type named."
    UnknownValue "unknown_value" 422 "The value is not in the list" "Use one of the values listed."
    InvalidForm "invalid_form" 422 "The text has the wrong form" "Follow the form named."
    TooLong "too_long" 422 "The text is too long" "Shorten it."
    TooShort "too_short" 422 "The text is too short" "Fill it, or leave the member out if it is optional."
    Blank "blank" 422 "The text is blank" "Fill it, or leave the member out if it is optional."
    TooManyItems "too_many_items" 422 "The list is too long" "Send fewer items."
    TooFewItems "too_few_items" 422 "The list is too short" "Send more items."
    NumberOutOfRange "number_out_of_range" 422 "The number is out of range" "Stay within the range named."
    InvalidTime "invalid_time" 422 "The time cannot be read" "Write it as RFC 3339, such as 2026-03-01T09:30:00+08:00."
    TimeWithoutOffset "time_without_offset" 422 "The time has no offset" "Add the offset from UTC, such as +08:00."
    InvalidDate "invalid_date" 422 "The date cannot be read" "Write it as YYYY-MM-DD."
    AddressNotAllowed "address_not_allowed" 422 "Nothing may be sent to the address" "Give a public https address without user and fragment, or ask the gateway's operator about outbound.allow_private_addresses."
    InvalidValue "invalid_value" 422 "The value cannot be used" "Compare it with the JSON Schema."

    // Violations: the meaning of a filing or an update.
    TimeInFuture "time_in_future" 422 "The time lies in the future" "Check the platform's clock and the offset."
    TimeTooEarly "time_too_early" 422 "The time lies too far back" "Check the year."
    BirthDateInFuture "birth_date_in_future" 422 "The date of birth lies in the future" "Correct it, or leave it out."
    InvalidResidentIdForm "invalid_resident_id_form" 422 "The resident ID has the wrong form" "Send 18 characters, or 15 digits in the older form; other documents have their own `type`."
    InvalidResidentIdBirthDate "invalid_resident_id_birth_date" 422 "The resident ID names a day that does not exist" "Compare digits 7 to 14 with the document."
    InvalidResidentIdCheckDigit "invalid_resident_id_check_digit" 422 "The resident ID's check character does not fit" "Compare the number with the document; it was probably mistyped."
    UnknownDivision "unknown_division" 422 "The division code is not known" "Use a code of GB/T 2260 in force, of six digits, or nine with the township."
    CoordinatesOutOfRange "coordinates_out_of_range" 422 "The coordinates are not on Earth" "Send longitude (-180 to 180), then latitude (-90 to 90), in WGS 84 degrees."
    PetitionersMissing "petitioners_missing" 422 "Nobody has filed this" "Name the petitioners, or set `anonymous` to true."
    PetitionerWithoutIdentity "petitioner_without_identity" 422 "The petitioner cannot be told from others" "Give a name, document, phone or account, or leave the entry out."
    AnonymousButIdentified "anonymous_but_identified" 422 "An anonymous filing names its petitioner" "Set `anonymous` to false, or remove all but the account."
    TooManyRepresentatives "too_many_representatives" 422 "There are more than five representatives" "Name at most five (信访工作条例, article 20); the others are counted in `people_count`."
    PeopleCountTooSmall "people_count_too_small" 422 "Fewer people are counted than named" "Count everybody behind the filing, named or not."
    EmptyFiling "empty_filing" 422 "The filing says nothing" "Fill `subject` or `content`."
    InvalidCategory "invalid_category" 422 "The category path has the wrong form" "Give up to three levels joined by `/`, none of them blank."
    InvalidUrl "invalid_url" 422 "The address is not a web address" "Give an absolute http or https address."
    RefersToItself "refers_to_itself" 422 "The filing follows up itself" "Name the earlier filing's number, or leave it out."
    ExtensionsTooLarge "extensions_too_large" 422 "The extensions are too large" "Keep them under 16 KiB."
    ReasonMissing "reason_missing" 422 "A refusal or objection has no reason" "Say why in `reason` (信访工作条例, article 23)."
    ApprovalMissing "approval_missing" 422 "An extension names nobody who approved it" "Say in `approved_by` who did (信访工作条例, article 34)."
    BodyNotConnected "body_not_connected" 422 "The body cannot take the case" "Name another body of the directory that is connected to a platform."
    ReferenceMismatch "reference_mismatch" 422 "The update is about another case" "Repeat the case code of the address in `reference.case`, or report to /v1/updates."
    HearingMisplaced "hearing_misplaced" 422 "The hearing does not belong here" "Report a hearing with the status `under_re_review`, ended after it began."
    ReplyMissing "reply_missing" 422 "An answered case has no answer" "Send the written answer in `reply`."
}

impl Code {
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("unknown error code"))
    }
}

impl PartialSchema for Code {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A stable error code; `/docs/errors` says what each means and what to do about it."))
            .enum_values(Some(Self::ALL.iter().map(|code| code.as_str())))
            .into()
    }
}

impl ToSchema for Code {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ErrorCode")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_table_is_sound() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} is there twice");
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_' || b.is_ascii_digit()), "{code}");
            assert!((400..600).contains(&code.status()), "{code}");
            assert!(!code.title().ends_with('.') && code.advice().ends_with('.'), "{code}");
            assert_eq!(Code::parse(code.as_str()), Some(*code));
        }
    }
}
