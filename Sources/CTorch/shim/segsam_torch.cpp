// The trainer's shim over libtorch. `make trainer` compiles it against whatever torch is installed;
// the interface is CTorch.h, with the prefix segsam_torch_ in place of ct_.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <malloc.h>
#include <torch/version.h>

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "CTorch.h"

struct ct_tensor {
  at::Tensor value;
};

struct ct_optimizer {
  std::vector<at::Tensor> parameters, first, second;
  std::vector<uint8_t> rules;  // ct_rule
  int64_t steps = 0;
};

static std::string message;
static bool cuda = false;

static at::Device device() { return at::Device(cuda ? at::kCUDA : at::kCPU); }

template <class F, class R>
static R guarded(F body, R failed) {
  try {
    return body();
  } catch (const std::exception &e) {
    message = e.what();
    // The first line says it; the rest is a C++ backtrace.
    auto end = message.find('\n');
    if (end != std::string::npos) message.resize(end);
    return failed;
  }
}

/// Channels last: oneDNN's convolutions then need no reordering.
static at::Tensor ordered(const at::Tensor &t) {
  return t.dim() == 4 ? t.contiguous(at::MemoryFormat::ChannelsLast) : t;
}

static ct_tensor *hold(at::Tensor t) { return new ct_tensor{std::move(t)}; }

/// Autocast off while it lives, also when something throws.
struct plain_precision {
  at::DeviceType type = cuda ? at::kCUDA : at::kCPU;
  bool was = at::autocast::is_autocast_enabled(type);
  plain_precision() { at::autocast::set_autocast_enabled(type, false); }
  ~plain_precision() { at::autocast::set_autocast_enabled(type, was); }
};

static at::Tensor apply(int op, const std::vector<at::Tensor> &x, at::IntArrayRef ints,
                        const double *f) {
  auto optional = [&](size_t i) {
    return i < x.size() ? std::optional<at::Tensor>(x[i]) : std::nullopt;
  };
  switch (op) {
    case CT_CONV2D:
      return at::conv2d(x[0], x[1], optional(2), ints[0], ints[1], 1, ints[2]);
    case CT_CONV_TRANSPOSE2D:
      return at::conv_transpose2d(x[0], x[1], optional(2), ints[0], ints[1]);
    case CT_LINEAR: return at::linear(x[0], x[1], optional(2));
    case CT_MATMUL: return at::matmul(x[0], ints[0] ? x[1].transpose(-2, -1) : x[1]);
    case CT_ATTENTION:
      if (x[0].dim() == 4) {
        if (cuda)
          return at::scaled_dot_product_attention(x[0], x[1], x[2], {}, 0.0, false, f[0]);
        // In bfloat16 the CPU's fused kernel is slow backwards unless the CPU has AMX.
        plain_precision guard;
        return at::scaled_dot_product_attention(x[0].to(at::kFloat), x[1].to(at::kFloat),
                                                x[2].to(at::kFloat), {}, 0.0, false, f[0]);
      }
      return at::matmul(at::softmax(at::matmul(x[0], x[1].transpose(-2, -1)) * f[0], -1), x[2]);
    case CT_ADD: return x[0] + x[1];
    case CT_SUBTRACT: return x[0] - x[1];
    case CT_MULTIPLY: return x[0] * x[1];
    case CT_DIVIDE: return x[0] / x[1];
    case CT_MAXIMUM: return at::maximum(x[0], x[1]);
    case CT_MINIMUM: return at::minimum(x[0], x[1]);
    case CT_AFFINE: return f[1] == 0 ? x[0] * f[0] : x[0] * f[0] + f[1];
    case CT_POWER: return at::pow(x[0], f[0]);
    case CT_RELU: return at::relu(x[0]);
    case CT_GELU: return at::gelu(x[0]);
    case CT_SIGMOID: return at::sigmoid(x[0]);
    case CT_TANH: return at::tanh(x[0]);
    case CT_EXP: return at::exp(x[0]);
    case CT_LOG: return at::log(x[0]);
    case CT_SQRT: return at::sqrt(x[0]);
    case CT_SIN: return at::sin(x[0]);
    case CT_COS: return at::cos(x[0]);
    case CT_ABS: return at::abs(x[0]);
    case CT_SOFTPLUS: return at::softplus(x[0]);
    case CT_SOFTMAX: return at::softmax(x[0], ints[0]);
    case CT_LAYER_NORM:
      return at::layer_norm(x[0], {x[0].size(-1)}, optional(1), optional(2), f[0]);
    case CT_GROUP_NORM: {
      plain_precision guard;
      return at::group_norm(x[0].to(at::kFloat), ints[0], x[1], x[2], f[0]);
    }
    case CT_RESHAPE: return x[0].reshape(ints);
    case CT_TRANSPOSE: return x[0].permute(ints);
    case CT_CONCATENATE: return at::cat(x, ints[0]);
    case CT_SLICE: return x[0].slice(ints[0], ints[1], ints[2]);
    case CT_BROADCAST: return x[0].expand(ints);
    case CT_GATHER: {
      auto axis = ints[0] < 0 ? ints[0] + x[0].dim() : ints[0];
      auto picked = at::index_select(x[0], axis, x[1].reshape({-1}));
      std::vector<int64_t> shape(x[0].sizes().begin(), x[0].sizes().begin() + axis);
      shape.insert(shape.end(), x[1].sizes().begin(), x[1].sizes().end());
      shape.insert(shape.end(), x[0].sizes().begin() + axis + 1, x[0].sizes().end());
      return picked.reshape(shape);
    }
    case CT_SUM: return at::sum(x[0], ints.slice(1), ints[0] != 0);
    case CT_MEAN: return at::mean(x[0], ints.slice(1), ints[0] != 0);
    case CT_REDUCE_MAX: return at::amax(x[0], ints.slice(1), ints[0] != 0);
    case CT_RESIZE_BILINEAR: {
      int64_t size[2] = {ints[0], ints[1]};
      return at::upsample_bilinear2d(x[0], at::IntArrayRef(size, 2), false);
    }
    case CT_AVERAGE_POOL: return at::avg_pool2d(x[0], ints[0]);
    case CT_MAX_POOL: return at::max_pool2d(x[0], ints[0]);
    case CT_DETACH: return x[0].detach();
  }
  throw std::runtime_error("unknown operation " + std::to_string(op));
}

