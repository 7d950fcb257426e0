//! Whether one thing lies in what somebody may see. Asked before the thing is read.

use super::{AppError, Gateway};
use crate::{
    domain::access::Reach,
    store::{Connection, StoreError, access},
};

impl Gateway {
    pub async fn sees_case(&self, reach: &Reach, id: &str) -> Result<bool, AppError> {
        self.sees(reach, id, access::sees_case).await
    }

    pub async fn sees_submission(&self, reach: &Reach, id: &str) -> Result<bool, AppError> {
        self.sees(reach, id, access::sees_submission).await
    }

    pub async fn sees_delivery(&self, reach: &Reach, id: &str) -> Result<bool, AppError> {
        self.sees(reach, id, access::sees_delivery).await
    }

    /// True if all of the matter lies in what may be seen: its name, size and trend are made of all its cases.
    pub async fn sees_matter(&self, reach: &Reach, id: &str) -> Result<bool, AppError> {
        let Some(division) = reach.division.clone() else { return Ok(true) };
        let id = id.to_owned();
        self.read(move |_, c| access::sees_matter(c, &division, &id)).await
    }

    /// True if the platform is the one that confines, or its division lies in the one that does.
    pub fn sees_platform(&self, reach: &Reach, id: &str) -> bool {
        let Some(found) = self.federation().platform(id) else { return false };
        reach.platform.as_deref().is_none_or(|own| own == id) && reach.covers(&found.platform.division)
    }

    async fn sees(
        &self,
        reach: &Reach,
        id: &str,
        look: fn(&mut Connection<'_>, &Reach, &str) -> Result<bool, StoreError>,
    ) -> Result<bool, AppError> {
        let (reach, id) = (reach.clone(), id.to_owned());
        self.read(move |_, c| look(c, &reach, &id)).await
    }
}
