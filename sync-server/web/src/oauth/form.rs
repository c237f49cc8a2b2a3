//! Reading what OAuth clients and browsers send: pairs in a form body or an address, each name once (RFC 6749, section 3.1).

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use fieldline_service::identity::{OauthError, claimed_issuer};

use crate::body::read_as;
use crate::refusal::Refusal;

/// The largest form: a SAML-sized assertion is not taken, a password and a few tokens are.
const FORM_BYTES: usize = 65_536;
/// The media type of a form.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Pairs of a form or an address. Not printable, so that no log can hold it.
#[derive(Default, Clone, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads pairs; of an empty value nothing is known, as if it had not been sent.
    ///
    /// # Errors
    /// When a name comes twice, because two readers might read two things.
    pub fn parse(bytes: &[u8]) -> Result<Self, OauthError> {
        let mut pairs = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(bytes) {
            if pairs.insert(name.to_string(), value.into_owned()).is_some() {
                return Err(OauthError::Request(format!("{} is sent twice", shown(&name))));
            }
        }
        pairs.retain(|_, value| !value.is_empty());
        Ok(Self(pairs))
    }

    /// Reads a form body.
    ///
    /// # Errors
    /// When it is of another media type, too large, or as [`Form::parse`].
    pub async fn read(headers: &HeaderMap, body: Body) -> Result<Self, OauthError> {
        let bytes = read_as(FORM, headers, body, FORM_BYTES).await.map_err(|refusal| request(&refusal))?;
        Self::parse(&bytes)
    }

    /// A value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A value that must be there.
    ///
    /// # Errors
    /// When it is not.
    pub fn need(&self, name: &str) -> Result<&str, OauthError> {
        self.get(name).ok_or_else(|| OauthError::Request(format!("{name} is missing")))
    }
}

fn request(refusal: &Refusal) -> OauthError {
    OauthError::Request(refusal.to_string())
}

/// A name as an answer may repeat it.
fn shown(name: &str) -> String {
    name.chars().filter(|letter| letter.is_ascii_graphic()).take(40).collect()
}

/// What a request says about its client, in the body, in a Basic header (RFC 6749, section 2.3.1) or in an assertion.
///
/// # Errors
/// When no client is named, or two.
pub fn client_of(headers: &HeaderMap, form: &Form) -> Result<(String, Option<String>), OauthError> {
    let in_body = form.get("client_id").map(str::to_owned);
    match (basic(headers)?, in_body) {
        (Some((id, _)), Some(other)) if id != other => {
            Err(OauthError::Request("the header names another client than the body".into()))
        }
        (Some(_), _) if form.get("client_secret").is_some() => {
            Err(OauthError::Request("client_secret is sent in the header and in the body; send it once".into()))
        }
        (Some((id, secret)), _) => Ok((id, Some(secret))),
        (None, Some(id)) => Ok((id, form.get("client_secret").map(str::to_owned))),
        // A client that signs need not name itself beside its assertion (RFC 7521, section 4.1).
        (None, None) => {
            let named = form.get("assertion").and_then(claimed_issuer);
            named.map(|id| (id, None)).ok_or(OauthError::Client)
        }
    }
}

fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, OauthError> {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let read = || {
        let (scheme, rest) = given.to_str().ok()?.trim().split_once(' ')?;
        let plain = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(rest.trim()).ok())??;
        let (id, secret) = std::str::from_utf8(&plain).ok()?.split_once(':')?;
        Some((unescaped(id), unescaped(secret)))
    };
    read().map(Some).ok_or(OauthError::Client)
}

/// The text a client wrote as in a form.
fn unescaped(text: &str) -> String {
    let whole = form_urlencoded::parse(text.as_bytes()).next();
    match whole {
        Some((name, value)) if value.is_empty() && !text.contains(['=', '&']) => name.into_owned(),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(authorization: Option<&str>, body: &str) -> Result<(String, Option<String>), &'static str> {
        let headers = authorization.map(|text| HeaderValue::from_str(text).expect("a header"));
        let headers = HeaderMap::from_iter(headers.map(|value| (header::AUTHORIZATION, value)));
        let form = Form::parse(body.as_bytes()).map_err(|error| error.word())?;
        client_of(&headers, &form).map_err(|error| error.word())
    }

    #[test]
    fn a_client_is_named_in_the_header_or_in_the_body_and_once() {
        let basic = format!("Basic {}", BASE64_STANDARD.encode("a%20b:c%3Ad"));
        assert_eq!(client(Some(&basic), ""), Ok(("a b".into(), Some("c:d".into()))));
        assert_eq!(client(Some(&basic), "client_id=a+b"), Ok(("a b".into(), Some("c:d".into()))));
        assert_eq!(client(None, "client_id=a&client_secret="), Ok(("a".into(), None)));
        assert_eq!(client(Some(&basic), "client_id=other"), Err("invalid_request"));
        assert_eq!(client(Some(&basic), "client_id=a+b&client_secret=c"), Err("invalid_request"));
        assert_eq!(client(None, ""), Err("invalid_client"));
        assert_eq!(client(Some("Bearer abc"), "client_id=a"), Err("invalid_client"));
        assert_eq!(client(None, "client_id=a&client_id=a"), Err("invalid_request"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_form_or_an_error_and_every_pair_that_is_written_is_read(
            noise in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            pairs in proptest::collection::btree_map(".{0,9}", ".{1,20}", 0..6),
        ) {
            let _ = Form::parse(&noise);
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let read = Form::parse(written.as_bytes()).expect("each name once");
            proptest::prop_assert_eq!(read.0, pairs);
        }
    }
}
