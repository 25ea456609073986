//! loom's atomics, with a fuse: a model can kill a thread before any of its atomic operations.
//!
//! A killed thread unwinds to where its fuse was lit, and on the way it changes nothing: destructors run, but their
//! atomic operations have no effect. To everybody else it is as if the process had been killed there.

use core::cell::Cell;
use std::{
    boxed::Box,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

pub use core::sync::atomic::Ordering;

/// What is left of the fuse of a thread.
#[derive(Clone, Copy)]
enum Fuse {
    Unlit,
    Lit(u32),
    Dead,
}

loom::thread_local! {
    static FUSE: Cell<Fuse> = Cell::new(Fuse::Unlit);
    static LANE: Cell<u32> = Cell::new(0);
}

/// What a killed thread unwinds with.
struct Killed;

/// Runs `life` and kills it before its atomic operation number `step` (from 0). Returns what it came to, or `None`
/// where it was killed.
pub fn killed_before<R>(step: u32, life: impl FnOnce() -> R) -> Option<R> {
    FUSE.with(|fuse| fuse.set(Fuse::Lit(step)));
    let outcome = catch_unwind(AssertUnwindSafe(life));
    FUSE.with(|fuse| fuse.set(Fuse::Unlit));
    match outcome {
        Ok(value) => Some(value),
        Err(panic) if panic.is::<Killed>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// Whether the calling thread still has an effect; where its fuse has burnt down it is killed here.
fn alive() -> bool {
    FUSE.with(|fuse| match fuse.get() {
        Fuse::Unlit => true,
        Fuse::Lit(0) => {
            fuse.set(Fuse::Dead);
            resume_unwind(Box::new(Killed))
        }
        Fuse::Lit(left) => {
            fuse.set(Fuse::Lit(left - 1));
            true
        }
        Fuse::Dead => false,
    })
}

/// Chooses the lane of the calling thread in local pools.
pub fn set_lane(lane: u32) {
    LANE.with(|mine| mine.set(lane));
}

/// The lane of the calling thread in local pools: stacks of models have no stable addresses to choose it by.
pub(crate) fn lane() -> u32 {
    LANE.with(Cell::get)
}

/// See [`core::sync::atomic::fence`].
pub fn fence(order: Ordering) {
    if alive() {
        loom::sync::atomic::fence(order);
    }
}

/// Does `change`, which comes after the turn that [`Turn::take`] took, without other threads in between.
fn at_once<R>(change: impl FnOnce() -> R) -> R {
    loom::stop_exploring();
    let outcome = change();
    loom::explore();
    outcome
}

/// What an atomic operation does first, so that loom tries it in every order with the others on the same atomic.
///
/// loom 0.7 reorders an operation with the last one on the same atomic that it conflicts with, and forgets the earlier
/// ones: a thread that loads a word and then changes it is never reordered with another thread's load before
/// (tokio-rs/loom#166, #392), and every compare-exchange loop begins like that. Changes alone are all remembered. So
/// each operation begins with a change of a word beside the atomic, which orders nothing in the memory model.
#[derive(Debug)]
struct Turn(loom::sync::atomic::AtomicU32);

impl Turn {
    fn new() -> Self {
        Self(loom::sync::atomic::AtomicU32::new(0))
    }

    fn take(&self) {
        self.0.fetch_or(0, Ordering::Relaxed);
    }
}

macro_rules! atomic {
    ($name:ident, $int:ty) => {
        /// See the type of this name in [`core::sync::atomic`].
        #[derive(Debug)]
        pub struct $name {
            value: loom::sync::atomic::$name,
            turn: Turn,
        }

        impl $name {
            /// Makes one with this value.
            #[must_use]
            pub fn new(value: $int) -> Self {
                Self { value: loom::sync::atomic::$name::new(value), turn: Turn::new() }
            }

            fn change<R>(&self, change: impl FnOnce(&loom::sync::atomic::$name) -> R) -> R {
                self.turn.take();
                at_once(|| change(&self.value))
            }

            /// Reads.
            pub fn load(&self, order: Ordering) -> $int {
                if !alive() {
                    return 0;
                }
                self.turn.take();
                self.value.load(order)
            }

            /// Writes.
            pub fn store(&self, value: $int, order: Ordering) {
                if alive() {
                    self.change(|word| word.store(value, order));
                }
            }

            /// Adds bits; returns what was there.
            pub fn fetch_or(&self, bits: $int, order: Ordering) -> $int {
                if alive() { self.change(|word| word.fetch_or(bits, order)) } else { 0 }
            }

            /// Keeps bits; returns what was there.
            pub fn fetch_and(&self, bits: $int, order: Ordering) -> $int {
                if alive() { self.change(|word| word.fetch_and(bits, order)) } else { 0 }
            }

            /// Writes `new` where `current` is there; returns what was there.
            ///
            /// # Errors
            ///
            /// What is there, where that is not `current`.
            pub fn compare_exchange(
                &self,
                current: $int,
                new: $int,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$int, $int> {
                if !alive() {
                    return Ok(current);
                }
                self.change(|word| word.compare_exchange(current, new, success, failure))
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new(0)
            }
        }
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
