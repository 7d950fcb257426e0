//! Version 1 of the API, one file per resource.
#![allow(unused_qualifications, reason = "the macro that describes an operation repeats the types it is given")]

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

pub mod alerts;
pub mod audit;
pub mod batch;
pub mod cases;
pub mod changes;
pub mod coverage;
pub mod deadlines;
pub mod deliveries;
pub mod duplicates;
pub mod erasures;
pub mod exports;
pub mod gaps;
pub mod indicators;
pub mod matters;
pub mod objections;
pub mod organizations;
pub mod overview;
pub mod platforms;
pub mod public;
pub mod ratings;
pub mod referrals;
pub mod reports;
pub mod review_requests;
pub mod reviews;
pub mod rulings;
pub mod submissions;
pub mod supervisions;
pub mod updates;
pub mod warnings;
pub mod webhooks;

/// A list that is short enough to come whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
}

/// Mounts every resource. Fixed paths come before those with a parameter in the same place.
pub fn configure(config: &mut ServiceConfig<'_>) {
    oversight(config);
    config
        .service(batch::create_submissions)
        .service(submissions::create_blind_submission)
        .service(submissions::create_submission)
        .service(submissions::list_submissions)
        .service(submissions::get_submission)
        .service(erasures::erase_submission)
        .service(exports::export_cases)
        .service(exports::export_duplicates)
        .service(exports::export_deadlines)
        .service(exports::export_indicators)
        .service(exports::get_export)
        .service(cases::list_cases)
        .service(cases::get_case)
        .service(cases::list_case_events)
        .service(cases::list_case_submissions)
        .service(cases::list_case_matches)
        .service(changes::list_changes)
        .service(changes::get_change)
        .service(webhooks::create_webhook)
        .service(webhooks::list_webhooks)
        .service(webhooks::get_webhook)
        .service(webhooks::change_webhook)
        .service(webhooks::delete_webhook)
        .service(webhooks::rotate_webhook_secret)
        .service(webhooks::replay_webhook)
        .service(webhooks::test_webhook)
        .service(webhooks::list_webhook_deliveries)
        .service(ratings::rate_case)
        .service(review_requests::request_review)
        .service(objections::decide_objection)
        .service(updates::update_case)
        .service(updates::report_update)
        .service(rulings::merge_case)
        .service(rulings::split_case)
        .service(rulings::keep_case_apart)
        .service(rulings::release_case)
        .service(rulings::list_case_rulings)
        .service(reviews::list_reviews)
        .service(matters::list_matters)
        .service(matters::get_matter)
        .service(duplicates::list_duplicates)
        .service(duplicates::count_duplicates)
        .service(platforms::list_platforms)
        .service(platforms::get_platform)
        .service(platforms::list_parked_updates)
        .service(platforms::get_reconciliation)
        .service(platforms::reconcile_platform)
        .service(organizations::list_organizations)
        .service(overview::get_overview)
        .service(indicators::get_indicators)
        .service(reports::get_year_report)
        .service(public::get_public_case)
        .service(public::get_guidance)
        .service(gaps::list_gaps)
        .service(alerts::list_alerts)
        .service(deadlines::list_deadlines)
        .service(deliveries::list_deliveries)
        .service(deliveries::get_delivery)
        .service(deliveries::requeue_delivery)
        .service(audit::get_checkpoint)
        .service(audit::list_audit_entries)
        .service(audit::get_inclusion_proof)
        .service(audit::get_consistency_proof)
        .service(deliveries::requeue_deliveries);
}

/// What is supervised, decided between bodies and warned of.
fn oversight(config: &mut ServiceConfig<'_>) {
    config
        .service(referrals::refer_case)
        .service(referrals::list_referral_conflicts)
        .service(referrals::get_referral_conflict)
        .service(referrals::decide_referral_conflict)
        .service(supervisions::list_supervisions)
        .service(supervisions::get_supervision)
        .service(supervisions::answer_supervision)
        .service(supervisions::record_adoption)
        .service(coverage::get_coverage)
        .service(warnings::list_warnings)
        .service(warnings::get_warning)
        .service(warnings::acknowledge_warning)
        .service(warnings::get_trends);
}
