//! How a verifier computes on scalars.
//!
//! The domain of `abstract_interp` takes these switches and knows nothing else of
//! kernels. Stable kernels take fixes from later series, so that a row describes
//! the last point release looked at, and a target may change any field of it.

/// How ranges are kept, and what a conditional jump teaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Four ranges. A jump refines one register against a constant; what it
    /// learns of one width is pushed to the other (before 6.8).
    Constant,
    /// Four ranges. A jump refines both registers against one another (6.8).
    Paired,
    /// One arc of the circle of values per width (7.2).
    Circular,
}

/// How much is tried to decide a condition without branching.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BranchRule {
    /// Against a constant second operand; (in)equality by tnum only.
    Constant,
    /// Also a constant first operand; (in)equality by range too (6.4).
    ConstantRanges,
    /// Any two ranges (6.8).
    Ranges,
    /// And (in)equality by known bits that disagree (6.18, stable fixes).
    RangesAndBits,
    /// And by refining both ways: a contradiction is a dead branch (7.1).
    Simulated,
}

/// How tnums are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MulAlgorithm {
    /// Before 5.14.
    HalfMultiply,
    /// 5.14 to 6.17.
    PartialProducts,
    /// Since 6.18.
    Union,
}

/// The switches of the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScalarRules {
    /// How ranges are kept and refined.
    pub model: Model,
    /// How conditions are decided.
    pub branch: BranchRule,
    /// Rounds of deduction in `sync`.
    pub sync_rounds: u8,
    /// Deductions of the 6.8 series: either range from the other whenever it
    /// keeps one sign, 32-bit ranges from 64-bit ones and back. Without it only
    /// the sign is learnt.
    pub rich_deduction: bool,
    /// A signed range across zero is cut where the unsigned one meets one of
    /// its two halves only (64 bits).
    pub split_at_sign_64: bool,
    /// The same for 32 bits.
    pub split_at_sign_32: bool,
    /// What the unsigned range tells of the lower bits is kept, not that of the upper
    /// ones only (6.4, stable fixes).
    pub low_bits_from_whole: bool,
    /// The 64-bit ranges also learn from the signed 32-bit one.
    pub widen_from_s32: bool,
    /// A 64-bit range within that of `i32` with a 32-bit range that is not
    /// negative becomes that range (sign-extending loads).
    pub join_after_sign_extension: bool,
    /// It becomes that range even where it was narrower (until 7.0).
    pub join_overwrites: bool,
    /// A number is known if only one member of the tnum lies in the unsigned
    /// range (7.0, stable fixes).
    pub single_member: bool,
    /// A register whose views contradict loses its ranges (6.8).
    pub reset_on_contradiction: bool,
    /// How tnums are multiplied.
    pub mul: MulAlgorithm,
    /// Products are tracked through negative factors and up to overflow.
    pub mul_signed: bool,
    /// Multiplication, or, and exclusive or are tracked with an unknown second operand.
    pub any_second_operand: bool,
    /// A sum or difference of which both ends overflow keeps its range.
    pub add_both_overflow: bool,
    /// Signed range of and, or, exclusive or from the result, not the operands.
    pub bitwise_sign_of_result: bool,
    /// `x << 32` carries the signed 32-bit range over, negative ends as well.
    pub shl_half_negative: bool,
    /// Negation is tracked.
    pub neg: bool,
    /// Division and modulo by a constant are tracked.
    pub const_divmod: bool,
    /// Byte swaps keep known bits.
    pub byte_swap: bool,
    /// `x &= K`, `x |= K` of an x in `-1..=0` explores both values apart.
    pub fork_sign_masks: bool,
    /// A register linked by a constant distance is synchronised after an update.
    pub sync_linked: bool,
}

