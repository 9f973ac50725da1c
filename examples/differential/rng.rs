//! Seeded numbers: the same on every machine, so that a seed is a program.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    /// The generator of one piece of work of a seed.
    pub fn of(seed: u64, index: u64) -> Rng {
        let mut rng = Rng(seed ^ index.wrapping_mul(0xd134_2543_de82_ef95));
        rng.next();
        rng
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`; 0 if there is none.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % (n.max(1) as u64)) as usize
    }

    /// A number of `from..=to`.
    pub fn range(&mut self, from: i64, to: i64) -> i64 {
        from + (self.next() % (to - from + 1).max(1) as u64) as i64
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// An immediate: mostly small, often at a seam.
    pub fn imm(&mut self) -> i32 {
        const SEAMS: [i32; 14] = [
            0,
            1,
            -1,
            2,
            7,
            8,
            31,
            32,
            63,
            64,
            255,
            0x7fff,
            i32::MAX,
            i32::MIN,
        ];
        match self.below(8) {
            0 => self.next() as i32,
            1 | 2 => self.pick(&SEAMS),
            3 => 1 << self.below(31),
            4 => -(self.below(64) as i32),
            _ => self.below(64) as i32,
        }
    }
}
