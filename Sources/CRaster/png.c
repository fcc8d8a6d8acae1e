#include "CRaster.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What must survive a longjmp lives here, not in locals of the function that calls setjmp.
typedef struct reader {
  const uint8_t *bytes;
  size_t size, at;
  png_structp png;
  png_infop info;
  uint8_t *pixels;
  png_bytep *rows;
  char *error;
  size_t error_size;
  jmp_buf jump;
} reader;

static void fail(png_structp png, png_const_charp message) {
  reader *r = png_get_error_ptr(png);
  snprintf(r->error, r->error_size, "%s", message);
  longjmp(r->jump, 1);
}

static void ignore(png_structp png, png_const_charp message) { (void)png, (void)message; }

static void pull(png_structp png, png_bytep out, size_t count) {
  reader *r = png_get_io_ptr(png);
  if (count > r->size - r->at) png_error(png, "the file ends early");
  memcpy(out, r->bytes + r->at, count);
  r->at += count;
}

static int start(reader *r) {
  r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, fail, ignore);
  r->info = r->png ? png_create_info_struct(r->png) : NULL;
  if (!r->info) {
    snprintf(r->error, r->error_size, "out of memory");
    return -1;
  }
  return 0;
}

static void finish(reader *r) {
  if (r->png) png_destroy_read_struct(&r->png, r->info ? &r->info : NULL, NULL);
  free(r->pixels);
  free(r->rows);
}

static void read_header(reader *r) {
  png_set_user_limits(r->png, 1 << 20, 1 << 20);
  // Ancillary chunks are never needed: no more of them than a sane file has.
  png_set_chunk_cache_max(r->png, 64);
  png_set_chunk_malloc_max(r->png, 8 << 20);
  png_set_read_fn(r->png, r, pull);
  png_read_info(r->png, r->info);
}

static int is_indexed(reader *r) {
  return png_get_color_type(r->png, r->info) == PNG_COLOR_TYPE_PALETTE;
}

int craster_png_info(const uint8_t *bytes, size_t size, int as_labels, craster_info *info,
                     char *error, size_t error_size) {
  reader r = {.bytes = bytes, .size = size, .error = error, .error_size = error_size};
  if (start(&r)) return finish(&r), -1;
  if (setjmp(r.jump)) return finish(&r), -1;
  read_header(&r);
  int colour = png_get_color_type(r.png, r.info) & PNG_COLOR_MASK_COLOR;
  info->width = png_get_image_width(r.png, r.info);
  info->height = png_get_image_height(r.png, r.info);
  info->bits = png_get_bit_depth(r.png, r.info);
  info->channels = colour && !(as_labels && is_indexed(&r)) ? 3 : 1;
  finish(&r);
  return 0;
}

static void convert(const reader *r, size_t count, int wide, int colour, float *floats,
                    uint16_t *labels) {
  const uint8_t *p = r->pixels;
  if (labels) {
    for (size_t n = 0; n < count; n++) labels[n] = wide ? p[2 * n] << 8 | p[2 * n + 1] : p[n];
  } else if (wide) {
    float scale = colour ? 1 / 257.0f : 1;
    for (size_t n = 0; n < count; n++) floats[n] = (float)(p[2 * n] << 8 | p[2 * n + 1]) * scale;
  } else {
    for (size_t n = 0; n < count; n++) floats[n] = p[n];
  }
}

