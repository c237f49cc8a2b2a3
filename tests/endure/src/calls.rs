//! The calls through which this program reaches the disk, taken out of libc's hands.
//!
//! A symbol that a program defines is found before libc's, by SQLite and by Rust's standard library alike, since both are
//! linked into it. Each call asks [`disk`] what is to happen, makes the system call itself, and tells [`disk`] what was done.
//! Everything else in this crate is safe code; that no call is missed is checked by [`crate::power`], which compares what was
//! recorded with what lies in the folder.

#![expect(unsafe_code, reason = "standing in for libc's functions is what this file is for")]
#![expect(clippy::missing_safety_doc, reason = "their contracts are those of the functions of the same name in POSIX")]

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::disk::{self, Call, Verdict};

/// The path a caller names, `None` for a path that is no string.
unsafe fn path<'a>(path: *const c_char) -> Option<&'a Path> {
    // SAFETY: the caller of a file function hands over a string that ends in a zero, as POSIX asks.
    (!path.is_null()).then(|| Path::new(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes())))
}

fn fail(errno: c_int) -> c_int {
    // SAFETY: libc gives every thread an errno of its own.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// Asks what is to happen with a call; `Err` is what it returns instead of happening.
fn ask(call: &Call<'_>) -> Result<Option<usize>, c_int> {
    match disk::ask(call) {
        Verdict::Happen => Ok(None),
        Verdict::Only(length) => Ok(Some(length)),
        Verdict::Fail(errno) => Err(fail(errno)),
        Verdict::Die => {
            // SAFETY: a signal to oneself; nothing of this process goes on after it.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
            Err(fail(libc::EIO))
        }
    }
}

/// `open`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open(name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: the arguments are passed on as they came.
    unsafe { open64(name, flags, mode) }
}

/// `open` with large files; the mode is read as if it were always given, which every Linux calling convention allows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn open64(name: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: see `path`.
    let Some(target) = (unsafe { path(name) }) else { return fail(libc::EFAULT) };
    if let Err(answer) = ask(&Call::Open { path: target, creates: flags & libc::O_CREAT != 0 }) {
        return answer;
    }
    // SAFETY: the arguments are passed on as they came.
    let fd = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, name, flags | libc::O_LARGEFILE, mode) } as c_int;
    if fd >= 0 {
        disk::opened(fd, target, flags & libc::O_CREAT != 0, flags & libc::O_TRUNC != 0);
    }
    fd
}

/// `close`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn close(fd: c_int) -> c_int {
    disk::closed(fd);
    // SAFETY: the argument is passed on as it came.
    unsafe { libc::syscall(libc::SYS_close, fd) as c_int }
}

/// `read`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn read(fd: c_int, into: *mut c_void, length: usize) -> isize {
    if let Err(answer) = ask(&Call::Read { fd }) {
        return answer as isize;
    }
    // SAFETY: the arguments are passed on as they came.
    unsafe { libc::syscall(libc::SYS_read, fd, into, length) as isize }
}

/// `write`, at the place where the file stands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn write(fd: c_int, from: *const c_void, length: usize) -> isize {
    if !disk::watches(fd) {
        // SAFETY: the arguments are passed on as they came.
        return unsafe { libc::syscall(libc::SYS_write, fd, from, length) as isize };
    }
    // SAFETY: asks where the file stands and moves nothing.
    let at = unsafe { libc::syscall(libc::SYS_lseek, fd, 0, libc::SEEK_CUR) };
    // SAFETY: the arguments are passed on as they came.
    written(fd, from, length, at, |length| unsafe { libc::syscall(libc::SYS_write, fd, from, length) })
}

/// `pwrite` with large files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pwrite64(fd: c_int, from: *const c_void, length: usize, at: i64) -> isize {
    // SAFETY: the arguments are passed on as they came.
    written(fd, from, length, at, |length| unsafe { libc::syscall(libc::SYS_pwrite64, fd, from, length, at) })
}

fn written(fd: c_int, from: *const c_void, length: usize, at: i64, write: impl FnOnce(usize) -> c_long) -> isize {
    let at = at.unsigned_abs();
    let length = match ask(&Call::Write { fd, at, length }) {
        Ok(only) => only.unwrap_or(length),
        Err(answer) => return answer as isize,
    };
    let done = write(length) as isize;
    if done > 0 {
        // SAFETY: the system has just read so many bytes from there.
        disk::wrote(fd, at, unsafe { std::slice::from_raw_parts(from.cast(), done.unsigned_abs()) });
    }
    done
}

/// `ftruncate` with large files.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ftruncate64(fd: c_int, length: i64) -> c_int {
    if let Err(answer) = ask(&Call::SetLength { fd, length: length.unsigned_abs() }) {
        return answer;
    }
    // SAFETY: the arguments are passed on as they came.
    let done = unsafe { libc::syscall(libc::SYS_ftruncate, fd, length) as c_int };
    if done == 0 {
        disk::cut(fd, length.unsigned_abs());
    }
    done
}

/// `fsync`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fsync(fd: c_int) -> c_int {
    // SAFETY: the argument is passed on as it came.
    synced(fd, || unsafe { libc::syscall(libc::SYS_fsync, fd) as c_int })
}

/// `fdatasync`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fdatasync(fd: c_int) -> c_int {
    // SAFETY: the argument is passed on as it came.
    synced(fd, || unsafe { libc::syscall(libc::SYS_fdatasync, fd) as c_int })
}

/// Waiting for the real disk would prove nothing here: what a power cut keeps is worked out from the recording.
fn synced(fd: c_int, sync: impl FnOnce() -> c_int) -> c_int {
    if !disk::watches(fd) {
        return sync();
    }
    if let Err(answer) = ask(&Call::Sync { fd }) {
        return answer;
    }
    disk::synced(fd);
    0
}

/// `rename`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    // SAFETY: see `path`.
    let (Some(source), Some(target)) = (unsafe { (path(from), path(to)) }) else { return fail(libc::EFAULT) };
    if let Err(answer) = ask(&Call::Rename { from: source, to: target }) {
        return answer;
    }
    // SAFETY: the arguments are passed on as they came.
    let done = unsafe { libc::syscall(libc::SYS_renameat2, libc::AT_FDCWD, from, libc::AT_FDCWD, to, 0) as c_int };
    if done == 0 {
        disk::renamed(source, target);
    }
    done
}

/// `unlink`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unlink(name: *const c_char) -> c_int {
    // SAFETY: see `path`.
    let Some(target) = (unsafe { path(name) }) else { return fail(libc::EFAULT) };
    if let Err(answer) = ask(&Call::Unlink { path: target }) {
        return answer;
    }
    // SAFETY: the arguments are passed on as they came.
    let done = unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, name, 0) as c_int };
    if done == 0 {
        disk::unlinked(target);
    }
    done
}

/// `mkdir`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mkdir(name: *const c_char, mode: c_uint) -> c_int {
    // SAFETY: see `path`.
    let Some(target) = (unsafe { path(name) }) else { return fail(libc::EFAULT) };
    if let Err(answer) = ask(&Call::MakeDirectory { path: target }) {
        return answer;
    }
    // SAFETY: the arguments are passed on as they came.
    let done = unsafe { libc::syscall(libc::SYS_mkdirat, libc::AT_FDCWD, name, mode) as c_int };
    if done == 0 {
        disk::made_directory(target);
    }
    done
}
