//! JSON made by a mapping into the types of the exchange format, or the place where it breaks the format.

use std::sync::LazyLock;

use jsonschema::{Validator, error::ValidationErrorKind};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use super::{
    error::Problem,
    shape::{FieldProblem, escape},
};
use crate::domain::{
    division, resident_id,
    submission::{IdDocumentKind, Submission},
    update::CaseUpdate,
    withdrawal::Withdrawal,
};

static SUBMISSION: LazyLock<Option<Validator>> = LazyLock::new(validator::<Submission>);
static UPDATE: LazyLock<Option<Validator>> = LazyLock::new(validator::<CaseUpdate>);
static WITHDRAWAL: LazyLock<Option<Validator>> = LazyLock::new(validator::<Withdrawal>);

fn validator<T: ToSchema>() -> Option<Validator> {
    let mut referenced = Vec::new();
    T::schemas(&mut referenced);
    referenced.push((T::name().into_owned(), T::schema()));
    let schemas: serde_json::Map<String, Json> =
        referenced.into_iter().filter_map(|(name, schema)| Some((name, serde_json::to_value(schema).ok()?))).collect();
    let document = json!({"$ref": format!("#/components/schemas/{}", T::name()), "components": {"schemas": schemas}});
    jsonschema::options().should_validate_formats(true).build(&document).ok()
}

pub(super) fn submission(json: &Json) -> Result<Submission, FieldProblem> {
    typed(json, &SUBMISSION)
}

pub(super) fn update(json: &Json) -> Result<CaseUpdate, FieldProblem> {
    typed(json, &UPDATE)
}

pub(super) fn withdrawal(json: &Json) -> Result<Withdrawal, FieldProblem> {
    typed(json, &WITHDRAWAL)
}

/// The schema is asked only where the types refuse: it finds the place that serde does not name.
fn typed<T: DeserializeOwned>(json: &Json, validator: &Option<Validator>) -> Result<T, FieldProblem> {
    T::deserialize(json).map_err(|_| {
        let found = validator.as_ref().and_then(|v| faults(v, json).into_iter().next());
        found.unwrap_or_else(|| FieldProblem::invalid("", "the record does not fit the exchange format"))
    })
}

/// Everything about a submission that intake would refuse and that can be known without a clock or a store.
pub(super) fn faults_of_submission(submission: &Submission) -> Vec<FieldProblem> {
    let json = serde_json::to_value(submission).unwrap_or_default();
    let mut faults: Vec<FieldProblem> = SUBMISSION.as_ref().map(|v| faults(v, &json)).unwrap_or_default();
    if let Some(code) = submission.division.as_deref().filter(|code| !division::is_known(code)) {
        faults.push(FieldProblem::invalid("/division", &format!("GB/T 2260 does not list the division {code}")));
    }
    if submission.petitioners.is_empty() && !submission.anonymous {
        faults.push(FieldProblem::invalid("/petitioners", "a filing that is not anonymous has a petitioner"));
    }
    for (at, petitioner) in submission.petitioners.iter().enumerate() {
        if let Some(document) = petitioner.id_document.as_ref().filter(|d| d.kind == IdDocumentKind::ResidentId)
            && let Err(why) = resident_id::normalize(&document.number)
        {
            faults.push(FieldProblem::invalid(&format!("/petitioners/{at}/id_document/number"), &why.to_string()));
        }
    }
    faults
}

pub(super) fn faults_of_update(update: &CaseUpdate) -> Vec<FieldProblem> {
    let json = serde_json::to_value(update).unwrap_or_default();
    UPDATE.as_ref().map(|v| faults(v, &json)).unwrap_or_default()
}

pub(super) fn faults_of_withdrawal(withdrawal: &Withdrawal) -> Vec<FieldProblem> {
    let json = serde_json::to_value(withdrawal).unwrap_or_default();
    WITHDRAWAL.as_ref().map(|v| faults(v, &json)).unwrap_or_default()
}

/// Without the values: they may be personal data.
fn faults(validator: &Validator, json: &Json) -> Vec<FieldProblem> {
    validator
        .iter_errors(json)
        .take(20)
        .map(|error| match error.kind() {
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                FieldProblem::invalid(&format!("{}/{}", error.instance_path(), escape(name)), "there is no value, and one is required")
            }
            _ => FieldProblem::invalid(error.instance_path().as_str(), &error.masked_with("the value").to_string()),
        })
        .collect()
}

impl FieldProblem {
    pub(super) fn invalid(pointer: &str, why: &str) -> Self {
        Self { pointer: pointer.to_owned(), expression: None, problem: Problem::Invalid(why.to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Json {
        json!({"source_id": "1", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
            "petitioners": [{"name": "张三"}], "subject": "s", "content": "c"})
    }

    fn check(change: impl Fn(&mut Json), expected: Result<(), (&str, &str)>) {
        let mut json = whole();
        change(&mut json);
        let made = submission(&json).map(|_| ()).map_err(|p| (p.pointer, p.problem.to_string()));
        assert_eq!(made, expected.map_err(|(p, w)| (p.to_owned(), w.to_owned())));
    }

    #[test]
    fn the_place_of_a_fault_is_found_and_its_value_hidden() {
        check(|_| {}, Ok(()));
        check(
            |j| j["channel"] = json!("carrier pigeon"),
            Err(("/channel", "the value is not one of \"web\", \"mobile_app\" or 6 other candidates")),
        );
        check(
            |j| j["petitioners"][0]["phone"] = json!(138),
            Err(("/petitioners/0/phone", "the value is not of types \"null\", \"string\"")),
        );
        check(|j| j["submitted_at"] = json!("yesterday"), Err(("/submitted_at", "the value is not a \"date-time\"")));
        check(|j| drop(j.as_object_mut().map(|o| o.remove("content"))), Err(("/content", "there is no value, and one is required")));
    }

    #[test]
    fn what_intake_would_refuse_is_found() {
        let mut json = whole();
        json["division"] = json!("439999");
        json["petitioners"][0]["id_document"] = json!({"type": "resident_id", "number": "110105194912310021"});
        let submission = submission(&json).expect("types fit");
        let pointers: Vec<String> = faults_of_submission(&submission).into_iter().map(|f| f.pointer).collect();
        assert_eq!(pointers, ["/division", "/petitioners/0/id_document/number"]);
    }
}
