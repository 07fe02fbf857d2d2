//! The process's one cryptography provider.

/// Makes aws-lc-rs the provider of every TLS connection. Call it first in `main` and in tests that
/// open TLS connections; later calls change nothing.
pub fn install_crypto_provider() {
    // An error means that a provider is installed already, which is what is wanted.
    let _already_installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
