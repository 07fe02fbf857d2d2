//! A client for the JSON API.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::Value;

/// How long an answer may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Calls one server with JSON and says what it answered. A clone shares the connections.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    base: String,
    headers: Vec<(String, String)>,
}

impl HttpClient {
    /// A client for the server at `base`, such as `http://127.0.0.1:8080`.
    ///
    /// # Panics
    /// When the client cannot be made.
    pub fn new(base: &str) -> Self {
        Self::with_client(base, reqwest::Client::builder())
    }

    /// A client that trusts only certificates issued by this authority (PEM).
    ///
    /// # Panics
    /// When that is no certificate.
    pub fn trusting(base: &str, authority_pem: &str) -> Self {
        let authority = reqwest::Certificate::from_pem(authority_pem.as_bytes());
        let authority = authority.expect("a certificate in PEM");
        Self::with_client(base, reqwest::Client::builder().tls_certs_only([authority]))
    }

    fn with_client(base: &str, builder: reqwest::ClientBuilder) -> Self {
        // No proxy of the machine comes between a test and its server.
        let client = builder.timeout(REQUEST_TIMEOUT).no_proxy().build();
        Self {
            client: client.expect("the HTTP client"),
            base: base.trim_end_matches('/').to_owned(),
            headers: Vec::new(),
        }
    }

    /// The same client with the access token of a user.
    #[must_use]
    pub fn with_token(&self, access_token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {access_token}"))
    }

    /// The same client with a header, in place of an earlier one of that name.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut client = self.clone();
        client
            .headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        client.headers.push((name.to_owned(), value.to_owned()));
        client
    }

    /// The address without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET`; the status and the body, see [`HttpClient::send`].
    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::GET, path, None).await
    }

    /// `POST` of a JSON body.
    pub async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    /// `PUT` of a JSON body.
    pub async fn put(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// `PATCH` of a JSON body.
    pub async fn patch(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str) -> (StatusCode, Value) {
        self.send(Method::DELETE, path, None).await
    }

    /// Any method. The body of the answer is JSON, or a string when it is not JSON, or null when
    /// it is empty.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let called = format!("{method} {}{path}", self.base);
        self.try_send(method, path, body)
            .await
            .unwrap_or_else(|error| panic!("{called}: {error:?}"))
    }

    /// [`HttpClient::send`] to a server that may be away.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> reqwest::Result<(StatusCode, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        let body = match text.as_str() {
            "" => Value::Null,
            json => serde_json::from_str(json).unwrap_or_else(|_| Value::String(text.clone())),
        };
        Ok((status, body))
    }
}
