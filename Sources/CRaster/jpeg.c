#include "CRaster.h"

#include <stdio.h>
#include <stdlib.h>
#include <turbojpeg.h>

static int refuse(tjhandle handle, char *error, size_t error_size) {
  snprintf(error, error_size, "%s", handle ? tjGetErrorStr2(handle) : "out of memory");
  if (handle) tjDestroy(handle);
  return -1;
}

static int header(tjhandle handle, const uint8_t *bytes, size_t size, craster_info *info) {
  int width = 0, height = 0, sampling = 0, space = 0;
  if (tjDecompressHeader3(handle, bytes, size, &width, &height, &sampling, &space)) return -1;
  if (width <= 0 || height <= 0) return -1;
  info->width = (uint32_t)width;
  info->height = (uint32_t)height;
  info->bits = 8;
  info->channels = space == TJCS_GRAY ? 1 : space == TJCS_YCbCr || space == TJCS_RGB ? 3 : 0;
  return 0;
}

int craster_jpeg_info(const uint8_t *bytes, size_t size, craster_info *info, char *error,
                      size_t error_size) {
  tjhandle handle = tjInitDecompress();
  if (!handle || header(handle, bytes, size, info)) return refuse(handle, error, error_size);
  tjDestroy(handle);
  if (info->channels == 0) {
    snprintf(error, error_size, "CMYK is not supported, save it as RGB");
    return -1;
  }
  return 0;
}

int craster_jpeg_floats(const uint8_t *bytes, size_t size, float *out, size_t count, char *error,
                        size_t error_size) {
  tjhandle handle = tjInitDecompress();
  craster_info info = {0};
  if (!handle || header(handle, bytes, size, &info)) return refuse(handle, error, error_size);
  if (info.channels == 0 || (size_t)info.width * info.height * info.channels != count) {
    tjDestroy(handle);
    snprintf(error, error_size, "the size is not what the header said");
    return -1;
  }
  uint8_t *pixels = malloc(count);
  // A warning is damage (a file cut short decodes to gray bands): no picture for measuring.
  int flags = TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT;
  if (!pixels || tjDecompress2(handle, bytes, size, pixels, (int)info.width, 0, (int)info.height,
                               info.channels == 1 ? TJPF_GRAY : TJPF_RGB, flags)) {
    free(pixels);
    return refuse(handle, error, error_size);
  }
  for (size_t n = 0; n < count; n++) out[n] = pixels[n];
  free(pixels);
  tjDestroy(handle);
  return 0;
}
