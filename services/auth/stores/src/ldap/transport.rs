//! From an address to an encrypted connection.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use super::config::Address;
use super::guard::{pass_on, start_tls};
use crate::Class;
use crate::config::Tls;
use crate::link::of_io;

/// Whom to trust.
#[derive(Debug)]
pub(super) struct Trust {
    tls: Tls,
    /// The authorities of the system are read once; a file of one's own each time, for a new one.
    system: OnceCell<Arc<ClientConfig>>,
}

impl Trust {
    pub(super) const fn new(tls: Tls) -> Self {
        Self {
            tls,
            system: OnceCell::const_new(),
        }
    }

    async fn config(&self) -> Result<Option<Arc<ClientConfig>>, Class> {
        match &self.tls {
            Tls::Off => Ok(None),
            Tls::Verify => {
                let system = self.system.get_or_try_init(|| async {
                    let found = rustls_native_certs::load_native_certs();
                    config(found.certs.into_iter().map(Ok))
                });
                Ok(Some(Arc::clone(system.await?)))
            }
            Tls::VerifyWith(authority) => {
                let pem = tokio::fs::read(authority).await.map_err(|_| Class::Tls)?;
                let certificates = CertificateDer::pem_slice_iter(&pem);
                config(certificates.map(|one| one.map_err(|_| Class::Tls))).map(Some)
            }
        }
    }
}

/// Trusts these authorities and no others. Those of the system may hold some that are not understood.
fn config(
    certificates: impl Iterator<Item = Result<CertificateDer<'static>, Class>>,
) -> Result<Arc<ClientConfig>, Class> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(certificates.collect::<Result<Vec<_>, _>>()?);
    if roots.is_empty() {
        return Err(Class::Tls);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Class::Tls)?;
    Ok(Arc::new(
        builder.with_root_certificates(roots).with_no_client_auth(),
    ))
}

/// Connects, encrypts as configured, and gives what passes messages on to and from `library`.
pub(super) async fn connect(
    address: &Address,
    trust: &Trust,
    library: UnixStream,
) -> Result<futures_util::future::BoxFuture<'static, ()>, Class> {
    let config = trust.config().await?;
    let connected = TcpStream::connect((address.host.as_str(), address.port)).await;
    let mut server = connected.map_err(|error| of_io(&error))?;
    server.set_nodelay(true).map_err(|error| of_io(&error))?;
    let Some(config) = config else {
        return Ok(Box::pin(pass_on(server, library)));
    };
    if address.starts_tls {
        start_tls(&mut server).await.ok_or(Class::Tls)?;
    }
    let name = ServerName::try_from(address.host.clone()).map_err(|_| Class::Tls)?;
    let encrypted = TlsConnector::from(config).connect(name, server).await;
    let encrypted = encrypted.map_err(|error| of_io(&error))?;
    Ok(Box::pin(pass_on(encrypted, library)))
}