impl ScalarRules {
    /// 5.10.
    pub const V5_10: ScalarRules = ScalarRules {
        mul: MulAlgorithm::HalfMultiply,
        low_bits_from_whole: false,
        ..ScalarRules::V6_1
    };
    /// 5.15.
    pub const V5_15: ScalarRules = ScalarRules::V6_1;
    /// 6.1.
    pub const V6_1: ScalarRules = ScalarRules {
        model: Model::Constant,
        branch: BranchRule::Constant,
        sync_rounds: 1,
        rich_deduction: false,
        split_at_sign_64: false,
        split_at_sign_32: false,
        low_bits_from_whole: true,
        widen_from_s32: false,
        join_after_sign_extension: false,
        join_overwrites: false,
        single_member: false,
        reset_on_contradiction: false,
        mul: MulAlgorithm::PartialProducts,
        mul_signed: false,
        any_second_operand: false,
        add_both_overflow: false,
        bitwise_sign_of_result: false,
        shl_half_negative: true,
        neg: false,
        const_divmod: false,
        byte_swap: false,
        fork_sign_masks: false,
        sync_linked: false,
    };
    /// 6.6.
    pub const V6_6: ScalarRules = ScalarRules {
        branch: BranchRule::ConstantRanges,
        ..ScalarRules::V6_1
    };
    /// 6.12 (.117).
    pub const V6_12: ScalarRules = ScalarRules {
        model: Model::Paired,
        branch: BranchRule::RangesAndBits,
        sync_rounds: 3,
        rich_deduction: true,
        split_at_sign_64: true,
        split_at_sign_32: true,
        widen_from_s32: true,
        join_after_sign_extension: true,
        join_overwrites: true,
        reset_on_contradiction: true,
        any_second_operand: true,
        bitwise_sign_of_result: true,
        fork_sign_masks: true,
        ..ScalarRules::V6_1
    };
    /// 6.16.
    pub const V6_16: ScalarRules = ScalarRules {
        branch: BranchRule::Ranges,
        split_at_sign_64: false,
        neg: false,
        ..ScalarRules::V6_17
    };
    /// 6.17.
    pub const V6_17: ScalarRules = ScalarRules {
        mul: MulAlgorithm::PartialProducts,
        ..ScalarRules::V6_18
    };
    /// 6.18 (.15).
    pub const V6_18: ScalarRules = ScalarRules {
        split_at_sign_32: false,
        widen_from_s32: false,
        mul: MulAlgorithm::Union,
        mul_signed: true,
        add_both_overflow: true,
        shl_half_negative: false,
        neg: true,
        fork_sign_masks: false,
        ..ScalarRules::V6_12
    };
    /// 6.18 with its later stable fixes (.44): what that kernel prints of random
    /// arithmetic and jumps, these rules compute.
    pub const V6_18_44: ScalarRules = ScalarRules {
        split_at_sign_32: true,
        single_member: true,
        shl_half_negative: true,
        fork_sign_masks: true,
        byte_swap: true,
        sync_linked: true,
        ..ScalarRules::V6_18
    };
    /// 6.19 (.14).
    pub const V6_19: ScalarRules = ScalarRules {
        sync_linked: false,
        ..ScalarRules::V6_18_44
    };
    /// 7.0: four ranges still, and conditions aren't tried both ways yet.
    pub const V7_0: ScalarRules = ScalarRules {
        const_divmod: true,
        ..ScalarRules::V6_18_44
    };
    /// 7.1: conditions are tried both ways.
    pub const V7_1: ScalarRules = ScalarRules {
        join_overwrites: false,
        branch: BranchRule::Simulated,
        ..ScalarRules::V7_0
    };
    /// 7.2 and 7.3.
    pub const V7_3: ScalarRules = ScalarRules {
        model: Model::Circular,
        single_member: true,
        branch: BranchRule::Simulated,
        sync_rounds: 2,
        shl_half_negative: true,
        const_divmod: true,
        byte_swap: true,
        fork_sign_masks: true,
        sync_linked: true,
        ..ScalarRules::V6_18
    };

    /// Every row with its name.
    const NAMED: [(&'static str, ScalarRules); 13] = [
        ("5.10", ScalarRules::V5_10),
        ("5.15", ScalarRules::V5_15),
        ("6.1", ScalarRules::V6_1),
        ("6.6", ScalarRules::V6_6),
        ("6.12", ScalarRules::V6_12),
        ("6.16", ScalarRules::V6_16),
        ("6.17", ScalarRules::V6_17),
        ("6.18", ScalarRules::V6_18),
        ("6.18.44", ScalarRules::V6_18_44),
        ("6.19", ScalarRules::V6_19),
        ("7.0", ScalarRules::V7_0),
        ("7.1", ScalarRules::V7_1),
        ("7.3", ScalarRules::V7_3),
    ];

    /// The name of the first row that says the same.
    pub fn name(&self) -> &'static str {
        let row = Self::NAMED.iter().find(|(_, rules)| rules == self);
        row.map_or("of its own", |(name, _)| name)
    }
}
