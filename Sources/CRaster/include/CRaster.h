// PNG through libpng and JPEG through libturbojpeg. Neither library's own control flow (libpng's
// longjmp above all) leaves this target: every call returns 0, or -1 with a message in `error`.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct craster_info {
  uint32_t width, height;
  uint32_t channels;  // of the picture that the decoder gives: 1 gray, 3 colour
  uint32_t bits;      // of a sample as stored
} craster_info;

/// Reads a PNG's header. With `as_labels` a palette's indices are the values and channels is 1.
int craster_png_info(const uint8_t *bytes, size_t size, int as_labels, craster_info *info,
                     char *error, size_t error_size);

/// Decodes to `width × height × channels` values, interleaved, alpha dropped. Gray of up to 8 bits
/// comes as 0…255, of 16 bits as 0…65535; colour always as 0…255 (16 bits with a fraction).
int craster_png_floats(const uint8_t *bytes, size_t size, float *out, size_t count, char *error,
                       size_t error_size);

/// Decodes the stored values, unscaled: gray levels, or the indices of a palette.
int craster_png_labels(const uint8_t *bytes, size_t size, uint16_t *out, size_t count, char *error,
                       size_t error_size);

/// Encodes 8-bit gray (channels 1), RGB (3) or, with `palette` (RGB triples), indices; or 16-bit
/// gray (bits 16, samples in the machine's order). `*out` is freed with `craster_free`.
int craster_png_encode(const void *samples, uint32_t width, uint32_t height, uint32_t channels,
                       uint32_t bits, const uint8_t *palette, uint32_t palette_count,
                       uint8_t **out, size_t *out_size, char *error, size_t error_size);

int craster_jpeg_info(const uint8_t *bytes, size_t size, craster_info *info, char *error,
                      size_t error_size);
/// Decodes to `width × height × channels` values of 0…255. A damaged file is an error.
int craster_jpeg_floats(const uint8_t *bytes, size_t size, float *out, size_t count, char *error,
                        size_t error_size);

void craster_free(void *pointer);
