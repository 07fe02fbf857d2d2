//! The tonic services of the administration and of groups. Thin: request to command,
//! result to response.

mod audit;
mod bans;
mod groups;
mod identity_stores;
mod invites;
mod policy;
mod roles;
mod sites;

use std::fmt;

use tonic::{Request, Response, Status};

use super::convert::timestamp;
use super::{Grpc, refuse};
use crate::Error;
use crate::usecase::Actor;

impl Grpc {
    /// The person behind a call, with the message of the call.
    async fn open<T>(&self, request: Request<T>) -> Result<(Actor, T), Status> {
        let actor = self.actor(&request).await?;
        Ok((actor, request.into_inner()))
    }
}

/// Ends an rpc.
fn answer<T>(result: Result<T, Error>) -> Result<Response<T>, Status> {
    result.map(Response::new).map_err(refuse)
}

/// Reads an identifier of a request.
fn parse_id<T, E: fmt::Display>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, Error> {
    parse(text).map_err(|error| Error::invalid(field, error))
}

/// Reads an identifier that may be absent.
fn parse_optional_id<T, E: fmt::Display>(
    field: &'static str,
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Error> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse_id(field, text, parse).map(Some)
    }
}

/// Text of an identifier, empty if there is none.
fn text_of<T: fmt::Display>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// A count as the protos have it.
fn count(value: i64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
