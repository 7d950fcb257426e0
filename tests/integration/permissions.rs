//! Who may do what: the matrix in `docs/permissions.md` is what the gateway does, and nobody sees what belongs to somebody else.

mod leaks;
mod matrix;

use onecase::{
    app::Grant,
    domain::access::{HeldOver, Role},
};

use crate::support::http::TestServer;

/// The platform of those whose role is held over one.
const PLATFORM: &str = "hunan";
/// The division of those who are confined to one.
const DIVISION: &str = "430000";

/// A key of a role; `confined` to [`DIVISION`].
fn role_key(test: &TestServer, role: Role, confined: bool) -> String {
    let grant = Grant {
        platform: (role.held_over() == HeldOver::Platform).then(|| PLATFORM.to_owned()),
        scopes: role.scopes().to_vec(),
        division: confined.then(|| DIVISION.to_owned()),
        label: format!("{} {confined}", role.as_str()),
        expires_at: None,
    };
    role.check(grant.platform.as_deref(), grant.division.as_deref()).unwrap();
    test.gateway.grant_key(&grant).unwrap().secret
}
