//! Regions as files: what others see of them at any time, and what is refused.

#![allow(unsafe_code, reason = "reads and writes of mapped bytes")]

use std::fs::{self, File, Permissions};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use pool_core::header::{HEADER_BYTES, HeaderError, HeaderFields, RootName, encode};
use rustix::fs::{SealFlags, ftruncate};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::*;
use crate::error::NameError;
use crate::sys::locks::LockFile;
use crate::sys::testing::{Exit, Line, Unique, alone, sleep_for_ever, stop_to_be_traced};

const LEN: u64 = 4 * HEADER_BYTES as u64;
const TEXT: &str = "root World\n";

fn fields(region_len: u64) -> HeaderFields {
    HeaderFields {
        header_len: HEADER_BYTES as u32,
        region_len,
        fingerprint: 42,
        session_table: HEADER_BYTES as u64,
        session_count: 40,
        root: 2 * HEADER_BYTES as u64,
        name: RootName::new("World"),
    }
}

fn header(region_len: u64) -> Vec<u8> {
    let mut out = vec![0; HEADER_BYTES];
    encode(&fields(region_len), TEXT.as_bytes(), &mut out).unwrap();
    out
}

/// Calls with a region of [`LEN`] bytes.
fn with_spec<T>(options: &RegionOptions, call: impl FnOnce(&Spec<'_>) -> T) -> T {
    call(&Spec { len: LEN, header: &header(LEN), options })
}

fn plain() -> RegionOptions {
    RegionOptions::default()
}

fn trusting() -> RegionOptions {
    RegionOptions { trust_others: true, ..plain() }
}

fn create_plain(name: &Unique) -> Result<Backing, CreateError> {
    with_spec(&plain(), |spec| create_named(name.name(), spec))
}

fn attach_plain(name: &Unique) -> Result<Backing, AttachError> {
    Candidate::named(name.name(), &plain())?.map(&plain())
}

fn get(backing: &Backing, at: usize) -> u8 {
    assert!(at < backing.mapping.len());
    let byte = backing.mapping.base().as_ptr().wrapping_add(at);
    // SAFETY: it lies in the mapping.
    unsafe { byte.read_volatile() }
}

fn put(backing: &Backing, at: usize, byte: u8) {
    assert!(at < backing.mapping.len());
    let place = backing.mapping.base().as_ptr().wrapping_add(at);
    // SAFETY: it lies in the mapping; nobody has a reference to it.
    unsafe { place.write_volatile(byte) }
}

/// Entries of the shm filesystem that this process made under temporary names.
fn temporary_names(pid: u32) -> Vec<String> {
    let prefix = format!(".pool-region-{pid}-");
    let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name().into_string());
    names.filter_map(Result::ok).filter(|name| name.starts_with(&prefix)).collect()
}

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
fn an_unlinked_region_lives_on_where_it_is_mapped() {
    let name = Unique::new();
    let old = create_plain(&name).unwrap();
    unlink(name.name()).unwrap();
    assert_eq!(unlink(name.name()), Err(UnlinkError::NotFound));
    assert!(matches!(attach_plain(&name), Err(AttachError::NotFound { .. })));
    let new = create_plain(&name).unwrap();
    put(&old, LEN as usize - 1, 1);
    assert_eq!(get(&new, LEN as usize - 1), 0);
    let locks = |backing: &Backing| LockFile::fresh(backing.file.as_ref().unwrap()).unwrap();
    let one = locks(&old);
    assert_eq!(one.try_lock(LEN), Ok(true));
    assert_eq!(locks(&new).is_locked(LEN), Ok(false), "another file");
    assert_eq!(locks(&old).is_locked(LEN), Ok(true), "the same file, although it has no name");
    assert_eq!(unlink("name"), Err(UnlinkError::Name(NameError::NoSlash)));
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
fn only_regular_files_are_opened() {
    let directory = Unique::new();
    fs::create_dir(directory.path()).unwrap();
    let at = |name: &str| directory.path().join(name);
    let region = at("region");
    let _region = with_spec(&plain(), |spec| create_file(&region, spec)).unwrap();
    std::os::unix::fs::symlink(&region, at("link")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, at("fifo"), rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    fs::create_dir(at("directory")).unwrap();
    let others = [
        (at("link"), "a symbolic link"),
        (at("socket"), "a socket"),
        (at("fifo"), "a FIFO"),
        (at("directory"), "a directory"),
        ("/dev/zero".into(), "a device"),
    ];
    for (path, expected) in others {
        let found = Candidate::file(&path, &trusting());
        assert!(matches!(found, Err(AttachError::NotAFile { found }) if found == expected), "{}", path.display());
    }
    let (pipe, _) = std::io::pipe().unwrap();
    assert!(matches!(Candidate::from_fd(pipe.into(), &plain()), Err(AttachError::NotAFile { found: "a FIFO" })));
}

#[test]
fn a_region_that_was_cut_is_refused_before_it_is_mapped() {
    let name = Unique::new();
    drop(create_plain(&name).unwrap());
    let file = File::options().write(true).open(name.path()).unwrap();
    for len in (1..12).map(|part| LEN * part / 12).chain([LEN - 1, LEN + 1, LEN + 4096]).rev() {
        file.set_len(len).unwrap();
        let error = attach_plain(&name).unwrap_err();
        if len < HEADER_BYTES as u64 {
            let needed = HEADER_BYTES;
            let expected = HeaderError::TooShort { len: len as usize, needed };
            assert!(matches!(&error, AttachError::Header(found) if *found == expected), "{len}: {error}");
        } else {
            assert!(matches!(error, AttachError::Length { expected: LEN, found } if found == len), "{len}: {error}");
        }
    }
    for len in [255, 8, 7, 1, 0] {
        file.set_len(len).unwrap();
        let error = attach_plain(&name).unwrap_err();
        assert!(matches!(error, AttachError::Header(HeaderError::TooShort { needed: 256, .. })), "{len}: {error}");
    }
}

#[test]
fn a_long_description_is_read_whole() {
    let name = Unique::new();
    let text = "layout\n".repeat(50_000);
    let header_len = pool_core::header::header_len(text.len()).unwrap();
    let at = header_len as u64;
    let fields =
        HeaderFields { header_len: header_len as u32, region_len: 2 * at, session_table: at, root: at, ..fields(0) };
    let mut header = vec![0; header_len];
    encode(&fields, text.as_bytes(), &mut header).unwrap();
    let options = plain();
    let region = create_named(name.name(), &Spec { len: 2 * at, header: &header, options: &options }).unwrap();
    assert_eq!(region.mapping.header_len(), header_len);
    let candidate = Candidate::named(name.name(), &options).unwrap();
    assert_eq!(candidate.description(), text);
    candidate.map(&options).unwrap();
}

#[test]
fn modes_are_as_asked_for_whatever_the_umask() {
    let alone = alone();
    let name = Unique::new();
    let exit = alone.in_child(|| {
        rustix::process::umask(Mode::from_raw_mode(0o277));
        let options = RegionOptions { mode: 0o644, ..plain() };
        let region = with_spec(&options, |spec| create_named(name.name(), spec)).unwrap();
        let memory = with_spec(&options, |spec| memfd("test", spec)).unwrap();
        let modes = [region, memory].map(|of| rustix::fs::fstat(of.file.unwrap()).unwrap().st_mode & 0o7777);
        assert_eq!(modes, [0o644; 2]);
        attach_plain(&name).unwrap();
        0
    });
    assert_eq!(exit, Exit::Code(0));
}

#[test]
fn modes_that_no_region_can_have_are_refused() {
    for mode in [0, 0o400, 0o200, 0o077, 0o1600, 0o100_600] {
        let options = RegionOptions { mode, ..trusting() };
        for create in [create_named, memfd] {
            let found = with_spec(&options, |spec| create(Unique::new().name(), spec));
            assert!(matches!(found, Err(CreateError::Mode { found, needed: 0o600 }) if found == mode), "{mode:o}");
        }
    }
}

#[test]
fn others_that_can_write_must_be_trusted() {
    for mode in [0o620, 0o602, 0o666] {
        let name = Unique::new();
        let options = RegionOptions { mode, ..plain() };
        let found = with_spec(&options, |spec| create_named(name.name(), spec));
        assert!(matches!(found, Err(CreateError::WritableByOthers { mode: found }) if found == mode));
        let options = RegionOptions { mode, ..trusting() };
        let region = with_spec(&options, |spec| create_named(name.name(), spec)).unwrap();
        let found = attach_plain(&name);
        assert!(matches!(found, Err(AttachError::WritableByOthers { mode: found }) if found == mode));
        Candidate::named(name.name(), &trusting()).unwrap().map(&trusting()).unwrap();
        drop(region);
    }
}

#[test]
fn a_region_of_another_user_must_be_trusted() {
    let alone = alone();
    let name = Unique::new();
    if rustix::process::geteuid().is_root() {
        drop(create_plain(&name).unwrap());
        std::os::unix::fs::chown(name.path(), Some(65_534), None).unwrap();
        let exit = alone.in_child(|| {
            let error = attach_plain(&name).unwrap_err();
            assert!(matches!(error, AttachError::Owner { expected: 0, found: 65_534 }), "{error}");
            Candidate::named(name.name(), &trusting()).unwrap().map(&trusting()).unwrap();
            0
        });
        assert_eq!(exit, Exit::Code(0));
    } else {
        let own = rustix::process::geteuid().as_raw();
        let error = Candidate::file(Path::new("/etc/passwd"), &plain()).unwrap_err();
        assert!(matches!(error, AttachError::Owner { expected, found: 0 } if expected == own), "{error}");
    }
}

#[test]
fn unnamed_regions_are_sealed_and_pass_as_descriptors() {
    let one = with_spec(&plain(), |spec| memfd("test", spec)).unwrap();
    let file = one.file.as_ref().unwrap();
    let seals = rustix::fs::fcntl_get_seals(file).unwrap();
    assert!(seals.contains(SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL));
    assert!(!seals.contains(SealFlags::WRITE));
    assert_eq!(ftruncate(file, 1), Err(Errno::PERM));
    assert_eq!(ftruncate(file, LEN + 1), Err(Errno::PERM));
    assert_eq!(rustix::fs::fstat(file).unwrap().st_mode & 0o7777, 0o600);

    let candidate = Candidate::from_fd(file.try_clone().unwrap(), &plain()).unwrap();
    assert_eq!(candidate.description(), TEXT);
    let other = candidate.map(&plain()).unwrap();
    drop(one);
    put(&other, LEN as usize - 1, 7);
    let third = other.file.as_ref().unwrap().try_clone().unwrap();
    let third = Candidate::from_fd(third, &plain()).unwrap().map(&plain()).unwrap();
    assert_eq!(get(&third, LEN as usize - 1), 7);
}

#[test]
fn labels_are_cut_and_cleaned() {
    for label in ["", "é".repeat(300).as_str(), "a\0b"] {
        with_spec(&plain(), |spec| memfd(label, spec)).unwrap();
    }
}

#[test]
fn unsealed_memory_is_refused() {
    let bare = |seals: SealFlags| {
        let file = memfd_create("test", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING).unwrap();
        fchmod(&file, Mode::from_raw_mode(0o600)).unwrap();
        with_spec(&plain(), |spec| staging::fill(&file, spec)).unwrap();
        fcntl_add_seals(&file, seals).unwrap();
        file
    };
    for seals in [SealFlags::empty(), SealFlags::SHRINK, SealFlags::GROW | SealFlags::SEAL] {
        let error = Candidate::from_fd(bare(seals), &plain()).unwrap_err();
        assert!(matches!(error, AttachError::Unsealed { found } if found == seals.bits()), "{error}");
        Candidate::from_fd(bare(seals), &trusting()).unwrap();
    }
    Candidate::from_fd(bare(SealFlags::SHRINK | SealFlags::GROW), &plain()).unwrap();

    // Files with names can have no seals: they are attached by name.
    let name = Unique::new();
    let region = create_plain(&name).unwrap();
    let error = Candidate::from_fd(region.file.unwrap(), &plain()).unwrap_err();
    assert!(matches!(error, AttachError::Unsealed { found } if found == SealFlags::SEAL.bits()), "{error}");
}

#[test]
fn descriptors_must_be_open_for_both() {
    let name = Unique::new();
    let _region = create_plain(&name).unwrap();
    let path = name.path();
    for options in [File::options().read(true), File::options().write(true)] {
        let file = options.open(&path).unwrap();
        assert!(matches!(Candidate::from_fd(file.into(), &plain()), Err(AttachError::ReadOnly)));
    }
    let place = rustix::fs::open(&path, rustix::fs::OFlags::PATH, Mode::empty()).unwrap();
    assert!(matches!(Candidate::from_fd(place, &plain()), Err(AttachError::ReadOnly)));
}

#[test]
fn a_region_of_one_process_has_a_header_too() {
    let region = with_spec(&plain(), heap).unwrap();
    assert!(region.file.is_none());
    assert_eq!(get(&region, 1), header(LEN)[1]);
    put(&region, LEN as usize - 1, 1);
    let options = RegionOptions { reserve: true, ..plain() };
    let reserved = with_spec(&options, heap).unwrap();
    assert_eq!(reserved.report, Report::default());
    assert_eq!(get(&reserved, LEN as usize - 1), 0);
}

#[test]
fn reserved_memory_is_there_from_the_start() {
    let options = RegionOptions { reserve: true, ..plain() };
    let name = Unique::new();
    let region = with_spec(&options, |spec| create_named(name.name(), spec)).unwrap();
    let memory = with_spec(&options, |spec| memfd("test", spec)).unwrap();
    for backing in [region, memory] {
        let blocks = rustix::fs::fstat(backing.file.unwrap()).unwrap().st_blocks;
        assert!(blocks as u64 * 512 >= LEN, "{blocks}");
    }
}

#[test]
fn memory_that_cannot_be_reserved_is_an_error_of_create() {
    let name = Unique::new();
    let len = 1 << 44;
    let options = RegionOptions { reserve: true, ..plain() };
    let error = create_named(name.name(), &Spec { len, header: &header(len), options: &options }).unwrap_err();
    assert!(
        matches!(error, CreateError::Io(error) if error.operation() == "reserve the memory of the region"
            && error.kind() == std::io::ErrorKind::StorageFull),
        "{error}"
    );
    assert!(!name.path().exists());
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

#[test]
fn requests_are_reported() {
    let asked = RegionOptions { prefault: true, huge_pages: true, lock: true, ..plain() };
    let name = Unique::new();
    let named = with_spec(&asked, |spec| create_named(name.name(), spec)).unwrap();
    let attached = Candidate::named(name.name(), &asked).unwrap().map(&asked).unwrap();
    let unnamed = with_spec(&asked, |spec| memfd("test", spec)).unwrap();
    let heap = with_spec(&asked, heap).unwrap();
    for backing in [&named, &attached, &unnamed, &heap] {
        let Report { prefault, huge_pages, locked } = backing.report;
        assert_eq!(prefault, Outcome::Granted);
        assert_ne!(huge_pages, Outcome::NotAsked);
        assert_ne!(locked, Outcome::NotAsked);
    }
    for (memory, backing) in [(Memory::Named, named), (Memory::Unnamed, unnamed), (Memory::Private, heap)] {
        assert_eq!(backing.report.huge_pages, Outcome::of(check_policy(memory)));
    }
}

#[test]
fn locks_on_a_region_end_with_their_description_although_it_is_mapped() {
    let _alone = alone();
    let name = Unique::new();
    let region = create_plain(&name).unwrap();
    let file = region.file.as_ref().unwrap().as_fd();
    let (one, other) = (LockFile::fresh(file).unwrap(), LockFile::fresh(file).unwrap());
    assert_eq!(one.try_lock(LEN), Ok(true));
    assert_eq!(other.is_locked(LEN), Ok(true));
    drop(one);
    assert_eq!(other.is_locked(LEN), Ok(false));
}
