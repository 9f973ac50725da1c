// SPDX-License-Identifier: MIT OR Apache-2.0
// BUILD -mcpu=v1
// The load balancer in the oldest ISA: no 32-bit jumps, no less-than, 64-bit ALU.
// EXPECT prog=balancer target=linux-6.18 verdict=accept insns=402 processed=1499
#include "xdp_l4lb.c"
