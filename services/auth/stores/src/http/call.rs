//! One call over HTTP.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use im_types::Secret;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};
use serde::Serialize;
use zeroize::Zeroizing;

use super::sign::{Direction, Stamp, is_answer, signature};
use crate::Class;
use crate::config::{Limits, Tls};
use crate::link::of_io;

/// Longest answer.
const ANSWER_BYTES_MAX: usize = 262_144;
const IDLE_MAX: Duration = Duration::from_mins(1);
const SIGNATURE: &str = "im-signature";

/// The body of a call. Without a password it asks only who there is.
#[derive(Serialize)]
struct Body<'a> {
    login: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Neither follows redirects nor takes a proxy from the environment: a password goes where the
/// configuration says, or nowhere.
pub(super) async fn client(tls: &Tls, limits: &Limits) -> Result<Client, Class> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(limits.connect_timeout)
        .timeout(limits.connect_timeout + limits.statement_timeout)
        .pool_max_idle_per_host(limits.connections_max)
        .pool_idle_timeout(IDLE_MAX)
        .https_only(*tls != Tls::Off);
    if let Tls::VerifyWith(authority) = tls {
        let pem = tokio::fs::read(authority).await.map_err(|_| Class::Tls)?;
        let authorities = Certificate::from_pem_bundle(&pem).map_err(|_| Class::Tls)?;
        if authorities.is_empty() {
            return Err(Class::Tls);
        }
        builder = builder.tls_certs_only(authorities);
    }
    builder.build().map_err(|_| Class::Tls)
}

/// Sends it and gives the body of an answer that was made for it.
pub(super) async fn call(
    client: &Client,
    url: &Url,
    key: &Secret<String>,
    stamp: &Stamp,
    (login, password): (&str, Option<&Secret<String>>),
) -> Result<Vec<u8>, Class> {
    let password = password.map(|password| password.expose().as_str());
    let body = serde_json::to_vec(&Body { login, password }).map_err(|_| Class::Protocol)?;
    let body = Zeroizing::new(body);
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header("im-timestamp", stamp.seconds)
        .header("im-nonce", &stamp.nonce)
        .header(SIGNATURE, signature(key, Direction::Call, stamp, &body))
        .body(body.to_vec());
    let response = request.send().await.map_err(|error| class_of(&error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => return Err(Class::Denied),
        StatusCode::TOO_MANY_REQUESTS => return Err(Class::Refused),
        status if status.is_server_error() => return Err(Class::Refused),
        _ => return Err(Class::Protocol),
    }
    let given = response
        .headers()
        .get(SIGNATURE)
        .map(|value| value.as_bytes().to_vec());
    let answer = read(response).await?;
    if is_answer(key, stamp, &answer, given.as_deref()) {
        Ok(answer)
    } else {
        Err(Class::Protocol)
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Class> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| class_of(&error))? {
        if answer.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Class::Protocol);
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

fn class_of(error: &reqwest::Error) -> Class {
    if error.is_timeout() {
        return Class::TimedOut;
    }
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<rustls::Error>() {
            return Class::Tls;
        }
        if let Some(inner) = inner.downcast_ref::<io::Error>() {
            return of_io(inner);
        }
        cause = inner.source();
    }
    if error.is_connect() {
        Class::Refused
    } else {
        Class::Lost
    }
}