static void copy_out(const at::Tensor &t, float *out, size_t count) {
  if ((size_t)t.numel() != count)
    throw std::runtime_error("asked for " + std::to_string(count) + " of " +
                             std::to_string(t.numel()) + " values");
  at::Tensor plain = t.detach().to(at::kCPU, at::kFloat).contiguous();
  std::memcpy(out, plain.data_ptr<float>(), count * sizeof(float));
}

static void copy_in(const at::Tensor &t, const float *values, size_t count) {
  if ((size_t)t.numel() != count) throw std::runtime_error("the number of values differs");
  at::NoGradGuard guard;
  auto source = at::from_blob(const_cast<float *>(values), t.sizes(), at::kFloat);
  const_cast<at::Tensor &>(t).copy_(source);
}

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT const char *segsam_torch_error(void) { return message.c_str(); }
EXPORT const char *segsam_torch_version(void) { return TORCH_VERSION; }
EXPORT void segsam_torch_set_threads(int n) {
  at::set_num_threads(n);
  // A step allocates the same large tensors again and again: keep their pages.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 256 << 20);
}
EXPORT int segsam_torch_has_cuda(void) { return at::hasCUDA(); }
EXPORT void segsam_torch_use_cuda(int on) {
  cuda = on && at::hasCUDA();
  // Shapes are static: the fastest convolution is looked for once.
  if (cuda) at::globalContext().setBenchmarkCuDNN(true);
}
EXPORT void segsam_torch_record(int on) { at::GradMode::set_enabled(on != 0); }
EXPORT void segsam_torch_autocast(int on) {
  auto type = cuda ? at::kCUDA : at::kCPU;
  at::autocast::set_autocast_dtype(type, at::kBFloat16);
  at::autocast::set_autocast_enabled(type, on != 0);
  if (!on) at::autocast::clear_cache();
}

