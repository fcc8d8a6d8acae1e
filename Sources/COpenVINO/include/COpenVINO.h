#pragma once
// The part of OpenVINO's C API that is used here, found at run time: building and starting need
// no OpenVINO. Names, signatures and element types are those of the headers of 2026.4
// (openvino/c/*.h, Apache-2.0); `segsam_ov_open` checks them against the library that it finds.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ov_core ov_core_t;
typedef struct ov_model ov_model_t;
typedef struct ov_compiled_model ov_compiled_model_t;
typedef struct ov_infer_request ov_infer_request_t;
typedef struct ov_tensor ov_tensor_t;
typedef struct ov_output_const_port ov_output_const_port_t;

typedef struct {
  int64_t rank;
  int64_t *dims;
} ov_shape_t;

typedef struct {
  const char *key;
  const void *value;
} ov_property_t;

typedef struct {
  const char *buildNumber;
  const char *description;
} ov_version_t;

enum {
  SEGSAM_OV_BOOLEAN = 1,
  SEGSAM_OV_F32 = 4,
  SEGSAM_OV_I32 = 9,
  SEGSAM_OV_I64 = 10,
  SEGSAM_OV_U8 = 16,
};

/// The functions, filled in by `segsam_ov_open`.
typedef struct {
  int (*get_openvino_version)(ov_version_t *);
  void (*version_free)(ov_version_t *);
  const char *(*get_last_err_msg)(void);
  const char *(*get_error_info)(int);
  void (*free)(const char *);
  int (*core_create)(ov_core_t **);
  void (*core_free)(ov_core_t *);
  int (*core_get_property)(const ov_core_t *, const char *, const char *, char **);
  int (*core_read_model)(const ov_core_t *, const char *, const char *, ov_model_t **);
  int (*core_read_model_from_memory_buffer)(
      const ov_core_t *, const char *, size_t, const ov_tensor_t *, ov_model_t **);
  int (*core_compile_model_props)(
      const ov_core_t *, const ov_model_t *, const char *, size_t, const ov_property_t *,
      ov_compiled_model_t **);
  void (*model_free)(ov_model_t *);
  int (*compiled_model_inputs_size)(const ov_compiled_model_t *, size_t *);
  int (*compiled_model_outputs_size)(const ov_compiled_model_t *, size_t *);
  int (*compiled_model_input_by_index)(
      const ov_compiled_model_t *, size_t, ov_output_const_port_t **);
  int (*compiled_model_output_by_index)(
      const ov_compiled_model_t *, size_t, ov_output_const_port_t **);
  int (*compiled_model_create_infer_request)(const ov_compiled_model_t *, ov_infer_request_t **);
  int (*compiled_model_get_property)(const ov_compiled_model_t *, const char *, char **);
  void (*compiled_model_free)(ov_compiled_model_t *);
  int (*const_port_get_shape)(const ov_output_const_port_t *, ov_shape_t *);
  int (*port_get_any_name)(const ov_output_const_port_t *, char **);
  int (*port_get_element_type)(const ov_output_const_port_t *, int *);
  void (*output_const_port_free)(ov_output_const_port_t *);
  int (*shape_create)(int64_t, const int64_t *, ov_shape_t *);
  int (*shape_free)(ov_shape_t *);
  int (*tensor_create)(int, ov_shape_t, ov_tensor_t **);
  int (*tensor_create_from_host_ptr)(int, ov_shape_t, void *, ov_tensor_t **);
  int (*tensor_get_shape)(const ov_tensor_t *, ov_shape_t *);
  int (*tensor_get_element_type)(const ov_tensor_t *, int *);
  int (*tensor_get_byte_size)(const ov_tensor_t *, size_t *);
  int (*tensor_data)(const ov_tensor_t *, void **);
  void (*tensor_free)(ov_tensor_t *);
  int (*infer_request_set_input_tensor_by_index)(
      ov_infer_request_t *, size_t, const ov_tensor_t *);
  int (*infer_request_get_output_tensor_by_index)(
      const ov_infer_request_t *, size_t, ov_tensor_t **);
  int (*infer_request_infer)(ov_infer_request_t *);
  void (*infer_request_free)(ov_infer_request_t *);
} segsam_ov_api;

/// Opens the OpenVINO libraries in `directory` by full path and fills `api`.
///
/// Returns 0, or -1 with the reason in `message`. The libraries stay open for the process's life.
/// Not to be called by two threads at once.
int segsam_ov_open(
    const char *directory, segsam_ov_api *api, char *message, size_t message_size);

/// Whether this CPU multiplies bfloat16 matrices in hardware (AMX-BF16 or AVX512-BF16, or the Arm
/// equivalent).
bool segsam_ov_cpu_has_bf16(void);
