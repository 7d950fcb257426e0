//! Tables of the endpoints that follow the change feed.

diesel::table! {
    webhooks (id) {
        id -> Text,
        owner -> Text,
        made_by -> Text,
        settings -> Binary,
        kinds -> Text,
        state -> Text,
        position -> BigInt,
        replaying -> Bool,
        attempts -> Integer,
        failing_since -> Nullable<Timestamp>,
        dead_in_a_row -> Integer,
        next_attempt_at -> Timestamp,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        last_success_at -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    webhook_events (webhook_id, event_seq) {
        webhook_id -> Text,
        event_seq -> BigInt,
        event_id -> Text,
        kind -> Text,
        state -> Text,
        attempts -> Integer,
        http_status -> Nullable<Integer>,
        error -> Nullable<Text>,
        attempted_at -> Timestamp,
    }
}
