//! OpenSMTPD and Dovecot on loopback, with one folder for everything they keep. Both need root, as mail servers do.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fieldline_stories::pause_milliseconds;
use tempfile::TempDir;

const PASSWORD: &str = "mailbox-password-1";
/// How often it is looked whether a server answers yet, twenty times a second.
const MOST_LOOKS: usize = 400;
/// Whose files the mailboxes are: somebody who owns nothing else.
const OWNER: &str = "nobody";

/// The servers; they end with this.
pub struct Servers {
    home: TempDir,
    smtp_port: u16,
    imap_port: u16,
    processes: Vec<Child>,
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Asked to end, both take the processes with them that they began.
            let id = process.id().to_string();
            let asked = Command::new("kill").args(["-TERM", &id]).status();
            if asked.is_err() || process.wait().is_err() {
                let _ = process.kill();
            }
        }
    }
}

impl Servers {
    /// Starts both, and waits until they answer.
    pub fn begin() -> Self {
        let home = tempfile::tempdir().expect("there is room for mailboxes");
        std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).expect("one's own folder");
        let [smtp_port, imap_port, lmtp_port] = free_ports();
        let mut servers = Self { home, smtp_port, imap_port, processes: Vec::new() };
        let mail = servers.mail();
        std::fs::create_dir_all(&mail).expect("a folder");
        run(Command::new("chown").arg(OWNER).arg(&mail));
        let dovecot = servers.written("dovecot.conf", &dovecot(servers.home.path(), imap_port, lmtp_port));
        let smtpd = servers.written("smtpd.conf", &smtpd(smtp_port, lmtp_port));
        servers.starts(Command::new("dovecot").arg("-F").arg("-c").arg(dovecot), imap_port);
        servers.starts(Command::new("smtpd").arg("-d").arg("-f").arg(smtpd), smtp_port);
        servers
    }

    fn mail(&self) -> PathBuf {
        self.home.path().join("mail")
    }

    /// Where a mailbox keeps what nobody has looked at.
    pub fn new_mail_of(&self, address: &str) -> PathBuf {
        self.mail().join(address).join("new")
    }

    /// Where mail is handed in.
    pub fn smtp_port(&self) -> u16 {
        self.smtp_port
    }

    /// Where mail is handed in, as the server is told.
    pub fn smtp(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.smtp_port)
    }

    /// A mailbox, as the server is told.
    pub fn imap(&self, address: &str) -> String {
        format!("imap://{}@127.0.0.1:{}", address.replace('@', "%40"), self.imap_port)
    }

    /// A file with the password of every mailbox.
    pub fn password_file(&self) -> String {
        self.written("password", &format!("{PASSWORD}\n")).display().to_string()
    }

    fn written(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).expect("there is room for a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("one's own file");
        path
    }

    fn starts(&mut self, command: &mut Command, port: u16) {
        let log = std::fs::File::create(self.home.path().join(format!("{port}.log"))).expect("there is room for a log");
        let errors = log.try_clone().expect("a file");
        let started = command.stdin(Stdio::null()).stdout(log).stderr(errors).spawn();
        self.processes.push(started.unwrap_or_else(|problem| panic!("{command:?} cannot be started: {problem}")));
        for _ in 0..MOST_LOOKS {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return;
            }
            pause_milliseconds(50);
        }
        let said = std::fs::read_to_string(self.home.path().join(format!("{port}.log"))).unwrap_or_default();
        panic!("{command:?} does not answer within twenty seconds: {said}");
    }
}

/// Ports nobody listens at, all at once so that they differ.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

fn run(command: &mut Command) {
    let done = command.status().is_ok_and(|status| status.success());
    assert!(done, "{command:?} failed; this story needs root");
}

fn dovecot(home: &Path, imap_port: u16, lmtp_port: u16) -> String {
    let home = home.display();
    format!(
        "protocols = imap lmtp\nlisten = 127.0.0.1\nbase_dir = {home}/run\nstate_dir = {home}/state\nlog_path = {home}/dovecot.log\n\
         ssl = no\ndisable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_location = maildir:{home}/mail/%u\n\
         passdb {{\n  driver = static\n  args = password={{plain}}{PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={OWNER} gid=nogroup home={home}/mail/%u allow_all_users=yes\n}}\n\
         service imap-login {{\n  inet_listener imap {{\n    port = {imap_port}\n  }}\n  inet_listener imaps {{\n    port = 0\n  }}\n}}\n\
         service lmtp {{\n  inet_listener lmtp {{\n    address = 127.0.0.1\n    port = {lmtp_port}\n  }}\n}}\n"
    )
}

fn smtpd(smtp_port: u16, lmtp_port: u16) -> String {
    format!(
        "table owners {{ \"@\" = \"{OWNER}\" }}\nlisten on 127.0.0.1 port {smtp_port}\n\
         action \"keep\" lmtp \"127.0.0.1:{lmtp_port}\" rcpt-to virtual <owners>\nmatch from any for any action \"keep\"\n"
    )
}
