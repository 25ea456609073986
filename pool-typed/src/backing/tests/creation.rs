//! What others see of a region at any time of its creation.

use super::*;

#[test]
fn what_one_creates_another_attaches() {
    let name = Unique::new();
    let one = create_plain(&name).unwrap();
    let candidate = Candidate::named(name.name(), &plain()).unwrap();
    assert_eq!(*candidate.fields(), fields(LEN));
    assert_eq!(candidate.description(), TEXT);
    let other = candidate.map(&plain()).unwrap();
    put(&one, LEN as usize - 1, 7);
    assert_eq!(get(&other, LEN as usize - 1), 7);
    assert_eq!(get(&other, 0), header(LEN)[0]);
    assert_eq!((one.report, other.report), (Report::default(), Report::default()));

    let found = fs::metadata(name.path()).unwrap();
    assert_eq!((found.len(), found.mode() & 0o7777), (LEN, 0o600));
    assert_eq!(temporary_names(std::process::id()), [""; 0]);
}

#[test]
fn a_new_region_takes_no_more_than_its_header() {
    let name = Unique::new();
    let _region = create_plain(&name).unwrap();
    assert!(fs::metadata(name.path()).unwrap().blocks() * 512 <= 4096);
}

#[test]
fn a_name_is_given_once() {
    let name = Unique::new();
    let first = create_plain(&name).unwrap();
    put(&first, LEN as usize - 1, 7);
    let error = create_plain(&name).unwrap_err();
    assert!(matches!(&error, CreateError::Exists { name: found } if found == name.name()), "{error}");
    assert_eq!(get(&attach_plain(&name).unwrap(), LEN as usize - 1), 7);
}

#[test]
fn of_two_that_are_ready_one_gets_the_name() {
    let name = Unique::new();
    let location = Location::named(name.name()).unwrap();
    let stage = [Staged::new, Staged::with_temporary_name];
    for (first, second) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        with_spec(&plain(), |spec| {
            let one = stage[first](&location, spec).unwrap();
            let other = stage[second](&location, spec).unwrap();
            let one = one.publish().unwrap();
            assert!(matches!(other.publish(), Err(CreateError::Exists { .. })));
            assert_eq!(rustix::fs::fstat(&one).unwrap().st_ino, fs::metadata(name.path()).unwrap().ino());
        });
        attach_plain(&name).unwrap();
        unlink(name.name()).unwrap();
    }
}

#[test]
fn without_unnamed_files_nothing_is_left_either() {
    let name = Unique::new();
    let location = Location::named(name.name()).unwrap();
    // In a child, whose number nobody else uses for temporary names.
    let exit = alone().in_child(|| {
        with_spec(&plain(), |spec| {
            let mine = || temporary_names(std::process::id()).len();
            let staged = Staged::with_temporary_name(&location, spec).unwrap();
            assert_eq!(mine(), 1);
            assert!(!name.path().exists());
            staged.publish().unwrap();
            assert_eq!(mine(), 0);
            attach_plain(&name).unwrap();
            assert!(matches!(Staged::with_temporary_name(&location, spec), Err(CreateError::Exists { .. })));
            assert_eq!(mine(), 0);
        });
        0
    });
    assert_eq!(exit, Exit::Code(0));
}

#[test]
fn who_is_killed_before_the_end_leaves_nothing_by_that_name() {
    let alone = alone();
    for unnamed in [true, false] {
        let name = Unique::new();
        let location = Location::named(name.name()).unwrap();
        let line = Line::new();
        let child = alone.child(|| {
            with_spec(&plain(), |spec| {
                let _staged = if unnamed {
                    Staged::new(&location, spec).unwrap()
                } else {
                    Staged::with_temporary_name(&location, spec).unwrap()
                };
                line.say();
                sleep_for_ever()
            })
        });
        line.hear();
        let pid = child.pid();
        drop(child);
        assert!(matches!(attach_plain(&name), Err(AttachError::NotFound { .. })));
        create_plain(&name).unwrap();
        for left in temporary_names(pid) {
            fs::remove_file(Path::new("/dev/shm").join(left)).unwrap();
        }
    }
}

/// What others can see changes in system calls only, so these are all the times that matter.
#[test]
fn a_kill_at_any_system_call_leaves_a_whole_region_or_none() {
    let alone = alone();
    for unnamed in [true, false] {
        let mut found_from = None;
        for calls in 0.. {
            let name = Unique::new();
            let mut child = alone.child(|| {
                let location = Location::named(name.name()).unwrap();
                stop_to_be_traced();
                with_spec(&RegionOptions { reserve: true, ..plain() }, |spec| {
                    if unnamed {
                        create_named(name.name(), spec).unwrap();
                    } else {
                        Staged::with_temporary_name(&location, spec).unwrap().publish().unwrap();
                    }
                });
                0
            });
            child.wait_for_stop();
            let goes_on = (0..calls).all(|_| child.run_to_system_call());
            let pid = child.pid();
            drop(child);
            match attach_plain(&name) {
                Ok(region) => {
                    assert_eq!(region.mapping.len() as u64, LEN);
                    found_from.get_or_insert(calls);
                }
                Err(AttachError::NotFound { .. }) => assert_eq!(found_from, None, "it was there before"),
                Err(error) => panic!("after {calls} edges of calls: {error}"),
            }
            for left in temporary_names(pid) {
                assert!(!unnamed, "{left}");
                fs::remove_file(Path::new("/dev/shm").join(left)).unwrap();
            }
            if !goes_on {
                break;
            }
        }
        let steps = found_from.unwrap();
        assert!(steps > 12, "open, mode, length, memory and header come before the name: {steps}");
    }
}

