//! What a request says about its way here, made true before anybody reads it.
//!
//! Only a proxy that the administrator named is believed about the client's address, scheme and host. Behind this file
//! `Host` and `X-Forwarded-Proto` are what holds, whoever sent them; every other header of the kind is gone.

use std::convert::Infallible;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

/// The other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether the connection is encrypted.
    pub secure: bool,
}

/// Where the client is: the other end of the connection, or what a believed proxy says. In every request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// Where a request comes from, as far as that is known: who guesses from one place is slowed down there.
#[derive(Debug, Clone, Copy)]
pub struct Visitor(pub Option<IpAddr>);

impl Visitor {
    /// Reads what is known of a request.
    pub fn of(parts: &Parts) -> Self {
        Self(parts.extensions.get::<ClientAddress>().map(|told| told.0))
    }
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(parts))
    }
}

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The scheme the client used, behind this file.
pub const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");

/// A network, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().map(IpNet::from);
        let network = text.parse().or_else(|_| address());
        network.map(Self).map_err(|_| format!("{text} is no address and no network such as 10.0.0.0/8"))
    }
}

/// Proxies whose word about the client holds.
pub type Proxies = Arc<[IpNet]>;

/// Makes a request's headers true and its method the one that is meant.
pub async fn settle(State(proxies): State<Proxies>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    let peer = peer.unwrap_or(Peer { address: IpAddr::from([127, 0, 0, 1]), secure: false });
    let authority = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let client = believe(request.headers_mut(), peer, &proxies, authority);
    request.extensions_mut().insert(ClientAddress(client));
    if let Some(method) = meant_method(&request) {
        *request.method_mut() = method;
    }
    next.run(request).await
}

/// Whether a request came over HTTPS to a name of this server that is not just this machine's.
pub fn is_encrypted_by_name(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let is_local = host.starts_with("localhost") || address(host).is_some();
    headers.get(FORWARDED_PROTO).is_some_and(|scheme| scheme == "https") && !is_local
}

/// Some networks let only GET and POST through; then the method that is meant stands in a header.
fn meant_method(request: &Request) -> Option<Method> {
    let meant = request.headers().get(METHOD_OVERRIDE).filter(|_| request.method() == Method::POST)?;
    let known = [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE];
    known.into_iter().find(|method| meant.as_bytes().eq_ignore_ascii_case(method.as_str().as_bytes()))
}

/// Replaces what headers claim about the way here by what is known and believed; gives the client's address.
fn believe(headers: &mut HeaderMap, peer: Peer, proxies: &[IpNet], authority: Option<HeaderValue>) -> IpAddr {
    let is_proxy = |address: &IpAddr| proxies.iter().any(|network| network.contains(address));
    let said = if is_proxy(&peer.address) { Way::read(headers) } else { Way::default() };
    for name in [header::FORWARDED, FORWARDED_FOR, FORWARDED_PROTO, FORWARDED_HOST] {
        headers.remove(name);
    }
    let hops = said.clients.iter().rev().take_while(|address| address.is_some_and(|address| is_proxy(&address)));
    let skipped = hops.count();
    let client = said.clients.iter().rev().nth(skipped).copied().flatten();
    // Who wrote less than a hop each wrote it about the client.
    let of_hop = |list: &[String]| list.iter().rev().nth(skipped.min(list.len().saturating_sub(1))).cloned();
    let secure = of_hop(&said.schemes).map_or(peer.secure, |scheme| scheme.eq_ignore_ascii_case("https"));
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(if secure { "https" } else { "http" }));
    let forwarded_host = of_hop(&said.hosts).and_then(|host| HeaderValue::from_str(&host).ok());
    // HTTP/2 names the host in the address and not in a header.
    if let Some(host) = forwarded_host.or_else(|| authority.filter(|_| !headers.contains_key(header::HOST))) {
        headers.insert(header::HOST, host);
    }
    client.unwrap_or(peer.address)
}

