//! The address of a mail server: `smtp://[user@]host[:port]` or `imap://…`, with an `s` for one that is encrypted from the start.

/// Where mail is handed in or lies, and how.
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

/// What is spoken with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Mail is handed in.
    Smtp,
    /// Mail is fetched.
    Imap,
}

impl Protocol {
    /// How addresses begin, and the ports of a server that is encrypted from the start and of one that is not.
    fn usual(self) -> (&'static str, u16, u16) {
        match self {
            Self::Smtp => ("smtp", 465, 587),
            Self::Imap => ("imap", 993, 143),
        }
    }
}

impl Server {
    /// Reads an address.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(url: &str, protocol: Protocol) -> Result<Self, String> {
        let (scheme, encrypted_port, plain_port) = protocol.usual();
        let (encrypted, rest) = match url.split_once("://").map(|(given, rest)| (given.strip_prefix(scheme), rest)) {
            Some((Some("s"), rest)) => (Encrypted::FromTheStart, rest),
            Some((Some(""), rest)) => (Encrypted::FirstOfAll, rest),
            _ => {
                return Err(format!(
                    "a mail server is written {scheme}://NAME@HOST:{plain_port} or {scheme}s://NAME@HOST"
                ));
            }
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
            return Err(format!("the address names no host; write {scheme}://NAME@HOST:{plain_port}"));
        }
        let is_here = host == "localhost" || host.parse().is_ok_and(|host: std::net::Ipv4Addr| host.is_loopback());
        let encrypted = if is_here && encrypted == Encrypted::FirstOfAll { Encrypted::Never } else { encrypted };
        let usual = if encrypted == Encrypted::FromTheStart { encrypted_port } else { plain_port };
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
            assert_eq!(
                Server::parse(url, Protocol::Smtp),
                Ok(Server { host: host.into(), port, user, encrypted }),
                "{url}"
            );
        }
        for (url, problem) in [
            ("http://mail", "is written smtp://"),
            ("smtp://desk:secret@mail", "can be read by everybody"),
            ("smtp://:25", "names no host"),
            ("smtp://mail:x", "\"x\" is no port"),
        ] {
            let refused = Server::parse(url, Protocol::Smtp).expect_err(url);
            assert!(refused.contains(problem) && !refused.contains("secret"), "{refused}");
        }
        let mailbox = Server::parse("imaps://desk@mail.example.org", Protocol::Imap);
        assert_eq!(mailbox.map(|server| (server.port, server.encrypted)), Ok((993, Encrypted::FromTheStart)));
        assert!(Server::parse("smtp://mail", Protocol::Imap).is_err_and(|problem| problem.contains("imap://")));
    }
}
