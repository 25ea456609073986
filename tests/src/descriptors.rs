//! Passing descriptors over Unix sockets, as programs do that hand a region to others.

use core::mem::MaybeUninit;
use std::{
    io::{IoSlice, IoSliceMut},
    os::{
        fd::{BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// Sends a descriptor.
///
/// # Panics
///
/// Where it cannot be sent.
pub fn send(socket: &UnixStream, fd: BorrowedFd<'_>) {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let fds = [fd];
    assert!(control.push(SendAncillaryMessage::ScmRights(&fds)), "room for one descriptor");
    // A descriptor travels with at least one byte.
    let sent = sendmsg(socket, &[IoSlice::new(b"d")], &mut control, SendFlags::empty()).expect("send a descriptor");
    assert_eq!(sent, 1);
}

/// Receives a descriptor.
///
/// # Panics
///
/// Where something else comes.
#[must_use]
pub fn receive(socket: &UnixStream) -> OwnedFd {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let mut into = [IoSliceMut::new(&mut byte)];
    recvmsg(socket, &mut into, &mut control, RecvFlags::CMSG_CLOEXEC).expect("receive a descriptor");
    let fds = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut fds) => fds.next(),
        _ => None,
    });
    fds.expect("a descriptor with the message")
}
