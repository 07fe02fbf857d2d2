//! rpcs as they are: gRPC and gRPC-Web requests are passed on as bytes, with the caller verified
//! and the metadata replaced.

mod backend;
mod methods;
mod proxy;
mod reflection;
mod stream_service;

pub(crate) use backend::{Backends, translate};
pub(crate) use methods::{Access, Methods, access};
pub(crate) use proxy::serve;
pub(crate) use reflection::operator_routes;
pub(crate) use stream_service::StreamRpcs;
