//! Calls between services: one channel type for both deployment forms, and the layers on it.
//!
//! Headers a call carries beside gRPC's own: `im-request-id`, `traceparent`/`tracestate`,
//! `grpc-timeout` (what is left of the caller's time), `im-service` (which process asks, see
//! [`identity`]) and, where a person stands behind the call, what [`RequestContext`] lists.

mod channel;
mod client;
mod context;
mod deadline;
pub mod identity;
mod remote;
mod resolver;
pub mod scope;
mod server;
mod trace;

pub use channel::{RpcBody, RpcChannel};
pub use client::ClientLayers;
pub use context::RequestContext;
pub use identity::{InternalKey, PeerService, ServiceIdentity};
pub use remote::{RemoteConfig, RemoteError};
pub use server::ServerLayers;

/// What a transport may fail with below gRPC.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Largest message a server decodes, in bytes: tonic's default, which no service raises; larger
/// things (files) travel in pieces.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024 * 1024;
