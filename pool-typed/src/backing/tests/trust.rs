//! What is refused, and whom that depends on.

use super::*;

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
