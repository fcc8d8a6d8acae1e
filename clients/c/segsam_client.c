/* A client of SegSAM in one file of C11: a small program, and an example to copy from.
 *
 *   cc -std=c11 -Wall -Wextra segsam_client.c $(pkg-config --cflags --libs libzmq json-c) \
 *     -o segsam_client
 *   ./segsam_client tcp://127.0.0.1:5555 abdomen.png pancreas liver -o masks
 *
 * It speaks segsam/1 (docs/protocol.md). `ask` is the part that matters to a program of your own:
 * the Lazy Pirate of the ZeroMQ Guide, which sends the same bytes with the same id over a new
 * socket until an answer comes or the time is over. The server answers an id once.
 *
 * Needs POSIX, libzmq 4.2 and json-c 0.15.
 */

#define _POSIX_C_SOURCE 200809L

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

/* How the program ends when it has not done what was asked, as sysexits.h numbers it. */
enum { USAGE = 64, BAD_INPUT = 65, NO_SERVER = 69, FAULT = 70 };

/* Bounds of what is read and believed. Those of the server are in `capabilities`. */
enum { MOST_NAMES = 256, MOST_PARTS = 17, MOST_AXES = 3, KEY_TEXT = 40, UUID_TEXT = 36 };
static const size_t most_file = (size_t)1 << 30;
static const size_t most_header = (size_t)1 << 20;
static const int64_t most_frame = (int64_t)1 << 30;
static const int64_t most_voxels = (int64_t)1 << 28;
static const double most_pause = 60;

/* ---- small things ---------------------------------------------------------------------------- */

