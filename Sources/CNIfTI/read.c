#include "CNIfTI.h"

#include <math.h>
#include <nifti/nifti1_io.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK = 1 << 16 };

struct cnifti_reader {
  const uint8_t *bytes;
  size_t size, at;
  int zipped, ended, swapped;
  z_stream stream;
  int datatype, width;
  double slope, intercept;
  uint64_t skip, voxels;
  uint8_t chunk[CHUNK];
};

#define REFUSE(code, ...) return snprintf(error, error_size, __VA_ARGS__), (code)

static void quiet(void) { nifti_set_debug_level(0); }

// Fills `out` as far as the file goes; returns how many bytes came, or -1 for damaged gzip.
static int64_t pull(cnifti_reader *r, uint8_t *out, size_t count) {
  if (!r->zipped) {
    size_t n = count < r->size - r->at ? count : r->size - r->at;
    memcpy(out, r->bytes + r->at, n);
    r->at += n;
    return (int64_t)n;
  }
  size_t done = 0;
  while (done < count && !r->ended) {
    size_t left = r->size - r->at, given = left < 1 << 30 ? left : 1 << 30;
    size_t wanted = count - done < 1 << 30 ? count - done : 1 << 30;
    r->stream.next_in = (Bytef *)(r->bytes + r->at);
    r->stream.avail_in = (uInt)given;
    r->stream.next_out = out + done;
    r->stream.avail_out = (uInt)wanted;
    int state = inflate(&r->stream, Z_NO_FLUSH);
    r->at += given - r->stream.avail_in;
    done += wanted - r->stream.avail_out;
    if (state == Z_STREAM_END) {
      // gzip files may be several members, one after the other (bgzip, pigz).
      int more = r->size - r->at > 18 && r->bytes[r->at] == 0x1f && r->bytes[r->at + 1] == 0x8b;
      if (!more) r->ended = 1;
      else if (inflateReset(&r->stream) != Z_OK) return -1;
    } else if (state == Z_BUF_ERROR) {
      break;  // no input left: cut short
    } else if (state != Z_OK) {
      return -1;
    }
  }
  return (int64_t)done;
}

static int width_of(int datatype, int *is_signed) {
  *is_signed = 1;
  switch (datatype) {
    case DT_UINT8: return *is_signed = 0, 1;
    case DT_UINT16: return *is_signed = 0, 2;
    case DT_UINT32: return *is_signed = 0, 4;
    case DT_UINT64: return *is_signed = 0, 8;
    case DT_INT8: return 1;
    case DT_INT16: return 2;
    case DT_INT32: case DT_FLOAT32: return 4;
    case DT_INT64: case DT_FLOAT64: return 8;
    default: return 0;
  }
}

static int usable(const double *m) {
  for (int n = 0; n < 12; n++) if (!isfinite(m[n])) return 0;
  double det = m[0] * (m[5] * m[10] - m[6] * m[9]) - m[1] * (m[4] * m[10] - m[6] * m[8]) +
               m[2] * (m[4] * m[9] - m[5] * m[8]);
  return isfinite(det) && fabs(det) > 1e-12;
}

static void unpack(const mat44 *from, double *to) {
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 4; c++) to[4 * r + c] = from->m[r][c];
}

static void place(const nifti_image *nim, const nifti_1_header *h, cnifti_info *info) {
  info->has_affine = 0;
  info->has_spacing = h->pixdim[1] != 0 && h->pixdim[2] != 0;
  if (nim->sform_code > 0) {
    unpack(&nim->sto_xyz, info->affine);
    if (usable(info->affine)) { info->has_affine = 2; return; }
  }
  if (nim->qform_code > 0) {
    unpack(&nim->qto_xyz, info->affine);
    if (usable(info->affine)) { info->has_affine = 1; return; }
  }
  // Neither: as nibabel takes it, i to the patient's left, the origin in the middle.
  memset(info->affine, 0, sizeof info->affine);
  double steps[3] = {-nim->dx, nim->dy, nim->dz};
  for (int n = 0; n < 3; n++) {
    if (!isfinite(steps[n]) || steps[n] == 0) steps[n] = n ? 1 : -1;
    info->affine[5 * n] = steps[n];
    info->affine[4 * n + 3] = -steps[n] * (info->size[n] - 1) / 2.0;
  }
  info->affine[15] = 1;
}

