//! What becomes of the memory: sealed, reserved, unlinked, locked.

use super::*;

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
