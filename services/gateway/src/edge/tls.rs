//! TLS of a listener.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use http::HeaderValue;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::config::GatewaySettings;

/// A certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// A file cannot be read or is not PEM.
    #[error("{path}")]
    Pem {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::pki_types::pem::Error,
    },
    /// Certificate and key do not fit.
    #[error("certificate and key")]
    Key(#[from] rustls::Error),
}

/// The certificate and the key of a listener. Connections that stand keep what they began with.
pub(crate) struct Certificate {
    cert_file: PathBuf,
    key_file: PathBuf,
    acceptor: RwLock<TlsAcceptor>,
}

impl Certificate {
    /// Reads both files.
    pub(crate) fn load(cert_file: PathBuf, key_file: PathBuf) -> Result<Self, TlsError> {
        let acceptor = RwLock::new(acceptor(&cert_file, &key_file)?);
        Ok(Self {
            cert_file,
            key_file,
            acceptor,
        })
    }

    /// For the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        let acceptor = self.acceptor.read();
        acceptor.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again.
    fn renew(&self) -> Result<(), TlsError> {
        let renewed = acceptor(&self.cert_file, &self.key_file)?;
        *self
            .acceptor
            .write()
            .unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(())
    }

    /// What is different when a file has been replaced.
    async fn stamps(&self) -> [Option<(SystemTime, u64)>; 2] {
        let stamp = async |path: &Path| {
            // The target of a link counts: that is how secrets are replaced in a cluster.
            let metadata = tokio::fs::metadata(path).await.ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        };
        [stamp(&self.cert_file).await, stamp(&self.key_file).await]
    }

    /// Looks at the files again and again until `shutdown`, and reads them when they have changed.
    /// What cannot be used is logged, and the certificate before stays.
    pub(crate) async fn follow(
        self: Arc<Self>,
        listener: Arc<str>,
        interval: Duration,
        shutdown: CancellationToken,
    ) {
        let mut seen = self.stamps().await;
        loop {
            tokio::select! {
                () = sleep(interval) => {}
                () = shutdown.cancelled() => return,
            }
            // Taken before the files are read: what comes meanwhile is seen the next time. One file
            // may be replaced before the other; then the second makes it whole.
            let stamps = self.stamps().await;
            if std::mem::replace(&mut seen, stamps) == stamps {
                continue;
            }
            match self.renew() {
                Ok(()) => tracing::info!(%listener, "a new certificate is in use"),
                Err(error) => tracing::warn!(
                    %listener,
                    error = format!("{:#}", anyhow::Error::from(error)),
                    "the new certificate cannot be used; the one before stays"
                ),
            }
        }
    }
}

/// An acceptor for HTTP/2 and HTTP/1.1 with the certificates and the key in these files.
fn acceptor(cert_file: &Path, key_file: &Path) -> Result<TlsAcceptor, TlsError> {
    let fault = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Pem { path, source }
    };
    let certificates = CertificateDer::pem_file_iter(cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(fault(cert_file))?;
    let key = PrivateKeyDer::from_pem_file(key_file).map_err(fault(key_file))?;
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What answers over TLS say of transport security (RFC 6797); `None` for nothing.
///
/// Browsers hold it against every port of the host, so it is said only if no listener here speaks
/// plain HTTP.
pub(crate) fn strict_transport(settings: &GatewaySettings) -> Option<HeaderValue> {
    let listeners = &settings.listeners.0;
    let is_all_tls = settings.tls_cert_file.is_some()
        && listeners
            .iter()
            .all(|listener| listener.tls_cert_file.is_some());
    if !is_all_tls || settings.hsts_max_age_s == 0 {
        return None;
    }
    HeaderValue::from_str(&format!("max-age={}", settings.hsts_max_age_s)).ok()
}
