#ifndef TRIGGERNET_COMMON_H_
#define TRIGGERNET_COMMON_H_

// Shared by the operators' kernels: constants from their codes, differences of angles as table
// addresses, balanced adder trees. C++11, no float, fixed trip counts.
//
// Rounding and saturation happen in one way only: by assignment to an ap_(u)fixed that carries
// AP_TRN or AP_RND_CONV and AP_SAT or AP_WRAP. Every other assignment is to a type that holds the
// value exactly; the CONFIG struct of a node states those types.
//
// In hardware: from_code is wiring; distance one subtractor and one conditional negation; tree_sum
// n - 1 adders in ceil(log2 n) levels.

#include "ap_fixed.h"
#include "ap_int.h"

namespace triggernet {

// The fixed-point number whose bits are `code`.
template <class fixed_T, class code_T> fixed_T from_code(const code_T &code) {
    #pragma HLS INLINE
    fixed_T value;
    value.range(fixed_T::width - 1, 0) = code.range(fixed_T::width - 1, 0);
    return value;
}

// |a - b| of two integers of one type (LSB 1): 0 ... 2**width - 1.
template <class T> ap_uint<T::width> distance(const T &a, const T &b) {
    #pragma HLS INLINE
    const ap_int<T::width + 1> difference = a - b;
    const ap_int<T::width + 1> negative = -difference;
    return difference < 0 ? negative : difference;
}

// Position of the pair (i, j), i < j, in a tensor of pairs.
constexpr int pair_number(int i, int j) { return j * (j - 1) / 2 + i; }

constexpr int tree_levels(int n) { return n <= 1 ? 0 : 1 + tree_levels((n + 1) / 2); }

// Sum of terms, which are overwritten. T holds the sum; it may wrap on the way, never in the end.
template <class T, int n> T tree_sum(T (&terms)[n]) {
    #pragma HLS INLINE
LEVELS:
    for (int level = 0; level < tree_levels(n); level++) {
        #pragma HLS UNROLL
    ADDERS:
        for (int k = 0; k < n / 2; k++) {
            #pragma HLS UNROLL
            const int left = k << (level + 1);
            const int right = left + (1 << level);
            if (right < n) {
                terms[left] += terms[right];
            }
        }
    }
    return terms[0];
}

} // namespace triggernet

#endif
