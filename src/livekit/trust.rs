//! Whom a client believes to be the server that it called: the authorities of the system, and others by a file.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem, pem::PemObject},
};

/// Why a file of certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// It cannot be read, or has something else in it.
    #[error("{} has no certificates in PEM form: {reason}", path.display())]
    NotPem {
        /// The file.
        path: PathBuf,
        /// What the parser or the system said.
        reason: pem::Error,
    },
    /// Its certificates are none of authorities.
    #[error("{} has a certificate that cannot be used: {reason}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// What was wrong.
        reason: rustls::Error,
    },
}

/// The authorities whose certificates count. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Trust(Arc<ClientConfig>);

impl Trust {
    /// The system's (or those in SSL_CERT_FILE), and those in the PEM file `more`. Reads files.
    ///
    /// # Errors
    /// When `more` has no certificates. A system without any is no error: then only `more` counts.
    pub fn new(more: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        // What of the system's cannot be read or used is left out.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = more {
            let not_pem = |reason| TrustError::NotPem { path: path.to_owned(), reason };
            let unfit = |reason| TrustError::Unfit { path: path.to_owned(), reason };
            let certificates = CertificateDer::pem_file_iter(path).map_err(not_pem)?;
            let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(not_pem)?;
            if certificates.is_empty() {
                return Err(not_pem(pem::Error::NoItemsFound));
            }
            for certificate in certificates {
                roots.add(certificate).map_err(unfit)?;
            }
        }
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the usual versions of TLS")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    pub(super) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_has_to_hold_certificates() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let refused = |text: &str| {
            fs::write(&path, text).unwrap();
            Trust::new(Some(&path)).unwrap_err()
        };
        assert!(matches!(refused(""), TrustError::NotPem { reason: pem::Error::NoItemsFound, .. }));
        let key = "-----BEGIN PRIVATE KEY-----\nMA==\n-----END PRIVATE KEY-----\n";
        assert!(matches!(refused(key), TrustError::NotPem { .. }));
        let garbage = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
        assert!(matches!(refused(garbage), TrustError::Unfit { .. }));
        fs::remove_file(&path).unwrap();
        let missing = Trust::new(Some(&path)).unwrap_err().to_string();
        assert!(missing.contains("ca.pem") && !missing.contains('\n'), "{missing}");
        assert!(Trust::new(None).is_ok());
    }
}
