#ifndef TRIGGERNET_INTEGER_CODES_H_
#define TRIGGERNET_INTEGER_CODES_H_

// Fixed-point numbers to and from their integer codes, without a float in between; for test
// benches, not for synthesis. Types of up to 63 bits.

#include <cstdint>

#include "ap_fixed.h"

namespace triggernet {

template <class T> void set_codes(const int64_t *codes, int n, T *values) {
    for (int k = 0; k < n; k++) {
        const ap_int<64> bits = codes[k];
        values[k].range(T::width - 1, 0) = bits.range(T::width - 1, 0);
    }
}

template <class T> void get_codes(const T *values, int n, int64_t *codes) {
    T top = 0; // only the highest bit set: negative if, and only if, the type is signed
    top.range(T::width - 1, T::width - 1) = 1;
    const bool is_signed = top < 0;
    const int unused = 64 - T::width;
    for (int k = 0; k < n; k++) {
        const ap_uint<T::width> bits = values[k].range(T::width - 1, 0);
        const uint64_t moved = static_cast<uint64_t>(bits.to_uint64()) << unused;
        codes[k] = is_signed ? static_cast<int64_t>(moved) >> unused
                             : static_cast<int64_t>(moved >> unused);
    }
}

} // namespace triggernet

#endif
