#include "CTorch.h"

#include <dlfcn.h>
#include <stdio.h>

#define CALLS(X)                                                                                  \
  X(const char *, error, (void), ())                                                              \
  X(const char *, version, (void), ())                                                            \
  X(void, set_threads, (int n), (n))                                                              \
  X(int, has_cuda, (void), ())                                                                    \
  X(void, use_cuda, (int on), (on))                                                               \
  X(void, autocast, (int on), (on))                                                               \
  X(void, record, (int on), (on))                                                                 \
  X(ct_tensor *, new, (int type, const void *d, const int64_t *s, int r, int g),                  \
    (type, d, s, r, g))                                                                           \
  X(ct_tensor *, new_bytes,                                                                       \
    (const uint8_t *d, const int64_t *s, int r, double f, double o), (d, s, r, f, o))             \
  X(void, free, (ct_tensor * t), (t))                                                             \
  X(ct_tensor *, apply,                                                                           \
    (int op, ct_tensor *const *x, int n, const int64_t *i, int ni, const double *f, int nf),      \
    (op, x, n, i, ni, f, nf))                                                                     \
  X(ct_tensor *, detach, (ct_tensor * t), (t))                                                    \
  X(int, read, (ct_tensor * t, float *o, size_t n), (t, o, n))                                    \
  X(int, write, (ct_tensor * t, const float *v, size_t n), (t, v, n))                             \
  X(int, read_gradient, (ct_tensor * t, float *o, size_t n), (t, o, n))                           \
  X(int, backward, (ct_tensor * t), (t))                                                          \
  X(ct_optimizer *, optimizer, (ct_tensor *const *p, const uint8_t *d, int n), (p, d, n))         \
  X(void, optimizer_free, (ct_optimizer * o), (o))                                                    \
  X(double, optimizer_step,                                                                           \
    (ct_optimizer * o, double r, double a, double b, double e, double w, double m),               \
    (o, r, a, b, e, w, m))                                                                        \
  X(int, optimizer_read, (ct_optimizer * o, int i, float *m, float *v, size_t n, int64_t *s),         \
    (o, i, m, v, n, s))                                                                           \
  X(int, optimizer_write,                                                                             \
    (ct_optimizer * o, int i, const float *m, const float *v, size_t n, int64_t s),               \
    (o, i, m, v, n, s))

#define POINTER(R, name, params, args) static R(*p_##name) params;
CALLS(POINTER)

static char message[1024];
static int loaded;

int ct_load(const char *path) {
  if (loaded) return 0;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(message, sizeof message, "%s", dlerror());
    return -1;
  }
#define FIND(R, name, params, args)                                                               \
  if (!(*(void **)&p_##name = dlsym(library, "segsam_torch_" #name))) {                           \
    snprintf(message, sizeof message, "%s has no segsam_torch_" #name ": build it again", path);  \
    return -1;                                                                                    \
  }
  CALLS(FIND)
  loaded = 1;
  return 0;
}

const char *ct_error(void) { return loaded ? p_error() : message; }
const char *ct_version(void) { return p_version(); }
void ct_set_threads(int n) { p_set_threads(n); }
int ct_has_cuda(void) { return p_has_cuda(); }
void ct_use_cuda(int on) { p_use_cuda(on); }
void ct_autocast(int on) { p_autocast(on); }
void ct_record(int on) { p_record(on); }
ct_tensor *ct_new(int type, const void *d, const int64_t *s, int r, int g) {
  return p_new(type, d, s, r, g);
}
ct_tensor *ct_new_bytes(const uint8_t *d, const int64_t *s, int r, double f, double o) {
  return p_new_bytes(d, s, r, f, o);
}
void ct_free(ct_tensor *t) { p_free(t); }
ct_tensor *ct_apply(int op, ct_tensor *const *x, int n, const int64_t *i, int ni, const double *f,
                    int nf) {
  return p_apply(op, x, n, i, ni, f, nf);
}
ct_tensor *ct_detach(ct_tensor *t) { return p_detach(t); }
int ct_read(ct_tensor *t, float *o, size_t n) { return p_read(t, o, n); }
int ct_write(ct_tensor *t, const float *v, size_t n) { return p_write(t, v, n); }
int ct_read_gradient(ct_tensor *t, float *o, size_t n) { return p_read_gradient(t, o, n); }
int ct_backward(ct_tensor *t) { return p_backward(t); }
ct_optimizer *ct_optimizer_make(ct_tensor *const *p, const uint8_t *d, int n) { return p_optimizer(p, d, n); }
void ct_optimizer_free(ct_optimizer *o) { p_optimizer_free(o); }
double ct_optimizer_step(ct_optimizer *o, double r, double a, double b, double e, double w, double m) {
  return p_optimizer_step(o, r, a, b, e, w, m);
}
int ct_optimizer_read(ct_optimizer *o, int i, float *m, float *v, size_t n, int64_t *s) {
  return p_optimizer_read(o, i, m, v, n, s);
}
int ct_optimizer_write(ct_optimizer *o, int i, const float *m, const float *v, size_t n, int64_t s) {
  return p_optimizer_write(o, i, m, v, n, s);
}
