//! The rpcs that clients may call.

use std::collections::HashMap;

use prost_reflect::{DescriptorPool, MethodDescriptor};

/// Who may call an rpc, as far as the gateway decides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Sessions, also those that can only change the password.
    AnySession,
    /// Sessions.
    Session,
}

/// Needed to get in, so no token can be asked for.
const OPEN: [&str; 5] = [
    "/im.auth.v1.AuthService/GetSite",
    "/im.auth.v1.AuthService/Register",
    "/im.auth.v1.AuthService/Login",
    "/im.auth.v1.AuthService/Refresh",
    "/im.auth.v1.AuthService/ClaimFirstAdministrator",
];

/// What a session whose password has expired may still do.
const ANY_SESSION: [&str; 2] = [
    "/im.auth.v1.AuthService/ChangePassword",
    "/im.auth.v1.AuthService/Logout",
];

/// The rpcs that clients may call: those of services not named `…InternalService`.
#[derive(Debug, Clone)]
pub(crate) struct Methods {
    rpcs: Vec<MethodDescriptor>,
    by_path: HashMap<String, usize>,
}

impl Methods {
    /// Reads them from the descriptors.
    pub(crate) fn new(pool: &DescriptorPool) -> Self {
        let rpcs: Vec<MethodDescriptor> = pool
            .services()
            .filter(|service| {
                service.package_name().starts_with("im.")
                    && !service.name().ends_with("InternalService")
            })
            .flat_map(|service| service.methods().collect::<Vec<_>>())
            .collect();
        let by_path = rpcs
            .iter()
            .enumerate()
            .map(|(index, rpc)| (path(rpc), index))
            .collect();
        Self { rpcs, by_path }
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &MethodDescriptor> {
        self.rpcs.iter()
    }

    /// The rpc at `/package.Service/Method`.
    pub(crate) fn get(&self, path: &str) -> Option<&MethodDescriptor> {
        self.by_path
            .get(path)
            .and_then(|index| self.rpcs.get(*index))
    }

    /// The full names of their services.
    pub(crate) fn services(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .rpcs
            .iter()
            .map(|rpc| rpc.parent_service().full_name().to_owned())
            .collect();
        names.dedup();
        names
    }
}

/// `/package.Service/Method`.
pub(super) fn path(rpc: &MethodDescriptor) -> String {
    format!("/{}/{}", rpc.parent_service().full_name(), rpc.name())
}

/// Who may call the rpc at `path`.
pub(crate) fn access(path: &str) -> Access {
    if OPEN.contains(&path) {
        Access::Open
    } else if ANY_SESSION.contains(&path) {
        Access::AnySession
    } else {
        Access::Session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_rpcs_are_not_for_clients() {
        let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
        let methods = Methods::new(&pool);
        assert!(
            methods
                .get("/im.messaging.v1.MessageService/SendMessage")
                .is_some()
        );
        assert!(
            methods
                .get("/im.auth.v1.AuthInternalService/RedeemTicket")
                .is_none()
        );
        assert!(
            methods
                .iter()
                .all(|rpc| !rpc.full_name().contains("Internal"))
        );
    }

    #[test]
    fn every_exception_is_an_rpc() {
        let pool = DescriptorPool::decode(im_proto::DESCRIPTOR_SET).unwrap();
        let methods = Methods::new(&pool);
        for path in OPEN.iter().chain(&ANY_SESSION) {
            assert!(methods.get(path).is_some(), "{path}");
        }
        assert_eq!(access("/im.auth.v1.AuthService/Login"), Access::Open);
        assert_eq!(access("/im.auth.v1.AuthService/Logout"), Access::AnySession);
        assert_eq!(access("/im.auth.v1.UserService/GetUser"), Access::Session);
    }
}
