// zlib (https://zlib.net) on whole buffers.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Fills `out` with what a gzip file (of one or more members) or a zlib stream holds, from its
/// beginning. Returns 0; 1 where it ends before `count` bytes or its own end; -1 where it is damaged.
int cdeflate_inflate(const uint8_t *bytes, size_t size, uint8_t *out, size_t count);

/// The most that `cdeflate_deflate` makes of `size` bytes.
size_t cdeflate_bound(size_t size);
/// As gzip without name and time, or as a zlib stream. Returns 0, or -1.
int cdeflate_deflate(const uint8_t *bytes, size_t size, int as_gzip, uint8_t *out, size_t capacity,
                     size_t *written);