static void say(const char *format, ...) {
  va_list arguments;
  fputs("segsam_client: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
}

/* Says it, and is what the program ends with. */
#define FAIL(code, ...) (say(__VA_ARGS__), (code))

/* Text of the server's for a terminal: without control characters, and not without end. */
static const char *plain(const char *text, char *buffer, size_t size) {
  size_t n = 0;
  for (; text[n] != '\0' && n + 1 < size; n++)
    buffer[n] = (unsigned char)text[n] < 0x20 || text[n] == 0x7f ? '?' : text[n];
  buffer[n] = '\0';
  return buffer;
}

/* Seconds of a clock that does not go back. */
static double now(void) {
  struct timespec time;
  if (clock_gettime(CLOCK_MONOTONIC, &time) != 0) {
    say("no clock: %s", strerror(errno));
    exit(FAULT);
  }
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void sleep_for(double seconds) {
  struct timespec rest = {.tv_sec = (time_t)seconds};
  rest.tv_nsec = (long)((seconds - (double)rest.tv_sec) * 1e9);
  while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

static bool random_bytes(void *target, size_t size) {
  FILE *file = fopen("/dev/urandom", "rb");
  if (file == NULL) return false;
  const bool done = fread(target, 1, size, file) == size;
  return fclose(file) == 0 && done;
}

/* "Full jitter": clients that were cut off together do not come back together. */
static double jittered_pause(unsigned failures) {
  double longest = 0.1;
  for (unsigned n = 1; n < failures && longest < 5; n++) longest *= 2;
  if (longest > 5) longest = 5;
  uint32_t bits = UINT32_MAX / 2;
  if (!random_bytes(&bits, sizeof bits)) return longest / 2;
  return longest * bits / UINT32_MAX;
}

static bool new_uuid(char text[UUID_TEXT + 1]) {
  unsigned char b[16];
  if (!random_bytes(b, sizeof b)) return false;
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
  const int length = snprintf(
      text, UUID_TEXT + 1,
      "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
      b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
  return length == UUID_TEXT;
}

/* The compiler may not leave this one out. */
static void wipe(void *target, size_t size) {
  volatile unsigned char *bytes = target;
  while (size-- > 0) *bytes++ = 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

struct bytes {
  unsigned char *data;
  size_t size;
};

/* A whole file, and a NUL behind it. `forbidden`: bits that its mode must not have. */
static int read_file(const char *path, size_t most, mode_t forbidden, struct bytes *result) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return FAIL(BAD_INPUT, "%s: %s", path, strerror(errno));
  struct stat status;
  int code = BAD_INPUT;
  unsigned char *data = NULL;
  size_t size = 0, done = 0;
  if (fstat(file, &status) != 0) {
    say("%s: %s", path, strerror(errno));
  } else if (!S_ISREG(status.st_mode)) {
    say("%s is not a file", path);
  } else if ((status.st_mode & forbidden) != 0) {
    say("%s is open to others: chmod 600 %s", path, path);
  } else if (status.st_size <= 0 || (uintmax_t)status.st_size > most) {
    say("%s has %jd bytes; 1 to %zu are taken", path, (intmax_t)status.st_size, most);
  } else if ((data = malloc((size_t)status.st_size + 1)) == NULL) {
    code = FAIL(FAULT, "no memory for %s", path);
  } else {
    size = (size_t)status.st_size;
    while (done < size) {
      const ssize_t count = read(file, data + done, size - done);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      done += (size_t)count;
    }
    if (done == size) {
      data[size] = '\0';
      code = 0;
    } else {
      say("%s cannot be read to its end", path);
    }
  }
  if (close(file) != 0 && code == 0) code = FAIL(BAD_INPUT, "%s: %s", path, strerror(errno));
  if (code != 0) {
    free(data);
    return code;
  }
  *result = (struct bytes){data, size};
  return 0;
}

static const char *content_type(const struct bytes *file) {
  static const struct {
    const char *magic;
    size_t size;
    const char *type;
  } kinds[] = {
      {"\x89PNG\r\n\x1a\n", 8, "image/png"},
      {"\xff\xd8\xff", 3, "image/jpeg"},
      {"\x1f\x8b", 2, "application/x-nifti+gzip"},
      /* NIfTI-1 begins with the size of its header, 348, in either byte order. */
      {"\x5c\x01\x00\x00", 4, "application/x-nifti"},
      {"\x00\x00\x01\x5c", 4, "application/x-nifti"},
  };
  for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++)
    if (file->size >= kinds[n].size && memcmp(file->data, kinds[n].magic, kinds[n].size) == 0)
      return kinds[n].type;
  return NULL;
}

/* ---- keys ------------------------------------------------------------------------------------ */

struct keys {
  char public_key[KEY_TEXT + 1], secret_key[KEY_TEXT + 1];
};

static bool is_key(const char *text) {
  uint8_t binary[32];
  const bool is = strlen(text) == KEY_TEXT && zmq_z85_decode(binary, text) != NULL;
  wipe(binary, sizeof binary);
  return is;
}

/* The file of `segsam keys new`: `public KEY` and `secret KEY`, a line each, # before comments.
 * What it says is never quoted: it may be the secret, wherever the mistake is. */
static int parse_keys(char *text, const char *path, struct keys *keys) {
  char *line_state = NULL;
  int number = 0;
  for (char *line = text; line != NULL;) {
    number++;
    char *next = strchr(line, '\n');
    if (next != NULL) *next++ = '\0';
    const char *kind = strtok_r(line, " \t\r", &line_state);
    if (kind != NULL && kind[0] != '#') {
      char *target = strcmp(kind, "public") == 0   ? keys->public_key
                     : strcmp(kind, "secret") == 0 ? keys->secret_key
                                                   : NULL;
      const char *key = strtok_r(NULL, " \t\r", &line_state);
      if (target == NULL || target[0] != '\0' || key == NULL || !is_key(key)
          || strtok_r(NULL, " \t\r", &line_state) != NULL)
        return FAIL(BAD_INPUT, "%s, line %d is no line of a file of keys", path, number);
      memcpy(target, key, KEY_TEXT + 1);
    }
    line = next;
  }
  if (keys->secret_key[0] == '\0') return FAIL(BAD_INPUT, "%s has no secret key", path);
  char derived[KEY_TEXT + 1];
  if (zmq_curve_public(derived, keys->secret_key) != 0)
    return FAIL(BAD_INPUT, "%s: libzmq takes the secret key for none", path);
  if (keys->public_key[0] != '\0' && strcmp(keys->public_key, derived) != 0)
    return FAIL(BAD_INPUT, "%s: its two keys do not belong together", path);
  memcpy(keys->public_key, derived, sizeof derived);
  return 0;
}

static int read_keys(const char *path, struct keys *keys) {
  struct bytes file = {0};
  int code = read_file(path, 64 << 10, S_IRWXG | S_IRWXO, &file);
  if (code != 0) return code;
  code = strlen((char *)file.data) == file.size
             ? parse_keys((char *)file.data, path, keys)
             : FAIL(BAD_INPUT, "%s is no text", path);
  wipe(file.data, file.size);
  free(file.data);
  return code;
}

/* ---- the command line ------------------------------------------------------------------------ */

struct grid {
  int rank;
  int64_t size[MOST_AXES];
};

struct options {
  const char *endpoint, *image, *output, *modality, *intensity, *id, *client, *server_key, *key;
  char **names;
  int count;
  /* Of a raw image; `datatype` is NULL where the image is a file that the server reads. */
  const char *datatype, *layout;
  size_t width;
  struct grid shape;
  double spacing[MOST_AXES];
  int spacings;
  double timeout, patience;
  bool is_durable, is_verbose;
};

static const char usage[] =
    "usage: segsam_client [options] ENDPOINT IMAGE NAME...\n"
    "Asks a SegSAM server for what the names mean in a PNG, JPEG, NIfTI or raw image.\n"
    "  -o, --output DIR     write each mask as a PGM; slices of a volume one below the other\n"
    "  -m, --modality TERM  CT, MR, US ... (DICOM's)\n"
    "  -r, --raw TYPE:LAYOUT:SHAPE  the file is bare pixels, as INT16:HW:512x512, DHW, HWC\n"
    "      --intensity KIND HU, windowed or raw\n"
    "      --spacing X,Y[,Z] millimetres, of a raw image\n"
    "      --server-key Z85 the server's public key; then also\n"
    "      --key FILE       this client's keys, made by `segsam keys new`\n"
    "      --id ID          the same id and content again get the same answer, which is kept for\n"
    "      --client UUID    the same client; both are new ones if not given\n"
    "      --durable        the request outlives the server's death (a server with a journal)\n"
    "      --timeout S      for all tries together (120)\n"
    "      --try S          without a sign of life, before it is sent again (20)\n"
    "  -v, --verbose        say what happens\n"
    "Prints, with tabs between: name, category, present or absent, presence, voxels, bbox, file.\n"
    "Ends with 0, 64 bad usage, 65 refused, 69 no server, 70 fault.\n";

static bool parse_seconds(const char *text, double *seconds) {
  char *end = NULL;
  errno = 0;
  *seconds = strtod(text, &end);
  return errno == 0 && end != text && *end == '\0' && *seconds > 0 && *seconds <= 86400;
}

static bool parse_spacing(const char *text, struct options *options) {
  for (options->spacings = 0; options->spacings < MOST_AXES;) {
    char *end = NULL;
    errno = 0;
    const double value = strtod(text, &end);
    if (errno != 0 || end == text || !(value > 0 && value < 1e6)) return false;
    options->spacing[options->spacings++] = value;
    if (*end == '\0') return options->spacings >= 2;
    if (*end != ',') return false;
    text = end + 1;
  }
  return false;
}

/* INT16:HW:512x512 */
static bool parse_raw(char *text, struct options *options) {
  static const struct {
    const char *name;
    size_t width;
  } types[] = {{"BOOL", 1}, {"UINT8", 1}, {"INT16", 2}, {"UINT16", 2},
               {"INT32", 4}, {"FP16", 2}, {"FP32", 4}};
  char *state = NULL;
  const char *type = strtok_r(text, ":", &state);
  options->layout = strtok_r(NULL, ":", &state);
  const char *shape = strtok_r(NULL, ":", &state);
  if (type == NULL || options->layout == NULL || shape == NULL) return false;
  if (strtok_r(NULL, ":", &state) != NULL) return false;
  for (size_t n = 0; n < sizeof types / sizeof *types; n++)
    if (strcmp(type, types[n].name) == 0) {
      options->datatype = types[n].name;
      options->width = types[n].width;
    }
  const bool is_flat = strcmp(options->layout, "HW") == 0;
  const bool is_colour = strcmp(options->layout, "HWC") == 0;
  if (!is_flat && !is_colour && strcmp(options->layout, "DHW") != 0) return false;
  for (int axis = 0; axis < (is_flat ? 2 : 3); axis++) {
    char *end = NULL;
    errno = 0;
    const long long value = isdigit((unsigned char)*shape) ? strtoll(shape, &end, 10) : 0;
    if (errno != 0 || value < 1 || value > most_voxels) return false;
    options->shape.size[options->shape.rank++] = value;
    if (*end != (axis == (is_flat ? 1 : 2) ? '\0' : 'x')) return false;
    shape = end + 1;
  }
  return options->datatype != NULL && (!is_colour || options->shape.size[2] == 3);
}

static int parse_options(int argc, char **argv, struct options *options) {
  enum { INTENSITY = 256, SPACING, SERVER_KEY, KEY, ID, CLIENT, DURABLE, TIMEOUT, TRY };
  static const struct option known[] = {
      {"output", required_argument, NULL, 'o'},
      {"modality", required_argument, NULL, 'm'},
      {"raw", required_argument, NULL, 'r'},
      {"verbose", no_argument, NULL, 'v'},
      {"help", no_argument, NULL, 'h'},
      {"intensity", required_argument, NULL, INTENSITY},
      {"spacing", required_argument, NULL, SPACING},
      {"server-key", required_argument, NULL, SERVER_KEY},
      {"key", required_argument, NULL, KEY},
      {"id", required_argument, NULL, ID},
      {"client", required_argument, NULL, CLIENT},
      {"durable", no_argument, NULL, DURABLE},
      {"timeout", required_argument, NULL, TIMEOUT},
      {"try", required_argument, NULL, TRY},
      {NULL, 0, NULL, 0}};
  *options = (struct options){.timeout = 120, .patience = 20};
  for (int letter; (letter = getopt_long(argc, argv, "o:m:r:vh", known, NULL)) != -1;) {
    bool is_right = true;
    switch (letter) {
      case 'o': options->output = optarg; break;
      case 'm': options->modality = optarg; break;
      case 'r': is_right = options->datatype == NULL && parse_raw(optarg, options); break;
      case 'v': options->is_verbose = true; break;
      case INTENSITY: options->intensity = optarg; break;
      case SPACING: is_right = parse_spacing(optarg, options); break;
      case SERVER_KEY: is_right = is_key(options->server_key = optarg); break;
      case KEY: options->key = optarg; break;
      case ID: is_right = strlen(options->id = optarg) <= 128 && *optarg != '\0'; break;
      case CLIENT: is_right = strlen(options->client = optarg) == UUID_TEXT; break;
      case DURABLE: options->is_durable = true; break;
      case TIMEOUT: is_right = parse_seconds(optarg, &options->timeout); break;
      case TRY: is_right = parse_seconds(optarg, &options->patience); break;
      case 'h': return fputs(usage, stdout) < 0 ? FAULT : -1;
      default: fputs(usage, stderr); return USAGE;
    }
    if (!is_right) return FAIL(USAGE, "an option's value makes no sense; see --help");
  }
  if (argc - optind < 3 || argc - optind - 2 > MOST_NAMES) {
    fputs(usage, stderr);
    return USAGE;
  }
  if ((options->server_key == NULL) != (options->key == NULL))
    return FAIL(USAGE, "--server-key and --key go together");
  options->endpoint = argv[optind];
  options->image = argv[optind + 1];
  options->names = argv + optind + 2;
  options->count = argc - optind - 2;
  return 0;
}

/* ---- the request ----------------------------------------------------------------------------- */

/* Takes the value over, whatever happens. */
static bool put(json_object *object, const char *key, json_object *value) {
  if (value != NULL && json_object_object_add(object, key, value) == 0) return true;
  json_object_put(value);
  return false;
}

static bool put_text(json_object *object, const char *key, const char *text) {
  return text == NULL || put(object, key, json_object_new_string(text));
}

static bool append(json_object *array, json_object *value) {
  if (value != NULL && json_object_array_add(array, value) == 0) return true;
  json_object_put(value);
  return false;
}

/* A new object or array within another, which owns it. */
static json_object *nest(json_object *object, const char *key, json_object *made) {
  return put(object, key, made) ? made : NULL;
}

static bool describe_image(
    json_object *entry, const struct options *options, const struct bytes *image) {
  json_object *parameters = nest(entry, "parameters", json_object_new_object());
  if (parameters == NULL || !put_text(entry, "name", "image")
      || !put_text(parameters, "modality", options->modality)
      || !put_text(parameters, "intensity", options->intensity))
    return false;
  if (options->datatype == NULL)
    return put_text(entry, "datatype", "BYTES")
           && put_text(parameters, "content_type", content_type(image));
  json_object *shape = nest(entry, "shape", json_object_new_array());
  if (shape == NULL || !put_text(entry, "datatype", options->datatype)
      || !put_text(parameters, "layout", options->layout))
    return false;
  for (int axis = 0; axis < options->shape.rank; axis++)
    if (!append(shape, json_object_new_int64(options->shape.size[axis]))) return false;
  if (options->spacings == 0) return true;
  json_object *spacing = nest(parameters, "spacing_mm", json_object_new_array());
  if (spacing == NULL) return false;
  for (int axis = 0; axis < options->spacings; axis++)
    if (!append(spacing, json_object_new_double(options->spacing[axis]))) return false;
  return true;
}

static bool fill_request(
    json_object *header, const struct options *options, const struct bytes *image, const char *id,
    const char *client) {
  json_object *parameters = nest(header, "parameters", json_object_new_object());
  json_object *inputs = nest(header, "inputs", json_object_new_array());
  if (parameters == NULL || inputs == NULL) return false;
  json_object *names = nest(parameters, "categories", json_object_new_array());
  json_object *outputs = nest(parameters, "outputs", json_object_new_array());
  json_object *entry = json_object_new_object();
  if (!append(inputs, entry) || names == NULL || outputs == NULL) return false;
  for (int n = 0; n < options->count; n++)
    if (!append(names, json_object_new_string(options->names[n]))) return false;
  if (!put_text(header, "protocol", "segsam/1") || !put_text(header, "id", id)
      || !put_text(header, "client", client) || !put_text(header, "method", "segment")
      /* Signs of life while the server works: `accepted`, then `partial` for each part done. */
      || !put(header, "progress", json_object_new_boolean(true))
      || !append(outputs, json_object_new_string("binary_masks"))
      /* An eighth of `raw` on the wire. */
      || !put_text(parameters, "encoding", "bits") || !describe_image(entry, options, image))
    return false;
  if (options->is_durable) return put(header, "durable", json_object_new_boolean(true));
  /* Nobody will wait any longer; a durable request may be asked for another day. */
  const int64_t deadline = (int64_t)(options->timeout * 1000) + 1;
  return put(header, "deadline_ms", json_object_new_int64(deadline));
}

static json_object *make_request(
    const struct options *options, const struct bytes *image, const char *id,
    const char *client) {
  json_object *header = json_object_new_object();
  if (header != NULL && fill_request(header, options, image, id, client)) return header;
  json_object_put(header);
  return NULL;
}

/* ---- reading replies ------------------------------------------------------------------------- */

struct reply {
  zmq_msg_t parts[MOST_PARTS];
  int count;
  json_object *header;
};

static void clear(struct reply *reply) {
  for (int n = 0; n < reply->count; n++)
    if (zmq_msg_close(&reply->parts[n]) != 0) say("a message: %s", zmq_strerror(errno));
  json_object_put(reply->header);
  reply->count = 0;
  reply->header = NULL;
}

/* NULL where there is none, or it is null. */
static json_object *member(json_object *object, const char *key) {
  json_object *value = NULL;
  if (!json_object_is_type(object, json_type_object)) return NULL;
  return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

static bool is_text(json_object *value, const char *text) {
  const size_t length = strlen(text);
  return json_object_is_type(value, json_type_string)
         && (size_t)json_object_get_string_len(value) == length
         && memcmp(json_object_get_string(value), text, length) == 0;
}

/* Whole, and within these bounds; -1 where it is not. */
static int64_t whole(json_object *value, int64_t least, int64_t most) {
  if (!json_object_is_type(value, json_type_int)) return -1;
  const int64_t number = json_object_get_int64(value);
  return number >= least && number <= most ? number : -1;
}

static size_t length_of(json_object *array) {
  return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

static json_object *parse_header(const void *data, size_t size) {
  if (size == 0 || size > most_header) return NULL;
  struct json_tokener *tokener = json_tokener_new_ex(32);
  if (tokener == NULL) return NULL;
  json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
  json_object *header = json_tokener_parse_ex(tokener, data, (int)size);
  const bool is_right = json_tokener_get_error(tokener) == json_tokener_success
                        && json_tokener_get_parse_end(tokener) == size
                        && json_object_is_type(header, json_type_object);
  json_tokener_free(tokener);
  if (is_right) return header;
  json_object_put(header);
  return NULL;
}

/* All frames of one message, of which the first has come; what is too much is read and dropped. */
static int receive(void *socket, struct reply *reply) {
  bool is_long = false;
  for (bool more = true; more;) {
    zmq_msg_t surplus, *part = &surplus;
    if (reply->count < MOST_PARTS)
      part = &reply->parts[reply->count];
    else
      is_long = true;
    if (zmq_msg_init(part) != 0) return FAIL(FAULT, "a message: %s", zmq_strerror(errno));
    if (!is_long) reply->count++;
    int problem = 0;
    while (problem == 0 && zmq_msg_recv(part, socket, 0) < 0)
      if (errno != EINTR) problem = errno;
    more = problem == 0 && zmq_msg_more(part) != 0;
    if (is_long && zmq_msg_close(part) != 0) say("a message: %s", zmq_strerror(errno));
    if (problem != 0) return FAIL(FAULT, "receiving: %s", zmq_strerror(problem));
  }
  if (!is_long)
    reply->header = parse_header(zmq_msg_data(&reply->parts[0]), zmq_msg_size(&reply->parts[0]));
  if (reply->header == NULL || !is_text(member(reply->header, "protocol"), "segsam/1"))
    return FAIL(FAULT, "what came is no reply of segsam/1");
  return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct call {
  void *context;
  const struct options *options;
  const struct keys *keys;
  const char *id, *header;
  size_t header_size;
  const struct bytes *image;
};

enum outcome { ANSWERED, SILENT, BUSY, FAILED };

static bool set_number(void *socket, int option, int value) {
  return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

static void *open_socket(const struct call *call) {
  void *socket = zmq_socket(call->context, ZMQ_DEALER);
  if (socket == NULL) {
    say("no socket: %s", zmq_strerror(errno));
    return NULL;
  }
  const struct options *options = call->options;
  bool is_set = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &most_frame, sizeof most_frame) == 0
                /* A try that is given up is not to be delivered after all. */
                && set_number(socket, ZMQ_LINGER, 0) && set_number(socket, ZMQ_IPV6, 1)
                && set_number(socket, ZMQ_HEARTBEAT_IVL, 5000)
                && set_number(socket, ZMQ_HEARTBEAT_TIMEOUT, 20000);
  if (options->server_key != NULL)
    is_set = is_set
             && zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, options->server_key, KEY_TEXT) == 0
             && zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, call->keys->public_key, KEY_TEXT) == 0
             && zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, call->keys->secret_key, KEY_TEXT) == 0;
  if (is_set && zmq_connect(socket, options->endpoint) == 0) return socket;
  say("%s: %s", options->endpoint, zmq_strerror(errno));
  if (zmq_close(socket) != 0) say("a socket: %s", zmq_strerror(errno));
  return NULL;
}

/* libzmq reads the image where it is: it must live until the context has ended. */
static bool send_request(void *socket, const struct call *call) {
  while (zmq_send(socket, call->header, call->header_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
    if (errno != EINTR) return false;
  while (zmq_send_const(socket, call->image->data, call->image->size, ZMQ_DONTWAIT) < 0)
    if (errno != EINTR) return false;
  return true;
}

static void tell_progress(json_object *header) {
  json_object *result = member(header, "result");
  const int64_t done = whole(member(result, "done"), 0, INT64_MAX);
  const int64_t total = whole(member(result, "total"), 0, INT64_MAX);
  if (done < 0 || total < 0)
    say("accepted");
  else
    say("%" PRId64 " of %" PRId64, done, total);
}

/* What a reply with the status `error` says. `busy` is the one to wait after. */
static enum outcome explain(json_object *header, double *wait, int *code) {
  char text[1024];
  json_object *error = member(header, "error");
  json_object *kind = member(error, "code"), *message = member(error, "message");
  json_object *details = member(error, "details");
  if (!json_object_is_type(kind, json_type_string)
      || !json_object_is_type(message, json_type_string)) {
    *code = FAIL(FAULT, "the reply says error and has none");
    return FAILED;
  }
  if (is_text(kind, "busy")) {
    json_object *pause = member(details, "retry_after_ms");
    if (json_object_is_type(pause, json_type_int) || json_object_is_type(pause, json_type_double))
      *wait = json_object_get_double(pause) / 1000;
    if (!(*wait >= 0)) *wait = 0;
    if (*wait > most_pause) *wait = most_pause;
    return BUSY;
  }
  say("%s", plain(json_object_get_string(kind), text, 64));
  say("%s", plain(json_object_get_string(message), text, sizeof text));
  if (json_object_is_type(details, json_type_object)) {
    const char *all = json_object_to_json_string_ext(details, JSON_C_TO_STRING_PLAIN);
    if (all != NULL) say("%s", plain(all, text, sizeof text));
  }
  const bool is_fault = is_text(kind, "internal");
  *code = is_fault ? FAULT : is_text(kind, "deadline_exceeded") ? NO_SERVER : BAD_INPUT;
  return FAILED;
}

/* One reply: whether it is the final one, and what it means. */
static enum outcome judge(
    const struct call *call, struct reply *reply, double *wait, int *code, bool *is_final) {
  json_object *header = reply->header, *id = member(header, "id");
  json_object *status = member(header, "status");
  *is_final = true;
  /* Without an id: the server could not read it in what this socket has sent. */
  const bool is_ours = is_text(id, call->id) || (id == NULL && is_text(status, "error"));
  if (is_ours && is_text(status, "ok")) return ANSWERED;
  if (is_ours && is_text(status, "error")) return explain(header, wait, code);
  if (is_ours && (is_text(status, "accepted") || is_text(status, "partial"))) {
    if (call->options->is_verbose) tell_progress(header);
    *is_final = false;
    return SILENT;
  }
  *code = FAIL(FAULT, "a reply to something else, or of a status that is none");
  return FAILED;
}

/* Waits on one socket for as long as there are signs of life. */
static enum outcome listen_on(
    void *socket, const struct call *call, double end, struct reply *reply, double *wait,
    int *code) {
  for (double until = now() + call->options->patience;;) {
    const double rest = (until < end ? until : end) - now();
    if (rest <= 0) return SILENT;
    zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
    /* In spells: a signal, or a clock that was stopped, costs a second at most. */
    const int ready = zmq_poll(&item, 1, rest < 1 ? (long)(rest * 1000) + 1 : 1000);
    if (ready < 0 && errno != EINTR) {
      *code = FAIL(FAULT, "waiting: %s", zmq_strerror(errno));
      return FAILED;
    }
    if (ready <= 0) continue;
    if ((*code = receive(socket, reply)) != 0) return FAILED;
    bool is_final;
    const enum outcome outcome = judge(call, reply, wait, code, &is_final);
    if (is_final) return outcome;
    clear(reply);
    until = now() + call->options->patience;
  }
}

static enum outcome try_once(
    const struct call *call, double end, struct reply *reply, double *wait, int *code) {
  void *socket = open_socket(call);
  *code = BAD_INPUT;
  if (socket == NULL) return FAILED;
  enum outcome outcome = SILENT;
  if (send_request(socket, call)) {
    outcome = listen_on(socket, call, end, reply, wait, code);
  } else if (errno != EAGAIN) {
    *code = FAIL(FAULT, "sending: %s", zmq_strerror(errno));
    outcome = FAILED;
  }
  if (outcome != ANSWERED) clear(reply);
  if (zmq_close(socket) != 0) say("a socket: %s", zmq_strerror(errno));
  return outcome;
}

/* Asks until there is an answer, an error that another try would not mend, or no time left.
 * 0: the `ok` reply is in `reply`. */
static int ask(const struct call *call, struct reply *reply) {
  const struct options *options = call->options;
  const double end = now() + options->timeout;
  for (unsigned tries = 1;; tries++) {
    double wait = 0;
    int code = FAULT;
    const enum outcome outcome = try_once(call, end, reply, &wait, &code);
    if (outcome == ANSWERED) return 0;
    if (outcome == FAILED) return code;
    const double pause = wait + jittered_pause(tries);
    if (now() + pause >= end) {
      if (outcome == BUSY) return FAIL(NO_SERVER, "busy, in %u tries", tries);
      return FAIL(
          NO_SERVER, "no answer from %s in %u tries and %g s: is a server there%s?",
          options->endpoint, tries, options->timeout,
          options->key != NULL ? ", is its key this one, and does it know yours"
                               : ", and does it ask for keys");
    }
    if (options->is_verbose)
      say("try %u: %s; again in %.2f s", tries, outcome == BUSY ? "busy" : "silence", pause);
    sleep_for(pause);
  }
}

/* ---- masks ----------------------------------------------------------------------------------- */

struct masks {
  struct grid grid;
  int64_t voxels;
  size_t row;
  const unsigned char *data;
};

static bool read_grid(json_object *array, struct grid *grid, int64_t *voxels) {
  const size_t rank = length_of(array);
  if (rank != 2 && rank != 3) return false;
  *grid = (struct grid){.rank = (int)rank};
  *voxels = 1;
  for (int axis = 0; axis < grid->rank; axis++) {
    const int64_t size = whole(json_object_array_get_idx(array, (size_t)axis), 1, most_voxels);
    if (size < 0 || *voxels > most_voxels / size) return false;
    grid->size[axis] = size;
    *voxels *= size;
  }
  return true;
}

static bool is_same(const struct grid *one, const struct grid *other) {
  if (one->rank != other->rank) return false;
  for (int axis = 0; axis < one->rank; axis++)
    if (one->size[axis] != other->size[axis]) return false;
  return true;
}

/* The one output that was asked for: UINT8 [K, bytes], each mask packed and padded to a byte. */
static bool read_masks(
    struct reply *reply, const struct options *options, struct masks *masks) {
  json_object *outputs = member(reply->header, "outputs");
  if (length_of(outputs) != 1 || reply->count != 2) return false;
  json_object *entry = json_object_array_get_idx(outputs, 0);
  json_object *shape = member(entry, "shape"), *parameters = member(entry, "parameters");
  if (!is_text(member(entry, "name"), "binary_masks")
      || !is_text(member(entry, "datatype"), "UINT8")
      || !is_text(member(parameters, "encoding"), "bits")
      || !read_grid(member(parameters, "mask_shape"), &masks->grid, &masks->voxels)
      || length_of(shape) != 2)
    return false;
  /* Masks come back on the grid that came in; of a file, the result says what it is. */
  struct grid sent = options->shape;
  int64_t ignored;
  if (options->datatype == NULL) {
    if (!read_grid(member(member(reply->header, "result"), "shape"), &sent, &ignored))
      return false;
  } else if (strcmp(options->layout, "HWC") == 0) {
    sent.rank = 2;
  }
  const int64_t row = (masks->voxels + 7) / 8;
  if (!is_same(&masks->grid, &sent)
      || whole(json_object_array_get_idx(shape, 0), 0, MOST_NAMES) != options->count
      || whole(json_object_array_get_idx(shape, 1), 1, most_voxels) != row
      || (uint64_t)zmq_msg_size(&reply->parts[1])
             != (uint64_t)row * (uint64_t)options->count)
    return false;
  masks->row = (size_t)row;
  masks->data = zmq_msg_data(&reply->parts[1]);
  return true;
}

static bool is_set(const unsigned char *mask, int64_t voxel) {
  return (mask[voxel / 8] >> (7 - voxel % 8) & 1) != 0;
}

struct found {
  const char *category;
  bool is_present;
  double presence;
  int64_t voxels;
  bool has_box;
  /* x0, y0(, z0), x1, y1(, z1), upper bounds exclusive. */
  int64_t box[2 * MOST_AXES];
};

static bool read_box(json_object *value, const struct grid *grid, struct found *found) {
  const int rank = grid->rank;
  found->has_box = value != NULL;
  if (!found->has_box) return true;
  if (length_of(value) != 2 * (size_t)rank) return false;
  for (int axis = 0; axis < rank; axis++) {
    /* x is the last axis of the grid. */
    const int64_t size = grid->size[rank - 1 - axis];
    const int64_t low = whole(json_object_array_get_idx(value, (size_t)axis), 0, size - 1);
    const int64_t high = whole(json_object_array_get_idx(value, (size_t)(axis + rank)), 1, size);
    if (low < 0 || high <= low) return false;
    found->box[axis] = low;
    found->box[axis + rank] = high;
  }
  return true;
}

/* What is said of one query, held against its mask. */
static bool read_found(
    json_object *entry, const char *name, const struct masks *masks, const unsigned char *mask,
    struct found *found) {
  json_object *category = member(entry, "category"), *present = member(entry, "present");
  json_object *presence = member(entry, "presence");
  if (!is_text(member(entry, "query"), name) || !json_object_is_type(category, json_type_string)
      || !json_object_is_type(present, json_type_boolean)
      || !(json_object_is_type(presence, json_type_double)
           || json_object_is_type(presence, json_type_int)))
    return false;
  found->category = json_object_get_string(category);
  found->is_present = json_object_get_boolean(present) != 0;
  found->presence = json_object_get_double(presence);
  found->voxels = whole(member(entry, "voxels"), 0, masks->voxels);
  if (!(found->presence >= 0 && found->presence <= 1)
      || !read_box(member(entry, "bbox"), &masks->grid, found))
    return false;
  int64_t voxels = 0;
  /* The padding too: it has to be empty. */
  for (size_t byte = 0; byte < masks->row; byte++)
    for (unsigned bits = mask[byte]; bits != 0; bits &= bits - 1) voxels++;
  for (int64_t voxel = masks->voxels; voxel < (int64_t)masks->row * 8; voxel++)
    if (is_set(mask, voxel)) return false;
  return voxels == found->voxels && found->has_box == (voxels > 0);
}

/* The slices of a volume one below the other. */
static int write_pgm(const char *path, const struct masks *masks, const unsigned char *mask) {
  const int64_t width = masks->grid.size[masks->grid.rank - 1];
  unsigned char *line = malloc((size_t)width);
  if (line == NULL) return FAIL(FAULT, "no memory for a line of a mask");
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    free(line);
    return FAIL(FAULT, "%s: %s", path, strerror(errno));
  }
  bool is_written =
      fprintf(file, "P5\n%" PRId64 " %" PRId64 "\n255\n", width, masks->voxels / width) > 0;
  for (int64_t voxel = 0; is_written && voxel < masks->voxels; voxel += width) {
    for (int64_t x = 0; x < width; x++) line[x] = is_set(mask, voxel + x) ? 255 : 0;
    is_written = fwrite(line, 1, (size_t)width, file) == (size_t)width;
  }
  free(line);
  if (fclose(file) == 0 && is_written) return 0;
  const int problem = errno;
  remove(path);
  return FAIL(FAULT, "%s cannot be written: %s", path, strerror(problem));
}

/* DIR/1-pancreas.pgm: what the server says may not lead elsewhere. */
static int mask_path(char *path, size_t size, const char *folder, int n, const char *category) {
  char name[65];
  size_t length = 0;
  for (; category[length] != '\0' && length + 1 < sizeof name; length++) {
    const char c = category[length];
    name[length] = isalnum((unsigned char)c) || c == '_' || c == '-' ? c : '_';
  }
  name[length] = '\0';
  const int count = snprintf(path, size, "%s/%d-%s.pgm", folder, n + 1, name);
  return count > 0 && (size_t)count < size ? 0 : FAIL(BAD_INPUT, "the name of --output is long");
}

static int print_found(
    const char *name, const struct found *found, const struct masks *masks, const char *path) {
  char category[128];
  int written = printf(
      "%s\t%s\t%s\t%.4f\t%" PRId64 "\t", name, plain(found->category, category, sizeof category),
      found->is_present ? "present" : "absent", found->presence, found->voxels);
  for (int n = 0; written >= 0 && found->has_box && n < 2 * masks->grid.rank; n++)
    written = printf("%s%" PRId64, n == 0 ? "" : ",", found->box[n]);
  if (written >= 0 && !found->has_box) written = printf("-");
  if (written >= 0) written = printf("\t%s\n", path);
  return written < 0 ? FAIL(FAULT, "writing: %s", strerror(errno)) : 0;
}

static int show(struct reply *reply, const struct options *options) {
  struct masks masks = {0};
  json_object *entries = member(member(reply->header, "result"), "categories");
  if (!read_masks(reply, options, &masks) || length_of(entries) != (size_t)options->count)
    return FAIL(FAULT, "the reply does not fit the request");
  if (options->output != NULL && mkdir(options->output, 0777) != 0 && errno != EEXIST)
    return FAIL(BAD_INPUT, "%s: %s", options->output, strerror(errno));
  for (int n = 0; n < options->count; n++) {
    const unsigned char *mask = masks.data + (size_t)n * masks.row;
    struct found found = {0};
    char path[PATH_MAX] = "-";
    if (!read_found(
            json_object_array_get_idx(entries, (size_t)n), options->names[n], &masks, mask,
            &found))
      return FAIL(FAULT, "the reply does not fit the mask of %s", options->names[n]);
    int code = 0;
    if (options->output != NULL) {
      code = mask_path(path, sizeof path, options->output, n, found.category);
      if (code == 0) code = write_pgm(path, &masks, mask);
    }
    if (code == 0) code = print_found(options->names[n], &found, &masks, path);
    if (code != 0) return code;
  }
  return fflush(stdout) == 0 ? 0 : FAIL(FAULT, "writing: %s", strerror(errno));
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int check_image(const struct options *options, const struct bytes *image) {
  if (options->datatype == NULL)
    return content_type(image) != NULL
               ? 0
               : FAIL(BAD_INPUT, "%s is no PNG, JPEG or NIfTI; or say what it is with --raw",
                      options->image);
  int64_t elements = 1;
  for (int axis = 0; axis < options->shape.rank; axis++) {
    if (elements > most_voxels / options->shape.size[axis])
      return FAIL(BAD_INPUT, "the shape of --raw is larger than any server takes");
    elements *= options->shape.size[axis];
  }
  if ((uint64_t)elements * options->width == image->size) return 0;
  return FAIL(
      BAD_INPUT, "%s has %zu bytes, of --raw follow %" PRIu64, options->image, image->size,
      (uint64_t)elements * options->width);
}

static int run(const struct options *options, const struct bytes *image, const struct keys *keys) {
  char made_id[UUID_TEXT + 1], made_client[UUID_TEXT + 1];
  if (!new_uuid(made_id) || !new_uuid(made_client)) return FAIL(FAULT, "no random numbers");
  const char *id = options->id != NULL ? options->id : made_id;
  const char *client = options->client != NULL ? options->client : made_client;
  json_object *request = make_request(options, image, id, client);
  if (request == NULL) return FAIL(FAULT, "no memory for the request");
  struct call call = {.options = options, .keys = keys, .id = id, .image = image};
  call.header = json_object_to_json_string_length(
      request, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &call.header_size);
  struct reply reply = {0};
  int code;
  if (call.header == NULL || call.header_size > most_header) {
    code = FAIL(BAD_INPUT, "the names are too long for any server");
  } else if ((call.context = zmq_ctx_new()) == NULL) {
    code = FAIL(FAULT, "no context: %s", zmq_strerror(errno));
  } else {
    if (options->is_verbose) say("id %s, client %s", id, client);
    code = ask(&call, &reply);
    if (code == 0) code = show(&reply, options);
  }
  clear(&reply);
  while (call.context != NULL && zmq_ctx_term(call.context) != 0) {
    if (errno == EINTR) continue;
    say("the context: %s", zmq_strerror(errno));
    break;
  }
  json_object_put(request);
  return code;
}

int main(int argc, char **argv) {
  struct options options;
  int code = parse_options(argc, argv, &options);
  if (code != 0) return code < 0 ? 0 : code;
  struct keys keys = {0};
  struct bytes image = {0};
  if (options.key != NULL)
    code = zmq_has("curve") != 0 ? read_keys(options.key, &keys)
                                 : FAIL(FAULT, "this libzmq has no CURVE");
  if (code == 0) code = read_file(options.image, most_file, 0, &image);
  if (code == 0) code = check_image(&options, &image);
  if (code == 0) code = run(&options, &image, &keys);
  wipe(&keys, sizeof keys);
  free(image.data);
  return code;
}