/// What the proxies on the way wrote, the nearest last.
#[derive(Debug, Default, PartialEq, Eq)]
struct Way {
    clients: Vec<Option<IpAddr>>,
    schemes: Vec<String>,
    hosts: Vec<String>,
}

impl Way {
    /// Reads RFC 7239's header, else the older three.
    fn read(headers: &HeaderMap) -> Self {
        if headers.contains_key(header::FORWARDED) {
            return Self::standard(&list(headers, &header::FORWARDED));
        }
        let clients = list(headers, &FORWARDED_FOR).iter().map(|text| address(text)).collect();
        Self { clients, schemes: list(headers, &FORWARDED_PROTO), hosts: list(headers, &FORWARDED_HOST) }
    }

    fn standard(elements: &[String]) -> Self {
        let mut way = Self::default();
        for element in elements {
            let pairs = || element.split(';').filter_map(|pair| pair.split_once('='));
            let named = |wanted: &str| {
                let mut pairs = pairs().filter(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
                pairs.next().map(|(_, value)| value.trim().trim_matches('"').to_owned())
            };
            way.clients.push(named("for").and_then(|text| address(&text)));
            way.schemes.extend(named("proto"));
            way.hosts.extend(named("host"));
        }
        way
    }
}

fn list(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let texts = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect()
}

/// An address with or without a port and brackets; `None` for a name that hides it.
fn address(text: &str) -> Option<IpAddr> {
    let whole = text.parse::<IpAddr>().ok();
    let bare = || text.strip_prefix('[')?.split(']').next()?.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    whole.or_else(with_port).or_else(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What holds of a request from `peer` with these headers, when `10.0.0.0/8` is believed.
    fn settled(peer: &str, given: &[(&'static str, &'static str)]) -> (String, String, String) {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (name.parse().expect("a name"), HeaderValue::from_static(value))
        };
        let mut headers: HeaderMap = [("host", "inner")].iter().chain(given).map(pair).collect();
        let peer = Peer { address: peer.parse().expect("an address"), secure: false };
        let client = believe(&mut headers, peer, &["10.0.0.0/8".parse().expect("a network")], None);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        assert!(!headers.contains_key(FORWARDED_FOR) && !headers.contains_key(header::FORWARDED));
        (client.to_string(), text("x-forwarded-proto"), text("host"))
    }

    fn holds(client: &str, scheme: &str, host: &str) -> (String, String, String) {
        (client.into(), scheme.into(), host.into())
    }

    const OLDER: [(&str, &str); 3] =
        [("x-forwarded-for", "6.6.6.6, 203.0.113.9"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "outer")];
    const STANDARD: [(&str, &str); 1] = [("forwarded", "for=6.6.6.6, for=\"[2001:db8::9]:47\";proto=https;host=outer")];

    #[test]
    fn a_stranger_is_not_believed_about_anything() {
        assert_eq!(settled("203.0.113.5", &OLDER), holds("203.0.113.5", "http", "inner"));
        assert_eq!(settled("203.0.113.5", &STANDARD), holds("203.0.113.5", "http", "inner"));
    }

    #[test]
    fn a_named_proxy_is_believed_about_the_hop_before_it_and_no_further() {
        assert_eq!(settled("10.0.0.1", &OLDER), holds("203.0.113.9", "https", "outer"));
        assert_eq!(settled("10.0.0.1", &STANDARD), holds("2001:db8::9", "https", "outer"));
        let chain = [("x-forwarded-for", "6.6.6.6, 203.0.113.9, 10.0.0.7"), ("x-forwarded-proto", "http, https, http")];
        assert_eq!(settled("10.0.0.1", &chain), holds("203.0.113.9", "https", "inner"));
        let hidden = [("forwarded", "for=unknown;proto=https")];
        assert_eq!(settled("10.0.0.1", &hidden), holds("10.0.0.1", "https", "inner"));
        assert_eq!(settled("10.0.0.1", &[]), holds("10.0.0.1", "http", "inner"));
    }
}
