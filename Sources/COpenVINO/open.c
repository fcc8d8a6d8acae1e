#include "COpenVINO.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

// Opens the library `name` in `directory`, whatever version its file name ends in.
static void *open_library(
    const char *directory, const char *name, int mode, char *message, size_t size) {
  char pattern[4096];
  // The directory is a path, not a pattern: what glob would expand is escaped.
  size_t n = 0;
  for (const char *c = directory; *c && n + 2 < sizeof pattern; c++) {
    if (strchr("*?[]\\", *c)) pattern[n++] = '\\';
    pattern[n++] = *c;
  }
  int left = snprintf(pattern + n, sizeof pattern - n, "/%s.so*", name);
  if (left < 0 || (size_t)left >= sizeof pattern - n) {
    snprintf(message, size, "the path is too long");
    return NULL;
  }
  glob_t found;
  if (glob(pattern, 0, NULL, &found) != 0) {
    snprintf(message, size, "no %s.so* in %s", name, directory);
    return NULL;
  }
  // The last in order is the one with the highest version suffix.
  void *handle = dlopen(found.gl_pathv[found.gl_pathc - 1], RTLD_NOW | mode);
  if (!handle) snprintf(message, size, "%s", dlerror());
  globfree(&found);
  return handle;
}

// The element types are numbers whose meaning has changed between releases: their sizes tell.
static int check_element_types(const segsam_ov_api *api, char *message, size_t size) {
  static const size_t bytes[] = {[1] = 1, 2, 2, 4, 8, 1, 1, 2, 4, 8, [16] = 1, 2, 4, 8};
  int64_t dims[] = {2};
  for (int type = 1; type < (int)(sizeof bytes / sizeof *bytes); type++) {
    if (!bytes[type]) continue;
    ov_shape_t shape;
    ov_tensor_t *tensor = NULL;
    size_t got = 0;
    if (api->shape_create(1, dims, &shape)) goto bad;
    int status = api->tensor_create(type, shape, &tensor);
    api->shape_free(&shape);
    if (status) goto bad;
    status = api->tensor_get_byte_size(tensor, &got);
    api->tensor_free(tensor);
    // Two 4-bit numbers share a byte.
    if (status || got != (type == 6 ? 1 : 2 * bytes[type])) goto bad;
    continue;
  bad:
    snprintf(message, size, "element type %d is not what it was in OpenVINO 2026.4", type);
    return -1;
  }
  return 0;
}

int segsam_ov_open(
    const char *directory, segsam_ov_api *api, char *message, size_t message_size) {
  // The wheel's libraries carry no path to each other: dependencies first, by full path. A build
  // of OpenVINO that brings no TBB of its own uses the system's.
  char ignored[512];
  open_library(directory, "libtbb", RTLD_GLOBAL, ignored, sizeof ignored);
  if (!open_library(directory, "libopenvino", RTLD_GLOBAL, message, message_size)) return -1;
  void *c = open_library(directory, "libopenvino_c", RTLD_LOCAL, message, message_size);
  if (!c) return -1;
#define FIND(name)                                                                 \
  if (!(*(void **)&api->name = dlsym(c, "ov_" #name))) {                           \
    snprintf(message, message_size, "OpenVINO is too old: it has no ov_" #name);   \
    return -1;                                                                     \
  }
  FIND(get_openvino_version) FIND(version_free) FIND(get_last_err_msg) FIND(get_error_info)
  FIND(free) FIND(core_create) FIND(core_free) FIND(core_get_property) FIND(core_read_model)
  FIND(core_read_model_from_memory_buffer) FIND(core_compile_model_props) FIND(model_free)
  FIND(compiled_model_inputs_size) FIND(compiled_model_outputs_size)
  FIND(compiled_model_input_by_index) FIND(compiled_model_output_by_index)
  FIND(compiled_model_create_infer_request) FIND(compiled_model_get_property)
  FIND(compiled_model_free) FIND(const_port_get_shape) FIND(port_get_any_name)
  FIND(port_get_element_type) FIND(output_const_port_free) FIND(shape_create) FIND(shape_free)
  FIND(tensor_create) FIND(tensor_create_from_host_ptr) FIND(tensor_get_shape)
  FIND(tensor_get_element_type) FIND(tensor_get_byte_size) FIND(tensor_data) FIND(tensor_free)
  FIND(infer_request_set_input_tensor_by_index) FIND(infer_request_get_output_tensor_by_index)
  FIND(infer_request_infer) FIND(infer_request_free)
#undef FIND
  return check_element_types(api, message, message_size);
}

bool segsam_ov_cpu_has_bf16(void) {
#if defined(__x86_64__)
  // Leaf 7: AVX512_BF16 is subleaf 1, EAX bit 5; AMX-BF16 is subleaf 0, EDX bit 22, and useful
  // only where the system saves its registers (XCR0 bits 17 and 18).
  uint32_t a = 7, b, c = 0, d;
  uint32_t highest = 0, unused_b, unused_c, unused_d;
  __asm__ volatile("cpuid" : "=a"(highest), "=b"(unused_b), "=c"(unused_c), "=d"(unused_d) : "a"(0), "c"(0));
  if (highest < 7) return false;
  uint32_t features = 0;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(features), "=d"(d) : "a"(1), "c"(0));
  if (!(features & (1u << 27))) return false;  // OSXSAVE
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(0));
  bool amx = (d & (1u << 22)) && (low & (3u << 17)) == (3u << 17);
  uint32_t leaves = a;
  bool avx512 = false;
  if (leaves >= 1) {
    __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(7), "c"(1));
    avx512 = (a & (1u << 5)) && (low & 0xE6) == 0xE6;
  }
  return amx || avx512;
#elif defined(__aarch64__) && defined(__linux__)
  return (getauxval(AT_HWCAP2) & (1ul << 14)) != 0;  // HWCAP2_BF16
#else
  return false;
#endif
}
