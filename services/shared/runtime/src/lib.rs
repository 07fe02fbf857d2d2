//! What every process of the system needs and none should build twice: one error model, calls
//! between services, serving, starting and stopping, configuration, telemetry.
//!
//! The idea that holds it together: **one channel type for a neighbour in the same process and
//! for a neighbour across the network** ([`rpc::RpcChannel`]). Everything that HTTP/2 or a proxy
//! would otherwise provide (deadline, request id, trace context, the identity of the caller) is a
//! layer on both paths, so that the standalone program behaves like four processes.
//!
//! A program is: [`config::load`] → [`lifecycle::run`] → build the services → [`serve::GrpcServer`].
#![warn(missing_docs)]

pub mod config;
pub mod error;
pub mod lifecycle;
pub mod rpc;
pub mod serve;
pub mod telemetry;
pub mod tls;
