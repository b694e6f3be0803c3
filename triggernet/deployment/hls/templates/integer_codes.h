#ifndef TRIGGERNET_INTEGER_CODES_H_
#define TRIGGERNET_INTEGER_CODES_H_

// Fixed-point numbers to and from their integer codes, without a float in between; for test
// benches, not for synthesis. Types of up to 63 bits.

#include <cstdint>

#include "ap_fixed.h"

namespace triggernet {

// `V` is the bits of a number, a native integer for widths up to 64.
template <class T> void set_codes(const int64_t *codes, int n, T *values) {
    for (int k = 0; k < n; k++) {
        values[k].V = codes[k];
    }
}

template <class T> void get_codes(const T *values, int n, int64_t *codes) {
    for (int k = 0; k < n; k++) {
        codes[k] = static_cast<int64_t>(values[k].V);
    }
}

} // namespace triggernet

#endif
