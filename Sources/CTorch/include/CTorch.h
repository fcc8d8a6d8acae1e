/// The trainer's window on libtorch: tensors as handles, one call an operation.
///
/// The functions forward to a shared library (`shim/segsam_torch.cpp`, built by `make trainer`)
/// that `ct_load` opens, so that building and serving need no torch. Every call that returns int
/// gives 0, or -1 with a message in `ct_error()`. Not thread-safe: one thread at a time.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

typedef struct ct_tensor ct_tensor;
typedef struct ct_optimizer ct_optimizer;

enum ct_type { CT_FLOAT32 = 0, CT_INT64 = 1 };

enum ct_op {
  CT_CONV2D,            // x w [b]; ints: stride padding groups
  CT_CONV_TRANSPOSE2D,  // x w [b]; ints: stride, padding
  CT_LINEAR,            // x w [b]
  CT_MATMUL,            // a b; ints: transposeB
  CT_ATTENTION,         // q k v; floats: scale
  CT_ADD,
  CT_SUBTRACT,
  CT_MULTIPLY,
  CT_DIVIDE,
  CT_MAXIMUM,
  CT_MINIMUM,
  CT_AFFINE,  // floats: factor offset
  CT_POWER,   // floats: exponent
  CT_RELU,
  CT_GELU,
  CT_SIGMOID,
  CT_TANH,
  CT_EXP,
  CT_LOG,
  CT_SQRT,
  CT_SIN,
  CT_COS,
  CT_ABS,
  CT_SOFTPLUS,
  CT_SOFTMAX,     // ints: axis
  CT_LAYER_NORM,  // x [gamma [beta]]; floats: epsilon
  CT_GROUP_NORM,  // x gamma beta; ints: groups; floats: epsilon
  CT_RESHAPE,     // ints: shape
  CT_TRANSPOSE,   // ints: order
  CT_CONCATENATE, // ints: axis
  CT_SLICE,       // ints: axis start end
  CT_BROADCAST,   // ints: shape
  CT_GATHER,      // x indices; ints: axis
  CT_SUM,         // ints: keep axes…
  CT_MEAN,        // ints: keep axes…
  CT_REDUCE_MAX,  // ints: keep axes…
  CT_RESIZE_BILINEAR,  // ints: height width
  CT_AVERAGE_POOL,     // ints: size
  CT_MAX_POOL,         // ints: size
  CT_DETACH,
};

/// Opens the shim. Its own dependencies (libtorch) are found beside torch, by its run path.
int ct_load(const char *shim_path);
const char *ct_error(void);
/// torch's version, such as "2.13.0+cpu".
const char *ct_version(void);
void ct_set_threads(int threads);
/// 1 where CUDA can be used; then `ct_use_cuda(1)` puts new tensors there.
int ct_has_cuda(void);
void ct_use_cuda(int on);
/// Convolutions, products and attention in bfloat16 while on.
void ct_autocast(int on);
/// Whether what follows is recorded for gradients.
void ct_record(int on);

/// Copies `count` elements in. NULL on failure.
ct_tensor *ct_new(int type, const void *data, const int64_t *shape, int rank, int requires_grad);
/// float32 of bytes: each times `factor`, plus `offset`.
ct_tensor *ct_new_bytes(const uint8_t *data, const int64_t *shape, int rank, double factor,
                        double offset);
void ct_free(ct_tensor *);
ct_tensor *ct_apply(int op, ct_tensor *const *operands, int operand_count, const int64_t *ints,
                    int int_count, const double *floats, int float_count);
/// The value cut off from what made it: no gradient flows back through the result.
ct_tensor *ct_detach(ct_tensor *);
/// Copies the value out as float32; `count` must be the number of elements.
int ct_read(ct_tensor *, float *out, size_t count);
/// Overwrites the value.
int ct_write(ct_tensor *, const float *values, size_t count);
/// Copies the gradient out, zeros where there is none.
int ct_read_gradient(ct_tensor *, float *out, size_t count);
/// Adds the gradients of a scalar to the tensors that require them.
int ct_backward(ct_tensor *scalar);

/// How a parameter is stepped: by Adam, by AdamW (arXiv 1711.05101), which decays it, or by Muon, which
/// makes a matrix's step orthogonal and decays it too.
enum ct_rule { CT_ADAM = 0, CT_ADAMW = 1, CT_MUON = 2 };

/// An optimiser of parameters; `rules[i]` is the `ct_rule` of parameter i.
ct_optimizer *ct_optimizer_make(ct_tensor *const *parameters, const uint8_t *rules, int count);
void ct_optimizer_free(ct_optimizer *);
/// Clips the gradients' joint norm, steps, and clears the gradients. Gives the norm, < 0 on failure
/// and NaN where a gradient is not finite (then nothing is stepped).
double ct_optimizer_step(ct_optimizer *, double rate, double beta1, double beta2, double epsilon,
                     double weight_decay, double max_norm);
/// The moments of parameter i, both `count` long, and the number of steps.
int ct_optimizer_read(ct_optimizer *, int index, float *m, float *v, size_t count, int64_t *steps);
int ct_optimizer_write(ct_optimizer *, int index, const float *m, const float *v, size_t count,
                   int64_t steps);

#ifdef __cplusplus
}
#endif
