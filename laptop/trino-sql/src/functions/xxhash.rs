//! XXH64, by its specification: <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>.

const PRIMES: [u64; 5] = [
    0x9e37_79b1_85eb_ca87,
    0xc2b2_ae3d_27d4_eb4f,
    0x1656_67b1_9e37_79f9,
    0x85eb_ca77_c2b2_ae63,
    0x27d4_eb2f_1656_67c5,
];

fn round(accumulator: u64, lane: u64) -> u64 {
    let sum = accumulator.wrapping_add(lane.wrapping_mul(PRIMES[1]));
    sum.rotate_left(31).wrapping_mul(PRIMES[0])
}

/// The hash of bytes with seed 0.
pub(crate) fn xxhash64(bytes: &[u8]) -> u64 {
    let lane = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0_u64, |lane, byte| lane << 8 | u64::from(*byte))
    };
    let (stripes, mut rest) = bytes.split_at(bytes.len() / 32 * 32);
    let mut hash = if stripes.is_empty() {
        PRIMES[4]
    } else {
        let mut accumulators = [
            PRIMES[0].wrapping_add(PRIMES[1]),
            PRIMES[1],
            0,
            0_u64.wrapping_sub(PRIMES[0]),
        ];
        for stripe in stripes.chunks_exact(32) {
            for (accumulator, bytes) in accumulators.iter_mut().zip(stripe.chunks_exact(8)) {
                *accumulator = round(*accumulator, lane(bytes));
            }
        }
        let rotated = accumulators
            .iter()
            .zip([1, 7, 12, 18])
            .map(|(a, by)| a.rotate_left(by));
        let sum = rotated.fold(0, u64::wrapping_add);
        accumulators.iter().fold(sum, |hash, accumulator| {
            (hash ^ round(0, *accumulator))
                .wrapping_mul(PRIMES[0])
                .wrapping_add(PRIMES[3])
        })
    };
    hash = hash.wrapping_add(bytes.len() as u64);
    while let Some((bytes, after)) = rest.split_at_checked(8) {
        hash = (hash ^ round(0, lane(bytes)))
            .rotate_left(27)
            .wrapping_mul(PRIMES[0])
            .wrapping_add(PRIMES[3]);
        rest = after;
    }
    if let Some((bytes, after)) = rest.split_at_checked(4) {
        hash = (hash ^ lane(bytes).wrapping_mul(PRIMES[0]))
            .rotate_left(23)
            .wrapping_mul(PRIMES[1])
            .wrapping_add(PRIMES[2]);
        rest = after;
    }
    for byte in rest {
        hash = (hash ^ u64::from(*byte).wrapping_mul(PRIMES[4]))
            .rotate_left(11)
            .wrapping_mul(PRIMES[0]);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(PRIMES[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIMES[2]);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    /// Values of the reference implementation.
    #[test]
    fn hashes_texts_of_each_length() {
        assert_eq!(super::xxhash64(b""), 0xef46_db37_51d8_e999);
        assert_eq!(super::xxhash64(b"a"), 0xd24e_c4f1_a98c_6e5b);
        assert_eq!(super::xxhash64(b"abc"), 0x44bc_2cf5_ad77_0999);
        let long = b"Call me Ishmael. Some years ago--never mind how long precisely-";
        assert_eq!(super::xxhash64(long), 0x02a2_e854_70d6_fd96);
    }
}
