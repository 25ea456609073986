//! Models of the hints.
#![cfg(loom)]

use std::sync::Arc;

use loom::thread;
use pool_core::geometry::Shape;
use pool_tests::model::{World, check};

#[test]
fn closers_of_two_words_and_a_freer() {
    let shape = Shape::with_groups(3, 0);
    let runs = check("closers of two words", Some(4), move || {
        let world = World::new(shape);
        let all = world.claim(5, 0, 8);
        assert_eq!(all.len(), 8);
        world.give_back(&[0, 2]);
        let w = Arc::clone(&world);
        let a = thread::spawn(move || w.claim(0, 0, 1).len());
        let w = Arc::clone(&world);
        let b = thread::spawn(move || {
            w.give_back(&[1]);
            w.claim(1, 2, 1).len()
        });
        let n = a.join().unwrap() + b.join().unwrap();
        let _ = world.census(0xff);
        assert_eq!(n + world.claim(2, 0, 3).len(), 3);
    });
    println!("{runs} orders");
}