EXPORT ct_tensor *segsam_torch_new(int type, const void *data, const int64_t *shape, int rank,
                                   int requires_grad) {
  return guarded(
      [&] {
        at::NoGradGuard guard;
        auto kind = type == CT_INT64 ? at::kLong : at::kFloat;
        auto given = at::from_blob(const_cast<void *>(data), at::IntArrayRef(shape, rank), kind);
        auto t = ordered(cuda ? given.to(device()) : given);
        // The caller's values are his own again.
        if (t.is_alias_of(given)) t = t.clone();
        if (requires_grad) t.set_requires_grad(true);
        return hold(t);
      },
      (ct_tensor *)nullptr);
}
EXPORT ct_tensor *segsam_torch_new_bytes(const uint8_t *data, const int64_t *shape, int rank,
                                         double factor, double offset) {
  return guarded(
      [&] {
        at::NoGradGuard guard;
        auto t = at::from_blob(const_cast<uint8_t *>(data), at::IntArrayRef(shape, rank), at::kByte);
        // A fourth of the bytes on the way to the device.
        t = ordered(t.to(device())).to(at::kFloat).mul_(factor);
        return hold(offset == 0 ? t : t.add_(offset));
      },
      (ct_tensor *)nullptr);
}
EXPORT void segsam_torch_free(ct_tensor *t) { delete t; }

EXPORT ct_tensor *segsam_torch_apply(int op, ct_tensor *const *operands, int operand_count,
                                     const int64_t *ints, int int_count, const double *floats, int) {
  return guarded(
      [&] {
        std::vector<at::Tensor> x;
        for (int i = 0; i < operand_count; i++) x.push_back(operands[i]->value);
        return hold(apply(op, x, at::IntArrayRef(ints, int_count), floats));
      },
      (ct_tensor *)nullptr);
}
EXPORT ct_tensor *segsam_torch_detach(ct_tensor *t) { return hold(t->value.detach()); }
EXPORT int segsam_torch_read(ct_tensor *t, float *out, size_t count) {
  return guarded([&] { return copy_out(t->value, out, count), 0; }, -1);
}
EXPORT int segsam_torch_write(ct_tensor *t, const float *values, size_t count) {
  return guarded([&] { return copy_in(t->value, values, count), 0; }, -1);
}
EXPORT int segsam_torch_read_gradient(ct_tensor *t, float *out, size_t count) {
  return guarded(
      [&] {
        auto g = t->value.grad();
        copy_out(g.defined() ? g : at::zeros_like(t->value), out, count);
        return 0;
      },
      -1);
}
EXPORT int segsam_torch_backward(ct_tensor *t) {
  return guarded([&] { return t->value.backward(), 0; }, -1);
}

// Where a CPU lacks bfloat16, torch emulates its products: a step of Muon took 20 s so, 0.5 s in f32.
static at::ScalarType product_type() {
#if defined(__x86_64__)
  static const bool fast = __builtin_cpu_supports("avx512bf16");
#else
  static const bool fast = false;
#endif
  return fast || device().is_cuda() ? at::kBFloat16 : at::kFloat;
}

// The nearest matrix with singular values near 1, by five steps of a quintic Newton-Schulz iteration
// (Muon, Jordan et al. 2024), in bfloat16 where the machine computes in it.
static at::Tensor orthogonal(const at::Tensor &gradient) {
  auto x = gradient.flatten(1);
  bool tall = x.size(0) > x.size(1);
  if (tall) x = x.t();
  x = (x / (x.norm() + 1e-7)).to(product_type());
  for (int i = 0; i < 5; i++) {
    auto a = at::mm(x, x.t());
    auto b = at::addmm(a, a, a, -4.7750, 2.0315);
    x = at::addmm(x, b, x, 3.4445, 1);
  }
  if (tall) x = x.t();
  return x.to(at::kFloat).reshape(gradient.sizes());
}

