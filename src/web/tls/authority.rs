//! The certificate authority of this box, and the certificate that it gave to the server. Both are kept, and made anew only
//! when they must be. Whether that is so is asked of the same code that checks certificates for clients: would it accept
//! the server under each of its names, a month from now?

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints,
};
use rustls::{
    RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::ring,
    pki_types::UnixTime,
    server::ParsedCertificate,
};

use super::{Name, TlsError, certificates, read, server_config};
use crate::config;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Phones have to be told of a new authority by hand.
const AUTHORITY_LIFE: Duration = DAY.saturating_mul(20 * 365);
/// Longer-lived certificates are refused by some clients (Apple: 825 days; public ones: 398).
const SERVER_LIFE: Duration = DAY.saturating_mul(397);
/// A certificate that ends sooner is renewed.
const RENEW_BEFORE: Duration = DAY.saturating_mul(30);
/// Certificates begin in the past, for clients whose clocks are slow.
const BACKDATED: Duration = DAY;

/// The files of a server's certificate. All are for their owner only.
#[derive(Clone, Debug)]
pub(super) struct Files {
    /// The authority's certificate.
    pub(super) authority: PathBuf,
    authority_key: PathBuf,
    /// The server's certificate.
    pub(super) cert: PathBuf,
    /// The server's private key.
    pub(super) key: PathBuf,
}

/// A certificate for `names` that is in `dir` and good for a while from `now` on: the one that is there, or a new one.
///
/// # Errors
/// When files cannot be read or written, or a certificate cannot be made for such names.
pub(super) fn open(dir: &Path, names: &[Name], now: SystemTime) -> Result<Files, TlsError> {
    let files = Files {
        authority: dir.join("ca.crt"),
        authority_key: dir.join("ca.key"),
        cert: dir.join("server.crt"),
        key: dir.join("server.key"),
    };
    if files.are_good(names, now) {
        return Ok(files);
    }
    config::make_data_dir(dir).map_err(|source| TlsError::File { path: dir.to_owned(), source })?;
    // An authority that is there is used as long as what it signs is accepted: its names may have been fewer.
    if let Some(issuer) = files.kept_issuer()
        && files.issue(&issuer, names, now).is_ok()
        && files.are_good(names, now)
    {
        tracing::info!(tls.cert = %files.cert.display(), "made a new certificate for this server");
        return Ok(files);
    }
    let issuer = files.make_authority(names, now)?;
    files.issue(&issuer, names, now)?;
    if !files.are_good(names, now) {
        return Err(TlsError::Unfit(listed(names)));
    }
    tracing::warn!(tls.ca = %files.authority.display(), "made a certificate authority for this machine: whoever is to trust it installs this file");
    Ok(files)
}

impl Files {
    /// Whether clients that trust the authority would accept the server under each of `names` until it is renewed.
    fn are_good(&self, names: &[Name], now: SystemTime) -> bool {
        let check = || {
            // Holds the key against the certificate.
            server_config(&self.cert, &self.key).ok()?;
            let mut roots = RootCertStore::empty();
            roots.add(certificates(&self.authority).ok()?.into_iter().next()?).ok()?;
            let chain = certificates(&self.cert).ok()?;
            let cert = ParsedCertificate::try_from(chain.first()?).ok()?;
            let algorithms = ring::default_provider().signature_verification_algorithms.all;
            for moment in [now, now + RENEW_BEFORE] {
                let moment = UnixTime::since_unix_epoch(moment.duration_since(UNIX_EPOCH).ok()?);
                verify_server_cert_signed_by_trust_anchor(&cert, &roots, &[], moment, algorithms).ok()?;
            }
            names.iter().all(|name| is_for(&cert, name)).then_some(())
        };
        check().is_some()
    }

    fn kept_issuer(&self) -> Option<Issuer<'static, KeyPair>> {
        let key = KeyPair::from_pem(&read(&self.authority_key).ok()?).ok()?;
        Issuer::from_ca_cert_pem(&read(&self.authority).ok()?, key).ok()
    }

    fn make_authority(&self, names: &[Name], now: SystemTime) -> Result<Issuer<'static, KeyPair>, TlsError> {
        let made = || {
            let key = KeyPair::generate()?;
            let params = authority_params(names, now);
            let cert = params.self_signed(&key)?;
            Ok((cert.pem(), key.serialize_pem(), Issuer::new(params, key)))
        };
        let (cert, key, issuer) = made().map_err(|reason| TlsError::Make { names: listed(names), reason })?;
        write(&self.authority_key, &key)?;
        write(&self.authority, &cert)?;
        Ok(issuer)
    }

    /// Writes a new certificate for the server.
    fn issue(&self, issuer: &Issuer<'_, KeyPair>, names: &[Name], now: SystemTime) -> Result<(), TlsError> {
        let made = || {
            let key = KeyPair::generate()?;
            let cert = server_params(names, now)?.signed_by(&key, issuer)?;
            Ok((cert.pem(), key.serialize_pem()))
        };
        let (cert, key) = made().map_err(|reason| TlsError::Make { names: listed(names), reason })?;
        write(&self.key, &key)?;
        write(&self.cert, &cert)
    }
}

fn is_for(cert: &ParsedCertificate<'_>, name: &Name) -> bool {
    name.server_name().is_some_and(|name| verify_server_name(cert, &name).is_ok())
}

fn authority_params(names: &[Name], now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name =
        called(&format!("Callstead on {}", names.first().map_or("this machine".to_owned(), ToString::to_string)));
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + AUTHORITY_LIFE).into();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let permitted_subtrees = names
        .iter()
        .map(|name| match name {
            Name::Host(name) => GeneralSubtree::DnsName(name.clone()),
            Name::Address(ip) => GeneralSubtree::IpAddress(only(*ip)),
        })
        .collect();
    params.name_constraints = Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() });
    params
}

fn server_params(names: &[Name], now: SystemTime) -> Result<CertificateParams, rcgen::Error> {
    let bare = |name: &Name| match name {
        Name::Host(name) => name.clone(),
        Name::Address(ip) => ip.to_string(),
    };
    let mut params = CertificateParams::new(names.iter().map(bare).collect::<Vec<_>>())?;
    params.distinguished_name = called("Callstead");
    params.not_before = (now - BACKDATED).into();
    params.not_after = (now + SERVER_LIFE - BACKDATED).into();
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn called(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// The network that has this one address in it.
fn only(ip: IpAddr) -> CidrSubnet {
    match ip {
        IpAddr::V4(ip) => CidrSubnet::V4(ip.octets(), [u8::MAX; 4]),
        IpAddr::V6(ip) => CidrSubnet::V6(ip.octets(), [u8::MAX; 16]),
    }
}

fn listed(names: &[Name]) -> String {
    names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn write(path: &Path, pem: &str) -> Result<(), TlsError> {
    config::write_private(path, pem.as_bytes()).map_err(|source| TlsError::File { path: path.to_owned(), source })
}
