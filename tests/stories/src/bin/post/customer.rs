//! Somebody who writes and reads mail as simple programs do: SMTP by hand, and files in a mailbox.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::PathBuf;

use crate::servers::Servers;

/// A mail, as far as a customer sees of it.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    /// What it is known by.
    pub message_id: String,
    /// The mail it answers.
    pub in_reply_to: String,
}

impl Letter {
    /// An answer to it, with what it said below.
    pub fn answered(&self, text: &str) -> Self {
        let quoted: Vec<String> = self.text.lines().map(|line| format!("> {line}")).collect();
        Self {
            subject: format!("Re: {}", self.subject),
            text: format!("{text}\n\nOn Monday, the desk wrote:\n{}", quoted.join("\n")),
            in_reply_to: self.message_id.clone(),
            ..Self::default()
        }
    }

    fn read(mail: &str) -> Self {
        let mail = mail.replace("\r\n", "\n");
        let (head, text) = mail.split_once("\n\n").unwrap_or((&mail, ""));
        let head = head.replace("\n ", " ").replace("\n\t", " ");
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let mut named = lines.filter(|(given, _)| given.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
        };
        let [subject, message_id, in_reply_to] = ["Subject", "Message-ID", "In-Reply-To"].map(header);
        Self { subject, text: text.to_owned(), message_id, in_reply_to }
    }
}

/// A customer with a mailbox.
pub struct Customer {
    address: String,
    smtp_port: u16,
    mailbox: PathBuf,
    read: BTreeSet<PathBuf>,
    written: u32,
}

impl Customer {
    pub fn new(servers: &Servers, address: &str) -> Self {
        let mailbox = servers.new_mail_of(address);
        Self { address: address.to_owned(), smtp_port: servers.smtp_port(), mailbox, read: BTreeSet::new(), written: 0 }
    }

    /// Sends a mail.
    pub fn writes(&mut self, to: &str, letter: &Letter) {
        self.written += 1;
        let (from, number) = (&self.address, self.written);
        let reply = Some(&letter.in_reply_to).filter(|id| !id.is_empty()).map(|id| format!("In-Reply-To: {id}\r\n"));
        let mail = format!(
            "From: {from}\r\nTo: {to}\r\nMessage-ID: <{number}.{from}>\r\n{}Subject: {}\r\n\r\n{}\r\n.\r\n",
            reply.unwrap_or_default(),
            letter.subject,
            letter.text.replace('\n', "\r\n")
        );
        let stream = TcpStream::connect(("127.0.0.1", self.smtp_port)).expect("the mail server listens");
        let mut answers = BufReader::new(stream.try_clone().expect("a socket"));
        let mut heard = |said: &str| {
            let mut line = String::new();
            loop {
                line.clear();
                answers.read_line(&mut line).expect("the mail server answers");
                if line.as_bytes().get(3) != Some(&b'-') {
                    break;
                }
            }
            assert!(line.starts_with(['2', '3']), "to {said:?} the mail server answers {line}");
        };
        heard("a connection");
        let commands = [
            "EHLO customer.example\r\n",
            &format!("MAIL FROM:<{from}>\r\n"),
            &format!("RCPT TO:<{to}>\r\n"),
            "DATA\r\n",
            &mail,
        ];
        for command in commands {
            (&stream).write_all(command.as_bytes()).expect("the mail server listens");
            heard(command);
        }
    }

    /// The mails that have come since.
    pub fn reads(&mut self) -> Vec<Letter> {
        let files = std::fs::read_dir(&self.mailbox).into_iter().flatten().flatten().map(|file| file.path());
        let new: BTreeSet<PathBuf> = files.filter(|path| !self.read.contains(path)).collect();
        let letters = new.iter().map(|path| Letter::read(&std::fs::read_to_string(path).expect("a mail")));
        let letters = letters.collect();
        self.read.extend(new);
        letters
    }
}
