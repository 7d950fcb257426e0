//! Keys that seal, and what was erased.

diesel::table! {
    data_keys (number) {
        number -> Integer,
        state -> Text,
        master -> Text,
        wrapped -> Binary,
        since -> Timestamp,
    }
}

diesel::table! {
    key_rotation (id) {
        id -> Integer,
        started_at -> Timestamp,
        place -> Text,
        position -> Text,
        resealed -> BigInt,
    }
}

diesel::table! {
    submission_keys (submission_id) {
        submission_id -> Text,
        sealed -> Binary,
    }
}

diesel::table! {
    erasures (submission_id) {
        submission_id -> Text,
        actor -> Text,
        sealed -> Binary,
        at -> Timestamp,
    }
}
