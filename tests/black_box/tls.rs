//! HTTPS from outside: a client that trusts this machine's own authority, and one that does not.

use std::{fs, io, net::TcpStream, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::json;

use crate::{
    http::{self, Answer},
    support::{Desk, Server, error},
};

pub(crate) const SELF_SIGNED: [(&str, &str); 2] =
    [("CALLSTEAD_TLS_MODE", "self-signed"), ("CALLSTEAD_TLS_NAMES", "calls.lan")];

/// A TLS connection by someone who trusts the certificates in `authority`, if any.
pub(crate) fn connect(
    server: &Server,
    authority: Option<&Path>,
    name: &str,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    for certificate in authority.into_iter().flat_map(|path| CertificateDer::pem_file_iter(path).unwrap()) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.address)?);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn get(server: &Server, authority: &Path, path: &str) -> Answer {
    let mut stream = connect(server, Some(authority), "localhost").unwrap();
    http::send(&mut stream, "localhost", "GET", path, &[], b"")
}

#[test]
fn who_trusts_this_machines_authority_is_served_under_each_name() {
    let desk = Desk::new();
    let server = Server::start(&desk, &[], &SELF_SIGNED);
    assert!(server.started["url"].as_str().unwrap().starts_with("https://"));
    let authority = desk.data_dir().join("tls/ca.crt");
    assert_eq!(server.started["ca_file"], json!(authority));
    for name in ["localhost", "127.0.0.1", "::1", "calls.lan"] {
        connect(&server, Some(&authority), name).unwrap();
    }
    for (trusted, name) in [(Some(authority.as_path()), "example.com"), (None, "localhost")] {
        assert!(connect(&server, trusted, name).is_err(), "{name}");
    }
    let health = get(&server, &authority, "/health");
    assert_eq!((health.status, health.header("strict-transport-security")), (200, None));
    let served = get(&server, &authority, "/ca.crt");
    assert_eq!(served.header("content-type"), Some("application/x-x509-ca-cert"));
    assert_eq!(served.body, fs::read_to_string(&authority).unwrap());

    for name in ["ca.key", "server.key"] {
        let mode = fs::metadata(desk.data_dir().join("tls").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let before = served.body;
    drop(server);
    let again = Server::start(&desk, &[], &SELF_SIGNED);
    assert_eq!(get(&again, &authority, "/ca.crt").body, before);
}

#[test]
fn a_certificate_of_the_owner_is_served_and_asks_to_be_insisted_on() {
    let (desk, other) = (Desk::new(), Desk::new());
    drop(Server::start(&other, &[], &SELF_SIGNED));
    let file = |name: &str| other.data_dir().join("tls").join(name).to_str().unwrap().to_owned();
    let (cert, key) = (file("server.crt"), file("server.key"));
    let files = [("CALLSTEAD_TLS_MODE", "files"), ("CALLSTEAD_TLS_CERT", &cert), ("CALLSTEAD_TLS_KEY", &key)];
    let server = Server::start(&desk, &[], &files);
    let authority = other.data_dir().join("tls/ca.crt");
    let health = get(&server, &authority, "/health");
    assert!(health.header("strict-transport-security").unwrap().starts_with("max-age="));
    assert_eq!(get(&server, &authority, "/ca.crt").status, 404);
    drop(server);

    let swapped = [("CALLSTEAD_TLS_MODE", "files"), ("CALLSTEAD_TLS_CERT", &key), ("CALLSTEAD_TLS_KEY", &cert)];
    let output = desk.command(&["serve", "--listen", "127.0.0.1:0"]).envs(swapped).output().unwrap();
    assert!(error(&output, 7).contains("server.key is not a certificate in PEM form"));
}

#[test]
fn development_mode_stays_plain_and_on_this_machine() {
    let desk = Desk::new();
    let server = Server::start(&desk, &["--dev"], &SELF_SIGNED);
    assert_eq!(http::ask(server.address, "GET", "/health", &[]).status, 200);
    assert!(!desk.data_dir().join("tls").exists());
    let output = desk.command(&["serve", "--dev", "--listen", "0.0.0.0:0"]).envs(SELF_SIGNED).output().unwrap();
    assert!(error(&output, 7).contains("--dev"));
}
