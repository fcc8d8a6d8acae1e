// NIfTI-1 from memory. libniftiio interprets the header (byte order, sform, qform, scaling); the
// samples are streamed here, so that a hostile header cannot make anybody allocate for it.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct cnifti_info {
  uint32_t rank;        // spatial axes: 1 to 3
  uint32_t size[3];     // along i, j, k
  uint64_t voxels;      // their product
  int32_t datatype;     // NIfTI's code
  uint32_t is_signed;   // whether values below 0 can stand there
  uint32_t has_affine;  // 2 from sform, 1 from qform, 0 from the spacing alone
  uint32_t has_spacing;
  double affine[16];    // rows
} cnifti_info;

enum { CNIFTI_UNSUPPORTED = -2, CNIFTI_MALFORMED = -1, CNIFTI_TOO_LARGE = -3 };

typedef struct cnifti_reader cnifti_reader;

/// Reads the header of a .nii or .nii.gz that stands in memory, which must outlive the reader.
/// Returns 0, or one of the codes above with a message in `error`; the file's size can hold what
/// the header promises when this succeeds.
int cnifti_open(const uint8_t *bytes, size_t size, uint64_t max_voxels, cnifti_reader **reader,
                cnifti_info *info, char *error, size_t error_size);
/// Streams all voxels, slope and intercept applied. Once a reader.
int cnifti_read_floats(cnifti_reader *reader, float *out, uint64_t count, char *error,
                       size_t error_size);
void cnifti_close(cnifti_reader *reader);

enum { CNIFTI_HEADER_SIZE = 352 };
/// The header of a file to write (sform, and qform where the axes are orthogonal).
int cnifti_header(int32_t datatype, uint32_t rank, const uint32_t size[3], const double affine[16],
                  uint8_t out[CNIFTI_HEADER_SIZE]);
/// gzip, without name and time, so that the same content gives the same bytes.
int cnifti_gzip(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity, size_t *written);
size_t cnifti_gzip_bound(size_t size);
