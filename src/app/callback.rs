//! Requests that platforms send to us in their own form.

use super::{Gateway, health::Fault, receive::ReceiveError, revise::Order};
use crate::adapter::{CallbackError, Request, Response};
use crate::store::StoreError;

/// Why a platform's request was not taken in.
#[derive(Debug, thiserror::Error)]
pub enum CallbackRefused {
    #[error("no platform of this name takes callbacks")]
    NoPlatform,
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// Not stored; the platform must send it again.
    #[error(transparent)]
    Receive(#[from] ReceiveError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Takes in a platform's request; the answer is given once its records are durable.
    pub async fn callback(&self, platform: &str, request: &Request) -> Result<Response, CallbackRefused> {
        let platform = self.federation().platform(platform).ok_or(CallbackRefused::NoPlatform)?;
        let adapter = platform.adapter.as_ref().filter(|adapter| adapter.has_callback()).ok_or(CallbackRefused::NoPlatform)?;
        let callback = match adapter.callback(request, &platform.secrets, self.now()) {
            Ok(callback) => callback,
            Err(error) => {
                // Anybody can send anything here: it is counted and says nothing about the platform's health.
                self.count_fault(&platform.platform.id, Fault::new(error.code(), &error)).await?;
                return Err(error.into());
            }
        };
        let received = self.receive(platform, callback.records, Order::Any).await?;
        self.0.crash.pass("callback.received");
        tracing::debug!(platform = platform.platform.id, ?received, ignored = callback.ignored, "callback taken in");
        Ok(callback.response)
    }
}
