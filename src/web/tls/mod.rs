//! HTTPS: where the certificate comes from, checked at the start so that a server that runs can be reached.
//!
//! In mode `self-signed` a certificate authority of this box vouches for the server ([`authority`]). It is
//! name-constrained: a phone that trusts it trusts it for this machine only, even if somebody steals its key.

mod authority;
mod names;
#[cfg(test)]
mod tests;

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
};

use crate::config::{Tls, TlsMode};
pub use names::Name;

/// Why HTTPS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file has something else in it.
    #[error("{} is not {what} in PEM form: {reason}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What it should be.
        what: &'static str,
        /// What the parser said.
        reason: pem::Error,
    },
    /// The two files are not made for each other, or the certificate is none for servers.
    #[error("the certificate {} cannot be used with the key {}: {reason}", cert.display(), key.display())]
    Mismatch {
        /// The certificate.
        cert: PathBuf,
        /// The key.
        key: PathBuf,
        /// What was wrong.
        reason: rustls::Error,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate for {names}: {reason}")]
    Make {
        /// For whom.
        names: String,
        /// What was wrong.
        reason: rcgen::Error,
    },
    /// A certificate that was just made is not accepted.
    #[error("the certificate just made is not good for {0}: set tls.names to names that are")]
    Unfit(String),
}

/// What HTTPS is served with.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// For rustls.
    pub server: Arc<ServerConfig>,
    /// The certificate of this box's own authority, for those who are to trust it.
    pub authority: Option<Authority>,
}

/// This box's own certificate authority, as others see it.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Where its certificate lies.
    pub file: PathBuf,
    /// The certificate, PEM.
    pub pem: String,
    /// The machine's names and addresses that it vouches for, the most telling one first.
    pub names: Vec<Name>,
}

/// What `settings` ask for; `None` for plain HTTP. Certificates made here are kept in `tls/` in `data_dir`.
///
/// # Errors
/// See [`TlsError`].
pub fn open(settings: &Tls, data_dir: &Path, listen: SocketAddr) -> Result<Option<Certificate>, TlsError> {
    match &settings.mode {
        TlsMode::Off => Ok(None),
        TlsMode::Files { cert, key } => {
            Ok(Some(Certificate { server: Arc::new(server_config(cert, key)?), authority: None }))
        }
        TlsMode::SelfSigned => {
            let names = names::of_this_machine(&settings.names, listen.ip());
            let files = authority::open(&data_dir.join("tls"), &names, SystemTime::now())?;
            let pem = read(&files.authority)?;
            Ok(Some(Certificate {
                server: Arc::new(server_config(&files.cert, &files.key)?),
                authority: Some(Authority { file: files.authority, pem, names }),
            }))
        }
    }
}

fn server_config(cert: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let chain = certificates(cert)?;
    let private_key = PrivateKeyDer::from_pem_slice(read(key)?.as_bytes()).map_err(|reason| TlsError::NotPem {
        path: key.to_owned(),
        what: "a private key",
        reason,
    })?;
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private_key))
        .map_err(|reason| TlsError::Mismatch { cert: cert.to_owned(), key: key.to_owned(), reason })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |reason| TlsError::NotPem { path: path.to_owned(), what: "a certificate", reason };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(read(path)?.as_bytes()).collect::<Result<_, _>>().map_err(failed)?;
    if chain.is_empty() { Err(failed(pem::Error::NoItemsFound)) } else { Ok(chain) }
}

fn read(path: &Path) -> Result<String, TlsError> {
    fs::read_to_string(path).map_err(|source| TlsError::File { path: path.to_owned(), source })
}
