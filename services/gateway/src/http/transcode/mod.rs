//! HTTP/JSON to rpc and back, as the `google.api.http` annotations say. Nothing is generated: the
//! messages are built from the descriptors, so that a new rpc is served as soon as it is described.

mod fault;
mod params;
mod request;
mod response;
mod routes;
#[cfg(test)]
mod tests;

pub(crate) use request::message;
pub(crate) use response::json;
#[cfg(test)]
pub(crate) use response::write;
pub(crate) use routes::{BodyRule, Lookup, Route, RouteTable, RouteTableError};
