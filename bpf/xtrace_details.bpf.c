// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of xtrace.bpf.c, which keep details.h's part of a flow as well. An object of its own, so that the other
 * has no instruction for it.
 */
#define XTRACE_DETAILS
#include "xtrace.bpf.c"
