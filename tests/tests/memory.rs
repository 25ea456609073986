//! What memory a region takes, and where: nothing that is not touched, unless it is asked for.
#![cfg(not(loom))]

use std::{fs, os::unix::fs::MetadataExt, path::Path, ptr::NonNull};

use pool_tests::{names::Name, process::Roles, users::become_nobody, words::header_of};
use pool_typed::{
    FullCause, Mapped, ObjId, Options, Outcome, Pool, PoolBox, Root, SessionPool, Shared, config::Capacity,
    error::CreateError,
};
use rustix::process::{Resource, Rlimit, setrlimit};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;

/// The memory that a region takes.
fn taken(file: &Path) -> u64 {
    fs::metadata(file).unwrap().blocks() * 512
}

type Kilobytes = Pool<[u64; 128], 1_048_576>;

#[test]
fn a_million_objects_take_memory_as_they_are_touched() {
    let roles = Roles::of_test("a_million_objects_take_memory_as_they_are_touched");
    roles.play("reader", |line| {
        let region = Mapped::<Kilobytes>::attach(&line.hear()).unwrap();
        let pool = region.join().unwrap();
        let mut sum = 0;
        while let Some(bits) = line.hear_or_end().filter(|words| words != "end") {
            let id = ObjId::from_bits(bits.parse().unwrap()).unwrap();
            sum += pool.take(id).unwrap().iter().sum::<u64>();
        }
        line.say(sum);
    });

    let name = Name::new();
    let region = Mapped::<Kilobytes>::create(&name).unwrap();
    assert!(region.bytes() as u64 > 1024 * MIB);
    assert_eq!(fs::metadata(name.path()).unwrap().len(), region.bytes() as u64);
    let fresh = taken(&name.path());
    assert!(fresh <= 64 * KIB, "{fresh} bytes for a header");
    let report = region.report();
    assert_eq!((report.prefault, report.huge_pages, report.locked), Default::default());

    let reader = roles.start("reader");
    reader.say(&*name);
    let pool = region.join().unwrap();
    assert_eq!(pool.capacity(), 1 << 20);
    for number in 0..1000 {
        let id = PoolBox::into_id(pool.alloc_with(|| [number; 128]).unwrap());
        reader.say(id.to_bits());
    }
    reader.say("end");
    assert_eq!(reader.hear_value::<u64>(), 128 * (0..1000).sum::<u64>());
    reader.end();
    let used = taken(&name.path());
    assert!(used < fresh + 4 * MIB, "{used} bytes for 1000 objects of which none is left");

    let all: Vec<_> = (0..1000).map(|number| pool.alloc_with(|| [number; 128]).unwrap()).collect();
    let used = taken(&name.path());
    assert!((1000 * KIB..fresh + 4 * MIB).contains(&used), "{used} bytes for 1000 objects");
    drop(all);
    drop(pool);
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
    assert!(taken(&name.path()) < fresh + 4 * MIB, "an audit reads what was used only");
}

type Pages = Pool<[u64; 512], 256>;

#[test]
fn prefault_touches_everything_in_every_process_that_asks() {
    let name = Name::new();
    let region = Mapped::<Pages>::create(&name).unwrap();
    assert!(taken(&name.path()) < 128 * KIB);
    let other = Mapped::<Pages>::options().prefault(true).attach(&name).unwrap();
    assert_eq!(other.report().prefault, Outcome::Granted);
    assert_eq!(region.report().prefault, Outcome::NotAsked);
    let expected = region.bytes() as u64 - u64::from(header_of(&region).fields.header_len);
    assert!(taken(&name.path()) >= expected, "{} of {expected}", taken(&name.path()));
    assert_eq!(region.report().prefault.to_string(), "not asked");
    assert_eq!(other.report().prefault.to_string(), "granted");
}