#[test]
fn of_many_creators_one_wins_and_the_rest_can_attach() {
    let alone = alone();
    for _ in 0..10 {
        let name = Unique::new();
        let race = || match with_spec(&plain(), |spec| create_or_attach_named(name.name(), spec)) {
            Ok(Opened::Created(_)) => 1,
            Ok(Opened::Found(candidate)) => i32::from(candidate.map(&plain()).is_err()) * 2,
            Err(_) => 3,
        };
        let children: Vec<_> = (0..6).map(|_| alone.child(race)).collect();
        let mut exits: Vec<_> = children.into_iter().map(|child| child.wait()).collect();
        exits.sort_by_key(|exit| *exit == Exit::Code(1));
        let mut expected = [Exit::Code(0); 6];
        expected[5] = Exit::Code(1);
        assert_eq!(exits, expected);
    }
}

#[test]
fn create_or_attach_gives_up_on_a_name_that_comes_and_goes() {
    let mut tries = 0;
    let found = create_or_attach(
        || Err(AttachError::NotFound { name: String::new() }),
        || {
            tries += 1;
            Err(CreateError::Exists { name: String::new() })
        },
    );
    assert!(matches!(found, Err(CreateOrAttachError::Unsettled { turns: TURNS })));
    assert_eq!(tries, TURNS);
}

#[test]
fn create_or_attach_passes_errors_on() {
    let name = Unique::new();
    fs::write(name.path(), "something else, which is longer than the mark of a region").unwrap();
    fs::set_permissions(name.path(), Permissions::from_mode(0o600)).unwrap();
    let found = with_spec(&plain(), |spec| create_or_attach_named(name.name(), spec));
    let expected = HeaderError::NotARegion { found: *b"somethin" };
    assert!(matches!(found, Err(CreateOrAttachError::Attach(AttachError::Header(error))) if error == expected));
    let bad = RegionOptions { mode: 0, ..plain() };
    let found = with_spec(&bad, |spec| create_or_attach_named(Unique::new().name(), spec));
    assert!(matches!(found, Err(CreateOrAttachError::Create(CreateError::Mode { found: 0, needed: 0o600 }))));
}

#[test]
fn files_stand_where_their_path_says() {
    let directory = Unique::new();
    fs::create_dir(directory.path()).unwrap();
    let path = directory.path().join("region");
    let created = with_spec(&plain(), |spec| create_file(&path, spec)).unwrap();
    put(&created, LEN as usize - 1, 7);
    let attached = Candidate::file(&path, &plain()).unwrap().map(&plain()).unwrap();
    assert_eq!(get(&attached, LEN as usize - 1), 7);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

    let nowhere = directory.path().join("no/region");
    let error = with_spec(&plain(), |spec| create_file(&nowhere, spec)).unwrap_err();
    assert!(matches!(error, CreateError::Io(error) if error.kind() == std::io::ErrorKind::NotFound));
    assert!(matches!(Candidate::file(&nowhere, &plain()), Err(AttachError::NotFound { .. })));
}

#[test]
fn disks_do_as_well() {
    let path = std::env::temp_dir().join(&Unique::new().name()[1..]);
    let created = with_spec(&RegionOptions { reserve: true, ..plain() }, |spec| create_file(&path, spec)).unwrap();
    let attached = Candidate::file(&path, &plain()).unwrap().map(&plain());
    fs::remove_file(&path).unwrap();
    let attached = attached.unwrap();
    put(&created, LEN as usize - 1, 7);
    assert_eq!(get(&attached, LEN as usize - 1), 7);
}

#[test]
fn a_limit_on_file_lengths_is_an_error_and_no_signal() {
    let alone = alone();
    let name = Unique::new();
    let exit = alone.in_child(|| {
        setrlimit(Resource::Fsize, Rlimit { current: Some(LEN - 1), maximum: Some(LEN - 1) }).unwrap();
        let error = create_plain(&name).unwrap_err();
        assert!(matches!(error, CreateError::Io(error) if error.errno() == Errno::FBIG), "{error}");
        0
    });
    assert_eq!(exit, Exit::Code(0));
    assert!(!name.path().exists());
}
