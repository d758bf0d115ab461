//! The few calls of the C library that `std` has no safe form of. Everything unsafe in the shim is
//! in this file; nothing here decides anything.
//!
//! Invariant: a function returns what the kernel said and keeps no state.

use std::ffi::{c_int, c_long, c_uint, c_ulong};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

const PR_SET_DUMPABLE: c_int = 4;
const PR_SET_CHILD_SUBREAPER: c_int = 36;
const P_ALL: c_int = 0;
const WNOHANG: c_int = 1;
const WEXITED: c_int = 4;
const WNOWAIT: c_int = 0x0100_0000;
const SIGHUP: c_int = 1;
const SIGINT: c_int = 2;
const SIGQUIT: c_int = 3;
const SIGTERM: c_int = 15;
const SIG_DFL: usize = 0;

unsafe extern "C" {
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn waitid(kind: c_int, id: c_uint, info: *mut SignalInfo, options: c_int) -> c_int;
    fn prctl(option: c_int, ...) -> c_int;
    fn setgroups(count: usize, groups: *const c_uint) -> c_int;
    fn setgid(gid: c_uint) -> c_int;
    fn setuid(uid: c_uint) -> c_int;
    fn signal(number: c_int, handler: usize) -> usize;
}

/// Room for the kernel's `siginfo_t` (128 bytes); its contents are not read.
#[repr(C, align(16))]
struct SignalInfo([u8; 128]);

/// A user as the kernel knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub uid: u32,
    pub gid: u32,
    pub groups: Vec<u32>,
}

/// Keeps job processes of the same user from reading this process' memory and environment, and
/// makes it the parent of orphans also where it is not process 1.
pub fn protect_and_adopt() {
    // SAFETY: both options take one integer and touch no memory of ours. A kernel that refuses
    // leaves the former behaviour, which is what process 1 of a container has anyway.
    unsafe {
        prctl(PR_SET_DUMPABLE, 0 as c_ulong, 0 as c_long, 0 as c_long, 0 as c_long);
        prctl(PR_SET_CHILD_SUBREAPER, 1 as c_ulong, 0 as c_long, 0 as c_long, 0 as c_long);
    }
}

/// Undoes what the shim may have been started with: a signal that is ignored stays ignored in every
/// process of the job, so that it could not be cancelled (a shell's background jobs ignore SIGINT).
pub fn stop_ignoring_signals() {
    for number in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        // SAFETY: `SIG_DFL` is no function of ours; setting it touches no memory.
        unsafe { signal(number, SIG_DFL) };
    }
}

/// Signals every process of a group.
pub fn signal_group(group: u32, signal: i32) -> io::Result<()> {
    let group = c_int::try_from(group).map_err(io::Error::other)?;
    // SAFETY: `kill` takes two integers; the group is one this shim created.
    if unsafe { kill(-group, signal) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Blocks until a child has ended, without collecting it; false when there is no child at all.
pub fn wait_for_a_child() -> bool {
    let mut info = SignalInfo([0; 128]);
    loop {
        // SAFETY: `info` is as large and as aligned as the kernel's structure and outlives the call.
        let answer = unsafe { waitid(P_ALL, 0, &raw mut info, WEXITED | WNOWAIT) };
        if answer == 0 {
            return true;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return false;
        }
    }
}

/// Collects one ended child: its id and its exit code as a shell shows it.
pub fn collect_child() -> Option<(u32, i32)> {
    let mut status: c_int = 0;
    // SAFETY: `status` is a valid place for the one integer that the call writes.
    let pid = unsafe { waitpid(-1, &raw mut status, WNOHANG) };
    let pid = u32::try_from(pid).ok().filter(|&pid| pid > 0)?;
    let signal = status & 0x7f;
    Some((pid, if signal == 0 { (status >> 8) & 0xff } else { 128 + signal }))
}

/// Makes `command` run as `user`.
pub fn run_as(command: &mut Command, user: User) {
    let become_user = move || {
        // SAFETY: the pointer and the count describe the same live vector; the calls are plain
        // system calls, which may be made between fork and exec.
        let failed = unsafe {
            setgroups(user.groups.len(), user.groups.as_ptr()) != 0
                || setgid(user.gid) != 0
                || setuid(user.uid) != 0
        };
        if failed { Err(io::Error::last_os_error()) } else { Ok(()) }
    };
    // SAFETY: the closure neither allocates nor takes a lock.
    unsafe { command.pre_exec(become_user) };
}
