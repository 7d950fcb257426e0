//! Making the messages that a change owes.

use chrono::{DateTime, Utc};

use super::Federation;
use crate::{
    domain::{
        case::CaseStatus,
        id,
        message::{CaseSummary, Message, MessageKind, Notice, SubmissionReference},
        submission::Submission,
        update::Reply,
    },
    store::{
        cases::Case,
        deliveries::NewDelivery,
        review_requests::ReviewRequest,
        revisions::{RevisionKind, Untold},
        submissions::Registered,
    },
};

/// Makes messages about cases at one moment.
pub(super) struct Messenger<'a> {
    pub federation: &'a Federation,
    /// Makes the codes petitioners ask with.
    pub query_key: &'a [u8; 32],
    pub now: DateTime<Utc>,
}

impl Messenger<'_> {
    /// A canonical case put into its responsible body's hands. `None` where its platform cannot be sent forwards.
    /// `ruling` names the decision of a person that sent the case out again.
    pub fn forward(&self, case: &Case, founding: &Registered, ruling: Option<&str>) -> Option<NewDelivery> {
        let platform = case.platform.as_deref()?;
        let own = (founding.platform == platform).then(|| reference(founding));
        let mut message = self.message(MessageKind::CaseForwarded, case, own);
        message.forwarded = Some(Box::new(self.content(founding)));
        // The responsible body is part of the key: a case routed anew is a new forward.
        let organization = case.organization.as_deref().unwrap_or_default();
        self.owed(platform, Some(&founding.id), message, format!("forward:{}:{organization}:{}", case.id, ruling.unwrap_or_default()))
    }

    /// What a body is given of a filing.
    fn content(&self, founding: &Registered) -> Submission {
        match (founding.erased, founding.blind) {
            (true, _) => erased(&founding.submission),
            (false, true) => self.withheld(founding),
            (false, false) => founding.submission.clone(),
        }
    }

    /// The envelope of a blind filing, saying where its content can be asked for: the body gets a case it can handle, and
    /// the platform keeps what it may not share.
    fn withheld(&self, founding: &Registered) -> Submission {
        let name = self.federation.platform(&founding.platform).map_or(founding.platform.as_str(), |p| p.platform.name.as_str());
        let mut envelope = founding.submission.clone();
        envelope.subject = format!("{name}登记的信访件（内容由该平台保存）");
        envelope.content = format!("本件由{name}登记，编号{}。内容和信访人信息未经网关交换，请凭该编号向该平台调取。", envelope.source_id);
        let place = serde_json::json!({ "platform": founding.platform, "name": name, "source_id": envelope.source_id });
        envelope.extensions.insert("content_at".to_owned(), place);
        envelope
    }

    /// To the platform of the body that reviews an answer, with what the petitioner has against it.
    pub fn review(&self, case: &Case, founding: &Registered, request: &ReviewRequest, reason: &str) -> Option<NewDelivery> {
        let platform = request.reviewer_platform.as_str();
        let own = (founding.platform == platform).then(|| reference(founding));
        let mut message = self.message(MessageKind::CaseForwarded, case, own);
        message.forwarded = Some(Box::new(self.content(founding)));
        let asked = if case.status == CaseStatus::UnderReReview { "复核" } else { "复查" };
        message.note = Some(format!("信访人对答复意见不服，请求{asked}，请自收到之日起三十日内提出{asked}意见。理由：{reason}"));
        self.owed(platform, Some(&founding.id), message, format!("review:{}:{}", case.id, request.id))
    }

    /// To the platform of a body that had the case: people ruled that it is handled elsewhere.
    pub fn withdrawn(&self, case: &Case, founding: &Registered, ruling: &str) -> Option<NewDelivery> {
        let platform = case.platform.as_deref()?;
        let own = (founding.platform == platform).then(|| reference(founding));
        let mut message = self.message(MessageKind::CaseWithdrawn, case, own.clone());
        message.note = Some(match &case.merged_into {
            Some(into) => format!("该事项与编号{into}的信访事项为同一事项，已并案办理，请终止办理。"),
            None => "该事项已改由其他单位办理，请终止办理。".to_owned(),
        });
        self.owed(platform, own.as_ref().map(|own| own.id.as_str()), message, format!("withdrawn:{}:{ruling}", case.id))
    }

    /// To a platform that one of the bodies concerned works on.
    pub fn notice(&self, case: &Case, platform: &str, notice: Notice, note: String) -> Option<NewDelivery> {
        let key = format!("notice:{}:{}:{}", notice.kind.as_str(), notice.id, platform);
        let mut message = self.message(MessageKind::CaseNotice, case, None);
        message.notice = Some(notice);
        message.note = Some(note);
        self.owed(platform, None, message, key)
    }

    /// To the platform of the body that has the case: a filing of it is no longer what it was. Whoever told us of the change
    /// knows it already.
    pub fn revised(&self, case: &Case, revision: &Untold) -> Option<NewDelivery> {
        let platform = case.platform.as_deref().filter(|handling| *handling != revision.platform)?;
        let mut message = self.message(MessageKind::CaseRevised, case, None);
        let told_by = self.federation.platform(&revision.platform).map_or(revision.platform.as_str(), |p| p.platform.name.as_str());
        message.note = Some(match (revision.kind, &revision.reason) {
            (RevisionKind::Changed, _) => format!("{told_by}的信访件有改动，以本次内容为准。"),
            (RevisionKind::Withdrawn, None) => format!("{told_by}的信访件已撤回。"),
            (RevisionKind::Withdrawn, Some(reason)) => format!("{told_by}的信访件已撤回：{reason}"),
        });
        message.forwarded = (revision.kind == RevisionKind::Changed).then(|| Box::new(revision.now.clone()));
        self.owed(platform, Some(&revision.submission_id), message, format!("revised:{}:{}", revision.submission_id, revision.number))
    }

    /// To the source of a filing that people moved to another case.
    pub fn moved(&self, case: &Case, submission: &Registered, ruling: &str, repeats: bool) -> Option<NewDelivery> {
        let kind = if repeats { MessageKind::DuplicateRegistered } else { MessageKind::SubmissionRegistered };
        let mut message = self.message(kind, case, Some(reference(submission)));
        let body = message.case.organization.as_ref().map_or("信访部门", |body| body.name.as_str());
        message.note = Some(if repeats {
            format!("经核对，您反映的事项与编号{}为同一事项，由{body}办理，目前{}。", case.id, status_text(case.status))
        } else {
            format!("经核对，您反映的事项已单独登记，编号{}，由{body}办理。", case.id)
        });
        self.owed(&submission.platform, Some(&submission.id), message, format!("moved:{ruling}:{}", submission.id))
    }

    /// To the source of the filing that founded the case.
    pub fn registered(&self, case: &Case, submission: &Registered) -> Option<NewDelivery> {
        let mut message = self.message(MessageKind::SubmissionRegistered, case, Some(reference(submission)));
        message.note = Some(match &message.case.organization {
            Some(body) => format!("您的信访事项已登记，编号{}，由{}办理。", case.id, body.name),
            None => format!("您的信访事项已登记，编号{}，正在确定办理单位。", case.id),
        });
        self.owed(&submission.platform, Some(&submission.id), message, format!("registered:{}", submission.id))
    }

    /// To the source of a filing that repeats a case (信访工作条例, article 19(3)): where and how it is handled.
    pub fn duplicate(&self, case: &Case, submission: &Registered) -> Option<NewDelivery> {
        let mut message = self.message(MessageKind::DuplicateRegistered, case, Some(reference(submission)));
        let body = message.case.organization.as_ref().map_or("信访部门", |body| body.name.as_str());
        message.note = Some(format!(
            "您反映的同一事项此前已登记，编号{}，由{body}办理，目前{}。本次来信已并入该事项，办理进展和答复将同时告知您，无需重复提交。",
            case.id,
            status_text(case.status)
        ));
        self.owed(&submission.platform, Some(&submission.id), message, format!("duplicate:{}", submission.id))
    }

    /// To one source: the case's status changed in `event`.
    pub fn status(&self, case: &Case, submission: &Registered, event: &str, reason: Option<&str>) -> Option<NewDelivery> {
        let mut message = self.message(MessageKind::CaseStatus, case, Some(reference(submission)));
        message.note = reason.map(str::to_owned);
        self.owed(&submission.platform, Some(&submission.id), message, format!("status:{event}:{}", submission.id))
    }

    /// To one source: the written answer given in `event`.
    pub fn reply(&self, case: &Case, submission: &Registered, event: &str, reply: &Reply) -> Option<NewDelivery> {
        let mut message = self.message(MessageKind::CaseReply, case, Some(reference(submission)));
        message.reply = Some(reply.clone());
        self.owed(&submission.platform, Some(&submission.id), message, format!("reply:{event}:{}", submission.id))
    }

    fn message(&self, kind: MessageKind, case: &Case, submission: Option<SubmissionReference>) -> Message {
        Message {
            id: id::new_id(self.now),
            kind,
            created_at: self.now,
            case: CaseSummary {
                query_code: submission.is_some().then(|| id::query_code(self.query_key, &case.id)),
                id: case.id.clone(),
                status: case.status,
                organization: case.organization.as_deref().map(|id| self.federation.organization_reference(id)),
            },
            submission,
            forwarded: None,
            reply: None,
            notice: None,
            note: None,
        }
    }

    /// `about` names the filing whose content or petitioner the message speaks of.
    fn owed(&self, platform: &str, about: Option<&str>, message: Message, idempotency_key: String) -> Option<NewDelivery> {
        let takes = self.federation.platform(platform).is_some_and(|p| p.takes_messages());
        takes.then(|| NewDelivery { idempotency_key, platform: platform.to_owned(), about: about.map(str::to_owned), message })
    }
}

