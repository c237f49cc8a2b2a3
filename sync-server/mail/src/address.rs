//! The address of an SMTP server: `smtp://[user@]host[:port]`, or `smtps://` for one that is encrypted from the start.

/// Where mail is handed in, and how.
#[derive(Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub user: Option<String>,
    pub encrypted: Encrypted,
}

/// When what is said to the server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encrypted {
    /// With the first byte.
    FromTheStart,
    /// Before anything else is said (STARTTLS).
    FirstOfAll,
    /// Not at all: it stays on this machine.
    Never,
}

impl Server {
    /// Reads an address.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (encrypted, rest) = match url.split_once("://") {
            Some(("smtps", rest)) => (Encrypted::FromTheStart, rest),
            Some(("smtp", rest)) => (Encrypted::FirstOfAll, rest),
            _ => return Err("a mail server is written smtp://NAME@HOST:587 or smtps://NAME@HOST".into()),
        };
        let (user, place) =
            rest.trim_end_matches('/').rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err("a password in the address can be read by everybody on this machine; give it in a file or the environment".into());
        }
        let place = place.trim_end_matches('/');
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| format!("\"{port}\" is no port"))?)),
            None => (place, None),
        };
        if host.is_empty() || host.contains('/') {
            return Err("the address names no host; write smtp://NAME@HOST:587".into());
        }
        let is_here = host == "localhost" || host.parse().is_ok_and(|host: std::net::Ipv4Addr| host.is_loopback());
        let encrypted = if is_here && encrypted == Encrypted::FirstOfAll { Encrypted::Never } else { encrypted };
        let usual = if encrypted == Encrypted::FromTheStart { 465 } else { 587 };
        // A sign-in name is often an address, whose @ is written %40.
        let user = user.map(|user| user.replace("%40", "@"));
        Ok(Self { host: host.to_owned(), port: port.unwrap_or(usual), user, encrypted })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_unencrypted() {
        for (url, host, port, user, encrypted) in [
            ("smtp://desk@mail.example.org", "mail.example.org", 587, Some("desk"), Encrypted::FirstOfAll),
            ("smtp://mail.example.org:25/", "mail.example.org", 25, None, Encrypted::FirstOfAll),
            (
                "smtps://desk%40example.org@mail.example.org",
                "mail.example.org",
                465,
                Some("desk@example.org"),
                Encrypted::FromTheStart,
            ),
            (
                "smtp://desk@example.org@mail.example.org",
                "mail.example.org",
                587,
                Some("desk@example.org"),
                Encrypted::FirstOfAll,
            ),
            ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, None, Encrypted::Never),
            ("smtp://localhost", "localhost", 587, None, Encrypted::Never),
        ] {
            let user = user.map(str::to_owned);
            assert_eq!(Server::parse(url), Ok(Server { host: host.into(), port, user, encrypted }), "{url}");
        }
        for (url, problem) in [
            ("http://mail", "is written smtp://"),
            ("smtp://desk:secret@mail", "can be read by everybody"),
            ("smtp://:25", "names no host"),
            ("smtp://mail:x", "\"x\" is no port"),
        ] {
            let refused = Server::parse(url).expect_err(url);
            assert!(refused.contains(problem) && !refused.contains("secret"), "{refused}");
        }
    }
}
