//! Keeps requests out of the house: whoever writes a connection or a webhook must not reach what only this machine can.
//!
//! A name is judged by what it means at the moment of connecting, so one that means something else a moment later is no way
//! around. Plain HTTP, which everybody on the way reads, goes only to hosts that are allowed.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Networks nobody outside is in (the special-purpose registries of IANA), and ways to write those in others.
const INSIDE: [&str; 26] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
    "ff00::/8",
];

/// Hosts inside the house that may be asked all the same.
#[derive(Debug, Clone, Default)]
pub struct Allowed(Arc<BTreeSet<String>>);

impl Allowed {
    /// Hosts as they are written in addresses: `erp.internal`, `10.0.0.7`, `erp.internal:8443` for that port only.
    pub fn these(hosts: impl IntoIterator<Item = String>) -> Self {
        Self(Arc::new(hosts.into_iter().map(|host| host.trim().to_lowercase()).collect()))
    }

    fn names(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default().to_lowercase();
        let port = url.port_or_known_default().unwrap_or_default();
        self.0.contains(&host) || self.0.contains(&format!("{host}:{port}"))
    }

    fn names_host(&self, name: &str) -> bool {
        self.0.iter().any(|host| host == name || host.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
    }

    /// Refuses an address that leads inside as far as it can be seen in it; names are judged when they are looked up.
    ///
    /// # Errors
    /// Says why, and what an administrator may do.
    pub fn check(&self, url: &Url) -> Result<(), String> {
        let host = url.host_str().unwrap_or_default();
        if self.names(url) {
            return Ok(());
        }
        if url.scheme() != "https" {
            return Err(format!("{host} would be asked unencrypted; use https, or serve with --allow-inside {host}"));
        }
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        match address {
            Ok(address) if is_inside(address) => Err(refused(host)),
            _ => Ok(()),
        }
    }
}

fn refused(host: &str) -> String {
    format!("{host} is inside the house; an administrator may serve with --allow-inside {host}")
}

/// Whether an address is one that only those inside reach.
fn is_inside(address: IpAddr) -> bool {
    let address = match address {
        IpAddr::V6(six) => inner(six).map_or(address, IpAddr::V4),
        four => four,
    };
    INSIDE.iter().any(|network| network.parse::<IpNet>().is_ok_and(|network| network.contains(&address)))
}

/// The address of version 4 that one of version 6 is another way to write.
fn inner(six: Ipv6Addr) -> Option<Ipv4Addr> {
    let octets = six.octets();
    let is_translated = octets[..12] == [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0];
    let last = Ipv4Addr::new(octets[12], octets[13], octets[14], octets[15]);
    six.to_ipv4_mapped().or_else(|| is_translated.then_some(last))
}

/// Looks names up, and leaves out what is inside.
#[derive(Debug, Clone)]
pub(crate) struct Guarded(pub Allowed);

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = self.0.names_host(&name.as_str().to_lowercase());
        Box::pin(async move {
            let name = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name, 0)).await?.collect();
            let outside: Vec<SocketAddr> =
                found.into_iter().filter(|address| allowed || !is_inside(address.ip())).collect();
            match outside.is_empty() {
                true => Err(refused(name).into()),
                false => Ok(Box::new(outside.into_iter()) as Addrs),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(allowed: &Allowed, url: &str) -> Result<(), String> {
        allowed.check(&url.parse().expect("an address"))
    }

    #[test]
    fn every_way_to_write_an_address_inside_is_refused() {
        assert!(INSIDE.iter().all(|network| network.parse::<IpNet>().is_ok()));
        let nobody = Allowed::default();
        for url in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
        ] {
            assert!(check(&nobody, url).expect_err(url).contains("inside the house"), "{url}");
        }
        assert!(check(&nobody, "http://93.184.215.14/").expect_err("plain").contains("unencrypted"));
        for url in ["https://93.184.215.14/", "https://[2606:2800:21f:cb07::1]/", "https://[64:ff9b::5db8:d70e]/"] {
            assert_eq!(check(&nobody, url), Ok(()), "{url}");
        }
    }

    #[test]
    fn an_allowed_host_is_allowed_at_its_port_only_if_one_was_named() {
        let allowed = Allowed::these(["10.0.0.7".to_owned(), "ERP.internal:8443".to_owned()]);
        for (url, may) in [
            ("http://10.0.0.7/x", true),
            ("https://10.0.0.7:9/x", true),
            ("https://10.0.0.8/x", false),
            ("http://erp.internal:8443/", true),
            ("http://erp.internal/", false),
        ] {
            assert_eq!(check(&allowed, url).is_ok(), may, "{url}");
        }
        assert!(allowed.names_host("erp.internal") && !allowed.names_host("erp"));
    }

    #[tokio::test]
    async fn a_name_that_means_this_machine_is_refused_when_it_is_looked_up() {
        let name = || "localhost".parse::<Name>().expect("a name");
        let refused = Guarded(Allowed::default()).resolve(name()).await.err().expect("refused").to_string();
        assert!(refused.contains("inside the house"), "{refused}");
        let allowed = Allowed::these(["localhost".to_owned()]);
        assert!(Guarded(allowed).resolve(name()).await.is_ok_and(|mut found| found.next().is_some()));
    }
}
