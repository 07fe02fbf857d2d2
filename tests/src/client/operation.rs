//! One call of the API, in both of its forms.

use reqwest::Method;
use serde_json::{Value, json};

/// One call: what it is as an rpc and what it is over HTTP.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `im.messaging.v1.MessageService/SendMessage`
    pub rpc: &'static str,
    /// The request as proto3 JSON.
    pub message: Value,
    /// How it is called over HTTP.
    pub method: Method,
    /// Path with query.
    pub path: String,
    /// The body over HTTP.
    pub body: Option<Value>,
    /// The field of the response that is the whole answer over HTTP.
    pub answer: Option<&'static str>,
}

impl Operation {
    /// A call with a body that is the whole request.
    pub fn post(rpc: &'static str, path: impl Into<String>, message: Value) -> Self {
        let body = Some(message.clone());
        Self {
            rpc,
            message,
            method: Method::POST,
            path: path.into(),
            body,
            answer: None,
        }
    }

    /// A call without a body.
    pub fn get(rpc: &'static str, path: impl Into<String>, message: Value) -> Self {
        let post = Self::post(rpc, path, message);
        Self {
            method: Method::GET,
            body: None,
            ..post
        }
    }

    /// The same without a body, to remove something.
    pub fn delete(rpc: &'static str, path: impl Into<String>, message: Value) -> Self {
        let get = Self::get(rpc, path, message);
        Self {
            method: Method::DELETE,
            ..get
        }
    }

    /// The same with another method.
    #[must_use]
    pub fn by(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same, but these fields of the request are in the path and not in the body.
    #[must_use]
    pub fn in_path(mut self, fields: &[&str]) -> Self {
        if let Some(Value::Object(body)) = &mut self.body {
            for field in fields {
                body.remove(*field);
            }
        }
        self
    }

    /// The same; over HTTP only this field is answered.
    #[must_use]
    pub const fn answers(mut self, field: &'static str) -> Self {
        self.answer = Some(field);
        self
    }

    /// What HTTP answered, in the shape of the rpc's response.
    pub(super) fn response(&self, answered: Value) -> Value {
        match self.answer {
            Some(field) => json!({ field: answered }),
            None => answered,
        }
    }
}
