// One DICOM file (PS3.10) at a time, by DCMTK: single attributes by their tag, and pixels frame by
// frame. What they mean is decided elsewhere. Nothing is written, nothing printed.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CDICOM_MALFORMED = -1, CDICOM_TOO_LARGE = -3 };
typedef struct cdicom_file cdicom_file;

/// Opens a file with a preamble and a meta header. DCMTK recurses as deep as a file's sequences are
/// nested: how deep that is must have been looked at before. Values over 4 KB stay on disk until they are asked for.
/// `with_pixels` 0: reads up to the pixel data only.
int cdicom_open(const char *path, int with_pixels, cdicom_file **file, char *error,
                size_t error_size);
void cdicom_close(cdicom_file *file);

/// Attributes of the data set itself. A text is the first of several values, cut to `size`.
/// Returns whether it is there.
int cdicom_text(cdicom_file *file, uint16_t group, uint16_t element, char *out, size_t size);
/// Returns how many of the first `count` values there are; a value that is no number ends them.
int cdicom_numbers(cdicom_file *file, uint16_t group, uint16_t element, double *out, int count);

/// An attribute of one frame, from 0: of the functional group `sequence` of this frame, else of the
/// shared groups, else of the data set itself (PS3.3 C.7.6.16). `group` is that of the attribute.
int cdicom_frame_numbers(cdicom_file *file, uint32_t frame, uint16_t sequence_group,
                         uint16_t sequence_element, uint16_t group, uint16_t element, double *out,
                         int count);

/// The samples of a gray frame as they are stored, decompressed: little-endian cells of
/// BitsAllocated, `size` bytes in all.
int cdicom_stored(cdicom_file *file, uint32_t frame, uint8_t *out, size_t size, char *error,
                  size_t error_size);
/// A colour or palette frame as RGB, a byte each, pixel by pixel: `size` = rows · columns · 3.
int cdicom_rgb(cdicom_file *file, uint32_t frame, uint8_t *out, size_t size, char *error,
               size_t error_size);

#ifdef __cplusplus
}
#endif
