//! The ports of a process: gRPC (h2c) with health and reflection, and a small HTTP port for the
//! operator.

mod admin;
mod ending;
mod grpc;
mod health;

pub use admin::serve_admin;
pub use grpc::{GrpcServer, ServeError, ServerLimits};
