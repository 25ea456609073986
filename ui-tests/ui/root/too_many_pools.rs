use pool_typed::{Pool, Root};

#[derive(Root)]
#[repr(C)]
struct Sixteen {
    p0: Pool<u64, 1>,
    p1: Pool<u64, 1>,
    p2: Pool<u64, 1>,
    p3: Pool<u64, 1>,
    p4: Pool<u64, 1>,
    p5: Pool<u64, 1>,
    p6: Pool<u64, 1>,
    p7: Pool<u64, 1>,
    p8: Pool<u64, 1>,
    p9: Pool<u64, 1>,
    p10: Pool<u64, 1>,
    p11: Pool<u64, 1>,
    p12: Pool<u64, 1>,
    p13: Pool<u64, 1>,
    p14: Pool<u64, 1>,
    p15: Pool<u64, 1>,
}

#[derive(Root)]
#[repr(C)]
struct World {
    r0: Sixteen,
    r1: Sixteen,
    r2: Sixteen,
    r3: Sixteen,
    r4: Sixteen,
    r5: Sixteen,
    r6: Sixteen,
    r7: Sixteen,
    r8: Sixteen,
    r9: Sixteen,
    r10: Sixteen,
    r11: Sixteen,
    r12: Sixteen,
    r13: Sixteen,
    r14: Sixteen,
    r15: Sixteen,
}

fn main() {}
