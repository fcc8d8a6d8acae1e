#include "CNIfTI.h"

#include <math.h>
#include <nifti/nifti1_io.h>
#include <string.h>
#include <zlib.h>

int cnifti_header(int32_t datatype, uint32_t rank, const uint32_t size[3], const double affine[16],
                  uint8_t out[CNIFTI_HEADER_SIZE]) {
  nifti_image *nim = nifti_simple_init_nim();
  if (!nim) return -1;
  nim->dim[0] = (int)rank;
  for (int n = 1; n <= 7; n++) nim->dim[n] = n <= (int)rank && n <= 3 ? (int)size[n - 1] : 1;
  nim->datatype = datatype;
  nifti_datatype_sizes(datatype, &nim->nbyper, &nim->swapsize);
  nim->nifti_type = NIFTI_FTYPE_NIFTI1_1;
  nim->scl_slope = 1;
  nim->scl_inter = 0;
  nim->xyz_units = NIFTI_UNITS_MM;
  nim->sform_code = NIFTI_XFORM_SCANNER_ANAT;
  for (int r = 0; r < 4; r++)
    for (int c = 0; c < 4; c++) nim->sto_xyz.m[r][c] = (float)affine[4 * r + c];
  float steps[3];
  nifti_mat44_to_quatern(nim->sto_xyz, &nim->quatern_b, &nim->quatern_c, &nim->quatern_d,
                         &nim->qoffset_x, &nim->qoffset_y, &nim->qoffset_z, &steps[0], &steps[1],
                         &steps[2], &nim->qfac);
  mat44 back = nifti_quatern_to_mat44(nim->quatern_b, nim->quatern_c, nim->quatern_d,
                                      nim->qoffset_x, nim->qoffset_y, nim->qoffset_z, steps[0],
                                      steps[1], steps[2], nim->qfac);
  int same = 1;  // a quaternion cannot hold a shear: no qform rather than a wrong one
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++)
      if (!(fabsf(back.m[r][c] - nim->sto_xyz.m[r][c]) <= 1e-3f * steps[c])) same = 0;
  nim->qform_code = same ? NIFTI_XFORM_SCANNER_ANAT : NIFTI_XFORM_UNKNOWN;
  nim->pixdim[0] = nim->qfac;
  for (int n = 0; n < 3; n++) nim->pixdim[n + 1] = steps[n];
  nim->dx = steps[0], nim->dy = steps[1], nim->dz = steps[2];
  nifti_update_dims_from_array(nim);
  nim->iname_offset = CNIFTI_HEADER_SIZE;
  struct nifti_1_header h = nifti_convert_nim2nhdr(nim);
  nifti_image_free(nim);
  h.vox_offset = CNIFTI_HEADER_SIZE;
  h.magic[0] = 'n', h.magic[1] = '+', h.magic[2] = '1', h.magic[3] = 0;
  memset(out, 0, CNIFTI_HEADER_SIZE);
  memcpy(out, &h, sizeof h);
  return 0;
}

size_t cnifti_gzip_bound(size_t size) { return compressBound(size) + 64; }

int cnifti_gzip(const uint8_t *bytes, size_t size, uint8_t *out, size_t capacity, size_t *written) {
  z_stream stream = {0};
  if (deflateInit2(&stream, 4, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK) return -1;
  size_t in = 0, done = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    size_t left = size - in, given = left < 1 << 30 ? left : 1 << 30;
    size_t room = capacity - done < 1 << 30 ? capacity - done : 1 << 30;
    stream.next_in = (Bytef *)(bytes + in);
    stream.avail_in = (uInt)given;
    stream.next_out = out + done;
    stream.avail_out = (uInt)room;
    state = deflate(&stream, given == left ? Z_FINISH : Z_NO_FLUSH);
    in += given - stream.avail_in;
    done += room - stream.avail_out;
  }
  deflateEnd(&stream);
  *written = done;
  return state == Z_STREAM_END ? 0 : -1;
}
