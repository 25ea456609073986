//! What is no region, or not ours, or not the one that was meant, is an error of its own that says what was expected and
//! what was found.
#![cfg(not(loom))]

use std::{
    fs::{self, File, Permissions},
    os::{
        fd::AsFd,
        unix::{
            fs::{FileExt, PermissionsExt, chown, symlink},
            net::UnixListener,
        },
    },
    path::Path,
};

use pool_core::header::{self, FIXED_BYTES, HeaderError, HeaderFields};
use pool_tests::{
    message::Rng,
    names::{Directory, Name},
    process::Roles,
    users::{NOBODY, become_nobody, is_root},
    words::header_of,
};
use pool_typed::{
    AttachError, CreateError, CreateOrAttachError, Mapped, Pool, Root, Shared, UnlinkError, error::NameError,
};
use rustix::fs::{FileType, Mode, OFlags, SealFlags};

#[derive(Shared)]
#[repr(C)]
struct Message {
    from: u32,
    to: u32,
    body: [u64; 7],
}

#[derive(Root)]
#[repr(C)]
struct World {
    messages: Pool<Message, 64>,
    answers: Pool<u64, 64>,
}

/// What other builds of the program may have.
mod other {
    use super::*;

    #[derive(Shared)]
    #[repr(C)]
    pub(super) struct Message {
        to: u32,
        from: u32,
        body: [u64; 7],
    }

    /// Two fields of the message have changed places.
    #[derive(Root)]
    #[shared(name = "World")]
    #[repr(C)]
    pub(super) struct Swapped {
        messages: Pool<Message, 64>,
        answers: Pool<u64, 64>,
    }

    /// Another capacity.
    #[derive(Root)]
    #[shared(name = "World")]
    #[repr(C)]
    pub(super) struct Larger {
        messages: Pool<super::Message, 128>,
        answers: Pool<u64, 64>,
    }

    /// Another type.
    #[derive(Root)]
    #[shared(name = "World")]
    #[repr(C)]
    pub(super) struct Signed {
        messages: Pool<super::Message, 64>,
        answers: Pool<i64, 64>,
    }

    /// Another field.
    #[derive(Root)]
    #[shared(name = "World")]
    #[repr(C)]
    pub(super) struct More {
        messages: Pool<super::Message, 64>,
        answers: Pool<u64, 64>,
        count: u64,
    }
}

/// Attaches to what must not be attached to.
fn refused<R: Root>(path: &Path) -> AttachError {
    match Mapped::<R>::attach_file(path) {
        Ok(region) => panic!("{region:?} in {}", path.display()),
        Err(error) => error,
    }
}

fn header_fault(path: &Path) -> HeaderError {
    match refused::<World>(path) {
        AttachError::Header(error) => error,
        other => panic!("expected a fault of the header, found {other:?}"),
    }
}

/// A region in a file, with its bytes.
fn region_in(directory: &Directory) -> (std::path::PathBuf, Vec<u8>) {
    let path = directory.join("region");
    drop(Mapped::<World>::create_file(&path).unwrap());
    let bytes = fs::read(&path).unwrap();
    (path, bytes)
}

#[test]
fn nothing_is_there() {
    let (name, directory) = (Name::new(), Directory::new());
    let error = Mapped::<World>::attach(&name).unwrap_err();
    assert!(matches!(&error, AttachError::NotFound { name: found } if **found == *name), "{error:?}");
    assert!(error.to_string().starts_with(&format!("no region `{}`: ", &*name)), "{error}");
    for path in ["file", "no/directory"] {
        let error = refused::<World>(&directory.join(path));
        assert!(matches!(error, AttachError::NotFound { .. }), "{error:?}");
        assert!(error.to_string().contains(path), "{error}");
    }
    let error = Mapped::<World>::create_file(directory.join("no/directory")).unwrap_err();
    assert!(matches!(error, CreateError::Io(_)), "{error:?}");
    assert_eq!(Mapped::<World>::unlink(&name), Err(UnlinkError::NotFound));
}

