//! The record of a session changes hands while others read who it is.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use pool_core::registry::{Entry, Identity, NAME_BYTES, Status};
use pool_tests::model::check;

/// The `epoch`-th session: all parts of its identity say so.
fn identity(epoch: u32) -> Identity {
    let of = u64::from(epoch);
    Identity { pid: epoch, start_time: of, pid_namespace: of, joined: of, name: [epoch as u8; NAME_BYTES] }
}

#[test]
fn an_identity_is_read_whole_or_not_at_all() {
    let runs = check("identity", Some(2), || {
        let entry = Arc::new(Entry::new());
        entry.admit(1, &identity(1));
        let shared = Arc::clone(&entry);
        let next = thread::spawn(move || {
            shared.dismiss();
            shared.admit(2, &identity(2));
        });
        if let Some((status, found)) = entry.identity() {
            assert!(status.live);
            assert_eq!(found, identity(status.epoch), "an identity that is put together");
        }
        next.join().unwrap();
        assert_eq!(entry.identity(), Some((Status { live: true, epoch: 2 }, identity(2))));
    });
    println!("{runs} orders");
}
