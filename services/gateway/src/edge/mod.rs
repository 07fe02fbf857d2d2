//! What every request passes before anybody looks at what it wants.

mod accept;
mod client_address;
mod connections;
mod cors;
mod handle;
mod rates;
mod socket;
mod tls;
mod visit;

pub(crate) use accept::{Port, serve};
pub(crate) use connections::{ConnectionLimit, Place};
pub(crate) use cors::Cors;
pub(crate) use rates::Rates;
pub(crate) use tls::{Certificate, strict_transport};
pub(crate) use visit::{Caller, Peer, Visit};
