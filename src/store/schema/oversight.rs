//! Tables of what is asked, decided and supervised about cases.

diesel::table! {
    review_requests (id) {
        id -> Text,
        platform -> Text,
        request_id -> Text,
        body_digest -> Binary,
        case_id -> Text,
        organization -> Text,
        reviewer_platform -> Text,
        receipt -> Nullable<Text>,
        received_at -> Timestamp,
    }
}
