//! The tables as diesel sees them; the same for both backends.

mod endpoints;
mod keys;
mod oversight;
mod watching;

pub use endpoints::*;
pub use keys::*;
pub use oversight::*;
pub use watching::*;

diesel::table! {
    submissions (seq) {
        seq -> BigInt,
        id -> Text,
        platform -> Text,
        source_id -> Text,
        body_digest -> Binary,
        body -> Binary,
        fingerprint -> Binary,
        channel -> Text,
        kind -> Text,
        division -> Nullable<Text>,
        province -> Text,
        category -> Nullable<Text>,
        anonymous -> Bool,
        blind -> Bool,
        people_count -> Integer,
        submitted_at -> Timestamp,
        received_at -> Timestamp,
    }
}

diesel::table! {
    idempotency_keys (platform, key) {
        platform -> Text,
        key -> Text,
        body_digest -> Binary,
        submission_id -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    matters (id) {
        id -> Text,
        founding_seq -> BigInt,
        case_count -> Integer,
        created_at -> Timestamp,
        updated_at -> Timestamp,
        name -> Nullable<Binary>,
        submission_count -> Nullable<BigInt>,
        platform_count -> Nullable<BigInt>,
        weeks -> Nullable<Text>,
        weeks_until -> Nullable<Timestamp>,
        trend -> Nullable<Text>,
        growth -> BigInt,
        first_filed_at -> Nullable<Timestamp>,
        last_filed_at -> Nullable<Timestamp>,
        summarised_at -> Nullable<Timestamp>,
        stale_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    cases (id) {
        id -> Text,
        founding_seq -> BigInt,
        kind -> Text,
        status -> Text,
        division -> Nullable<Text>,
        province -> Text,
        category -> Nullable<Text>,
        organization -> Nullable<Text>,
        platform -> Nullable<Text>,
        receipt -> Nullable<Text>,
        matter_id -> Nullable<Text>,
        merged_into -> Nullable<Text>,
        submission_count -> Integer,
        latitude -> Nullable<Integer>,
        longitude -> Nullable<Integer>,
        version -> BigInt,
        created_at -> Timestamp,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    links (submission_seq) {
        submission_seq -> BigInt,
        submission_id -> Text,
        platform -> Text,
        case_id -> Text,
        decision -> Text,
        decided_case -> BigInt,
        decided_matter -> Nullable<BigInt>,
        linked_at -> Timestamp,
    }
}

diesel::table! {
    matches (submission_seq, other_seq) {
        submission_seq -> BigInt,
        other_seq -> BigInt,
        submission_id -> Text,
        other_id -> Text,
        platform -> Text,
        other_platform -> Text,
        channel -> Text,
        other_channel -> Text,
        division -> Nullable<Text>,
        case_id -> Text,
        decision -> Text,
        probability -> Double,
        weight -> Double,
        rule -> Text,
        evidence -> Binary,
        model_name -> Text,
        model_digest -> Text,
        decided_by -> Text,
        decided_at -> Timestamp,
        settled_by -> Nullable<Text>,
    }
}

diesel::table! {
    rulings (seq) {
        seq -> BigInt,
        id -> Text,
        after_seq -> BigInt,
        case_id -> Text,
        other_case -> Text,
        ruling -> Text,
        actor -> Text,
        reason -> Binary,
        decided_at -> Timestamp,
    }
}

diesel::table! {
    case_events (seq) {
        seq -> BigInt,
        id -> Text,
        case_id -> Text,
        kind -> Text,
        source -> Text,
        status -> Nullable<Text>,
        data -> Text,
        words -> Nullable<Binary>,
        at -> Timestamp,
    }
}

diesel::table! {
    case_updates (platform, update_id) {
        platform -> Text,
        update_id -> Text,
        body_digest -> Binary,
        case_id -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    ratings (platform, rating_id) {
        platform -> Text,
        rating_id -> Text,
        case_id -> Text,
        body_digest -> Binary,
        satisfaction -> Text,
        rated_at -> Timestamp,
        received_at -> Timestamp,
    }
}

diesel::table! {
    indicator_cases (case_id) {
        case_id -> Text,
        counts -> Text,
    }
}

diesel::table! {
    indicator_counts (area, dimension, unit, day, value) {
        area -> Text,
        dimension -> Text,
        unit -> Text,
        day -> Date,
        value -> Text,
        submissions -> BigInt,
        online -> BigInt,
        duplicates -> BigInt,
        cases -> BigInt,
        accept_due -> BigInt,
        accept_met -> BigInt,
        accept_late -> BigInt,
        answer_due -> BigInt,
        answer_met -> BigInt,
        answer_late -> BigInt,
        answered -> BigInt,
        rated -> BigInt,
        satisfied -> BigInt,
        reminders -> BigInt,
        return_calls -> BigInt,
        supervisions -> BigInt,
        proposals -> BigInt,
        supervision_answers -> BigInt,
        adopted -> BigInt,
    }
}

diesel::table! {
    feed_positions (name) {
        name -> Text,
        seq -> BigInt,
    }
}

diesel::table! {
    case_deadlines (seq) {
        seq -> BigInt,
        case_id -> Text,
        clock -> Text,
        started_at -> Timestamp,
        due_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        extended -> Bool,
        duty -> Bool,
        kind -> Text,
        organization -> Nullable<Text>,
        platform -> Nullable<Text>,
        division -> Nullable<Text>,
        province -> Text,
    }
}

diesel::table! {
    routing_gaps (founding_seq) {
        founding_seq -> BigInt,
        case_id -> Text,
        competent -> Nullable<Text>,
        responsible -> Nullable<Text>,
        reason -> Text,
        province -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    deliveries (seq) {
        seq -> BigInt,
        id -> Text,
        idempotency_key -> Text,
        platform -> Text,
        case_id -> Text,
        submission_id -> Nullable<Text>,
        about -> Nullable<Text>,
        kind -> Text,
        message -> Binary,
        state -> Text,
        attempts -> Integer,
        next_attempt_at -> Timestamp,
        lease_owner -> Nullable<Text>,
        lease_until -> Nullable<Timestamp>,
        receipt -> Nullable<Text>,
        last_error -> Nullable<Text>,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    delivery_attempts (delivery_id, number) {
        delivery_id -> Text,
        number -> Integer,
        started_at -> Timestamp,
        duration_ms -> BigInt,
        outcome -> Text,
        http_status -> Nullable<Integer>,
        error -> Nullable<Text>,
        request_digest -> Nullable<Binary>,
        response_digest -> Nullable<Binary>,
    }
}

diesel::table! {
    platform_states (platform) {
        platform -> Text,
        last_success_at -> Nullable<Timestamp>,
        last_failure_at -> Nullable<Timestamp>,
        last_error -> Nullable<Text>,
        consecutive_failures -> Integer,
        circuit_open_until -> Nullable<Timestamp>,
    }
}

diesel::table! {
    pull_cursors (platform, pull) {
        platform -> Text,
        pull -> Text,
        position -> Nullable<Text>,
        updated_at -> Timestamp,
    }
}

diesel::table! {
    quarantine (platform, digest) {
        platform -> Text,
        digest -> Binary,
        id -> Text,
        source_ref -> Text,
        form -> Text,
        raw -> Binary,
        error -> Text,
        received_at -> Timestamp,
    }
}

diesel::table! {
    revisions (submission_id, number) {
        submission_id -> Text,
        number -> Integer,
        kind -> Text,
        body_digest -> Binary,
        body -> Binary,
        fields -> Text,
        received_at -> Timestamp,
        told_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    platform_errors (platform, code) {
        platform -> Text,
        code -> Text,
        count -> BigInt,
        message -> Text,
        last_at -> Timestamp,
    }
}

diesel::table! {
    dropped_files (platform, digest) {
        platform -> Text,
        digest -> Binary,
        name -> Text,
        records -> BigInt,
        quarantined -> BigInt,
        error -> Nullable<Text>,
        finished_at -> Timestamp,
    }
}

diesel::table! {
    reconciliations (platform, day) {
        platform -> Text,
        day -> Date,
        their_count -> BigInt,
        our_count -> BigInt,
        missing -> Text,
        surplus -> Text,
        recovered -> BigInt,
        checked_at -> Timestamp,
    }
}

diesel::table! {
    parked_updates (platform, update_id) {
        id -> Text,
        platform -> Text,
        update_id -> Text,
        receipt -> Text,
        body -> Binary,
        received_at -> Timestamp,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        hash -> Binary,
        platform -> Nullable<Text>,
        scopes -> Text,
        division -> Nullable<Text>,
        label -> Text,
        created_at -> Timestamp,
        expires_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    audit_leaves (seq) {
        seq -> BigInt,
        at -> Timestamp,
        subject -> Text,
        entry -> Text,
        hash -> Binary,
    }
}

diesel::table! {
    audit_subtrees (level, position) {
        level -> Integer,
        position -> BigInt,
        hash -> Binary,
    }
}

diesel::table! {
    exports (id) {
        id -> Text,
        sha256 -> Text,
        statement -> Text,
        made_at -> Timestamp,
    }
}

diesel::table! {
    checkpoints (size) {
        size -> BigInt,
        text -> Text,
        at -> Timestamp,
    }
}

diesel::table! {
    checkpoint_signatures (size, name) {
        size -> BigInt,
        name -> Text,
        line -> Text,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        owner -> Text,
        fence -> BigInt,
        until -> Timestamp,
    }
}

diesel::table! {
    key_checks (name) {
        name -> Text,
        value -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    submissions,
    submission_keys,
    idempotency_keys,
    matters,
    cases,
    links,
    matches,
    rulings,
    case_events,
    case_updates,
    case_deadlines,
    ratings,
    review_requests,
    supervisions,
    indicator_cases,
    indicator_counts,
    feed_positions,
    routing_gaps,
    deliveries,
    delivery_attempts,
    platform_states,
    pull_cursors,
    quarantine,
    revisions,
    platform_errors,
    dropped_files,
    reconciliations,
    parked_updates,
    api_keys,
    audit_leaves,
    audit_subtrees,
    checkpoints,
    checkpoint_signatures,
    leases
);
