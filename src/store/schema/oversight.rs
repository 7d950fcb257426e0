//! Tables of what is asked, decided and supervised about cases.

diesel::table! {
    review_requests (seq) {
        seq -> BigInt,
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

diesel::table! {
    referrals (platform, referral_id) {
        platform -> Text,
        referral_id -> Text,
        case_id -> Text,
        body_digest -> Binary,
        outcome -> Text,
        conflict -> Nullable<Text>,
        received_at -> Timestamp,
    }
}

diesel::table! {
    referral_conflicts (seq) {
        seq -> BigInt,
        id -> Text,
        case_id -> Text,
        source -> Text,
        platform -> Text,
        reference -> Text,
        holder -> Text,
        holder_platform -> Nullable<Text>,
        other -> Text,
        other_platform -> Nullable<Text>,
        superior -> Nullable<Text>,
        superior_platform -> Nullable<Text>,
        division -> Nullable<Text>,
        province -> Text,
        state -> Text,
        keeper -> Nullable<Text>,
        actor -> Nullable<Text>,
        reason -> Nullable<Binary>,
        recorded_at -> Timestamp,
        decided_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    supervisions (seq) {
        seq -> BigInt,
        id -> Text,
        case_id -> Text,
        rule -> Text,
        kind -> Text,
        occasion -> Text,
        cause -> Text,
        organization -> Nullable<Text>,
        platform -> Nullable<Text>,
        division -> Nullable<Text>,
        province -> Text,
        follows -> Nullable<Text>,
        state -> Text,
        raised_at -> Timestamp,
        due_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        answer -> Nullable<Binary>,
        adopted -> Nullable<Bool>,
        adoption_note -> Nullable<Binary>,
        adoption_by -> Nullable<Text>,
        adoption_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    gap_counts (organization) {
        organization -> Text,
        division -> Text,
        cases -> BigInt,
    }
}

diesel::table! {
    warnings (seq) {
        seq -> BigInt,
        id -> Text,
        rule -> Text,
        subject -> Text,
        matter -> Nullable<Text>,
        area -> Nullable<Text>,
        category -> Nullable<Text>,
        case_id -> Text,
        cases -> BigInt,
        before -> BigInt,
        places -> BigInt,
        state -> Text,
        raised_at -> Timestamp,
        counted_at -> Timestamp,
        closed_at -> Nullable<Timestamp>,
        acknowledged_at -> Nullable<Timestamp>,
        acknowledged_by -> Nullable<Text>,
        note -> Nullable<Binary>,
    }
}