#[test]
fn no_names() {
    let cases = [
        ("", NameError::Empty),
        ("broker", NameError::NoSlash),
        ("/a/b", NameError::InnerSlash { at: 2 }),
        ("/..", NameError::Dots),
        ("/a\0", NameError::Nul { at: 2 }),
    ];
    for (name, expected) in cases {
        let created = Mapped::<World>::create(name).unwrap_err();
        assert!(matches!(created, CreateError::Name(found) if found == expected), "{created:?}");
        let attached = Mapped::<World>::attach(name).unwrap_err();
        assert!(matches!(attached, AttachError::Name(found) if found == expected), "{attached:?}");
        assert!(Mapped::<World>::create_or_attach(name).is_err());
        assert_eq!(Mapped::<World>::unlink(name), Err(UnlinkError::Name(expected)));
        assert_eq!(attached.to_string(), expected.to_string());
    }
}

#[test]
fn a_name_that_is_taken() {
    let (name, directory) = (Name::new(), Directory::new());
    let _region = Mapped::<World>::create(&name).unwrap();
    let error = Mapped::<World>::create(&name).unwrap_err();
    assert!(matches!(&error, CreateError::Exists { name: found } if **found == *name), "{error:?}");
    let (path, bytes) = region_in(&directory);
    let error = Mapped::<other::Larger>::create_file(&path).unwrap_err();
    assert!(matches!(error, CreateError::Exists { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "what was there is untouched");
    let error = Mapped::<other::Larger>::create_or_attach(&name).unwrap_err();
    assert!(matches!(error, CreateOrAttachError::Attach(AttachError::Layout { .. })), "{error:?}");
}

#[test]
fn modes_that_cannot_be() {
    let name = Name::new();
    for (mode, text) in [(0o400, "0o400"), (0o4600, "0o4600"), (0o066, "0o66")] {
        let error = Mapped::<World>::options().mode(mode).create(&name).unwrap_err();
        assert!(matches!(error, CreateError::Mode { found, needed: 0o600 } if found == mode), "{error:?}");
        assert!(error.to_string().contains(text) && error.to_string().contains("0o600"), "{error}");
    }
    let error = Mapped::<World>::options().mode(0o620).create(&name).unwrap_err();
    assert!(matches!(error, CreateError::WritableByOthers { mode: 0o620 }), "{error:?}");
    assert!(!name.path().exists());
    let _region = Mapped::<World>::options().mode(0o644).create(&name).unwrap();
    assert_eq!(fs::metadata(name.path()).unwrap().permissions().mode() & 0o7777, 0o644);
}

#[test]
fn files_that_are_no_region() {
    let directory = Directory::new();
    let path = directory.join("file");
    for len in [0, 1, 2, 7] {
        fs::write(&path, vec![0xF7; len]).unwrap();
        let error = header_fault(&path);
        assert_eq!(error, HeaderError::TooShort { len, needed: FIXED_BYTES });
        assert_eq!(error.to_string(), format!("the region is cut short: its header takes 256 bytes, found {len}"));
    }
    let mut rng = Rng::new(1);
    let lengths = [8, 9, 255, 256, 257, 4095, 4096, 65_535, 65_536, 65_537, 1_000_000];
    for len in lengths {
        let garbage: Vec<u8> = (0..len).map(|_| rng.next() as u8).collect();
        fs::write(&path, &garbage).unwrap();
        let error = header_fault(&path);
        assert!(matches!(error, HeaderError::NotARegion { found } if found == garbage[..8]), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("not a region: it starts with the bytes") && text.contains("POOLS"), "{text}");
    }
    // Garbage behind the right beginning.
    let (_, bytes) = region_in(&directory);
    for len in lengths {
        let mut garbage: Vec<u8> = (0..len).map(|_| rng.next() as u8).collect();
        garbage[..8].copy_from_slice(&bytes[..8]);
        fs::write(&path, &garbage).unwrap();
        let error = header_fault(&path);
        let expected = if len < FIXED_BYTES { "cut short" } else { "format version" };
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_region_that_is_cut_or_extended() {
    let directory = Directory::new();
    let (path, bytes) = region_in(&directory);
    let file = File::options().write(true).open(&path).unwrap();
    let whole = bytes.len() as u64;
    let header_len = 65_536;
    let (mut in_header, mut behind) = (0, 0);
    for cut in (0..whole).step_by(2_111).chain([255, 256, 257, header_len - 1, header_len, whole - 4096, whole - 1]) {
        file.set_len(cut).unwrap();
        match refused::<World>(&path) {
            AttachError::Header(HeaderError::TooShort { len, needed }) => {
                let expected = if cut < FIXED_BYTES as u64 { FIXED_BYTES } else { header_len as usize };
                assert_eq!((len as u64, needed), (cut, expected));
                in_header += 1;
            }
            AttachError::Length { expected, found } => {
                assert_eq!((expected, found), (whole, cut));
                assert!(cut >= header_len);
                behind += 1;
            }
            other => panic!("{other:?} at {cut}"),
        }
        file.set_len(whole).unwrap();
        file.write_all_at(&bytes, 0).unwrap();
    }
    assert!(in_header > 9 && behind > 9, "{in_header} and {behind}");
    for more in [1, 4096, 1 << 20] {
        file.set_len(whole + more).unwrap();
        let error = refused::<World>(&path);
        assert!(matches!(error, AttachError::Length { expected, found } if (expected, found) == (whole, whole + more)));
        let text = error.to_string();
        assert!(text.contains(&whole.to_string()) && text.contains(&(whole + more).to_string()), "{text}");
    }
    file.set_len(whole).unwrap();
    Mapped::<World>::attach_file(&path).unwrap();
}

#[test]
fn a_header_that_is_damaged_anywhere() {
    let directory = Directory::new();
    let (path, bytes) = region_in(&directory);
    let file = File::options().write(true).open(&path).unwrap();
    let description = World::LAYOUT.describe().len();
    let mut count = 0;
    for at in 0..FIXED_BYTES + description {
        for flip in [0x01, 0x80] {
            file.write_all_at(&[bytes[at] ^ flip], at as u64).unwrap();
            let error = header_fault(&path);
            assert!(!error.to_string().is_empty());
            count += 1;
        }
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
    }
    assert_eq!(count, 2 * (FIXED_BYTES + description));
    // The version comes first, before a checksum that may be another one in another version.
    file.write_all_at(&7_u32.to_le_bytes(), 8).unwrap();
    let error = header_fault(&path);
    assert_eq!(error, HeaderError::Version { expected: header::FORMAT_VERSION, found: 7 });
    assert_eq!(error.to_string(), "the region has format version 7, this build reads version 1");
    file.write_all_at(&bytes[8..12], 8).unwrap();
    // Then the order of bytes.
    file.write_all_at(&[bytes[15], bytes[14], bytes[13], bytes[12]], 12).unwrap();
    let error = header_fault(&path);
    assert!(matches!(error, HeaderError::Endianness { .. }), "{error:?}");
    file.write_all_at(&bytes[12..16], 12).unwrap();
    Mapped::<World>::attach_file(&path).unwrap();
}

/// Headers that are whole, and say something else than this program expects.
#[test]
fn a_header_that_says_something_else() {
    let directory = Directory::new();
    let (path, bytes) = region_in(&directory);
    let file = File::options().write(true).open(&path).unwrap();
    let right = header::parse(&bytes).unwrap();
    let mut count = 0;
    let mut write = |change: &dyn Fn(&mut HeaderFields), description: &[u8]| {
        let mut fields = right.fields;
        change(&mut fields);
        let mut area = vec![0; fields.header_len as usize];
        header::encode(&fields, description, &mut area).unwrap();
        file.write_all_at(&area, 0).unwrap();
        count += 1;
        refused::<World>(&path)
    };
    let error = write(&|fields| fields.fingerprint ^= 1, right.description);
    let expected = World::LAYOUT.fingerprint.0;
    assert!(
        matches!(error, AttachError::Layout { expected: e, found, .. } if (e, found) == (expected, expected ^ 1)),
        "{error:?}"
    );
    for change in [
        (|fields| fields.session_count = 39) as fn(&mut HeaderFields),
        |fields| fields.session_count = u32::MAX,
        |fields| fields.session_table += 64,
        |fields| fields.root += 4096,
    ] {
        let error = write(&change, right.description);
        assert!(matches!(error, AttachError::Layout { .. }), "{error:?}");
    }
    for len in [right.fields.region_len - 4096, right.fields.region_len + 1, 1 << 40] {
        let error = write(&|fields| fields.region_len = len, right.description);
        assert!(matches!(error, AttachError::Length { expected, .. } if expected == len), "{error:?}");
    }
    for description in [&b""[..], b"\xFF\xFE nonsense", b":\n:\n", &[b'x'; 60_000]] {
        let error = write(&|fields| fields.fingerprint = 1, description);
        assert!(matches!(error, AttachError::Layout { .. }), "{error:?}");
    }
    assert_eq!(count, 1 + 4 + 3 + 4);
}

#[test]
fn regions_of_other_builds() {
    fn difference<R: Root>(path: &Path) -> String {
        let text = refused::<R>(path).to_string();
        let AttachError::Layout { expected, found, difference } = refused::<R>(path) else { panic!("{text}") };
        assert_eq!((expected, found), (R::LAYOUT.fingerprint.0, World::LAYOUT.fingerprint.0));
        let start =
            format!("the region has another layout: its fingerprint is {found:#018x}, expected {expected:#018x}; ");
        assert_eq!(text, format!("{start}{difference}"));
        difference
    }
    let directory = Directory::new();
    let (path, _) = region_in(&directory);
    let contains = |text: String, parts: &[&str]| {
        assert!(parts.iter().all(|part| text.contains(part)), "{text:?} does not tell of {parts:?}");
    };
    contains(difference::<other::Swapped>(&path), &["expected `Message.to: u32 at 0`", "found `Message.to: u32 at 4`"]);
    contains(difference::<other::Larger>(&path), &["messages", "128", "64"]);
    contains(difference::<other::Signed>(&path), &["answers", "i64", "u64"]);
    contains(difference::<other::More>(&path), &["count"]);
    contains(difference::<Pool<Message, 64>>(&path), &["World"]);
    Mapped::<World>::attach_file(&path).unwrap();
}

#[test]
fn what_is_no_file() {
    let directory = Directory::new();
    let (region, _) = region_in(&directory);
    let [link, dangling, fifo, socket, folder] =
        ["link", "dangling", "fifo", "socket", "folder"].map(|name| directory.join(name));
    symlink(&region, &link).unwrap();
    symlink(directory.join("nowhere"), &dangling).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let _listener = UnixListener::bind(&socket).unwrap();
    fs::create_dir(&folder).unwrap();
    let cases = [
        (&*link, "a symbolic link"),
        (&*dangling, "a symbolic link"),
        (&*fifo, "a FIFO"),
        (&*socket, "a socket"),
        (&*folder, "a directory"),
        (Path::new("/dev/null"), "a device"),
        (Path::new("/dev/zero"), "a device"),
    ];
    for (path, expected) in cases {
        let error = refused::<World>(path);
        assert!(matches!(error, AttachError::NotAFile { found } if found == expected), "{error:?}");
        assert_eq!(error.to_string(), format!("not a region: expected a regular file, found {expected}"));
        let error = Mapped::<World>::create_file(path).unwrap_err();
        // Only root may make files beside devices.
        let expected = is_root() || !path.starts_with("/dev");
        assert!(!expected || matches!(error, CreateError::Exists { .. }), "{error:?}");
    }
}

#[test]
fn what_others_could_write_to() {
    let directory = Directory::new();
    let (path, _) = region_in(&directory);
    for mode in [0o666, 0o620, 0o602, 0o777] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let error = refused::<World>(&path);
        assert!(matches!(error, AttachError::WritableByOthers { mode: found } if found == mode), "{error:?}");
        assert!(error.to_string().contains(&format!("{mode:#o}")), "{error}");
        #[expect(unsafe_code, reason = "widens trust")]
        // SAFETY: nobody else knows of the file.
        let region = unsafe { Mapped::<World>::options().trust_others() }.attach_file(&path).unwrap();
        assert!(region.audit().is_empty());
    }
    fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
    Mapped::<World>::attach_file(&path).expect("others may look");
}

#[test]
fn a_region_of_another_user() {
    let roles = Roles::of_test("a_region_of_another_user");
    roles.play("nobody", |line| {
        let name = line.hear();
        assert!(become_nobody());
        let error = Mapped::<World>::attach(&name).unwrap_err();
        assert!(matches!(error, AttachError::Owner { expected: NOBODY, found: 0 }), "{error:?}");
        let error = Mapped::<World>::create_or_attach(&name).unwrap_err();
        assert!(matches!(error, CreateOrAttachError::Attach(AttachError::Owner { .. })), "{error:?}");
        // Its own regions are as good as anybody's.
        let own = Mapped::<World>::memfd().unwrap();
        assert_eq!(*own.join().unwrap().answers.alloc(1).unwrap(), 1);
    });

    let directory = Directory::new();
    let (path, _) = region_in(&directory);
    let error = refused_as_of(&path, NOBODY);
    if let Some(error) = error {
        assert!(matches!(error, AttachError::Owner { expected: 0, found: NOBODY }), "{error:?}");
        assert_eq!(error.to_string(), "the region belongs to user 65534; expected user 0, who runs this process");
        let name = Name::new();
        let _region = Mapped::<World>::create(&name).unwrap();
        let nobody = roles.start("nobody");
        nobody.say(&*name);
        nobody.end();
    } else {
        // Only root can give files away; a file of root will do, which everybody may look at.
        eprintln!("not root: a region cannot be given away here, so a file of root stands in for one");
        let error = refused::<World>(Path::new("/etc/passwd"));
        assert!(matches!(error, AttachError::Owner { found: 0, .. }), "{error:?}");
    }
}

/// Gives a region away and tries to attach to it; `None` where that is not allowed.
fn refused_as_of(path: &Path, user: u32) -> Option<AttachError> {
    is_root().then(|| {
        chown(path, Some(user), None).unwrap();
        refused::<World>(path)
    })
}

#[test]
fn descriptors_that_cannot_be_trusted() {
    let region = Mapped::<World>::memfd().unwrap();
    let fd = region.fd().unwrap();
    let reopen = |flags| {
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&fd));
        rustix::fs::open(path, flags | OFlags::CLOEXEC, Mode::empty()).unwrap()
    };
    for flags in [OFlags::RDONLY, OFlags::WRONLY, OFlags::PATH] {
        let error = Mapped::<World>::from_fd(reopen(flags)).unwrap_err();
        assert!(matches!(error, AttachError::ReadOnly), "{error:?}");
    }
    Mapped::<World>::from_fd(reopen(OFlags::RDWR)).unwrap();
    // The same bytes in memory without seals, or with one of the two.
    let len = region.bytes() as u64;
    let mut bytes = vec![0; len as usize];
    File::from(fd.try_clone_to_owned().unwrap()).read_exact_at(&mut bytes, 0).unwrap();
    for (seals, text) in [(SealFlags::empty(), "none of these"), (SealFlags::SHRINK, "`shrink`")] {
        let flags = rustix::fs::MemfdFlags::ALLOW_SEALING | rustix::fs::MemfdFlags::CLOEXEC;
        let copy = File::from(rustix::fs::memfd_create("copy", flags).unwrap());
        copy.write_all_at(&bytes, 0).unwrap();
        rustix::fs::fchmod(&copy, Mode::RUSR | Mode::WUSR).unwrap();
        rustix::fs::fcntl_add_seals(&copy, seals).unwrap();
        let error = Mapped::<World>::from_fd(copy.into()).unwrap_err();
        assert!(matches!(error, AttachError::Unsealed { found } if found == seals.bits()), "{error:?}");
        assert!(error.to_string().ends_with(text), "{error}");
    }
    // A file can have no seals.
    let directory = Directory::new();
    let (path, _) = region_in(&directory);
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let error = Mapped::<World>::from_fd(file.into()).unwrap_err();
    assert!(matches!(error, AttachError::Unsealed { found: 0 }), "{error:?}");
    // And what was sealed stays as long as it is.
    let file = File::from(region.fd().unwrap().as_fd().try_clone_to_owned().unwrap());
    assert!(file.set_len(len - 1).is_err() && file.set_len(len + 1).is_err());
    assert_eq!(header_of(&region).fields.region_len, len);
}
