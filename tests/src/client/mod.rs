//! A client of the public API over every transport: gRPC, gRPC-Web, HTTP/JSON with a WebSocket and
//! HTTP/JSON with server-sent events.
//!
//! An [`Operation`] says once how a call looks as an rpc and as an HTTP request; what comes back has
//! the same shape over all of them, so a test can compare answers. The HTTP form is written by hand
//! from the contract, not derived from the annotations that the gateway itself works by.

mod api;
mod events;
mod failure;
mod grpc;
mod grpc_web;
mod json;
mod operation;
pub mod ops;
mod person;
mod sse;

pub use api::{Api, Transport};
pub use events::{Events, Listen};
pub use failure::Failure;
pub use operation::Operation;
pub use person::Person;