static int interpret(cnifti_reader *r, nifti_1_header *h, uint64_t max_voxels, cnifti_info *info,
                     char *error, size_t error_size) {
  int32_t native = h->sizeof_hdr, turned = h->sizeof_hdr;
  nifti_swap_4bytes(1, &turned);
  if (native == 540 || turned == 540) {
    REFUSE(CNIFTI_UNSUPPORTED, "NIfTI-2 is not supported, convert it to NIfTI-1");
  }
  if (native != 348 && turned != 348) REFUSE(CNIFTI_MALFORMED, "not a NIfTI-1 file");
  r->swapped = native != 348;
  if (memcmp(h->magic, "ni1", 4) == 0) {
    REFUSE(CNIFTI_UNSUPPORTED, "a header of a two-file NIfTI: give it as one .nii file");
  }
  if (memcmp(h->magic, "n+1", 4) != 0) REFUSE(CNIFTI_MALFORMED, "not a NIfTI-1 file (no magic)");
  if (r->swapped) swap_nifti_header(h, 1);
  int rank = h->dim[0], is_signed = 0;
  if (rank < 1 || rank > 7) REFUSE(CNIFTI_MALFORMED, "a header with %d axes", rank);
  uint64_t voxels = 1;
  for (int n = 1; n <= 3; n++) {
    int extent = n <= rank ? h->dim[n] : 1;
    if (extent < 1) REFUSE(CNIFTI_MALFORMED, "axis %d has %d voxels", n, extent);
    info->size[n - 1] = (uint32_t)extent;
    voxels *= (uint64_t)extent;  // at most 2^45
  }
  for (int n = 4; n <= rank; n++) {
    if (h->dim[n] > 1) {
      REFUSE(CNIFTI_UNSUPPORTED, "%d axes, %d volumes along axis %d: give one volume", rank,
             h->dim[n], n);
    }
    if (h->dim[n] < 1) h->dim[n] = 1;
  }
  if (voxels > max_voxels) {
    REFUSE(CNIFTI_TOO_LARGE, "%llu voxels, the limit is %llu", (unsigned long long)voxels,
           (unsigned long long)max_voxels);
  }
  r->datatype = h->datatype;
  r->width = width_of(h->datatype, &is_signed);
  if (!r->width) REFUSE(CNIFTI_UNSUPPORTED, "samples of NIfTI type %d", h->datatype);
  float offset = h->vox_offset;
  if (!isfinite(offset) || offset > 1e9f) REFUSE(CNIFTI_MALFORMED, "samples start nowhere");
  uint64_t start = offset < 352 ? 352 : (uint64_t)offset;
  uint64_t needed = start + voxels * (uint64_t)r->width;
  // Deflate shrinks to a thousandth at best: more than that cannot be in this file.
  uint64_t holds = r->zipped ? (uint64_t)r->size * 1040 + 1040 : r->size;
  if (needed > holds) {
    REFUSE(CNIFTI_MALFORMED, "the header promises %llu bytes, the file cannot hold them",
           (unsigned long long)needed);
  }
  r->skip = start - 348;
  r->voxels = voxels;
  int scaled = h->scl_slope != 0 && isfinite(h->scl_slope) && isfinite(h->scl_inter);
  r->slope = scaled ? h->scl_slope : 1;
  r->intercept = scaled ? h->scl_inter : 0;
  h->bitpix = (short)(8 * r->width);
  nifti_image *nim = nifti_convert_nhdr2nim(*h, NULL);
  if (!nim) REFUSE(CNIFTI_MALFORMED, "libniftiio refuses the header");
  info->rank = rank < 3 ? (uint32_t)rank : 3;
  info->voxels = voxels;
  info->datatype = h->datatype;
  info->is_signed = is_signed || r->intercept < 0 || r->slope < 0;
  place(nim, h, info);
  nifti_image_free(nim);
  return 0;
}

