//! What a simulated platform was told, in one form for all of them.

use std::collections::HashMap;

use serde::Serialize;

/// Everything that reached a platform, and what it sent itself.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Received {
    pub forwards: Vec<Forward>,
    pub notices: Vec<Notice>,
    /// Requests with a wrong signature, a stale time or no valid access token.
    pub refused: u32,
    /// Requests that met a fault.
    pub faulted: u32,
    pub sent: Sent,
}

/// A case forwarded to the platform as the responsible body's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Forward {
    pub delivery: String,
    pub case: String,
    /// The number the platform answered with.
    pub receipt: String,
    pub organization: Option<String>,
    pub subject: String,
    /// How often the same delivery arrived; one if nothing was repeated.
    pub times: u32,
    /// How far the handling body has got, in the platform's words; empty before it has begun.
    pub status: String,
}

/// Something the platform was told about a filing of its own.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Notice {
    /// Absent on WeChat, whose messages carry none.
    pub delivery: Option<String>,
    pub kind: NoticeKind,
    /// The filing's number; the OpenID on WeChat.
    pub about: String,
    pub case: String,
    /// In the platform's words; absent where only a text is sent.
    pub status: Option<String>,
    pub text: Option<String>,
    pub times: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    Registered,
    Duplicate,
    Status,
    Reply,
    /// A case the platform's body had is handled elsewhere.
    Withdrawn,
    /// WeChat: a subscription message, whatever it is about.
    Subscribed,
    /// A filing of a case the platform's body has is no longer what it was.
    Revised,
}

/// Webhooks and callbacks of the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sent {
    pub filings: u32,
    pub acknowledged: u32,
    pub attempts: u32,
    /// Sent again on purpose after they were acknowledged.
    pub doubled: u32,
    pub given_up: u32,
}

/// Notices by what makes two of them the same message.
#[derive(Default)]
pub(super) struct Notices {
    list: Vec<Notice>,
    by_key: HashMap<String, usize>,
}

impl Notices {
    /// Enters a notice; true if it is new.
    pub fn enter(&mut self, key: String, notice: Notice) -> bool {
        match self.by_key.get(&key).and_then(|at| self.list.get_mut(*at)) {
            Some(known) => {
                known.times += 1;
                false
            }
            None => {
                self.by_key.insert(key, self.list.len());
                self.list.push(notice);
                true
            }
        }
    }

    pub fn list(&self) -> &[Notice] {
        &self.list
    }
}
