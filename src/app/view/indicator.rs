//! Indicators (考核指标) as they are shown. The formulas are ours, since no official ones are public.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A share with what it was computed from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Rate {
    pub numerator: u64,
    pub denominator: u64,
    /// Numerator ÷ denominator; absent where there was nothing to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
}

impl Rate {
    #[allow(clippy::cast_precision_loss, reason = "counts of filings are far below 2⁵³")]
    pub(in crate::app) fn new(numerator: u64, denominator: u64) -> Self {
        Self { numerator, denominator, value: (denominator > 0).then(|| numerator as f64 / denominator as f64) }
    }
}

/// The figures of one area, period and group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorFigures {
    /// Filings that came in.
    pub submissions: u64,
    /// Cases registered: duplicates are not counted again.
    pub cases: u64,
    /// Cases first answered.
    pub answered: u64,
    /// 及时受理率: acceptances and refusals decided within 15 days ÷ those whose last day lies in the period and is over.
    pub timely_acceptance: Rate,
    /// 按期办结率: answers given within the (extended) time ÷ those whose last day lies in the period and is over.
    pub on_time_completion: Rate,
    /// 群众满意率: satisfied or very satisfied by the newest rating ÷ rated, of the cases answered in the period.
    pub satisfaction: Rate,
    /// 参评率: rated ÷ answered.
    pub rating_participation: Rate,
    /// 网上信访占比: filings from the web, a mobile application or WeChat ÷ filings.
    pub online_share: Rate,
    /// 重复件占比: filings linked to a case that was there ÷ filings.
    pub duplicate_share: Rate,
    pub supervision: SupervisionFigures,
}

/// 督办: what bodies were called for, by the day it was raised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SupervisionFigures {
    /// 提醒
    pub reminders: u64,
    /// 回访
    pub return_calls: u64,
    /// 督办
    pub supervisions: u64,
    /// 反馈率: answered in time ÷ all of these and the proposals.
    pub answered: Rate,
    /// 责任追究建议采纳率: proposals to hold accountable that were adopted ÷ proposals.
    pub adopted: Rate,
}

/// The figures of one value of what was asked to be told apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct IndicatorGroup {
    /// A division, body, platform, channel, kind or category.
    pub value: String,
    pub figures: IndicatorFigures,
    /// The cases behind each figure, as [`Indicators::cases`].
    #[schema(example = "/v1/cases?counted_from=2026-01-01&counted_until=2026-03-31&division=430100{&counted}")]
    pub cases: String,
}

/// Indicators of an area over a period of days in Beijing, both ends included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Indicators {
    /// GB/T 2260 code; `000000` is the nation.
    pub area: String,
    pub from: NaiveDate,
    pub until: NaiveDate,
    pub computed_at: DateTime<Utc>,
    /// Everything that has happened is counted; otherwise the newest events are still being folded.
    pub up_to_date: bool,
    pub total: IndicatorFigures,
    /// The cases behind each figure of `total`: a URI template (RFC 6570) whose variable `counted` names what was counted. Of a rate:
    /// timely acceptance is `accept_met` ÷ `accept_due`, on-time completion `answer_met` ÷ `answer_due`, satisfaction `satisfied` ÷
    /// `rated`, participation `rated` ÷ `answered`, online share `online` ÷ `submissions`, duplicate share `duplicates` ÷ `submissions`,
    /// adopted `adopted` ÷ `proposals`. Of these, `submissions`, `online` and `duplicates` count filings: a case is listed once however
    /// many of its filings were counted.
    #[schema(example = "/v1/cases?counted_from=2026-01-01&counted_until=2026-03-31&division=430000{&counted}")]
    pub cases: String,
    /// The same number of days right before (环比).
    pub before: IndicatorFigures,
    /// The same days a year before (同比).
    pub year_before: IndicatorFigures,
    pub by: Vec<IndicatorGroup>,
}
