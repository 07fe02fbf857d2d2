//! The only door to the outside: one port for gRPC, gRPC-Web, HTTP/JSON and the streams of clients.
//!
//! A request is cleaned at the [`edge`] (size, address, rate, site), then goes one of two ways:
//! [`grpc`] passes rpcs on as bytes, [`http`] turns JSON into rpcs and back by the annotations of
//! the protos. Streams are the exception to "stateless": [`session`] is their protocol as a state
//! machine, [`stream`] the transports, [`node`] what all streams of this process share, namely one
//! connection to each service behind, whatever the number of clients.
//!
//! Nothing is stored here. A gateway that dies takes nothing with it: clients come again at another
//! one and go on from their cursor.
#![warn(missing_docs)]

pub mod config;
mod edge;
mod error;
mod grpc;
mod http;
mod metrics;
mod node;
pub mod program;
mod service;
mod session;
mod site;
mod stream;

pub use config::{GatewaySettings, Listener};
pub use error::GatewayError;
pub use node::node_id;
pub use service::{BuildError, Deps, ListenError, Service, build};
