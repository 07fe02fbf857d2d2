//! The contract as Rust types, generated from `proto/` at build time. Nothing is written by hand
//! here: what is missing belongs into the protos, what is more belongs into a service.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    clippy::str_to_string,
    clippy::clone_on_ref_ptr,
    unreachable_pub,
    unused_qualifications,
    reason = "generated code"
)]

/// The file descriptor set of all protos, with comments and `google.api.http` options: the source of
/// server reflection, HTTP/JSON transcoding and the OpenAPI document.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.binpb"));

/// `google.rpc`: only what this project uses.
pub mod google {
    /// Error model.
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
    /// HTTP annotations.
    pub mod api {
        tonic::include_proto!("google.api");
    }
}

/// The product's packages.
pub mod im {
    /// Who you are.
    pub mod auth {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("im.auth.v1");
        }
    }
    /// What goes over the bus.
    pub mod event {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("im.event.v1");
        }
    }
    /// The stream of a client.
    pub mod gateway {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("im.gateway.v1");
        }
    }
    /// Who said what.
    pub mod messaging {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("im.messaging.v1");
        }
    }
    /// Who sees whom.
    pub mod presence {
        /// Version 1.
        pub mod v1 {
            tonic::include_proto!("im.presence.v1");
        }
    }
}

pub use im::{auth::v1 as auth, event::v1 as event, gateway::v1 as gateway};
pub use im::{messaging::v1 as messaging, presence::v1 as presence};
