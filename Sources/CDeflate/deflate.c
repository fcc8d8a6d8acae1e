#include "CDeflate.h"

#include <zlib.h>

enum { STEP = 1 << 30 };

static uInt part(size_t left) { return (uInt)(left < STEP ? left : STEP); }

int cdeflate_inflate(const uint8_t *bytes, size_t size, uint8_t *out, size_t count) {
  z_stream stream = {0};
  if (inflateInit2(&stream, 47) != Z_OK) return -1;  // 15 bits, and gzip or zlib by the header
  size_t at = 0, done = 0;
  int state = Z_OK;
  while (done < count) {
    stream.next_in = (Bytef *)(bytes + at);
    stream.avail_in = part(size - at);
    stream.next_out = out + done;
    stream.avail_out = part(count - done);
    uInt given = stream.avail_in, room = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    at += given - stream.avail_in;
    done += room - stream.avail_out;
    if (state == Z_STREAM_END) {
      int more = size - at > 18 && bytes[at] == 0x1f && bytes[at + 1] == 0x8b;
      if (!more || inflateReset(&stream) != Z_OK) break;
    } else if (state != Z_OK) {
      break;  // Z_BUF_ERROR: no input left
    }
  }
  // On to the end, so that the checksum is compared; a little more may follow, not endlessly.
  uint8_t sink[4096];
  for (int n = 0; done == count && state == Z_OK && n < 1024; n++) {
    stream.next_in = (Bytef *)(bytes + at);
    stream.avail_in = part(size - at);
    stream.next_out = sink;
    stream.avail_out = sizeof sink;
    uInt given = stream.avail_in;
    state = inflate(&stream, Z_NO_FLUSH);
    at += given - stream.avail_in;
  }
  inflateEnd(&stream);
  if (done == count && (state == Z_STREAM_END || state == Z_OK)) return 0;
  return state == Z_STREAM_END || state == Z_BUF_ERROR || state == Z_OK ? 1 : -1;
}

size_t cdeflate_bound(size_t size) { return compressBound(size) + 64; }

int cdeflate_deflate(const uint8_t *bytes, size_t size, int as_gzip, uint8_t *out, size_t capacity,
                     size_t *written) {
  z_stream stream = {0};
  if (deflateInit2(&stream, 4, Z_DEFLATED, as_gzip ? 31 : 15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return -1;
  }
  size_t at = 0, done = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_in = (Bytef *)(bytes + at);
    stream.avail_in = part(size - at);
    stream.next_out = out + done;
    stream.avail_out = part(capacity - done);
    uInt given = stream.avail_in, room = stream.avail_out;
    state = deflate(&stream, given == size - at ? Z_FINISH : Z_NO_FLUSH);
    at += given - stream.avail_in;
    done += room - stream.avail_out;
  }
  deflateEnd(&stream);
  *written = done;
  return state == Z_STREAM_END ? 0 : -1;
}
