// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v2
// The tc classifier in the second ISA: less-than jumps, no 32-bit ones.
// EXPECT prog=classify target=linux-6.18 verdict=accept insns=387 processed=2262
#include "tc_classifier.c"
