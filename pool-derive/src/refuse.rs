//! Which types are refused by their spelling, and why.
//!
//! The bound `Shared` refuses them too, but it cannot say why. So what people write most often is recognized by name:
//! one sentence, the reason first, the remedy after a semicolon. A generic name of std is recognized only with
//! arguments, so a user may have a type `Cell`; one who has a `Cell<T>` writes `self::Cell<T>`. A type behind an alias
//! escapes this and meets the bound.

use quote::ToTokens;
use syn::{Error, Expr, ExprLit, GenericArgument, Lit, Path, PathArguments, Result, Type};

/// What the field belongs to.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Owner {
    /// An object, which is plain data.
    Object,
    /// A root, which has pools too.
    Root,
}

impl Owner {
    /// The handle that can be stored there.
    fn handle(self, target: &str) -> String {
        match self {
            Self::Object => format!("an `Option<ObjId<{target}>>`"),
            Self::Root => format!("an `AtomicObjId<{target}>`"),
        }
    }
}

/// Refuses all fields that are known to be wrong, together.
pub(crate) fn fields<'a>(types: impl Iterator<Item = &'a Type>, owner: Owner) -> Result<()> {
    let errors = types.filter_map(|ty| field(ty, owner).err());
    let all = errors.reduce(|mut all, error| {
        all.combine(error);
        all
    });
    all.map_or(Ok(()), Err)
}

fn field(ty: &Type, owner: Owner) -> Result<()> {
    let reason = match ty {
        Type::Array(array) if is_zero(&array.len) => Some("an array of length 0 takes no memory; leave it out".into()),
        Type::Array(array) => return field(&array.elem, owner),
        Type::Group(group) => return field(&group.elem, owner),
        Type::Paren(paren) => return field(&paren.elem, owner),
        Type::Path(path) if path.qself.is_none() => {
            let Some((name, args)) = std_like(&path.path) else { return Ok(()) };
            match args.first() {
                Some(inner) if name == "Option" => return option(ty, inner, owner),
                Some(first) => generic(&name, &spelling(first), owner),
                None => plain(&name),
            }
        }
        Type::Reference(_) => Some(address("a reference is", owner)),
        Type::Ptr(_) => Some(address("a pointer is", owner)),
        Type::TraitObject(_) => Some(address("a trait object holds", owner)),
        Type::BareFn(_) => {
            Some("a function pointer is an address in one process; store a number that selects the function".into())
        }
        Type::Slice(slice) => Some(format!("a slice has no fixed size; use an array `[{}; N]`", spelling(&slice.elem))),
        Type::Tuple(tuple) if tuple.elems.is_empty() => Some("`()` takes no memory; leave the field out".into()),
        Type::Tuple(_) => Some("a tuple has no fixed layout; use a struct with `#[repr(C)]`".into()),
        _ => None,
    };
    reason.map_or(Ok(()), |reason| Err(Error::new_spanned(ty, reason)))
}

/// Types that are written without arguments.
fn plain(name: &str) -> Option<String> {
    Some(match name {
        "bool" => invalid_bytes(name, "u8"),
        "char" => invalid_bytes(name, "u32"),
        "AtomicBool" => invalid_bytes(name, "AtomicU8"),
        "usize" => sized_by_target(name, "u64"),
        "isize" => sized_by_target(name, "i64"),
        "AtomicUsize" => sized_by_target(name, "AtomicU64"),
        "AtomicIsize" => sized_by_target(name, "AtomicI64"),
        "str" => "`str` has no fixed size; use `[u8; N]`".into(),
        "String" | "CString" | "OsString" | "PathBuf" => owns_heap(name, "use `[u8; N]`"),
        _ if is_non_zero(name) => zero(name, &format!("Option<{name}>")),
        _ => return None,
    })
}

/// Types that are written with arguments, of which `first` is the first.
fn generic(name: &str, first: &str, owner: Owner) -> Option<String> {
    Some(match name {
        "Vec" | "VecDeque" | "BinaryHeap" => owns_heap(name, &format!("use `[{first}; N]`")),
        "Box" | "Rc" | "Arc" | "Weak" | "Cow" | "LinkedList" | "HashMap" | "HashSet" | "BTreeMap" | "BTreeSet" => {
            owns_heap(name, &format!("put the value in a pool and store {}", owner.handle("T")))
        }
        "NonNull" => address("a `NonNull` is", owner),
        "AtomicPtr" => "an `AtomicPtr` holds an address in one process; use an `AtomicObjId<T>`".into(),
        "Cell" | "RefCell" | "UnsafeCell" | "OnceCell" => {
            format!("{} changes without atomics behind a shared reference; use {}", a(name), atomic_of(first))
        }
        "Mutex" | "RwLock" | "OnceLock" | "LazyLock" => {
            format!("{} stays locked when its holder is killed; use atomics", a(name))
        }
        "ObjId" => format!("fresh memory is zero, and zero is no `ObjId`; store {}", owner.handle(first)),
        "NonZero" => zero("NonZero", &format!("Option<NonZero<{first}>>")),
        "PhantomData" => "`PhantomData` takes no memory; leave it out, and use the parameter in another field".into(),
        "MaybeUninit" => format!("a `MaybeUninit` has bytes without a value; use `{first}`, which may be zero"),
        "Result" => "`Result` has no fixed layout; store a number that says which it is, and the values".into(),
        "PoolBox" | "PoolArc" => {
            format!("a `{name}` belongs to one session; store {}, from `{name}::into_id`", owner.handle(first))
        }
        "Pool" if owner == Owner::Object => {
            "a pool is not part of an object; make it a field of a `#[derive(Root)]` struct".into()
        }
        _ => return None,
    })
}

