//! The way to the server: channel, tokens, and the renewal of tokens before they end.

use std::{cell::RefCell, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use http::Uri;
use im_proto::auth::{LoginResponse, RefreshRequest, auth_service_client::AuthServiceClient};
use im_types::Clock;
use tonic::{
    Request,
    metadata::MetadataValue,
    transport::{Certificate, Channel, ClientTlsConfig, Endpoint},
};

use crate::{
    args::Global,
    profile::{Profile, ProfileFile},
};

/// Time to reach the server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Time for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// Tokens are renewed this long before they end, seconds.
const RENEW_BEFORE_S: i64 = 60;

/// A way to one server, signed in or not.
pub(crate) struct Connection {
    channel: Channel,
    server: String,
    origin: Uri,
    clock: Clock,
    file: ProfileFile,
    profile: RefCell<Option<Profile>>,
}

impl Connection {
    /// Prepares the way; the network is used with the first call.
    pub(crate) fn open(global: &Global) -> anyhow::Result<Self> {
        let file = ProfileFile::new(global.profile_dir.as_deref(), &global.profile)?;
        let profile = file.load()?;
        let server = global
            .server
            .clone()
            .or_else(|| profile.as_ref().map(|profile| profile.server.clone()))
            .unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
        let origin: Uri = server
            .trim_end_matches('/')
            .parse()
            .with_context(|| format!("{server:?} is not an address like http://host:port"))?;
        let channel = endpoint(&origin, global.ca_file.as_deref())?.connect_lazy();
        // Tokens of one server are never shown to another.
        let profile = profile.filter(|profile| profile.server == server);
        let profile = RefCell::new(profile);
        Ok(Self {
            channel,
            server,
            origin,
            clock: Clock::system(),
            file,
            profile,
        })
    }

    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Address of the site, with its path prefix.
    pub(crate) fn origin(&self) -> Uri {
        self.origin.clone()
    }

    /// The profile of whoever is signed in.
    pub(crate) fn profile(&self) -> anyhow::Result<Profile> {
        let profile = self.profile.borrow().clone();
        profile.with_context(|| format!("not signed in at {}; use: imctl login", self.server))
    }

    /// The device of an earlier login, if there was one here.
    pub(crate) fn known_device_id(&self) -> String {
        self.profile
            .borrow()
            .as_ref()
            .map(|p| p.device_id.clone())
            .unwrap_or_default()
    }

    /// Keeps what a login answered.
    pub(crate) fn signed_in(&self, answer: &LoginResponse) -> anyhow::Result<()> {
        let user = answer.user.clone().unwrap_or_default();
        let profile = Profile {
            server: self.server.clone(),
            user_id: user.id,
            username: user.username,
            session_id: answer.session_id.clone(),
            device_id: answer.device_id.clone(),
            access_token: answer.access_token.clone(),
            refresh_token: answer.refresh_token.clone(),
            access_expires_s: self.now_s() + i64::from(answer.expires_in),
        };
        self.file.save(&profile)?;
        self.profile.replace(Some(profile));
        Ok(())
    }

    /// Forgets the session on this side.
    pub(crate) fn forget(&self) -> anyhow::Result<()> {
        self.profile.replace(None);
        self.file.remove()
    }

    /// A request with a token that is still good.
    pub(crate) async fn request<T>(&self, message: T) -> anyhow::Result<Request<T>> {
        let mut request = Self::plain_request(message);
        let token = self.access_token().await?;
        let value = MetadataValue::try_from(format!("Bearer {token}"))
            .context("the token in the profile is damaged; sign in again")?;
        request.metadata_mut().insert("authorization", value);
        Ok(request)
    }

    /// A request of somebody who is not signed in.
    pub(crate) fn plain_request<T>(message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(CALL_TIMEOUT);
        request
    }

    async fn access_token(&self) -> anyhow::Result<String> {
        let profile = self.profile()?;
        if profile.access_expires_s - RENEW_BEFORE_S > self.now_s() {
            return Ok(profile.access_token);
        }
        let _lock = self.file.lock()?;
        // Another process may have been quicker.
        let Some(profile) = self.file.load()? else {
            bail!("signed out meanwhile; use: imctl login");
        };
        if profile.access_expires_s - RENEW_BEFORE_S > self.now_s() {
            self.profile.replace(Some(profile.clone()));
            return Ok(profile.access_token);
        }
        let message = RefreshRequest {
            refresh_token: profile.refresh_token.clone(),
        };
        let mut client = AuthServiceClient::with_origin(self.channel(), self.origin());
        let answer = client
            .refresh(Self::plain_request(message))
            .await?
            .into_inner();
        let renewed = Profile {
            access_expires_s: self.now_s() + i64::from(answer.expires_in),
            access_token: answer.access_token,
            refresh_token: answer.refresh_token,
            ..profile
        };
        self.file.save(&renewed)?;
        self.profile.replace(Some(renewed.clone()));
        Ok(renewed.access_token)
    }

    fn now_s(&self) -> i64 {
        self.clock.now().as_micros() / 1_000_000
    }
}

fn endpoint(origin: &Uri, ca_file: Option<&Path>) -> anyhow::Result<Endpoint> {
    let endpoint = Channel::builder(origin.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .keep_alive_while_idle(true)
        .tcp_nodelay(true);
    if origin.scheme_str() != Some("https") {
        return Ok(endpoint);
    }
    let mut tls = ClientTlsConfig::new().with_native_roots();
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        tls = tls.ca_certificate(Certificate::from_pem(pem));
    }
    Ok(endpoint.tls_config(tls)?)
}
