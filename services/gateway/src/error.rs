//! What the gateway itself refuses, and how everything that fails is told over HTTP.

use std::time::Duration;

use im_runtime::error::{ErrorKind, FieldViolation, ServiceError};

/// An error of the gateway's own; errors of the services behind it go through unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No rpc is called by this path.
    #[error("there is nothing at this path; see openapi.json")]
    RouteNotFound,
    /// There is something, but not by this method.
    #[error("this path answers {allow} only")]
    MethodNotAllowed {
        /// The methods, separated by commas.
        allow: String,
    },
    /// The rpc does not exist or is not for clients.
    #[error("this server does not serve that method")]
    MethodNotServed,
    /// The body of a request is too long.
    #[error("the body of a request has at most {bytes_max} bytes")]
    BodyTooLarge {
        /// The limit, in bytes.
        bytes_max: usize,
    },
    /// The body cannot be read to its end.
    #[error("the body of the request ended early")]
    BodyIncomplete,
    /// The body is not what the rpc takes.
    #[error("{description}")]
    BodyInvalid {
        /// Path of the field; empty if it is the body as a whole.
        field: String,
        /// What is wrong.
        description: String,
    },
    /// A part of the path or of the query is not what the rpc takes.
    #[error("{field}: {description}")]
    ParameterInvalid {
        /// Its name.
        field: String,
        /// What is wrong.
        description: String,
    },
    /// A stream was asked for without saying which kind.
    #[error("ask for a WebSocket, or accept text/event-stream")]
    UpgradeRequired,
    /// Too many requests.
    #[error("too many requests; wait before the next")]
    RateLimited {
        /// How long.
        retry_after: Duration,
    },
    /// The site has as many connected people as it may have.
    #[error("{limit} people are connected to this site, and more may not be")]
    SiteFull {
        /// The limit.
        limit: i64,
    },
    /// The person has as many streams as one may have.
    #[error("one person may have {limit} streams at once")]
    TooManyConnections {
        /// The limit.
        limit: i64,
    },
    /// The session or the account behind a stream has ended.
    #[error("the session has ended")]
    SessionRevoked,
    /// The ticket belongs to another site.
    #[error("the ticket is not valid here")]
    TicketInvalid,
    /// The first frame of a gRPC stream is missing.
    #[error("the first frame must be hello")]
    HelloRequired,
    /// This frame can only be said on a stream.
    #[error("only watch, typing, ack and activity can be said here")]
    FrameNotAllowed,
    /// Too much waits to be sent.
    #[error("too many messages wait to be sent")]
    SendsOverloaded,
    /// The process stops.
    #[error("the gateway is stopping")]
    Draining,
    /// A service behind does not answer.
    #[error("{service} does not answer: {cause}")]
    BackendUnavailable {
        /// Which.
        service: &'static str,
        /// For the log.
        cause: String,
    },
    /// A service behind answered what cannot be understood.
    #[error("{service} answered what cannot be understood: {cause}")]
    BackendInvalid {
        /// Which.
        service: &'static str,
        /// For the log.
        cause: String,
    },
}

impl GatewayError {
    /// The HTTP status, where it differs from that of the kind.
    pub const fn http_status(&self) -> Option<u16> {
        match self {
            Self::MethodNotAllowed { .. } => Some(405),
            Self::BodyTooLarge { .. } => Some(413),
            Self::UpgradeRequired => Some(426),
            _ => None,
        }
    }
}

impl ServiceError for GatewayError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::RouteNotFound => ErrorKind::NotFound,
            Self::MethodNotAllowed { .. } | Self::MethodNotServed => ErrorKind::Unimplemented,
            Self::BodyTooLarge { .. }
            | Self::RateLimited { .. }
            | Self::SiteFull { .. }
            | Self::TooManyConnections { .. }
            | Self::SendsOverloaded => ErrorKind::ResourceExhausted,
            Self::BodyIncomplete
            | Self::BodyInvalid { .. }
            | Self::ParameterInvalid { .. }
            | Self::HelloRequired
            | Self::FrameNotAllowed
            | Self::UpgradeRequired => ErrorKind::InvalidArgument,
            Self::SessionRevoked | Self::TicketInvalid => ErrorKind::Unauthenticated,
            Self::Draining | Self::BackendUnavailable { .. } => ErrorKind::Unavailable,
            Self::BackendInvalid { .. } => ErrorKind::Internal,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::RouteNotFound => "ROUTE_NOT_FOUND",
            Self::MethodNotAllowed { .. } => "METHOD_NOT_ALLOWED",
            Self::MethodNotServed => "METHOD_NOT_SERVED",
            Self::BodyTooLarge { .. } => "BODY_TOO_LARGE",
            Self::BodyIncomplete => "BODY_INCOMPLETE",
            Self::BodyInvalid { .. } => "BODY_INVALID",
            Self::ParameterInvalid { .. } => "PARAMETER_INVALID",
            Self::UpgradeRequired => "UPGRADE_REQUIRED",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::SiteFull { .. } => "SITE_FULL",
            Self::TooManyConnections { .. } => "TOO_MANY_CONNECTIONS",
            Self::SessionRevoked => "SESSION_REVOKED",
            Self::TicketInvalid => "TICKET_INVALID",
            Self::HelloRequired => "HELLO_REQUIRED",
            Self::FrameNotAllowed => "FRAME_NOT_ALLOWED",
            Self::SendsOverloaded => "OVERLOADED",
            Self::Draining => "DRAINING",
            Self::BackendUnavailable { .. } => "BACKEND_UNAVAILABLE",
            Self::BackendInvalid { .. } => "BACKEND_INVALID",
        }
    }

    fn field_violations(&self) -> Vec<FieldViolation> {
        match self {
            Self::BodyInvalid { field, description }
            | Self::ParameterInvalid { field, description } => {
                vec![FieldViolation::new(field, description)]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } => Some(*retry_after),
            Self::SendsOverloaded | Self::BackendUnavailable { .. } => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::SiteFull { limit } | Self::TooManyConnections { limit } => {
                vec![("limit", limit.to_string())]
            }
            Self::BodyTooLarge { bytes_max } => vec![("bytes_max", bytes_max.to_string())],
            _ => Vec::new(),
        }
    }
}