// Muon with Nesterov's momentum; scaled to the size of AdamW's steps, so that both share a rate
// (arXiv 2502.16982, section 2.2).
static void muon(const at::Tensor &p, const at::Tensor &g, at::Tensor &m, double rate,
                 double momentum, double weight_decay) {
  m.mul_(momentum).add_(g);
  auto step = orthogonal(g.add(m, momentum));
  double rows = p.size(0), columns = p.numel() / rows;
  p.mul_(1 - rate * weight_decay).sub_(step, rate * 0.2 * std::sqrt(std::max(rows, columns)));
}

EXPORT ct_optimizer *segsam_torch_optimizer(ct_tensor *const *parameters, const uint8_t *rules,
                                        int count) {
  return guarded(
      [&] {
        at::NoGradGuard guard;
        auto o = std::make_unique<ct_optimizer>();
        for (int i = 0; i < count; i++) {
          o->parameters.push_back(parameters[i]->value);
          o->first.push_back(at::zeros_like(parameters[i]->value));
          o->second.push_back(at::zeros_like(parameters[i]->value));
          o->rules.push_back(rules[i]);
        }
        return o.release();
      },
      (ct_optimizer *)nullptr);
}
EXPORT void segsam_torch_optimizer_free(ct_optimizer *o) { delete o; }

EXPORT double segsam_torch_optimizer_step(ct_optimizer *o, double rate, double beta1, double beta2,
                                      double epsilon, double weight_decay, double max_norm) {
  return guarded(
      [&]() -> double {
        at::NoGradGuard guard;
        std::vector<at::Tensor> grads;
        for (auto &p : o->parameters)
          if (p.grad().defined()) grads.push_back(p.grad());
        double norm =
            grads.empty() ? 0 : at::stack(at::_foreach_norm(grads)).norm().item<double>();
        if (!std::isfinite(norm)) {
          for (auto &p : o->parameters) p.mutable_grad().reset();
          return std::nan("");
        }
        // The fused step divides the gradients by this.
        auto scale = at::full({}, norm > max_norm ? (norm + 1e-6) / max_norm : 1.0,
                              at::TensorOptions().device(device()));
        o->steps++;
        auto steps = at::full({}, (double)o->steps, at::TensorOptions().device(device()));
        for (size_t i = 0; i < o->parameters.size(); i++) {
          if (o->rules[i] != CT_MUON || !o->parameters[i].grad().defined()) continue;
          muon(o->parameters[i], o->parameters[i].grad() / scale, o->first[i], rate, 0.95,
               weight_decay);
        }
        for (uint8_t rule : {CT_ADAM, CT_ADAMW}) {
          std::vector<at::Tensor> p, g, m, v;
          for (size_t i = 0; i < o->parameters.size(); i++) {
            if (o->rules[i] != rule || !o->parameters[i].grad().defined()) continue;
            p.push_back(o->parameters[i]);
            g.push_back(o->parameters[i].grad());
            m.push_back(o->first[i]);
            v.push_back(o->second[i]);
          }
          if (p.empty()) continue;
          at::_fused_adamw_(p, g, m, v, {}, std::vector<at::Tensor>(p.size(), steps), rate, beta1,
                            beta2, rule == CT_ADAMW ? weight_decay : 0.0, epsilon, false, false, scale);
        }
        for (auto &p : o->parameters) p.mutable_grad().reset();
        return norm;
      },
      -1.0);
}
EXPORT int segsam_torch_optimizer_read(ct_optimizer *o, int i, float *m, float *v, size_t count,
                                   int64_t *steps) {
  return guarded(
      [&] {
        copy_out(o->first.at(i), m, count);
        copy_out(o->second.at(i), v, count);
        *steps = o->steps;
        return 0;
      },
      -1);
}
EXPORT int segsam_torch_optimizer_write(ct_optimizer *o, int i, const float *m, const float *v,
                                    size_t count, int64_t steps) {
  return guarded(
      [&] {
        copy_in(o->first.at(i), m, count);
        copy_in(o->second.at(i), v, count);
        o->steps = steps;
        return 0;
      },
      -1);
}