/// `Option` is fine around `NonZero` and `ObjId`, and has no fixed layout around other numbers.
fn option(ty: &Type, inner: &Type, owner: Owner) -> Result<()> {
    let text = spelling(ty);
    let known = match inner {
        Type::Path(path) if path.qself.is_none() => std_like(&path.path),
        Type::Array(_) => Some(("[]".into(), Vec::new())),
        _ => None,
    };
    let Some((name, args)) = known else { return field(inner, owner) };
    let first = args.first().map_or_else(String::new, |ty| spelling(ty));
    let reason = match (name.as_str(), first.as_str()) {
        ("ObjId", _) if owner == Owner::Root => {
            format!("a plain field of a root never changes; use `AtomicObjId<{first}>`")
        }
        ("NonZeroUsize" | "NonZeroIsize", _) | ("NonZero", "usize" | "isize") => {
            sized_by_target(&text, &text.replace("size", "64"))
        }
        ("ObjId" | "NonZero", _) => return Ok(()),
        _ if is_non_zero(&name) => return Ok(()),
        _ if is_integer(&name) => {
            format!("`{text}` has no fixed layout; use `Option<NonZero<{name}>>`, or a value that means none")
        }
        ("f32" | "f64", _) => format!("`{text}` has no fixed layout; use `{name}`, with NaN for none"),
        ("[]", _) => format!("`{text}` has no fixed layout; use the array, with a length beside it"),
        _ => return field(inner, owner),
    };
    Err(Error::new_spanned(ty, reason))
}

fn is_zero(len: &Expr) -> bool {
    matches!(len, Expr::Lit(ExprLit { lit: Lit::Int(len), .. }) if len.base10_digits() == "0")
}

fn address(what: &str, owner: Owner) -> String {
    format!("{what} an address in one process; store {}", owner.handle("T"))
}

fn owns_heap(name: &str, remedy: &str) -> String {
    format!("{} owns heap memory of one process; {remedy}", a(name))
}

fn invalid_bytes(name: &str, instead: &str) -> String {
    format!("`{name}` has invalid bit patterns; use `{instead}`")
}

fn sized_by_target(name: &str, instead: &str) -> String {
    format!("the size of `{name}` depends on the target; use `{instead}`")
}

fn zero(name: &str, instead: &str) -> String {
    format!("fresh memory is zero, and zero is no `{name}`; use `{instead}`")
}

fn atomic_of(inner: &str) -> String {
    match inner.strip_prefix(['u', 'i']) {
        Some(bits @ ("8" | "16" | "32" | "64")) => format!("`Atomic{}{bits}`", inner[..1].to_uppercase()),
        _ => "atomics".into(),
    }
}

/// The name with its article.
fn a(name: &str) -> String {
    let article = if ["A", "Os", "Un"].iter().any(|vowel| name.starts_with(vowel)) { "an" } else { "a" };
    format!("{article} `{name}`")
}

/// Whether it is `NonZeroU8` or one of its kin.
fn is_non_zero(name: &str) -> bool {
    name.strip_prefix("NonZero").is_some_and(|number| is_integer(&number.to_lowercase()))
}

fn is_integer(name: &str) -> bool {
    matches!(name, "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize")
}

/// The last segment and its type arguments, where the path may mean a type of std or of this library.
fn std_like(path: &Path) -> Option<(String, Vec<&Type>)> {
    let (first, last) = (&path.segments.first()?.ident, path.segments.last()?);
    if path.segments.len() > 1 && !["std", "core", "alloc", "pool_typed"].iter().any(|root| first == root) {
        return None;
    }
    let args = match &last.arguments {
        PathArguments::AngleBracketed(args) => args
            .args
            .iter()
            .filter_map(|arg| if let GenericArgument::Type(ty) = arg { Some(ty) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    Some((last.ident.to_string(), args))
}

/// A type as people write it.
fn spelling(ty: &Type) -> String {
    let text = ty.to_token_stream().to_string();
    let tight = [(" < ", "<"), (" <", "<"), (" >", ">"), (" ;", ";"), (" ,", ","), (" :: ", "::"), ("& ", "&")];
    tight.iter().fold(text, |text, (loose, tight)| text.replace(loose, tight))
}