#[test]
fn huge_pages_are_granted_or_refused_as_the_system_says() {
    let policy = |file| fs::read_to_string(format!("/sys/kernel/mm/transparent_hugepage/{file}")).unwrap_or_default();
    let (private, shared) = (policy("enabled"), policy("shmem_enabled"));
    let name = Name::new();
    let options = || Mapped::<Pages>::options().huge_pages(true);
    let regions = [
        (options().heap().unwrap(), private.is_empty() || private.contains("[never]")),
        (options().memfd().unwrap(), shared.is_empty() || shared.contains("[never]") || shared.contains("[deny]")),
        (options().create(&name).unwrap(), shared.is_empty() || shared.contains("[deny]")),
    ];
    for (region, refused) in &regions {
        let outcome = region.report().huge_pages;
        assert_eq!(matches!(outcome, Outcome::Refused(_)), *refused, "{outcome}");
        assert!(!refused || outcome.to_string().starts_with("refused: could not get huge pages"), "{outcome}");
        assert!(*refused || outcome == Outcome::Granted, "{outcome}");
        // It works either way.
        assert_eq!(region.join().unwrap().alloc([1; 512]).unwrap()[511], 1);
    }
}

/// The bytes that this process keeps in memory.
fn locked() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * KIB
}

#[test]
fn locking_is_granted_or_refused() {
    let roles = Roles::of_test("locking_is_granted_or_refused");
    roles.play("owner", |line| {
        let region = Mapped::<Pages>::options().lock(true).memfd().unwrap();
        let outcome = region.report().locked;
        let expected = if outcome == Outcome::Granted { region.bytes() as u64 } else { 0 };
        assert_eq!(locked(), expected, "{outcome}");
        line.say(outcome);
    });
    roles.play("poor", |line| {
        setrlimit(Resource::Memlock, Rlimit { current: Some(0), maximum: Some(0) }).unwrap();
        line.say(become_nobody());
        let region = Mapped::<Pages>::options().lock(true).memfd().unwrap();
        line.say(region.report().locked);
        assert_eq!(locked(), 0);
        assert_eq!(region.join().unwrap().alloc([1; 512]).unwrap()[511], 1);
    });

    let owner = roles.start("owner");
    let outcome = owner.hear();
    assert!(outcome == "granted" || outcome.starts_with("refused"), "{outcome}");
    owner.end();
    let poor = roles.start("poor");
    let _ = poor.hear();
    let outcome = poor.hear();
    assert!(outcome.starts_with("refused: could not keep the region in memory: "), "{outcome}");
    poor.end();
}

#[test]
fn reserved_memory_is_there_or_creation_fails() {
    let name = Name::new();
    let region = Mapped::<Pages>::options().reserve(true).create(&name).unwrap();
    assert!(taken(&name.path()) >= region.bytes() as u64);
    assert_eq!(region.report().prefault, Outcome::NotAsked);
    let memfd = Mapped::<Pages>::options().reserve(true).memfd().unwrap();
    let file = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&memfd.fd().unwrap()));
    assert!(taken(Path::new(&file)) >= memfd.bytes() as u64);
    assert_eq!(region.join().unwrap().alloc([1; 512]).unwrap()[0], 1);

    // 16 TiB are more than there is.
    type Endless = Pool<[u64; 2048], 1_073_741_824>;
    let other = Name::new();
    let error = Mapped::<Endless>::options().reserve(true).create(&other).unwrap_err();
    assert!(matches!(error, CreateError::Io(_)), "{error:?}");
    assert!(error.to_string().starts_with("could not reserve the memory of the region: "), "{error}");
    assert!(!other.path().exists(), "what could not be created is not there");
    // Without reserving they are as good as any.
    let region = Mapped::<Endless>::create(&other).unwrap();
    assert_eq!(region.join().unwrap().alloc_with(|| [7; 2048]).unwrap()[2047], 7);
    assert!(region.audit().is_empty());
    assert!(taken(&other.path()) < 16 * MIB);
}

