//! A local authority for development and closed networks: made once, kept beside the data, trusted by whoever is given its
//! certificate. The server's own certificate is made anew whenever it is asked for; clients need not notice.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, Days, Utc};
use fieldline_model::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use crate::tls::{Files, TlsError};

/// How long clients may trust the authority.
const AUTHORITY_DAYS: u64 = 3_650;
/// How long one certificate of the server works.
const CERTIFICATE_DAYS: u64 = 90;
/// How often a running server makes itself another one, well before the old one ends.
pub const RENEWED_EVERY_DAYS: u64 = 30;

/// An authority kept in a directory.
#[derive(Debug, Clone)]
pub struct Authority {
    directory: PathBuf,
}

impl Authority {
    /// The authority in a directory, made now unless it is there.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn open(directory: PathBuf, now: Timestamp) -> Result<Self, TlsError> {
        private_directory().create(&directory).map_err(failed(&directory))?;
        let authority = Self { directory };
        if !authority.certificate().exists() {
            let key = KeyPair::generate()?;
            let certificate = authority_parameters(now).self_signed(&key)?;
            write_private(&authority.key(), &key.serialize_pem())?;
            write(&authority.certificate(), &certificate.pem())?;
        }
        Ok(authority)
    }

    /// The file clients are given to trust this server.
    pub fn certificate(&self) -> PathBuf {
        self.directory.join("ca.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.join("ca.key")
    }

    /// Makes a certificate for the server under these names, beside this machine's own.
    ///
    /// # Errors
    /// When the authority's key cannot be read, a name is none, or the files cannot be written.
    pub fn certify(&self, names: &[String], addresses: &[IpAddr], now: Timestamp) -> Result<Files, TlsError> {
        let pem = std::fs::read_to_string(self.key()).map_err(failed(&self.key()))?;
        let issuer = Issuer::new(authority_parameters(now), KeyPair::from_pem(&pem)?);
        let key = KeyPair::generate()?;
        let certificate = server_parameters(names, addresses, now)?.signed_by(&key, &issuer)?;
        // Both in one file, so that nobody ever finds a pair that does not fit.
        let file = self.directory.join("server.pem");
        write_private(&file, &format!("{}{}", certificate.pem(), key.serialize_pem()))?;
        Ok(Files { certificate: file.clone(), key: file })
    }
}

fn authority_parameters(now: Timestamp) -> CertificateParams {
    let mut parameters = valid(CertificateParams::default(), now, AUTHORITY_DAYS);
    parameters.distinguished_name = named("Fieldline local authority");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    parameters
}

fn server_parameters(names: &[String], addresses: &[IpAddr], now: Timestamp) -> Result<CertificateParams, TlsError> {
    let names: Vec<String> = ["localhost".to_owned()].into_iter().chain(names.iter().cloned()).collect();
    let mut parameters = valid(CertificateParams::new(names)?, now, CERTIFICATE_DAYS);
    let here = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
    let addresses = here.into_iter().chain(addresses.iter().copied().filter(|address| !here.contains(address)));
    parameters.subject_alt_names.extend(addresses.map(SanType::IpAddress));
    parameters.distinguished_name = named("Fieldline server");
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    parameters.use_authority_key_identifier_extension = true;
    Ok(parameters)
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// From yesterday, because clients' clocks go wrong, for so many days.
fn valid(mut parameters: CertificateParams, now: Timestamp, days: u64) -> CertificateParams {
    let today: DateTime<Utc> = DateTime::from_timestamp_millis(now.0).unwrap_or_default();
    let (from, until) = (today - Days::new(1), today + Days::new(days));
    let day = |date: DateTime<Utc>| {
        let (month, day) = (date.month(), date.day());
        date_time_ymd(date.year(), u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
    };
    (parameters.not_before, parameters.not_after) = (day(from), day(until));
    parameters
}

/// How a directory is made that only its owner may look into.
pub fn private_directory() -> std::fs::DirBuilder {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn write_private(path: &Path, text: &str) -> Result<(), TlsError> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    replace(path, text, &mut options)
}

fn write(path: &Path, text: &str) -> Result<(), TlsError> {
    replace(path, text, &mut OpenOptions::new())
}

/// Whoever reads meanwhile finds the old file or the new one, never half of one.
fn replace(path: &Path, text: &str, options: &mut OpenOptions) -> Result<(), TlsError> {
    let beside = path.with_extension("new");
    // One left by a write that was cut short would keep its own permissions.
    match std::fs::remove_file(&beside) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&beside)(error)),
        _ => {}
    }
    let mut file = options.write(true).create_new(true).open(&beside).map_err(failed(&beside))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed(&beside))?;
    std::fs::rename(&beside, path).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> TlsError {
    let path = path.to_owned();
    move |source| TlsError::Write { path, source }
}
