//! A filing as the matcher reads it.

use crate::{
    domain::submission::{PetitionerRole, Submission},
    matching::{Fingerprint, Fingerprinter, Person, Record, Role},
};

/// The fingerprint of a filing on a platform. `division` stands in where the filing names none.
pub(super) fn of(fingerprinter: &Fingerprinter, platform: &str, submission: &Submission, division: &str) -> Fingerprint {
    let births: Vec<Option<String>> = submission.petitioners.iter().map(|p| p.birth_date.map(|date| date.to_string())).collect();
    let persons = submission
        .petitioners
        .iter()
        .zip(&births)
        .map(|(petitioner, birth)| Person {
            role: match petitioner.role {
                PetitionerRole::Petitioner => Role::Petitioner,
                PetitionerRole::CoSigner => Role::CoSigner,
                PetitionerRole::Representative => Role::Representative,
            },
            name: petitioner.name.as_deref(),
            id_number: petitioner.id_document.as_ref().map(|document| document.number.as_str()),
            phone: petitioner.phone.as_deref(),
            birth_date: birth.as_deref(),
            address: petitioner.address.as_deref(),
            account: petitioner.account.as_deref(),
        })
        .collect();
    let respondent = submission.respondent.as_ref().and_then(|r| r.organization.as_deref().or(r.name.as_deref()));
    fingerprinter.fingerprint(&Record {
        platform,
        channel: Some(submission.channel.as_str()),
        submitted_at: Some(submission.submitted_at.timestamp()),
        anonymous: submission.anonymous,
        persons,
        subject: &submission.subject,
        content: &submission.content,
        division: Some(submission.division.as_deref().unwrap_or(division)),
        place: submission.place.as_deref(),
        point: submission.location.as_ref().map(|point| point.coordinates),
        category: submission.category.as_deref(),
        respondent,
    })
}