type Billion<T> = Pool<T, 1_073_741_824>;

fn use_a_billion(region: &Mapped<Billion<u8>>) {
    let pool = region.join().unwrap();
    let ids: Vec<_> = (0..1000).map(|byte| PoolBox::into_id(pool.alloc(byte as u8).unwrap())).collect();
    assert_eq!(pool.iter().count(), 1000);
    for (byte, id) in ids.into_iter().enumerate() {
        assert_eq!(*pool.take(id).unwrap(), byte as u8);
    }
    drop(pool);
    let audit = region.audit();
    assert!(audit.is_sound() && audit.is_empty(), "{audit}");
    assert_eq!(audit.pools[0].capacity, 1 << 30);
}

#[test]
fn two_to_the_thirty_objects() {
    let name = Name::new();
    let region = Mapped::<Billion<u8>>::create(&name).unwrap();
    assert!(region.bytes() > 17 << 30);
    use_a_billion(&region);
    // The bits that say what was used are 2 MiB, and an audit reads all of them.
    assert!(taken(&name.path()) < 4 * MIB, "{}", taken(&name.path()));
    Mapped::<Billion<u8>>::attach(&name).unwrap();
    use_a_billion(&Mapped::heap().unwrap());
}

/// A program finds the region of an object that it was handed by reference.
#[test]
fn the_header_is_found_from_the_address_of_any_object() {
    fn check<T: Shared + Copy, const N: usize>(region: &Mapped<Pool<T, N>>, value: T) -> usize
    where
        usize: Capacity<N>,
    {
        let (base, alignment) = (region.base().addr().get(), region.alignment());
        assert!(alignment.is_power_of_two() && alignment >= region.bytes() && base.is_multiple_of(alignment));
        let pool = region.join().unwrap();
        let objects: Vec<_> = (0..N).map(|_| pool.alloc(value).unwrap()).collect();
        for object in &objects {
            assert_eq!((&raw const **object).addr() & !(alignment - 1), base);
        }
        assert_eq!(header_of(region).fields.region_len, region.bytes() as u64);
        objects.len()
    }
    let name = Name::new();
    let one = Mapped::<Pool<u64, 64>>::create(&name).unwrap();
    let again = Mapped::<Pool<u64, 64>>::attach(&name).unwrap();
    let mut count = check(&one, 1) + check(&again, 2);
    count += check(&Mapped::<Pool<[u64; 100], 1024>>::memfd().unwrap(), [3; 100]);
    count += check(&Mapped::<Pool<[u8; 3], 512>>::heap().unwrap(), [4; 3]);
    assert_eq!(count, 64 + 64 + 1024 + 512);
}

/// Fills a pool to the last slot, and looks whether every object is a place of its own. Returns how many there are.
fn fill<T, const N: usize>(options: Options<Pool<T, N>>, value: impl Fn(u8) -> T, first: impl Fn(&T) -> u8) -> usize
where
    T: Shared,
    usize: Capacity<N>,
{
    let region = options.memfd().unwrap();
    let pool: &SessionPool<'_, T, N> = &region.join().unwrap();
    let mut addresses = Vec::new();
    let boxes: Vec<PoolBox<'_, T>> = (0..N).map(|i| pool.alloc_with(|| value(i as u8)).unwrap()).collect();
    let full = pool.alloc_with(|| unreachable!("there is no place to build it")).err().unwrap();
    assert_eq!(full.cause(), FullCause::Exhausted { capacity: N });
    for (i, object) in boxes.iter().enumerate() {
        let address = (&raw const **object).addr();
        assert!(address.is_multiple_of(align_of::<T>()), "{address:#x}");
        assert_eq!(first(object), i as u8);
        addresses.push(address);
    }
    addresses.sort_unstable();
    assert!(addresses.windows(2).all(|pair| pair[1] - pair[0] >= size_of::<T>()));
    let span = addresses[N - 1] - addresses[0];
    assert_eq!(span, (N - 1) * Pool::<T, N>::SLOT_BYTES, "slots lie side by side");
    assert_eq!(Pool::<T, N>::SLOT_BYTES, size_of::<T>().next_power_of_two());
    let raw: Vec<NonNull<T>> = boxes.into_iter().map(PoolBox::into_raw).collect();
    for (i, pointer) in raw.into_iter().enumerate() {
        #[expect(unsafe_code, reason = "frees an object by its address alone")]
        // SAFETY: it came from `into_raw` just now, and is given back once.
        let object = unsafe { pool.from_raw(pointer) };
        assert_eq!(first(&object), i as u8);
        let id = PoolBox::into_id(object);
        assert_eq!(first(&pool.take(id).unwrap()), i as u8);
    }
    pool.give_back_cache();
    assert!(pool.is_empty());
    N
}