/// The envelope of an erased filing, saying so to whoever has the case.
pub(super) fn erased(envelope: &Submission) -> Submission {
    let mut envelope = envelope.clone();
    envelope.subject = "个人信息已依法删除的信访件".to_owned();
    envelope.content = format!("本件编号{}，信访人个人信息和内容已依法删除。", envelope.source_id);
    envelope
}

fn reference(submission: &Registered) -> SubmissionReference {
    SubmissionReference {
        id: submission.id.clone(),
        source_id: submission.submission.source_id.clone(),
        channel: submission.submission.channel,
        account: account(&submission.submission),
    }
}

fn account(submission: &Submission) -> Option<String> {
    submission.petitioners.iter().find_map(|petitioner| petitioner.account.clone())
}

/// How a status is told to a petitioner.
fn status_text(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Registered | CaseStatus::Routed => "已转送办理单位",
        CaseStatus::Objected => "正在确定办理单位",
        CaseStatus::Accepted => "已受理",
        CaseStatus::Refused => "不予受理",
        CaseStatus::InProgress => "正在办理",
        CaseStatus::Extended => "已延期办理",
        CaseStatus::Answered => "已作出答复",
        CaseStatus::Closed => "已办结",
        CaseStatus::UnderReview => "正在复查",
        CaseStatus::UnderReReview => "正在复核",
        CaseStatus::Concluded => "已复核终结",
    }
}