static int decode(const uint8_t *bytes, size_t size, float *floats, uint16_t *labels, size_t count,
                  char *error, size_t error_size) {
  reader r = {.bytes = bytes, .size = size, .error = error, .error_size = error_size};
  if (start(&r)) return finish(&r), -1;
  if (setjmp(r.jump)) return finish(&r), -1;
  read_header(&r);
  int indexed = is_indexed(&r);
  int colour = !labels && png_get_color_type(r.png, r.info) & PNG_COLOR_MASK_COLOR;
  if (labels) {
    png_set_packing(r.png);
  } else if (indexed) {
    png_set_palette_to_rgb(r.png);
  } else if (png_get_bit_depth(r.png, r.info) < 8) {
    png_set_expand_gray_1_2_4_to_8(r.png);
  }
  png_set_strip_alpha(r.png);
  png_set_interlace_handling(r.png);
  png_read_update_info(r.png, r.info);
  size_t height = png_get_image_height(r.png, r.info), stride = png_get_rowbytes(r.png, r.info);
  size_t channels = png_get_channels(r.png, r.info);
  if (channels != (colour ? 3 : 1)) {
    png_error(r.png, labels ? "a colour picture holds no labels" : "unexpected channels");
  }
  if (count != (size_t)png_get_image_width(r.png, r.info) * height * channels) {
    png_error(r.png, "the size is not what the header said");
  }
  int wide = png_get_bit_depth(r.png, r.info) == 16;
  if (stride != count / height * (wide ? 2 : 1)) png_error(r.png, "unexpected row length");
  r.pixels = malloc(stride * height);
  r.rows = malloc(height * sizeof *r.rows);
  if (!r.pixels || !r.rows) png_error(r.png, "out of memory");
  for (size_t y = 0; y < height; y++) r.rows[y] = r.pixels + y * stride;
  png_read_image(r.png, r.rows);
  convert(&r, count, wide, colour, floats, labels);
  finish(&r);
  return 0;
}

int craster_png_floats(const uint8_t *bytes, size_t size, float *out, size_t count, char *error,
                       size_t error_size) {
  return decode(bytes, size, out, NULL, count, error, error_size);
}

int craster_png_labels(const uint8_t *bytes, size_t size, uint16_t *out, size_t count, char *error,
                       size_t error_size) {
  return decode(bytes, size, NULL, out, count, error, error_size);
}

typedef struct writer {
  uint8_t *out;
  size_t size, capacity;
  png_structp png;
  png_infop info;
  char *error;
  size_t error_size;
  jmp_buf jump;
} writer;

static void fail_writing(png_structp png, png_const_charp message) {
  writer *w = png_get_error_ptr(png);
  snprintf(w->error, w->error_size, "%s", message);
  longjmp(w->jump, 1);
}

static void push(png_structp png, png_bytep bytes, size_t count) {
  writer *w = png_get_io_ptr(png);
  if (w->size + count > w->capacity) {
    size_t capacity = (w->size + count) * 2 + 4096;
    uint8_t *grown = realloc(w->out, capacity);
    if (!grown) png_error(png, "out of memory");
    w->out = grown;
    w->capacity = capacity;
  }
  memcpy(w->out + w->size, bytes, count);
  w->size += count;
}

static void flush(png_structp png) { (void)png; }

int craster_png_encode(const void *samples, uint32_t width, uint32_t height, uint32_t channels,
                       uint32_t bits, const uint8_t *palette, uint32_t palette_count,
                       uint8_t **out, size_t *out_size, char *error, size_t error_size) {
  writer w = {.error = error, .error_size = error_size};
  w.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &w, fail_writing, ignore);
  w.info = w.png ? png_create_info_struct(w.png) : NULL;
  if (!w.info) {
    snprintf(error, error_size, "out of memory");
    png_destroy_write_struct(&w.png, NULL);
    return -1;
  }
  if (setjmp(w.jump)) {
    png_destroy_write_struct(&w.png, &w.info);
    free(w.out);
    return -1;
  }
  int type = channels == 3 ? PNG_COLOR_TYPE_RGB
             : palette     ? PNG_COLOR_TYPE_PALETTE
                           : PNG_COLOR_TYPE_GRAY;
  png_set_write_fn(w.png, &w, push, flush);
  png_set_IHDR(w.png, w.info, width, height, (int)bits, type, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (palette) {
    png_color colours[256];
    uint32_t n = palette_count < 256 ? palette_count : 256;
    for (uint32_t i = 0; i < n; i++) {
      colours[i] = (png_color){palette[3 * i], palette[3 * i + 1], palette[3 * i + 2]};
    }
    png_set_PLTE(w.png, w.info, colours, (int)n);
  }
  png_write_info(w.png, w.info);
  if (bits == 16) png_set_swap(w.png);  // ours are little-endian, PNG's big-endian
  size_t stride = (size_t)width * channels * (bits / 8);
  for (uint32_t y = 0; y < height; y++) {
    png_write_row(w.png, (png_const_bytep)samples + y * stride);
  }
  png_write_end(w.png, w.info);
  png_destroy_write_struct(&w.png, &w.info);
  *out = w.out;
  *out_size = w.size;
  return 0;
}

void craster_free(void *pointer) { free(pointer); }
