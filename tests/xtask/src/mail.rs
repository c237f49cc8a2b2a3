//! The conversation by mail through real mail servers, which are Debian packages.

use crate::commands::{Failed, built, run};
use crate::packages;

const PROGRAMS: [(&str, &str); 2] = [("dovecot", "dovecot-imapd"), ("smtpd", "opensmtpd")];
const FILES: [(&str, &str); 1] = [("/usr/lib/dovecot/lmtp", "dovecot-lmtpd")];

/// Lets a customer and the server write each other.
pub fn converse() -> Result<(), Failed> {
    if cfg!(not(target_os = "linux")) {
        return Err(Failed(
            "the mail servers of this step are Debian packages; run it on Linux, or in a container".into(),
        ));
    }
    packages::have(&PROGRAMS, &FILES)?;
    if !packages::is_root() {
        return Err(Failed("mail servers need root; run `cargo xtask mail` as root".into()));
    }
    let server = built("sync-server")?;
    run(built("post")?.env("FIELDLINE_SERVER_BINARY", server.get_program()))
}