int cnifti_open(const uint8_t *bytes, size_t size, uint64_t max_voxels, cnifti_reader **reader,
                cnifti_info *info, char *error, size_t error_size) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, quiet);
  *reader = NULL;
  cnifti_reader *r = calloc(1, sizeof *r);
  if (!r) REFUSE(CNIFTI_TOO_LARGE, "out of memory");
  r->bytes = bytes;
  r->size = size;
  r->zipped = size > 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
  if (r->zipped && inflateInit2(&r->stream, 31) != Z_OK) {
    free(r);
    REFUSE(CNIFTI_TOO_LARGE, "out of memory");
  }
  nifti_1_header h;
  int result = CNIFTI_MALFORMED;
  if (pull(r, (uint8_t *)&h, sizeof h) != (int64_t)sizeof h) {
    snprintf(error, error_size, "the file ends within the header, or its gzip is damaged");
  } else {
    result = interpret(r, &h, max_voxels, info, error, error_size);
  }
  if (result) {
    cnifti_close(r);
    return result;
  }
  *reader = r;
  return 0;
}

void cnifti_close(cnifti_reader *r) {
  if (!r) return;
  if (r->zipped) inflateEnd(&r->stream);
  free(r);
}

#define CONVERT(type)                                                             \
  for (size_t n = 0; n < count; n++) {                                            \
    type value;                                                                   \
    memcpy(&value, from + n * sizeof value, sizeof value);                        \
    to[n] = plain ? (float)value : (float)((double)value * r->slope + r->intercept); \
  }                                                                               \
  break

static void convert(const cnifti_reader *r, const uint8_t *from, float *to, size_t count) {
  int plain = r->slope == 1 && r->intercept == 0;
  switch (r->datatype) {
    case DT_UINT8: CONVERT(uint8_t);
    case DT_INT8: CONVERT(int8_t);
    case DT_UINT16: CONVERT(uint16_t);
    case DT_INT16: CONVERT(int16_t);
    case DT_UINT32: CONVERT(uint32_t);
    case DT_INT32: CONVERT(int32_t);
    case DT_UINT64: CONVERT(uint64_t);
    case DT_INT64: CONVERT(int64_t);
    case DT_FLOAT32: CONVERT(float);
    case DT_FLOAT64: CONVERT(double);
    default: break;
  }
}

int cnifti_read_floats(cnifti_reader *r, float *out, uint64_t count, char *error,
                       size_t error_size) {
  if (count != r->voxels) REFUSE(CNIFTI_MALFORMED, "the size is not what the header said");
  while (r->skip > 0) {
    size_t n = r->skip < CHUNK ? (size_t)r->skip : CHUNK;
    if (pull(r, r->chunk, n) != (int64_t)n) REFUSE(CNIFTI_MALFORMED, "the file ends early");
    r->skip -= n;
  }
  for (uint64_t done = 0; done < count;) {
    uint64_t step = CHUNK / r->width;
    size_t n = (size_t)(count - done < step ? count - done : step);
    int64_t wanted = (int64_t)(n * (size_t)r->width), got = pull(r, r->chunk, (size_t)wanted);
    if (got < 0) REFUSE(CNIFTI_MALFORMED, "the gzip data are damaged");
    if (got != wanted) REFUSE(CNIFTI_MALFORMED, "the file ends early");
    if (r->swapped) nifti_swap_Nbytes(n, r->width, r->chunk);
    convert(r, r->chunk, out + done, n);
    done += n;
  }
  // On to gzip's end, so that its checksum is compared; a little more may follow, not endlessly.
  for (int n = 0; r->zipped && !r->ended && n < 64; n++) {
    int64_t got = pull(r, r->chunk, CHUNK);
    if (got < 0) REFUSE(CNIFTI_MALFORMED, "the gzip data are damaged");
    if (got == 0 && !r->ended) REFUSE(CNIFTI_MALFORMED, "the gzip data end early");
  }
  return 0;
}
