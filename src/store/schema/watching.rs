//! What is counted and watched over, and who looked at what.

diesel::table! {
    tallies (id) {
        id -> BigInt,
        subject -> Text,
        platform -> Text,
        detail -> Text,
        state -> Text,
        count -> BigInt,
    }
}

diesel::table! {
    alerts (seq) {
        seq -> BigInt,
        id -> Text,
        watch -> Text,
        platform -> Text,
        severity -> Text,
        value -> BigInt,
        fired_at -> Timestamp,
        resolved_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    looks (seq) {
        seq -> BigInt,
        id -> Text,
        case_id -> Text,
        actor -> Text,
        reason -> Binary,
        at -> Timestamp,
    }
}