macro_rules! aligned {
    ($($name:ident $align:literal)*) => { $(
        #[derive(Shared)]
        #[repr(C, align($align))]
        struct $name([u8; $align]);
    )* };
}

aligned! { A2 2 A4 4 A8 8 A16 16 A32 32 A64 64 A128 128 A256 256 A512 512 A1024 1024 A2048 2048 A4096 4096 }

#[derive(Shared)]
#[repr(C, align(4096))]
struct TwoPages([u8; 8192]);

#[test]
fn every_size_and_alignment() {
    let mut count = 0;
    macro_rules! fill_aligned {
        ($($name:ident $align:literal)*) => { $(
            count += fill::<$name, 16>(Mapped::<Pool<$name, 16>>::options(), |i| $name([i; $align]), |t| t.0[0]);
        )* };
    }
    fill_aligned! { A2 2 A4 4 A8 8 A16 16 A32 32 A64 64 A128 128 A256 256 A512 512 A1024 1024 A2048 2048 A4096 4096 }
    count += fill::<u8, 256>(Mapped::<Pool<u8, 256>>::options(), |i| i, |t| *t);
    count += fill::<[u8; 3], 64>(Mapped::<Pool<[u8; 3], 64>>::options(), |i| [i; 3], |t| t[2]);
    count += fill::<[u64; 5], 64>(Mapped::<Pool<[u64; 5], 64>>::options(), |i| [u64::from(i); 5], |t| t[4] as u8);
    count += fill::<u128, 1>(Mapped::<Pool<u128, 1>>::options(), u128::from, |t| *t as u8);
    count += fill::<TwoPages, 4>(Mapped::<Pool<TwoPages, 4>>::options(), |i| TwoPages([i; 8192]), |t| t.0[8191]);
    const LARGE: usize = 1 << 20;
    count += fill::<[u8; LARGE], 8>(Mapped::<Pool<[u8; LARGE], 8>>::options(), |i| [i; LARGE], |t| t[LARGE - 1]);
    count += fill::<[u8; 1025], 32>(Mapped::<Pool<[u8; 1025], 32>>::options(), |i| [i; 1025], |t| t[1024]);
    assert_eq!(count, 12 * 16 + 256 + 64 + 64 + 1 + 4 + 8 + 32);
}

#[test]
fn state_costs_sixteen_bytes_an_object() {
    assert_eq!(Pool::<u64, 1024>::STATE_BYTES, 16);
    assert_eq!(Pool::<u64, 1024>::SLOT_BYTES, 8);
    assert_eq!(Pool::<[u8; 100], 1024>::SLOT_BYTES, 128);
    // Hints, used bits and leases: less than a byte for each 8 objects in a large pool.
    let overhead = Pool::<u64, 1_048_576>::OVERHEAD;
    assert!((16 << 20..(16 << 20) + (1 << 17)).contains(&overhead), "{overhead}");
    assert_eq!(<Kilobytes as Root>::LAYOUT.extent.sources, 1);
}
